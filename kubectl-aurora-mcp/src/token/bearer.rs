//! The token itself, from its Secret.

use aurora_mcp_crds::McpToken;
use k8s_openapi::api::core::v1::Secret;
use secrecy::SecretString;

use crate::cluster::Cluster;
use crate::error::Error;

/// The Secret that the status names.
pub(crate) async fn read(cluster: &Cluster, token: &McpToken) -> Result<SecretString, Error> {
    let name = token.status.as_ref().and_then(|status| status.secret_name.clone()).ok_or_else(|| {
        Error::Usage("the operator names no Secret for this token yet; `status` shows why".into())
    })?;
    let secret = cluster.api::<Secret>().get(&name).await;
    let secret =
        secret.map_err(|error| Error::api(format!("read Secret {name} in {}", cluster.namespace), error))?;
    aurora_mcp_plan::token_of(&secret, "token")
        .map(|bearer| SecretString::from(bearer.expose()))
        .ok_or_else(|| Error::Usage(format!("Secret {name} holds no token")))
}
