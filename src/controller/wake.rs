//! Waking manifests, accounts and records when something that concerns them has changed.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::Secret;
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::sync::mpsc;

use crate::api::account::CloudAccount;
use crate::api::identity::Handle;
use crate::controller::clouds::Managed;

/// How many wake-ups may stand in line; whoever adds one more waits.
const LINE: usize = 1024;

/// The sending ends.
#[derive(Clone, Debug)]
pub(crate) struct Wake<K: Managed> {
    clusters: mpsc::Sender<ObjectRef<K>>,
    accounts: mpsc::Sender<ObjectRef<CloudAccount>>,
    records: mpsc::Sender<ObjectRef<Secret>>,
}

/// The receiving ends, one for each controller.
#[derive(Debug)]
pub(crate) struct Woken<K: Managed> {
    pub(crate) clusters: mpsc::Receiver<ObjectRef<K>>,
    pub(crate) accounts: mpsc::Receiver<ObjectRef<CloudAccount>>,
    pub(crate) records: mpsc::Receiver<ObjectRef<Secret>>,
}

impl<K: Managed> Wake<K> {
    pub(crate) fn channel() -> (Self, Woken<K>) {
        let (clusters, woken_clusters) = mpsc::channel(LINE);
        let (accounts, woken_accounts) = mpsc::channel(LINE);
        let (records, woken_records) = mpsc::channel(LINE);
        let woken = Woken { clusters: woken_clusters, accounts: woken_accounts, records: woken_records };
        (Self { clusters, accounts, records }, woken)
    }

    // A receiver is gone only while the process stops, and then nobody needs to be woken.

    pub(crate) async fn cluster(&self, manifest: ObjectRef<K>) {
        self.clusters.send(manifest).await.ok();
    }

    /// Wakes every manifest that is about one of these clusters, or wants to be.
    pub(crate) async fn concerned(&self, manifests: &Store<K>, changed: &HashSet<Handle>) {
        for manifest in manifests.state() {
            if concerned(&*manifest, changed) {
                self.cluster(ObjectRef::from_obj(&*manifest)).await;
            }
        }
    }

    pub(crate) async fn account(&self, account: ObjectRef<CloudAccount>) {
        self.accounts.send(account).await.ok();
    }

    /// The same from where nobody can wait. Where the line is full it is left: accounts are looked after all the time.
    pub(crate) fn account_soon(&self, account: ObjectRef<CloudAccount>) {
        self.accounts.try_send(account).ok();
    }

    pub(crate) async fn record(&self, record: ObjectRef<Secret>) {
        self.records.send(record).await.ok();
    }
}

fn concerned<K: Managed>(manifest: &K, changed: &HashSet<Handle>) -> bool {
    let reported = manifest.status().and_then(|status| K::common_status(status).external_id.clone());
    let ids = [reported, manifest.common().external_id.clone()].into_iter().flatten().map(Handle::Id);
    ids.chain([manifest.wanted()]).any(|target| changed.contains(&target))
}
