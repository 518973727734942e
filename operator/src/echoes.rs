//! What this operator has just written itself: when that is announced it is no news, for the pass that wrote it looks again by itself.
//!
//! An announcement that is faster than the answer to the write is not recognised. It brings one more pass, which finds nothing to do.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aurora_mcp_store::TokenDigest;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Far more than are under way at a time. Beyond it all are forgotten.
const MOST: usize = 4096;

/// Versions of objects by UID, and digests of rows.
#[derive(Debug, Default)]
pub(crate) struct Echoes(Mutex<HashMap<String, String>>);

impl Echoes {
    /// This version of an object is ours.
    pub(crate) fn note(&self, written: &ObjectMeta) {
        if let (Some(uid), Some(version)) = (&written.uid, &written.resource_version) {
            self.add(uid.clone(), version.clone());
        }
    }

    /// Said once: is this version of an object ours?
    pub(crate) fn recognise(&self, announced: &ObjectMeta) -> bool {
        match (&announced.uid, &announced.resource_version) {
            (Some(uid), Some(version)) => self.take(uid, version),
            _ => false,
        }
    }

    /// The next change of this row is ours.
    pub(crate) fn note_row(&self, digest: &TokenDigest) {
        self.add(digest.to_string(), String::new());
    }

    /// Said once: is this change of a row ours?
    pub(crate) fn recognise_row(&self, digest: &TokenDigest) -> bool {
        self.take(&digest.to_string(), "")
    }

    /// What was written may have been announced while nobody listened.
    pub(crate) fn forget_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn add(&self, what: String, version: String) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(what, version);
    }

    fn take(&self, what: &str, version: &str) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = all.get(what).is_some_and(|ours| ours == version);
        if ours {
            all.remove(what);
        }
        ours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(uid: &str, version: &str) -> ObjectMeta {
        ObjectMeta { uid: Some(uid.into()), resource_version: Some(version.into()), ..ObjectMeta::default() }
    }

    #[test]
    fn own_writes_are_recognised_once_and_others_never() {
        let echoes = Echoes::default();
        echoes.note(&object("a", "7"));
        assert!(!echoes.recognise(&object("a", "8")), "somebody else wrote it since");
        assert!(!echoes.recognise(&object("b", "7")));
        assert!(echoes.recognise(&object("a", "7")));
        assert!(!echoes.recognise(&object("a", "7")));
        let [ours, other] = ["ours", "other"].map(TokenDigest::of);
        echoes.note_row(&ours);
        assert_eq!([other, ours, ours].map(|row| echoes.recognise_row(&row)), [false, true, false]);
    }

    #[test]
    fn what_nobody_announces_is_forgotten() {
        let echoes = Echoes::default();
        for number in 0..=MOST {
            echoes.note(&object(&number.to_string(), "1"));
        }
        assert_eq!(echoes.0.lock().unwrap().len(), 1);
        echoes.forget_all();
        assert!(!echoes.recognise(&object(&MOST.to_string(), "1")));
    }
}
