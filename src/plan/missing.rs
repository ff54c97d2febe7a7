//! Databases that were there and are not: one or two are believed to be gone, and a multitude is not.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::kind::{CloudCluster, Kind};
use crate::api::identity::Identity;

/// So many databases may go missing at once in any location; in a large one, one in so many.
const A_FEW: usize = 2;
const ONE_IN: usize = 10;

/// The databases that a location's lists do not show, although they, or the records, knew them a short while ago. The
/// operator's own destroys are none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    since: BTreeMap<Identity, Timestamp>,
    /// How many there were, these included.
    of: usize,
}

impl Missing {
    /// Whether more are missing than is believed, of those that went after the moment that a person vouches for.
    #[must_use]
    pub fn is_suspect(&self, accepted: Option<Timestamp>) -> bool {
        let went_since = |since: &&Timestamp| accepted.is_none_or(|accepted| **since > accepted);
        self.since.values().filter(went_since).count() > A_FEW.max(self.of / ONE_IN)
    }
}

/// Follows a location's lists from one to the next.
#[derive(Clone, Debug, Default)]
pub struct Roll {
    /// What the last two lists showed, newest first.
    shown: [BTreeSet<Identity>; 2],
    missing: Missing,
}

impl Roll {
    /// Takes in a list that was read at `now`. `recorded` are the databases that manifests have, and `ended` those that the
    /// operator itself has ended, or is about to.
    pub fn call<K: Kind>(
        &mut self,
        list: &[K::Cluster],
        recorded: BTreeSet<Identity>,
        ended: &BTreeSet<Identity>,
        now: Timestamp,
    ) -> Missing {
        let listed: BTreeSet<Identity> = list.iter().map(identity).collect();
        let renamed =
            |gone: &Identity| K::RENAMES && list.iter().any(|cluster| cluster.created_at() == gone.created_at);
        let [newest, older] = std::mem::take(&mut self.shown);
        // What is suspect stays so until it is back.
        let suspect = self.missing.is_suspect(None).then(|| self.missing.since.keys().cloned());
        let expected = newest.iter().cloned().chain(older).chain(recorded).chain(suspect.into_iter().flatten());
        let since: BTreeMap<Identity, Timestamp> = expected
            .filter(|gone| !listed.contains(gone) && !ended.contains(gone) && !renamed(gone))
            .map(|identity| {
                let since = self.missing.since.get(&identity).copied().unwrap_or(now);
                (identity, since)
            })
            .collect();
        self.missing = Missing { of: listed.len() + since.len(), since };
        self.shown = [listed, newest];
        self.missing.clone()
    }
}

fn identity<C: CloudCluster>(cluster: &C) -> Identity {
    Identity { id: cluster.id().clone(), created_at: cluster.created_at() }
}
