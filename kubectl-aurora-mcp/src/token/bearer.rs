//! The token itself, from its Secret.

use aurora_mcp_crds::McpToken;
use k8s_openapi::api::core::v1::Secret;
use secrecy::SecretString;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::output::command;

/// The Secret that the status names.
pub(crate) async fn read(cluster: &Cluster, token: &McpToken) -> Result<SecretString, Error> {
    let own = token.metadata.name.clone().unwrap_or_default();
    let namespace = cluster.namespace.clone();
    let name = token.status.as_ref().and_then(|status| status.secret_name.clone()).ok_or_else(|| {
        let status = command("status", &namespace, &own);
        Error::Usage(format!("the operator names no Secret for this token yet; `{status}` shows why"))
    })?;
    let secret = match cluster.api::<Secret>().get_opt(&name).await {
        Ok(Some(secret)) => secret,
        Ok(None) => return Err(Error::NoSecret { namespace, name, token: own }),
        Err(error) => return Err(Error::api(format!("read Secret {name} in {namespace}"), error)),
    };
    aurora_mcp_plan::token_of(&secret, "token")
        .map(|bearer| SecretString::from(bearer.expose()))
        .ok_or_else(|| Error::Usage(format!("Secret {name} holds no token")))
}
