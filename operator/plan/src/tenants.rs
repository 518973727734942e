//! Who may mint for whom: creating an McpToken hands out a user's access, so it is denied unless it was allowed.

use std::collections::BTreeMap;

use aurora_mcp_token::OrgId;
use serde::Deserialize;

use crate::User;

/// The rules, from the operator's configuration.
#[derive(Debug, Clone, Default)]
pub struct Tenants {
    /// The namespace that may mint for everybody; none: no namespace may.
    pub release_namespace: Option<String>,
    /// What other namespaces may do.
    pub list: Vec<Tenant>,
}

/// What some namespaces may do. With a name and labels, a namespace must have both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tenant {
    /// The namespace of this name.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Namespaces that have all of these labels.
    #[serde(default)]
    pub namespace_labels: BTreeMap<String, String>,
    /// Organisations whose users they may mint for; `*` for all.
    #[serde(default)]
    pub organisations: Vec<String>,
    /// Users they may mint for, by id or address.
    #[serde(default)]
    pub users: Vec<String>,
}

impl Tenants {
    /// True if an McpToken in this namespace may stand for this user. Without a user, or an organisation of the user,
    /// only a namespace that may mint for everybody may: others would learn from the difference who there is.
    pub fn permit(&self, namespace: &str, labels: &BTreeMap<String, String>, user: Option<&User>) -> bool {
        self.release_namespace.as_deref() == Some(namespace)
            || self.list.iter().any(|tenant| tenant.covers(namespace, labels) && tenant.allows(user))
    }
}

impl Tenant {
    fn covers(&self, namespace: &str, labels: &BTreeMap<String, String>) -> bool {
        let names_any = self.namespace.is_some() || !self.namespace_labels.is_empty();
        names_any
            && self.namespace.as_deref().is_none_or(|name| name == namespace)
            && self.namespace_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }

    fn allows(&self, user: Option<&User>) -> bool {
        let within = |org: &OrgId| self.organisations.iter().any(|allowed| allowed == org.as_str());
        self.organisations.iter().any(|allowed| allowed == "*")
            || user
                .is_some_and(|user| user.org_id.as_ref().is_some_and(|org| within(org) || self.names(user)))
    }

    fn names(&self, user: &User) -> bool {
        self.users
            .iter()
            .any(|allowed| allowed == user.id.as_str() || allowed.eq_ignore_ascii_case(&user.email))
    }
}
