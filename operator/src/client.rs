//! The Kubernetes client, with time limits of our own.

use std::time::Duration;

use kube::{Client, Config};

/// A client that gives up soon: the controller tries again by its own rhythm and says so, where the client's default
/// would wait in silence for up to a quarter of an hour.
pub(crate) async fn connect() -> anyhow::Result<Client> {
    let mut config = Config::infer().await?;
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(5));
    // Watches are idle for long: they are bounded by their own timeout (295 s), which must be shorter.
    config.read_timeout = Some(Duration::from_secs(310));
    config.write_timeout = Some(Duration::from_secs(30));
    Ok(Client::try_from(config)?)
}
