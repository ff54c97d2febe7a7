//! TypeDB Cloud: an id that people choose, everything fixed but a few fields, and a password that the database keeps.

mod backup;
mod change;
mod cluster;
mod connection;
mod differences;
mod fixed;
mod import;
mod password;
mod request;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use kube::ResourceExt;

use super::creation::lacking;
use super::difference::Difference;
use super::facts::Facts;
use super::kind::Kind;
use super::password::PasswordPlan;
use super::record::{Bound, Record};
use super::status::word;
use super::step::Plan;
use crate::api::identity::{Cloud, ClusterId, Handle};
use crate::api::secret::Password;
use crate::api::shared::{CommonSpec, CommonStatus, PasswordRef, PlannedStep};
use crate::api::typedb::{CONNECTION_KEYS, FixedAtCreation, TypeDBCluster, TypeDBClusterStatus};
use crate::cloud::typedb::change::Change;
use crate::cloud::typedb::wire::{BackupConfiguration, Cluster, ClusterDeploy};

/// The user that every cluster starts with.
const USERNAME: &str = "admin";

impl Kind for TypeDBCluster {
    type Cluster = Cluster;
    type Request = ClusterDeploy;
    type Change = Change;
    type Fixed = FixedAtCreation;
    /// The backup settings, which no answer of the cloud ever shows; none where we applied none, or do not know.
    type Applied = Option<BackupConfiguration>;
    type Catalogue = ();
    type Question = Infallible;
    type Answer = Infallible;

    const NAME_FIELD: &'static str = "clusterId";
    const PASSWORD_FIELD: &'static str = "spec.admin.currentPasswordSecretRef";
    const CLOUD: Cloud = Cloud::Typedb;
    const BINDING_TYPE: &'static str = "typedb";
    const BINDING_PROVIDER: &'static str = "typedb-cloud";
    const CONNECTION_KEYS: &'static [&'static str] = &CONNECTION_KEYS;
    const CREATED_WITH_PASSWORD: bool = false;
    const NOT_AGAIN_WITHIN: Duration = Duration::ZERO;
    const RENAMES: bool = true;

    fn common(&self) -> &CommonSpec {
        &self.spec.common
    }

    fn common_status(status: &TypeDBClusterStatus) -> &CommonStatus {
        &status.common
    }

    fn common_status_mut(status: &mut TypeDBClusterStatus) -> &mut CommonStatus {
        &mut status.common
    }

    fn password_refs(&self) -> (Option<&PasswordRef>, Option<&PasswordRef>) {
        let admin = &self.spec.admin;
        (admin.password_secret_ref.as_ref(), admin.current_password_secret_ref.as_ref())
    }

    fn user(&self, _record: Option<&Record<Self>>) -> String {
        USERNAME.to_owned()
    }

    fn wanted(&self) -> Handle {
        Handle::Id(wanted_id(self))
    }

    fn target(request: &ClusterDeploy) -> Handle {
        Handle::Id(request.id.clone())
    }

    fn is_about(&self, bound: &Bound<Self>) -> bool {
        wanted_id(self) == bound.identity.id
    }

    fn request(facts: &Facts<Self>) -> Result<ClusterDeploy, Box<Plan<Self>>> {
        request::of(&facts.manifest).map_err(|missing| lacking(facts, &missing))
    }

    fn came_from(cluster: &Cluster, request: &ClusterDeploy) -> bool {
        cluster.id == request.id
            && cluster.is_free == Some(request.is_free)
            && cluster.provider.as_ref() == Some(&request.provider)
            && cluster.region.as_ref() == Some(&request.region)
            && cluster.storage_type.as_ref() == Some(&request.storage_type)
            && cluster.server_count == Some(request.server_count)
    }

    fn applied(request: &ClusterDeploy) -> Self::Applied {
        request.backup_configuration.clone()
    }

    fn note_applied(applied: &mut Self::Applied, change: &Change) {
        if let Change::Backup(backup) = change {
            *applied = Some(backup.clone());
        }
    }

    /// Settings of a lost answer may be in force, or those before.
    fn forget_applied(applied: &mut Self::Applied, change: &Change) {
        if matches!(change, Change::Backup(_)) {
            *applied = None;
        }
    }

    fn fixed(cluster: &Cluster, _catalogue: Option<&()>) -> FixedAtCreation {
        fixed::of(cluster)
    }

    /// A free cluster that grows is paid for from then on, so that its tier says nothing.
    fn could_be(cluster: &Cluster, known: &FixedAtCreation) -> bool {
        let seen = fixed::of(cluster);
        let agree = |seen: &Option<String>, known: &Option<String>| seen.is_none() || known.is_none() || seen == known;
        agree(&seen.provider, &known.provider)
            && agree(&seen.region, &known.region)
            && agree(&seen.storage_type, &known.storage_type)
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

    fn show(cluster: &Cluster, status: &mut TypeDBClusterStatus) {
        status.common.version = cluster.version.as_deref().map(word);
        status.common.power = cluster.power();
        status.machine_type = cluster.machine_type.as_deref().map(word);
        status.storage_size_gb = cluster.storage_size_gb;
    }

    fn show_fixed(fixed: FixedAtCreation, status: &mut TypeDBClusterStatus) {
        status.observed = Some(fixed);
    }
}

fn wanted_id(manifest: &TypeDBCluster) -> ClusterId {
    manifest.spec.cluster_id.clone().unwrap_or_else(|| ClusterId::new(manifest.name_any()))
}
