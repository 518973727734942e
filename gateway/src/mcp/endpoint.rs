//! The HTTP side of MCP: one POST, one message, one answer.

use std::pin::pin;
use std::sync::Arc;

use aurora_mcp_store::Principal;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use rmcp::ServerHandler;
use rmcp::model::{ErrorCode, ErrorData, NumberOrString, RequestMetaObject, ServerResult};
use rmcp::service::{Peer, RequestContext, RoleServer, RunningService, serve_directly};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use super::audit::{Record, Recorder};
use super::cancelling::{Cancelling, Name};
use super::envelope::{self, Message};
use super::era::{self, Common, Era, Refused};
#[cfg(feature = "conformance-fixtures")]
use super::fixtures::WithFixtures as Handler;
use super::negotiation::{accepts, negotiate};
use super::scope::Scope;
use super::server::AuroraMcp;
#[cfg(not(feature = "conformance-fixtures"))]
use super::server::AuroraMcp as Handler;
use super::subscriptions::Subscription;
use super::{request, stream};
use crate::aurora::Caller;
use crate::edge::{Admitted, Limits, Trace, refusal};
use crate::metrics::Metrics;
use crate::tools::Progress;

/// The handler and what every request shares.
pub struct Endpoint {
    service: RunningService<RoleServer, Handler>,
    peer: Peer<RoleServer>,
    /// The far end of the peer's transport. Nothing is ever sent on it, but closing it would end the service.
    _idle: DuplexStream,
    metrics: Metrics,
    limits: Limits,
    audit_arguments: bool,
    stop: CancellationToken,
    cancelling: Cancelling,
}

/// The code of JSON-RPC's other users for it, the language servers; MCP names none.
const CANCELLED: ErrorCode = ErrorCode(-32_800);

impl Endpoint {
    /// Starts the one service whose peer all requests share.
    ///
    /// Open streams end gracefully with `stop`.
    pub fn new(
        server: AuroraMcp,
        metrics: Metrics,
        limits: Limits,
        audit_arguments: bool,
        stop: CancellationToken,
    ) -> Self {
        let (near, idle) = tokio::io::duplex(64);
        #[cfg(feature = "conformance-fixtures")]
        let server = Handler::from(server);
        let service = serve_directly(server, near, None);
        let peer = service.peer().clone();
        Self {
            service,
            peer,
            _idle: idle,
            metrics,
            limits,
            audit_arguments,
            stop,
            cancelling: Cancelling::default(),
        }
    }

    fn server(&self) -> &Handler {
        self.service.service()
    }

    fn recorder(&self) -> Recorder<'_> {
        Recorder { tools: self.server().tools(), metrics: &self.metrics, arguments: self.audit_arguments }
    }

    /// Of all notifications, one means something to a server without sessions.
    fn notice(&self, method: &str, params: Option<&RawValue>, from: &Admitted) {
        if method == "notifications/cancelled" {
            self.cancelling.cancel(from.principal.token_id, from.client, params);
        }
    }

    fn subscribe(
        &self,
        id: &NumberOrString,
        params: Option<&RawValue>,
        (scope, trace): (Arc<Scope>, Trace),
        admitted: Arc<Admitted>,
    ) -> Response {
        let reports = self.server().health().changes();
        let server = self.server().get_info().server_info;
        match Subscription::new(id.clone(), params, reports, server, self.stop.clone()) {
            Ok(subscription) => {
                drop(Record::of_stream(subscription.uris(), scope, trace, &self.metrics));
                subscription.respond(admitted)
            }
            Err(error) => failure(Era::Modern, Some(id), &error),
        }
    }

    /// Answers a request of somebody who was let in. Only `POST` is served.
    pub async fn receive(
        self: Arc<Self>,
        request: Request<Incoming>,
        admitted: Arc<Admitted>,
        trace: &Trace,
    ) -> Response {
        let (Parts { method, headers, .. }, body) = request.into_parts();
        if method != Method::POST {
            return not_allowed();
        }
        if let Some(refusal) = negotiate(&headers) {
            return refusal;
        }
        let body = match read(body, self.limits).await {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        let (id, method, params) = match envelope::read(&body) {
            Ok(Message::Request { id, method, params }) => (id, method, params),
            Ok(Message::Notification { method, params }) => {
                self.notice(&method, params, &admitted);
                return StatusCode::ACCEPTED.into_response();
            }
            Ok(Message::Response) => return StatusCode::ACCEPTED.into_response(),
            Err(problem) => return failure(Era::Legacy, problem.id.as_ref(), &problem.error),
        };
        let (era, common) = match understand(&headers, &method, params) {
            Ok(understood) => understood,
            Err(Refused { status, error }) => return refused(status, Some(&id), error),
        };
        let meta = common.meta.unwrap_or_default();
        let (progress, reports) = progress(&method, &meta, &headers);
        let scope = match scope(admitted.principal.clone(), trace, progress) {
            Ok(scope) => scope,
            Err(error) => return failure(era, Some(&id), &error),
        };
        if era == Era::Modern && method == "subscriptions/listen" {
            return self.subscribe(&id, params, (scope, trace.clone()), admitted);
        }
        let request = match request::typed(era, &method, params) {
            Ok(request) => request,
            Err(error) => return failure(era, Some(&id), &error),
        };
        let call = Call { id, era, request, meta, scope, trace: trace.clone(), admitted };
        match reports {
            None => {
                let answered = self.handle(call).await;
                json(answered.status(), answered.text())
            }
            Some(reports) => {
                let work = async move { self.handle(call).await.text() };
                // The stream is read after this function: without its span the work would belong to no trace.
                stream::respond(Box::pin(work.instrument(Span::current())), reports)
            }
        }
    }

    async fn handle(&self, call: Call) -> Answered {
        let _in_flight = self.metrics.in_flight();
        let Call { id, era, request, meta, scope, trace, admitted } = call;
        let record = Record::of(&request, scope.clone(), trace, &self.recorder());
        let mut context = RequestContext::new(id.clone(), self.peer.clone());
        context.meta = meta;
        context.extensions.insert(scope.clone());
        let name = Name { token: admitted.principal.token_id, client: admitted.client, id: id.clone() };
        // Pinned: rmcp's dispatch has room for the largest of all handlers, and is not to be moved.
        let work = pin!(rmcp::Service::handle_request(self.server(), request, context));
        let result = match self.cancelling.run(name, work).await {
            Some(result) => {
                record.finish(&result);
                result
            }
            // HTTP wants an answer all the same.
            None => Err(ErrorData::new(CANCELLED, "the request was cancelled by its client", None)),
        };
        Answered { id, era, result, scope }
    }
}

/// A request that was handled.
struct Answered {
    id: NumberOrString,
    era: Era,
    result: Result<ServerResult, ErrorData>,
    scope: Arc<Scope>,
}

impl Answered {
    fn text(&self) -> String {
        text(Some(&self.id), &self.result, self.scope.passed_on())
    }

    fn status(&self) -> StatusCode {
        self.result.as_ref().map_or_else(|error| self.era.status(error.code), |_| StatusCode::OK)
    }
}

/// A request that is understood and may be handled.
struct Call {
    id: NumberOrString,
    era: Era,
    request: rmcp::model::ClientRequest,
    meta: RequestMetaObject,
    scope: Arc<Scope>,
    trace: Trace,
    admitted: Arc<Admitted>,
}

fn not_allowed() -> Response {
    let message = "MCP is served by POST. There are no sessions and no GET stream.";
    ([(ALLOW, "POST")], refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message))
        .into_response()
}

fn scope(principal: Arc<Principal>, trace: &Trace, progress: Progress) -> Result<Arc<Scope>, ErrorData> {
    let (user, organisation) = (principal.user_id.as_str(), principal.org_id.as_str());
    let caller = Caller::new(user, organisation, trace.request_id_header(), trace.traceparent())
        .map_err(|_| ErrorData::internal_error("the token's user has no valid id", None))?;
    Ok(Arc::new(Scope::new(principal, caller, progress)))
}

/// The whole body, unless it is too large, comes too slowly or breaks off.
async fn read(body: Incoming, limits: Limits) -> Result<Bytes, Response> {
    let (status, error, message) =
        match tokio::time::timeout(limits.body_read, Limited::new(body, limits.body).collect()).await {
            Ok(Ok(body)) => return Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is larger than 2 MiB.")
            }
            Ok(Err(_)) => {
                (StatusCode::BAD_REQUEST, "broken_body", "The body broke off, or its chunks are malformed.")
            }
            Err(_) => (StatusCode::REQUEST_TIMEOUT, "timeout", "The body came too slowly."),
        };
    Err(refusal(status, error, message))
}

fn understand<'a>(
    headers: &HeaderMap,
    method: &str,
    params: Option<&'a RawValue>,
) -> Result<(Era, Common<'a>), Refused> {
    let common = Common::of(params).map_err(|error| Refused { status: StatusCode::OK, error })?;
    Ok((era::check(headers, method, &common)?, common))
}

/// Progress is streamed if the client gave a token for it and reads event streams.
fn progress(
    method: &str,
    meta: &RequestMetaObject,
    headers: &HeaderMap,
) -> (Progress, Option<mpsc::Receiver<rmcp::model::ProgressNotificationParam>>) {
    match meta.get_progress_token() {
        Some(token) if method == "tools/call" && accepts(headers, "text/event-stream") => {
            let (sender, receiver) = mpsc::channel(stream::QUEUE);
            (Progress::to(token, sender), Some(receiver))
        }
        _ => (Progress::default(), None),
    }
}

fn failure(era: Era, id: Option<&NumberOrString>, error: &ErrorData) -> Response {
    refused(era.status(error.code), id, error.clone())
}

fn refused(status: StatusCode, id: Option<&NumberOrString>, error: ErrorData) -> Response {
    json(status, text(id, &Err(error), None))
}

fn json(status: StatusCode, text: String) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status, [(CONTENT_TYPE, json)], text).into_response()
}

#[derive(Serialize)]
struct Reply<'a> {
    jsonrpc: &'static str,
    id: Option<&'a NumberOrString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Written<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorData>,
}

/// A result as rmcp has it, or with structured content that stays as Aurora wrote it.
#[derive(Serialize)]
#[serde(untagged)]
enum Written<'a> {
    Whole(&'a ServerResult),
    Passed {
        #[serde(flatten)]
        result: &'a ServerResult,
        #[serde(rename = "structuredContent")]
        structured: &'a RawValue,
    },
}

fn text(
    id: Option<&NumberOrString>,
    result: &Result<ServerResult, ErrorData>,
    structured: Option<&RawValue>,
) -> String {
    let written = result.as_ref().ok().map(|result| match structured {
        Some(structured) => Written::Passed { result, structured },
        None => Written::Whole(result),
    });
    let reply = Reply { jsonrpc: "2.0", id, result: written, error: result.as_ref().err() };
    serde_json::to_string(&reply).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"internal error"}}"#.to_owned()
    })
}
