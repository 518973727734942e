//! The HTTP side of MCP: one POST, one message, one answer.

use std::sync::Arc;

use aurora_mcp_store::Principal;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::{ALLOW, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use rmcp::ServerHandler;
use rmcp::model::{ErrorData, NumberOrString, RequestMetaObject, ServerResult};
use rmcp::service::{Peer, RequestContext, RoleServer, RunningService, serve_directly};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use super::audit::{Record, Recorder};
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
use crate::auth::Turn;
use crate::edge::{Limits, Trace, refusal};
use crate::metrics::Metrics;
use crate::tools::Progress;

/// The handler and what every request shares.
pub struct Endpoint {
    service: RunningService<RoleServer, Handler>,
    peer: Peer<RoleServer>,
    /// The far end of the peer's transport. Nothing is ever sent on it, but closing it would end the service.
    _idle: DuplexStream,
    metrics: Metrics,
    audit_arguments: bool,
    stop: CancellationToken,
}

impl Endpoint {
    /// Starts the one service whose peer all requests share.
    ///
    /// Open streams end gracefully with `stop`.
    pub fn new(server: AuroraMcp, metrics: Metrics, audit_arguments: bool, stop: CancellationToken) -> Self {
        let (near, idle) = tokio::io::duplex(64);
        #[cfg(feature = "conformance-fixtures")]
        let server = Handler::from(server);
        let service = serve_directly(server, near, None);
        let peer = service.peer().clone();
        Self { service, peer, _idle: idle, metrics, audit_arguments, stop }
    }

    fn server(&self) -> &Handler {
        self.service.service()
    }

    fn recorder(&self) -> Recorder<'_> {
        Recorder { tools: self.server().tools(), metrics: &self.metrics, arguments: self.audit_arguments }
    }

    fn subscribe(
        &self,
        id: &NumberOrString,
        params: Option<&RawValue>,
        (scope, trace): (Arc<Scope>, Trace),
        turn: Arc<Turn>,
    ) -> Response {
        let reports = self.server().health().changes();
        let server = self.server().get_info().server_info;
        match Subscription::new(id.clone(), params, reports, server, self.stop.clone()) {
            Ok(subscription) => {
                drop(Record::of_stream(subscription.uris(), scope, trace, &self.metrics));
                subscription.respond(turn)
            }
            Err(error) => failure(Era::Modern, Some(id), &error),
        }
    }

    async fn handle(self: Arc<Self>, call: Call) -> Answered {
        let _in_flight = self.metrics.in_flight();
        let Call { id, era, request, meta, scope, trace, turn: _turn } = call;
        let record = Record::of(&request, scope.clone(), trace, &self.recorder());
        let mut context = RequestContext::new(id.clone(), self.peer.clone());
        context.meta = meta;
        context.extensions.insert(scope.clone());
        let result = rmcp::Service::handle_request(self.server(), request, context).await;
        record.finish(&result);
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
    turn: Arc<Turn>,
}

/// `POST` on `/mcp` and `/`; other methods are not served.
pub fn router(endpoint: Arc<Endpoint>, limits: Limits) -> Router {
    let methods = post(receive).fallback(not_allowed);
    Router::new()
        .route("/mcp", methods.clone())
        .route("/mcp/", methods.clone())
        .route("/", methods)
        .with_state((endpoint, limits))
}

async fn not_allowed() -> Response {
    let message = "MCP is served by POST. There are no sessions and no GET stream.";
    ([(ALLOW, "POST")], refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message))
        .into_response()
}

async fn receive(
    State((endpoint, limits)): State<(Arc<Endpoint>, Limits)>,
    Extension(principal): Extension<Arc<Principal>>,
    Extension(turn): Extension<Arc<Turn>>,
    Extension(trace): Extension<Trace>,
    request: Request,
) -> Response {
    // Taken apart: an extractor would copy the headers.
    let (Parts { headers, .. }, body) = request.into_parts();
    if let Some(refusal) = negotiate(&headers) {
        return refusal;
    }
    let body = match read(body, limits).await {
        Ok(body) => body,
        Err((status, error, message)) => return refusal(status, error, message),
    };
    let (id, method, params) = match envelope::read(&body) {
        Ok(Message::Request { id, method, params }) => (id, method, params),
        Ok(Message::Notification | Message::Response) => return StatusCode::ACCEPTED.into_response(),
        Err(problem) => return failure(Era::Legacy, problem.id.as_ref(), &problem.error),
    };
    let (era, common) = match understand(&headers, &method, params) {
        Ok(understood) => understood,
        Err(Refused { status, error }) => return refused(status, Some(&id), error),
    };
    let meta = common.meta.unwrap_or_default();
    let (progress, reports) = progress(&method, &meta, &headers);
    let scope = match scope(principal, &trace, progress) {
        Ok(scope) => scope,
        Err(error) => return failure(era, Some(&id), &error),
    };
    if era == Era::Modern && method == "subscriptions/listen" {
        return endpoint.subscribe(&id, params, (scope, trace), turn);
    }
    let request = match request::typed(era, &method, params) {
        Ok(request) => request,
        Err(error) => return failure(era, Some(&id), &error),
    };
    let call = Call { id, era, request, meta, scope, trace, turn };
    match reports {
        None => {
            let answered = endpoint.handle(call).await;
            json(answered.status(), answered.text())
        }
        Some(reports) => {
            let work = async move { endpoint.handle(call).await.text() };
            // The stream is read after this function: without its span the work would belong to no trace.
            stream::respond(Box::pin(work.instrument(Span::current())), reports)
        }
    }
}

fn scope(principal: Arc<Principal>, trace: &Trace, progress: Progress) -> Result<Arc<Scope>, ErrorData> {
    let (user, organisation) = (principal.user_id.as_str(), principal.org_id.as_str());
    let caller = Caller::new(user, organisation, trace.request_id_header(), trace.traceparent())
        .map_err(|_| ErrorData::internal_error("the token's user has no valid id", None))?;
    Ok(Arc::new(Scope::new(principal, caller, progress)))
}

/// The whole body, unless it is too large or comes too slowly.
async fn read(body: Body, limits: Limits) -> Result<Bytes, (StatusCode, &'static str, &'static str)> {
    let refuse = |status, error, message| Err((status, error, message));
    match tokio::time::timeout(limits.body_read, to_bytes(body, limits.body)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            refuse(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is larger than 2 MiB, or broke off.")
        }
        Err(_) => refuse(StatusCode::REQUEST_TIMEOUT, "timeout", "The body came too slowly."),
    }
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
