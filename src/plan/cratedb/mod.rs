//! CrateDB Cloud: ids that the cloud chooses, operations that go on behind the answer, projects, and nodes that scale.

mod backups;
mod change;
mod cluster;
mod connection;
mod destroy;
mod differences;
mod fixed;
mod import;
mod networks;
mod operation;
mod password;
mod prices;
mod products;
mod request;
mod restore;
mod sizes;
mod versions;

use std::collections::BTreeMap;
use std::time::Duration;

use kube::ResourceExt;
use serde::{Deserialize, Serialize};

use super::difference::Difference;
use super::facts::Facts;
use super::kind::Kind;
use super::password::PasswordPlan;
use super::record::{Bound, Record};
use super::status::{cut, word};
use super::step::Plan;
use crate::api::cratedb::{CONNECTION_KEYS, CrateDBCluster, CrateDBClusterStatus, FixedAtCreation, RestoredFrom};
use crate::api::identity::{Cloud, Handle};
use crate::api::secret::Password;
use crate::api::shared::{CommonSpec, CommonStatus, PasswordRef, PlannedStep};
use crate::cloud::cratedb::catalogue::Catalogue;
use crate::cloud::cratedb::change::{Change, NewDatabase, Restoration};
use crate::cloud::cratedb::question::{Answer, Question};
use crate::cloud::cratedb::wire::Cluster;
use crate::cloud::operation::Operation;

/// The database's user of a manifest that names none.
const DEFAULT_USERNAME: &str = "admin";

/// The schema takes no more networks.
const MOST_NETWORKS: usize = 64;

/// One GiB in bytes.
const GIB: i64 = 1024 * 1024 * 1024;

/// What we did to a cluster and must not forget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Applied {
    /// We set the cloud's own protection, so that we may lift it.
    pub protected: bool,
    /// What is to be restored into a cluster that was created for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_restore: Option<Restoration>,
    /// What was restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored: Option<RestoredFrom>,
}

impl Kind for CrateDBCluster {
    type Cluster = Cluster;
    type Request = NewDatabase;
    type Change = Change;
    type Fixed = FixedAtCreation;
    type Applied = Applied;
    type Catalogue = Catalogue;
    type Question = Question;
    type Answer = Answer;

    const NAME_FIELD: &'static str = "clusterName";
    const PASSWORD_FIELD: &'static str = "spec.passwordSecretRef";
    const CLOUD: Cloud = Cloud::Cratedb;
    const BINDING_TYPE: &'static str = "cratedb";
    const BINDING_PROVIDER: &'static str = "cratedb-cloud";
    const CONNECTION_KEYS: &'static [&'static str] = &CONNECTION_KEYS;
    const CREATED_WITH_PASSWORD: bool = true;
    const NOT_AGAIN_WITHIN: Duration = Duration::from_secs(10 * 60);
    const RENAMES: bool = false;

    fn common(&self) -> &CommonSpec {
        &self.spec.common
    }

    fn common_status(status: &CrateDBClusterStatus) -> &CommonStatus {
        &status.common
    }

    fn common_status_mut(status: &mut CrateDBClusterStatus) -> &mut CommonStatus {
        &mut status.common
    }

    fn password_refs(&self) -> (Option<&PasswordRef>, Option<&PasswordRef>) {
        (self.spec.password_secret_ref.as_ref(), None)
    }

    fn user(&self, record: Option<&Record<Self>>) -> String {
        let there = record.and_then(|record| match (&record.bound, record.creation()) {
            (Some(bound), _) => bound.fixed.username.clone(),
            // Whatever the manifest says by now, this is what was asked for.
            (None, open) => open.map(|intent| intent.request.provision.cluster.username.clone()),
        });
        there.or_else(|| self.spec.username.clone()).unwrap_or_else(|| DEFAULT_USERNAME.to_owned())
    }

    fn wanted(&self) -> Handle {
        Handle::Name(wanted_name(self))
    }

    fn shares(&self) -> Option<Handle> {
        self.spec.project.as_ref()?.name.clone().map(Handle::Project)
    }

    fn target(request: &NewDatabase) -> Handle {
        Handle::Name(request.provision.cluster.name.clone())
    }

    fn is_about(&self, bound: &Bound<Self>) -> bool {
        bound.fixed.cluster_name.as_ref().is_none_or(|name| *name == wanted_name(self))
    }

    fn title(bound: &Bound<Self>) -> String {
        bound.fixed.cluster_name.clone().unwrap_or_else(|| bound.identity.id.to_string())
    }

    fn request(facts: &Facts<Self>) -> Result<NewDatabase, Box<Plan<Self>>> {
        request::of(facts)
    }

    fn came_from(cluster: &Cluster, NewDatabase { provision: request, .. }: &NewDatabase) -> bool {
        let wanted = &request.cluster;
        let disk_type = wanted.hardware_specs.as_ref().and_then(|specs| specs.disk_type.as_ref());
        let there = cluster.hardware_specs.as_ref().and_then(|specs| specs.disk_type.as_ref());
        cluster.name == wanted.name
            && cluster.project_id.as_ref() == Some(&request.project_id)
            && cluster.subscription_id.as_ref().is_none_or(|id| *id == request.subscription_id)
            && cluster.channel.as_ref().is_none_or(|channel| *channel == wanted.channel)
            && cluster.product_tier.as_ref().is_none_or(|tier| *tier == wanted.product_tier)
            && cluster.username.as_ref().is_none_or(|user| *user == wanted.username)
            && (disk_type.is_none() || disk_type == there)
    }

    fn applied(request: &NewDatabase) -> Applied {
        Applied { to_restore: request.restore.clone(), ..Applied::default() }
    }

    fn note_applied(applied: &mut Applied, change: &Change) {
        match change {
            Change::DeletionProtection(protected) => applied.protected = *protected,
            Change::Restore(restoration) => {
                applied.to_restore = None;
                applied.restored = Some(restore::shown(restoration));
            }
            _ => {}
        }
    }

    fn fixed(cluster: &Cluster, catalogue: Option<&Catalogue>) -> FixedAtCreation {
        fixed::of(cluster, catalogue)
    }

    fn completed(seen: FixedAtCreation, known: &FixedAtCreation) -> FixedAtCreation {
        fixed::completed(seen, known)
    }

    fn fixed_differences(&self, there: &FixedAtCreation) -> Vec<PlannedStep> {
        fixed::differences(&self.spec, there)
    }

    fn differences(facts: &Facts<Self>, bound: Option<&Bound<Self>>, cluster: &Cluster) -> Vec<Difference<Self>> {
        differences::of(facts, bound, cluster)
    }

    fn way_in(
        facts: &Facts<Self>,
        record: &Record<Self>,
        bound: &Bound<Self>,
        cluster: &Cluster,
    ) -> PasswordPlan<Self> {
        password::plan(facts, record, bound, cluster)
    }

    fn before_destroy(facts: &Facts<Self>, bound: &Bound<Self>, cluster: &Cluster) -> Option<Plan<Self>> {
        destroy::beforehand(facts, bound, cluster)
    }

    fn connection(
        record: &Record<Self>,
        cluster: &Cluster,
        password: Option<&Password>,
    ) -> BTreeMap<&'static str, String> {
        connection::of(record, cluster, password)
    }

    fn describing(cluster: &Cluster, name: &str, common: CommonSpec) -> Self {
        import::describing(cluster, name, common)
    }

    fn appraisal(cluster: &Cluster) -> Option<Question> {
        prices::question(cluster)
    }

    fn hourly_cost(answer: &Answer) -> Option<String> {
        prices::words(answer)
    }

    fn source(&self) -> Option<&str> {
        self.spec.restore_from.as_ref()?.name.as_deref()
    }

    fn awaits_data(&self, bound: &Bound<Self>) -> bool {
        restore::pending(self, bound).is_some()
    }

    fn show(cluster: &Cluster, status: &mut CrateDBClusterStatus) {
        status.common.version = cluster.crate_version.as_deref().map(word);
        status.nodes = cluster.nodes();
        status.product_name = cluster.product_name.as_deref().map(word);
        status.storage_per_node_gib = cluster.bytes_per_node().map(|bytes| bytes / GIB);
        status.common.power = cluster.power();
        status.backup = cluster.backup_schedule.as_deref().map(backups::shown);
        status.url = cluster.url.as_deref().map(|url| cut(url, 512));
        let networks = cluster.ip_whitelist.as_deref();
        status.allowed_cidrs = networks.map(|networks| networks::shown(networks).take(MOST_NETWORKS).collect());
        if let Some(last) = &cluster.last_async_operation {
            operation::show_listed(last, status);
        }
    }

    fn show_fixed(fixed: FixedAtCreation, status: &mut CrateDBClusterStatus) {
        status.observed = Some(fixed);
    }

    fn show_applied(applied: &Applied, status: &mut CrateDBClusterStatus) {
        status.restored_from.clone_from(&applied.restored);
    }

    fn show_operation(operation: &Operation, status: &mut CrateDBClusterStatus) {
        operation::show_told(operation, status);
    }
}

/// The name that the manifest's cluster has or shall get.
fn wanted_name(manifest: &CrateDBCluster) -> String {
    manifest.spec.cluster_name.clone().unwrap_or_else(|| manifest.name_any())
}
