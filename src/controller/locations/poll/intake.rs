//! What becomes of a list: the inventory, what is missing there, and whom the difference concerns.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use kube::runtime::reflector::ObjectRef;
use tokio::time::Instant;

use super::super::{Touched, lock};
use super::{Poller, UNLISTED_LASTS, add};
use crate::api::identity::{ClusterId, CreatedAt, Handle};
use crate::clock;
use crate::controller::clouds::Managed;
use crate::plan::{CloudCluster, Inventory, Missing};

impl<K: Managed> Poller<K> {
    /// Makes a list the inventory, and wakes whom the difference concerns. Where it is not complete, what it does not show
    /// stays as it was known.
    pub(super) async fn take_in(&mut self, mut clusters: Vec<K::Cluster>, started: Timestamp, complete: bool) {
        self.keep_touched(&mut clusters, started);
        let known = self.place.inventory().filter(|_| !complete);
        if let Some(known) = &known {
            add(&mut clusters, known.clusters.clone());
        }
        let at = known.map_or(Some(started), |known| known.at);
        self.in_transition
            .retain(|id, _| clusters.iter().any(|cluster| cluster.id() == id && cluster.phase().in_transition()));
        for cluster in clusters.iter().filter(|cluster| cluster.phase().in_transition()) {
            self.in_transition.entry(cluster.id().clone()).or_insert_with(Instant::now);
        }
        let before = self.place.inventory();
        let missing = self.call_the_roll(&clusters, started);
        let list = Arc::new(Inventory { clusters, at, missing });
        self.place.inventory.send_replace(Some(Arc::clone(&list)));
        if let Some(before) = before {
            self.wake_concerned(&changed(&before.clusters, &list.clusters)).await;
            if identities(&before.clusters) != identities(&list.clusters) {
                self.wake_refused().await;
            }
        }
    }

    /// What is not there, of all that lists and records knew to be.
    fn call_the_roll(&mut self, clusters: &[K::Cluster], now: Timestamp) -> Missing {
        let (mut recorded, mut ended) = (BTreeSet::new(), BTreeSet::new());
        for stored in self.records.all() {
            let record = &stored.record;
            let Some(bound) = record.bound.as_ref().filter(|_| record.location == self.place.location) else {
                continue;
            };
            if record.ended.is_some() || record.is_destroying() {
                ended.insert(bound.identity.clone());
            } else if !record.filed && bound.gone.is_none() {
                recorded.insert(bound.identity.clone());
            }
        }
        self.roll.call::<K>(clusters, recorded, &ended, now)
    }

    /// What a write answered after the list was asked for is newer than the list. What a look found is not taken out
    /// again because no list shows it: it would be looked for after every list.
    fn keep_touched(&self, clusters: &mut Vec<K::Cluster>, started: Timestamp) {
        let mut touched = lock(&self.place.touched);
        let shown: HashSet<&ClusterId> = clusters.iter().map(CloudCluster::id).collect();
        touched.retain(|id, Touched { at, unlisted, .. }| {
            let stays = *unlisted && !shown.contains(id) && started < clock::later(*at, UNLISTED_LASTS);
            stays || *at >= started
        });
        let mut all: Vec<K::Cluster> = touched.values().map(|touched| touched.cluster.clone()).collect();
        add(&mut all, std::mem::take(clusters));
        *clusters = all;
    }

    /// What was refused amid other clusters, for a quota or a name, may be possible now.
    async fn wake_refused(&self) {
        for stored in self.records.all() {
            let record = &stored.record;
            if !record.refusals.is_empty() && record.location == self.place.location {
                self.wake.cluster(ObjectRef::new(&record.owner.name).within(&record.owner.namespace)).await;
            }
        }
    }

    pub(in crate::controller::locations) async fn wake_concerned(&self, changed: &HashSet<Handle>) {
        if changed.is_empty() {
            return;
        }
        self.wake.concerned(&self.manifests, changed).await;
        for target in changed {
            for stored in self.records.about(&self.place.location, target) {
                self.wake.record(stored.object()).await;
                let owner = &stored.record.owner;
                self.wake.cluster(ObjectRef::new(&owner.name).within(&owner.namespace)).await;
            }
        }
    }
}

/// Which databases there are, whatever they are doing.
fn identities<C: CloudCluster>(clusters: &[C]) -> HashSet<(&ClusterId, CreatedAt)> {
    clusters.iter().map(|cluster| (cluster.id(), cluster.created_at())).collect()
}

/// What leads to the clusters that came, went, or are otherwise now.
fn changed<C: CloudCluster>(before: &[C], after: &[C]) -> HashSet<Handle> {
    let (old, new) = (by_id(before), by_id(after));
    let differs = |cluster: &&C| match (old.get(cluster.id()), new.get(cluster.id())) {
        (Some(before), Some(after)) => !after.is_still(before),
        _ => true,
    };
    before.iter().chain(after).filter(differs).flat_map(CloudCluster::handles).collect()
}

fn by_id<C: CloudCluster>(clusters: &[C]) -> HashMap<&ClusterId, &C> {
    clusters.iter().map(|cluster| (cluster.id(), cluster)).collect()
}
