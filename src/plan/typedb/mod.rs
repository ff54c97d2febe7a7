//! TypeDB Cloud: an id that people choose, everything fixed but a few fields, and a password that the database keeps.

mod password;

use std::collections::BTreeMap;
use std::time::Duration;

use kube::ResourceExt;

use super::connection::{percent_encoded, scheme};
use super::creation::lacking;
use super::difference::{differing, text};
use super::facts::Facts;
use super::kind::{CloudCluster, Difference, Kind, Phase};
use super::password::PasswordPlan;
use super::record::{Bound, Record};
use super::standing::NOT_CARRIED_OUT;
use super::status::word;
use super::step::Plan;
use crate::api::identity::{ClusterId, CreatedAt, Handle, Location};
use crate::api::secret::Password;
use crate::api::shared::{CommonSpec, CommonStatus, PasswordRef, PlannedStep};
use crate::api::typedb::{
    Backup, BackupFrequency, FixedAtCreation, Tier, TypeDBCluster, TypeDBClusterSpec, TypeDBClusterStatus,
};
use crate::cloud::typedb::wire::{BackupConfiguration, Change, Cluster, ClusterDeploy, ClusterStatus};

/// The user that every cluster starts with.
const USERNAME: &str = "admin";

/// The least that the cloud offers; what a manifest that names no size gets.
const DEFAULT_STORAGE_GB: i64 = 10;

impl Kind for TypeDBCluster {
    type Cluster = Cluster;
    type Request = ClusterDeploy;
    type Change = Change;
    type Fixed = FixedAtCreation;
    /// The backup settings, which no answer of the cloud ever shows; none, where we applied none.
    type Applied = Option<BackupConfiguration>;
    type Catalogue = ();

    const NAME_FIELD: &'static str = "clusterId";
    const PASSWORD_FIELD: &'static str = "spec.admin.currentPasswordSecretRef";
    const CLOUD: &'static str = "TypeDB Cloud";
    const BINDING: (&'static str, &'static str) = ("typedb", "typedb-cloud");
    const CREATED_WITH_PASSWORD: bool = false;
    const NOT_AGAIN_WITHIN: Duration = Duration::ZERO;

    fn lives_at(location: &Location) -> bool {
        matches!(location, Location::TypedbCloud { .. })
    }

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
        deploy_request(&facts.manifest).map_err(|missing| lacking(facts, &missing))
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

    fn fixed(cluster: &Cluster, _catalogue: Option<&()>) -> FixedAtCreation {
        fixed(cluster)
    }

    fn fixed_differences(&self, there: &FixedAtCreation) -> Vec<PlannedStep> {
        fixed_differences(&self.spec, there)
    }

    fn differences(facts: &Facts<Self>, bound: Option<&Bound<Self>>, cluster: &Cluster) -> Vec<Difference<Self>> {
        let blocked = |shown| PlannedStep { blocked_by: Some(NOT_CARRIED_OUT.to_owned()), ..shown };
        let found = differences(&facts.manifest.spec, bound, cluster).into_iter().map(blocked);
        found.map(|shown| Difference { shown, change: None, first: false }).collect()
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
        let Some(server) = cluster.servers.first() else {
            return BTreeMap::new();
        };
        let (host, port) = server.address.rsplit_once(':').unwrap_or((&server.address, "80"));
        let mut data = BTreeMap::from([("host", host.to_owned()), ("port", port.to_owned())]);
        data.insert("addresses", cluster.addresses().join(","));
        if let Some(password) = password {
            data.insert("uri", uri(&record.location, password, &server.address, cluster));
        }
        data
    }

    fn show(cluster: &Cluster, _fixed: Option<&FixedAtCreation>, status: &mut TypeDBClusterStatus) {
        status.common.version = cluster.version.as_deref().map(word);
        status.machine_type = cluster.machine_type.as_deref().map(word);
        status.storage_size_gb = cluster.storage_size_gb;
        Self::show_fixed(&fixed(cluster), status);
    }

    fn show_fixed(fixed: &FixedAtCreation, status: &mut TypeDBClusterStatus) {
        status.observed = Some(FixedAtCreation {
            tier: fixed.tier,
            provider: fixed.provider.as_deref().map(word),
            region: fixed.region.as_deref().map(word),
            storage_type: fixed.storage_type.as_deref().map(word),
            server_count: fixed.server_count,
        });
    }
}

impl CloudCluster for Cluster {
    fn id(&self) -> &ClusterId {
        &self.id
    }

    fn created_at(&self) -> CreatedAt {
        self.created_at
    }

    fn phase(&self) -> Phase {
        match self.status {
            ClusterStatus::Starting => Phase::Creating,
            ClusterStatus::Running => Phase::Running,
            ClusterStatus::Suspending => Phase::Suspending,
            ClusterStatus::Suspended => Phase::Suspended,
            ClusterStatus::Resuming => Phase::Resuming,
            ClusterStatus::Destroying => Phase::Destroying,
            ClusterStatus::Other(_) => Phase::Unknown,
        }
    }

    fn word(&self) -> String {
        self.status.to_string()
    }

    fn serves(&self) -> bool {
        self.status == ClusterStatus::Running
    }

    fn addresses(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.address.clone()).collect()
    }
}

impl super::kind::Change<TypeDBCluster> for Change {
    fn field(&self) -> &'static str {
        match *self {}
    }

    fn summary(&self) -> String {
        match *self {}
    }

    fn reason(&self) -> crate::api::condition::Reason {
        match *self {}
    }

    fn operation(&self) -> Option<&'static str> {
        match *self {}
    }

    fn shown_by(&self, _cluster: &Cluster) -> bool {
        match *self {}
    }
}

fn wanted_id(manifest: &TypeDBCluster) -> ClusterId {
    manifest.spec.cluster_id.clone().unwrap_or_else(|| ClusterId::new(manifest.name_any()))
}

/// The connection string that the vendor's own tools use.
fn uri(location: &Location, password: &Password, address: &str, cluster: &Cluster) -> String {
    let scheme = scheme(location);
    format!("typedb://{USERNAME}:{}@{scheme}://{address}/?name={}", percent_encoded(password.expose()), cluster.id)
}

/// The request that creates the manifest's cluster. `Err` names the fields that it lacks.
fn deploy_request(manifest: &TypeDBCluster) -> Result<ClusterDeploy, Vec<&'static str>> {
    let spec = &manifest.spec;
    let (Some(tier), Some(provider), Some(region), Some(machine_type)) =
        (spec.tier, spec.provider.clone(), spec.region.clone(), spec.machine_type.clone())
    else {
        return Err(missing(spec));
    };
    let storage_type = spec.storage_type.clone().or_else(|| usual_storage_type(&provider).map(str::to_owned));
    Ok(ClusterDeploy {
        id: wanted_id(manifest),
        server_count: spec.server_count.unwrap_or(1),
        storage_size_gb: spec.storage_size_gb.unwrap_or(DEFAULT_STORAGE_GB),
        storage_type: storage_type.ok_or_else(|| vec!["storageType"])?,
        provider,
        region,
        machine_type,
        is_free: tier == Tier::Free,
        version: spec.version.clone().unwrap_or_else(|| "latest".to_owned()),
        backup_configuration: spec.backup.as_ref().map(backup_configuration),
    })
}

fn missing(spec: &TypeDBClusterSpec) -> Vec<&'static str> {
    [
        ("tier", spec.tier.is_none()),
        ("provider", spec.provider.is_none()),
        ("region", spec.region.is_none()),
        ("machineType", spec.machine_type.is_none()),
    ]
    .into_iter()
    .filter_map(|(name, absent)| absent.then_some(name))
    .collect()
}

/// The one storage type that the vendor documents for each provider.
fn usual_storage_type(provider: &str) -> Option<&'static str> {
    match provider {
        "gcp" => Some("standard-rwo"),
        "aws" => Some("gp2-csi"),
        _ => None,
    }
}

fn backup_configuration(backup: &Backup) -> BackupConfiguration {
    let frequency = match backup.frequency {
        BackupFrequency::Disabled => "disabled",
        BackupFrequency::Hourly => "hourly",
        BackupFrequency::Daily => "daily",
    };
    BackupConfiguration { frequency: frequency.to_owned(), retention_days: backup.retention_days }
}

/// What cannot change about a cluster, as the cloud reports it.
fn fixed(cluster: &Cluster) -> FixedAtCreation {
    FixedAtCreation {
        tier: cluster.is_free.map(|free| if free { Tier::Free } else { Tier::Paid }),
        provider: cluster.provider.clone(),
        region: cluster.region.clone(),
        storage_type: cluster.storage_type.clone(),
        server_count: cluster.server_count,
    }
}

/// The names of the fields that are written in the manifest, fixed at creation, and otherwise in the cloud.
fn fixed_differences(spec: &TypeDBClusterSpec, there: &FixedAtCreation) -> Vec<PlannedStep> {
    [
        differing("tier", there.tier.map(|tier| tier.to_string()), spec.tier.map(|tier| tier.to_string())),
        differing("provider", there.provider.clone(), spec.provider.clone()),
        differing("region", there.region.clone(), spec.region.clone()),
        differing("storageType", there.storage_type.clone(), spec.storage_type.clone()),
        differing("serverCount", text(there.server_count), text(spec.server_count)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Every difference between what is written in the manifest and the cluster. Storage is a floor.
fn differences(spec: &TypeDBClusterSpec, bound: Option<&Bound<TypeDBCluster>>, cluster: &Cluster) -> Vec<PlannedStep> {
    let id = spec.cluster_id.as_ref().map(ToString::to_string);
    let version = spec.version.clone().filter(|version| version != "latest");
    let storage = spec.storage_size_gb.filter(|floor| cluster.storage_size_gb.is_none_or(|there| there < *floor));
    let mut found = fixed_differences(spec, &fixed(cluster));
    found.extend(
        [
            differing("clusterId", Some(cluster.id.to_string()), id),
            differing("version", cluster.version.clone(), version),
            differing("machineType", cluster.machine_type.clone(), spec.machine_type.clone()),
            differing("storageSizeGB", text(cluster.storage_size_gb), text(storage)),
            bound.and_then(|bound| backup_difference(spec, bound, cluster)),
        ]
        .into_iter()
        .flatten(),
    );
    found
}

/// The cloud never shows backup settings, so that what was last applied is compared. What somebody else set stays unseen.
fn backup_difference(spec: &TypeDBClusterSpec, bound: &Bound<TypeDBCluster>, cluster: &Cluster) -> Option<PlannedStep> {
    let backup = spec.backup.as_ref()?;
    let never = cluster.is_free == Some(true) && backup.frequency == BackupFrequency::Disabled;
    let wanted = backup_configuration(backup);
    let applied = bound.applied.as_ref();
    let same = applied.is_some_and(|applied| {
        applied.frequency == wanted.frequency
            && (wanted.retention_days.is_none() || applied.retention_days == wanted.retention_days)
    });
    if never || same {
        return None;
    }
    differing("backup", applied.map(backup_text), Some(backup_text(&wanted)))
}

fn backup_text(backup: &BackupConfiguration) -> String {
    let days = backup.retention_days.map(|days| format!(", kept for {days} days")).unwrap_or_default();
    format!("{}{days}", backup.frequency)
}
