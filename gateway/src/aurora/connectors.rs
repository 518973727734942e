//! `/api/connectors/status`: which outside systems the organisation has connected (contract §5.6).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::call::Call;
use super::{AsUser, AuroraError};

/// The connectors that Aurora knows for a user. What else it says about them (addresses, account names) is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connectors {
    connected: BTreeSet<String>,
    others: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Listed {
    connectors: BTreeMap<String, Connector>,
}

#[derive(Deserialize)]
struct Connector {
    #[serde(default)]
    connected: bool,
}

impl Connectors {
    /// The connector can be used.
    pub fn has(&self, name: &str) -> bool {
        self.connected.contains(name)
    }

    /// All of them, with whether they are connected.
    pub fn iter(&self) -> impl Iterator<Item = (&str, bool)> {
        let connected = self.connected.iter().map(|name| (name.as_str(), true));
        connected.chain(self.others.iter().map(|name| (name.as_str(), false)))
    }
}

impl<N: Into<String>> FromIterator<(N, bool)> for Connectors {
    fn from_iter<I: IntoIterator<Item = (N, bool)>>(all: I) -> Self {
        let mut connectors = Self::default();
        for (name, connected) in all {
            let name = name.into().to_ascii_lowercase();
            let set = if connected { &mut connectors.connected } else { &mut connectors.others };
            set.insert(name);
        }
        connectors
    }
}

impl AsUser<'_> {
    /// Aurora asks each provider, so this can take ten seconds when one of them hangs.
    pub async fn connectors(&self) -> Result<Connectors, AuroraError> {
        let listed: Listed = self.send(Call::get(&["api", "connectors", "status"])).await?.read()?;
        Ok(listed.connectors.into_iter().map(|(name, connector)| (name, connector.connected)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_in_lower_case() {
        let connectors: Connectors = [("Datadog", true), ("jira", false)].into_iter().collect();
        assert!(connectors.has("datadog") && !connectors.has("jira") && !connectors.has("splunk"));
        assert_eq!(connectors.iter().collect::<Vec<_>>(), [("datadog", true), ("jira", false)]);
    }
}
