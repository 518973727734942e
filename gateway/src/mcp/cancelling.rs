//! Requests in flight that their client can cancel by name: `notifications/cancelled`, up to 2025-11-25.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aurora_mcp_store::TokenId;
use rmcp::model::NumberOrString;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

/// A request as its client names it. Ids are counted by each client for itself, so token and address go with them.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Name {
    /// Whose request it is.
    pub token: TokenId,
    /// Where it came from.
    pub client: IpAddr,
    /// The JSON-RPC id.
    pub id: NumberOrString,
}

struct InFlight {
    requests: usize,
    cancelled: CancellationToken,
}

/// The requests in flight of this replica: no more than the edge has places for.
#[derive(Default)]
pub struct Cancelling {
    running: Mutex<HashMap<Name, InFlight>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancelled {
    request_id: NumberOrString,
}

impl Cancelling {
    /// Does the work of a request. `None`: it was cancelled.
    pub async fn run<T>(&self, name: Name, work: impl Future<Output = T>) -> Option<T> {
        let entered = self.enter(name);
        entered.cancelled.run_until_cancelled(work).await
    }

    /// Cancels the request that a notification names. What is unknown, or more than one, goes on: nobody may lose a request
    /// because another client counts alike.
    pub fn cancel(&self, token: TokenId, client: IpAddr, params: Option<&RawValue>) {
        let named = params.and_then(|params| serde_json::from_str::<Cancelled>(params.get()).ok());
        let Some(Cancelled { request_id: id }) = named else { return };
        if let Some(InFlight { requests: 1, cancelled }) = self.running().get(&Name { token, client, id }) {
            cancelled.cancel();
        }
    }

    fn enter(&self, name: Name) -> Entered<'_> {
        let mut running = self.running();
        let in_flight = running
            .entry(name.clone())
            .or_insert_with(|| InFlight { requests: 0, cancelled: CancellationToken::new() });
        in_flight.requests += 1;
        let cancelled = in_flight.cancelled.clone();
        drop(running);
        Entered { cancelling: self, name, cancelled }
    }

    /// Whole after every statement, so a panic elsewhere can't have spoiled it.
    fn running(&self) -> MutexGuard<'_, HashMap<Name, InFlight>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight, for as long as it is served.
struct Entered<'a> {
    cancelling: &'a Cancelling,
    name: Name,
    cancelled: CancellationToken,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let mut running = self.cancelling.running();
        if let Some(in_flight) = running.get_mut(&self.name) {
            in_flight.requests -= 1;
            if in_flight.requests == 0 {
                running.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures::FutureExt as _;
    use futures::future::pending;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn name(id: NumberOrString) -> Name {
        Name { token: TokenId(1), client: HERE, id }
    }

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn only_the_named_request_of_the_same_token_and_address_is_cancelled() {
        let cancelling = Cancelling::default();
        let mut work = Box::pin(cancelling.run(name(NumberOrString::Number(7)), pending::<()>()));
        assert!(work.as_mut().now_or_never().is_none(), "in flight");
        for (token, client, params) in [
            (2, HERE, r#"{"requestId":7}"#),
            (1, THERE, r#"{"requestId":7}"#),
            (1, HERE, r#"{"requestId":8}"#),
            (1, HERE, r#"{"requestId":"7"}"#),
            (1, HERE, r#"{"requestId":null}"#),
            (1, HERE, "{}"),
        ] {
            cancelling.cancel(TokenId(token), client, Some(&raw(params)));
            assert!(work.as_mut().now_or_never().is_none(), "{token} {client} {params}");
        }
        cancelling.cancel(TokenId(1), HERE, None);
        assert!(work.as_mut().now_or_never().is_none(), "no params");
        cancelling.cancel(TokenId(1), HERE, Some(&raw(r#"{"requestId":7,"reason":"enough"}"#)));
        assert_eq!(work.as_mut().now_or_never(), Some(None));
        drop(work);
        assert!(cancelling.running().is_empty(), "what has ended is forgotten");
    }

    #[test]
    fn of_two_requests_with_the_same_name_none_is_cancelled() {
        let cancelling = Cancelling::default();
        let run = || Box::pin(cancelling.run(name(NumberOrString::String("a".into())), pending::<()>()));
        let (mut one, mut other) = (run(), run());
        for work in [&mut one, &mut other] {
            assert!(work.as_mut().now_or_never().is_none());
        }
        cancelling.cancel(TokenId(1), HERE, Some(&raw(r#"{"requestId":"a"}"#)));
        for work in [&mut one, &mut other] {
            assert!(work.as_mut().now_or_never().is_none(), "nobody can say which was meant");
        }
    }
}
