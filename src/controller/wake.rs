//! Waking manifests, accounts and records when something that concerns them has changed.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::sync::mpsc;

use crate::api::account::CloudAccount;
use crate::api::identity::ClusterId;
use crate::api::typedb::TypeDBCluster;

/// How many wake-ups may stand in line; whoever adds one more waits.
const LINE: usize = 1024;

/// The sending ends.
#[derive(Clone, Debug)]
pub(crate) struct Wake {
    clusters: mpsc::Sender<ObjectRef<TypeDBCluster>>,
    accounts: mpsc::Sender<ObjectRef<CloudAccount>>,
    records: mpsc::Sender<ObjectRef<Secret>>,
}

/// The receiving ends, one for each controller.
#[derive(Debug)]
pub(crate) struct Woken {
    pub(crate) clusters: mpsc::Receiver<ObjectRef<TypeDBCluster>>,
    pub(crate) accounts: mpsc::Receiver<ObjectRef<CloudAccount>>,
    pub(crate) records: mpsc::Receiver<ObjectRef<Secret>>,
}

impl Wake {
    pub(crate) fn channel() -> (Self, Woken) {
        let (clusters, woken_clusters) = mpsc::channel(LINE);
        let (accounts, woken_accounts) = mpsc::channel(LINE);
        let (records, woken_records) = mpsc::channel(LINE);
        let woken = Woken { clusters: woken_clusters, accounts: woken_accounts, records: woken_records };
        (Self { clusters, accounts, records }, woken)
    }

    // A receiver is gone only while the process stops, and then nobody needs to be woken.

    pub(crate) async fn cluster(&self, manifest: ObjectRef<TypeDBCluster>) {
        self.clusters.send(manifest).await.ok();
    }

    /// Wakes every manifest that is about one of these clusters, or wants to be.
    pub(crate) async fn concerned(&self, manifests: &Store<TypeDBCluster>, ids: &HashSet<ClusterId>) {
        for manifest in manifests.state() {
            if concerned(&manifest, ids) {
                self.cluster(ObjectRef::from_obj(&*manifest)).await;
            }
        }
    }

    pub(crate) async fn account(&self, account: ObjectRef<CloudAccount>) {
        self.accounts.send(account).await.ok();
    }

    pub(crate) async fn record(&self, record: ObjectRef<Secret>) {
        self.records.send(record).await.ok();
    }
}

fn concerned(manifest: &TypeDBCluster, changed: &HashSet<ClusterId>) -> bool {
    let reported = manifest.status.as_ref().and_then(|status| status.common.external_id.as_ref());
    let ids = [reported, manifest.spec.common.external_id.as_ref(), manifest.spec.cluster_id.as_ref()];
    ids.into_iter().flatten().any(|id| changed.contains(id)) || changed.contains(&ClusterId::new(manifest.name_any()))
}
