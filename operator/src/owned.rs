//! Which Secrets were made for which McpToken, as the watch of the Secrets tells. A status names only the last one that was
//! reported: one that was written just before a crash is in nobody's status.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Names of Secrets, by the UID of the McpToken that owns them.
#[derive(Debug, Default)]
pub(crate) struct Owned(Mutex<HashMap<String, BTreeSet<String>>>);

impl Owned {
    /// A Secret is there.
    pub(crate) fn note(&self, secret: &ObjectMeta) {
        self.change(|names| {
            for (uid, name) in owners(secret) {
                names.entry(uid.to_owned()).or_default().insert(name.to_owned());
            }
        });
    }

    /// A Secret is gone.
    pub(crate) fn forget(&self, secret: &ObjectMeta) {
        for (uid, name) in owners(secret) {
            self.forget_name(uid, name);
        }
    }

    /// There is no Secret of this name any more.
    pub(crate) fn forget_name(&self, uid: &str, name: &str) {
        self.change(|all| {
            if let Some(names) = all.get_mut(uid) {
                names.remove(name);
                if names.is_empty() {
                    all.remove(uid);
                }
            }
        });
    }

    /// The Secrets of an McpToken.
    pub(crate) fn names(&self, uid: &str) -> BTreeSet<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(uid).cloned().unwrap_or_default()
    }

    fn change(&self, change: impl FnOnce(&mut HashMap<String, BTreeSet<String>>)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn owners(secret: &ObjectMeta) -> impl Iterator<Item = (&str, &str)> {
    let name = secret.name.as_deref().unwrap_or_default();
    let owners = secret.owner_references.iter().flatten().filter(|owner| owner.kind == "McpToken");
    owners.map(move |owner| (owner.uid.as_str(), name))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

    use super::*;

    fn secret(name: &str, kind: &str, uid: &str) -> ObjectMeta {
        let owner = OwnerReference { kind: kind.into(), uid: uid.into(), ..OwnerReference::default() };
        ObjectMeta { name: Some(name.into()), owner_references: Some(vec![owner]), ..ObjectMeta::default() }
    }

    #[test]
    fn secrets_are_known_by_their_owner_until_they_are_gone() {
        let owned = Owned::default();
        for (name, kind, uid) in [("a", "McpToken", "1"), ("b", "McpToken", "1"), ("c", "McpToken", "2")] {
            owned.note(&secret(name, kind, uid));
        }
        owned.note(&secret("d", "Deployment", "1"));
        assert_eq!(owned.names("1"), BTreeSet::from(["a".into(), "b".into()]));
        owned.forget(&secret("a", "McpToken", "1"));
        assert_eq!(owned.names("1"), BTreeSet::from(["b".into()]));
        owned.forget_name("1", "b");
        assert_eq!(owned.names("1"), BTreeSet::new());
        assert_eq!(owned.names("2"), BTreeSet::from(["c".into()]));
    }
}
