//! `create`: an McpToken from flags.

use std::io::Write;

use aurora_mcp_crds::{AccessSpec, DeletionPolicy, McpToken, McpTokenSpec, ModeSpec, RotationSpec, UserRef};
use kube::api::PostParams;

use crate::cli::{Spec, Wanted};
use crate::cluster::Cluster;
use crate::error::Error;
use crate::output::command;
use crate::token::ready;

pub(crate) async fn run(cluster: &Cluster, wanted: &Wanted, out: &mut dyn Write) -> Result<(), Error> {
    let token = resource(&cluster.namespace, &wanted.name, &wanted.spec)?;
    if wanted.dry_run {
        let yaml = serde_yaml_ng::to_string(&token).map_err(|error| Error::Internal(error.to_string()))?;
        write!(out, "{yaml}")?;
        return Ok(());
    }
    make(cluster, &token).await?;
    writeln!(out, "McpToken {} made in namespace {}", wanted.name, cluster.namespace)?;
    if !wanted.wait.is_zero() {
        let token = ready::wait(cluster, &wanted.name, wanted.wait, out).await?;
        let status = token.status.unwrap_or_default();
        writeln!(
            out,
            "It works: Secret {}, address {}",
            status.secret_name.unwrap_or_default(),
            status.endpoint.unwrap_or_default()
        )?;
        writeln!(out, "Next: {} --client …", command("connect", &cluster.namespace, &wanted.name))?;
    }
    Ok(())
}

/// Creates it; one that is there already is an error.
pub(crate) async fn make(cluster: &Cluster, token: &McpToken) -> Result<(), Error> {
    match cluster.api::<McpToken>().create(&PostParams::default(), token).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {
            let name = token.metadata.name.clone().unwrap_or_default();
            Err(Error::Exists { namespace: cluster.namespace.clone(), name })
        }
        Err(error) => Err(Error::api(format!("create an McpToken in {}", cluster.namespace), error)),
    }
}

/// The McpToken that the flags describe. What they can't say wrong is left to the CRD's own rules.
pub(crate) fn resource(namespace: &str, name: &str, spec: &Spec) -> Result<McpToken, Error> {
    let user = spec.user.as_deref().ok_or_else(|| {
        Error::Usage("--user is missing: the e-mail address or the id of one of Aurora's users".into())
    })?;
    let user = if user.contains('@') {
        UserRef { id: None, email: Some(user.to_owned()) }
    } else {
        UserRef { id: Some(user.to_owned()), email: None }
    };
    let limited = spec.read_only || !spec.tools.is_empty();
    let access = limited.then(|| AccessSpec {
        mode: if spec.read_only { ModeSpec::ReadOnly } else { ModeSpec::ReadWrite },
        tools: (!spec.tools.is_empty()).then(|| spec.tools.clone()),
        api: None,
    });
    let mut token = McpToken::new(
        name,
        McpTokenSpec {
            user,
            org_id: spec.org.clone(),
            display_name: spec.display_name.clone(),
            expires_at: None,
            ttl: spec.ttl.clone(),
            rotation: spec.rotate_every.clone().map(|interval| RotationSpec { interval, overlap: None }),
            suspended: false,
            access,
            secret: None,
            service: None,
            adopt_from: None,
            deletion_policy: DeletionPolicy::default(),
        },
    );
    token.metadata.namespace = Some(namespace.to_owned());
    Ok(token)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn flags_become_a_spec() {
        let spec = Spec {
            user: Some("alice@alpha.example".into()),
            ttl: Some("720h".into()),
            rotate_every: Some("168h".into()),
            read_only: true,
            tools: vec!["list_incidents".into()],
            ..Spec::default()
        };
        let token = serde_json::to_value(resource("team", "laptop", &spec).unwrap()).unwrap();
        assert_eq!(token["metadata"], json!({"name": "laptop", "namespace": "team"}));
        assert_eq!(
            token["spec"],
            json!({
                "user": {"email": "alice@alpha.example"},
                "ttl": "720h",
                "rotation": {"interval": "168h"},
                "access": {"mode": "ReadOnly", "tools": ["list_incidents"]},
                "deletionPolicy": "Revoke",
            })
        );
    }

    #[test]
    fn no_limit_is_set_unless_asked_for() {
        let spec = Spec { user: Some("0a11ce00".into()), ..Spec::default() };
        let token = resource("team", "laptop", &spec).unwrap();
        assert_eq!(token.spec.access, None);
        assert_eq!(token.spec.user, UserRef { id: Some("0a11ce00".into()), email: None });
    }

    #[test]
    fn missing_user_is_said() {
        let why = resource("team", "laptop", &Spec::default()).unwrap_err().to_string();
        assert!(why.starts_with("--user is missing"), "{why}");
    }
}
