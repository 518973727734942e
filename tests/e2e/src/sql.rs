//! Looking into Aurora's Postgres from inside its pod.

use anyhow::{Context, Result};

use crate::{Cluster, cluster::NAMESPACE};

/// Runs a statement as the database's superuser, whom no grant and no row-level security hides anything from, and returns its first value.
pub async fn value(cluster: &Cluster, statement: &str) -> Result<String> {
    let psql = "exec psql -h /tmp -U postgres -d aurora -XqAt -v ON_ERROR_STOP=1";
    let arguments =
        ["exec", "-i", "-n", NAMESPACE, "statefulset/aurora-oss-postgres", "--", "bash", "-c", psql];
    let output = cluster
        .kubectl_with(&arguments, &format!("{statement};\n"))
        .await
        .with_context(|| format!("running {statement}"))?;
    Ok(output.trim().to_owned())
}
