//! Looking into Aurora's Postgres from inside its pod.

use anyhow::{Context, Result};

use crate::{Cluster, cluster::NAMESPACE};

/// Runs a statement as Aurora's own role, allowed to see tokens of all organisations, and returns its first value.
pub async fn value(cluster: &Cluster, statement: &str) -> Result<String> {
    let psql =
        "PGPASSWORD=$AURORA_PASSWORD exec psql -h 127.0.0.1 -U aurora -d aurora -XqAt -v ON_ERROR_STOP=1";
    let arguments =
        ["exec", "-i", "-n", NAMESPACE, "statefulset/aurora-oss-postgres", "--", "bash", "-c", psql];
    let script = format!("SET myapp.mcp_token_resolve = 'true';\n{statement};\n");
    let output =
        cluster.kubectl_with(&arguments, &script).await.with_context(|| format!("running {statement}"))?;
    Ok(output.trim().to_owned())
}
