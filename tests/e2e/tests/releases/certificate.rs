//! A certificate for the gateway's Service, in a Secret as cert-manager makes it.

use anyhow::Result;
use aurora_mcp_e2e::{Cluster, cluster::NAMESPACE};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;

/// Issues one by an authority of its own, in place of the one before if there is one; returns the authority's certificate.
pub async fn issue(cluster: &Cluster, secret: &str) -> Result<String> {
    let (key, its_own) = (KeyPair::generate()?, KeyPair::generate()?);
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&its_own)?.pem();
    let host = format!("aurora-oss-mcp.{NAMESPACE}.svc.cluster.local");
    let issued = CertificateParams::new(vec![host])?.signed_by(&key, &Issuer::new(authority, its_own))?;
    let object = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": secret, "namespace": NAMESPACE},
        "stringData": {"tls.crt": issued.pem(), "tls.key": key.serialize_pem(), "ca.crt": root},
    });
    cluster.created("secret", NAMESPACE, secret);
    cluster.kubectl_with(&["apply", "-f", "-"], &object.to_string()).await?;
    Ok(root)
}
