//! A local port that leads to the gateway through the API server.
//!
//! Each connection chooses its pod anew. So there is nothing to reconnect: when a pod goes, its connections end, and the
//! client's next one reaches another pod. Where the pod speaks TLS, the plugin does so towards it, and plain HTTP here.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::gateway::{Gateway, GatewayPod, GatewayPods};
use crate::tls;

/// A rollout, or an API server that restarts, is over by then.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(250);

/// Where connections go.
#[derive(Clone)]
pub(crate) enum To {
    /// Any pod that is ready.
    Any(Gateway),
    /// This one, ready or not.
    Pod(Gateway, GatewayPod),
}

/// A local port. It closes with the value.
pub(crate) struct Forward {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Forward {
    /// Listens on the loopback interface; port 0: any that is free.
    pub(crate) async fn open(to: To, port: u16) -> Result<Self, Error> {
        let busy = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => Error::Usage(format!(
                "port {port} of this machine is taken: end what listens there, or choose another with --port"
            )),
            _ => Error::File { path: PathBuf::from(format!("127.0.0.1:{port}")), source },
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(busy)?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let to = to.clone();
                // A connection that can't be carried ends; the client sees that and tries again.
                tokio::spawn(async move { carry(stream, &to).await });
            }
        });
        Ok(Self { address, task })
    }

    /// The address of MCP here.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }
}

async fn carry(mut near: TcpStream, to: &To) {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some((mut far, _forwarder)) = reach(to).await {
            // Either side may close as it likes.
            let _ = copy_bidirectional(&mut near, &mut far).await;
            return;
        }
        if Instant::now() >= end {
            return;
        }
        sleep(PAUSE).await;
    }
}

/// A pod's end of a connection.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Far = (Box<dyn Stream>, kube::api::Portforwarder);

async fn reach(to: &To) -> Option<Far> {
    let (gateway, pod) = match to {
        To::Pod(gateway, pod) => (gateway, pod.clone()),
        To::Any(gateway) => (gateway, gateway.pods().await.ok()?.ready()?.clone()),
    };
    let pods = gateway.cluster.api_in::<Pod>(&gateway.namespace);
    let mut forwarder = pods.portforward(&pod.name, &[pod.port]).await.ok()?;
    let stream = forwarder.take_stream(pod.port)?;
    let stream: Box<dyn Stream> =
        if pod.tls { Box::new(tls::inside(stream).await.ok()?) } else { Box::new(stream) };
    Some((stream, forwarder))
}

/// Says early why a port-forward can't work, where a client would only see a closed connection.
pub(crate) async fn check(gateway: &Gateway) -> Result<(), Error> {
    let pods = gateway.pods().await?;
    let pod = pods.ready().ok_or_else(|| none_ready(&pods))?;
    let api = gateway.cluster.api_in::<Pod>(&gateway.namespace);
    match api.portforward(&pod.name, &[pod.port]).await {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Error::api(format!("forward a port to pod {}/{}", gateway.namespace, pod.name), error))
        }
    }
}

fn none_ready(pods: &GatewayPods) -> Error {
    let what = if pods.all.is_empty() { "no pod runs behind" } else { "no pod is ready behind" };
    Error::Usage(format!("{what} Service {}.\n{}.", pods.service, pods.hint()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateway_that_cannot_be_reached_is_named_with_what_to_do() {
        let pod = GatewayPod { name: "gateway-1".into(), port: 8811, ready: false, tls: false };
        for (all, said) in [
            (vec![], "no pod runs behind Service team/mcp.\n`kubectl get deployments,pods -n team -l a=b`"),
            (vec![pod], "no pod is ready behind Service team/mcp.\n`kubectl describe pods -n team -l a=b`"),
        ] {
            let error = none_ready(&GatewayPods::of("team", "mcp", "a=b", all)).to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
