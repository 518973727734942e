//! Labels and annotations that the operator writes and reads.

/// The label that marks what this operator made.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Its value.
pub const MANAGED_BY_VALUE: &str = "aurora-mcp-operator";
/// On Secrets: the serial of the token in it. Reloaders that watch annotations see a rotation here.
pub const SERIAL: &str = "mcp.aurora-oss.dev/serial";
/// On Secrets: when the token was made.
pub const ISSUED_AT: &str = "mcp.aurora-oss.dev/issued-at";
/// On Secrets: the serial that may live on for the overlap.
pub const PREVIOUS: &str = "mcp.aurora-oss.dev/previous-serial";
/// On Secrets: the rotation request that was carried out last.
pub const ROTATED_FOR: &str = "mcp.aurora-oss.dev/rotated-for";
/// On Secrets: the digest of the token that the annotations speak of, so that an edit by hand is noticed.
pub const DIGEST: &str = "mcp.aurora-oss.dev/token-digest";
/// On Secrets: the digest of a token that was revoked in Aurora. The row that said so may be lost; this stays.
pub const REVOKED: &str = "mcp.aurora-oss.dev/revoked-token";
/// What the first label says of objects that belong to a Helm release.
pub const HELM: &str = "Helm";
/// By these two annotations Helm knows its own.
pub const HELM_RELEASE: &str = "meta.helm.sh/release-name";
/// The namespace of the release.
pub const HELM_NAMESPACE: &str = "meta.helm.sh/release-namespace";
/// On Services: the installation that made it.
pub const MADE_BY: &str = "mcp.aurora-oss.dev/made-by";
