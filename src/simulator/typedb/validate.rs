//! What the cloud accepts in the body of a request, and what it says about the rest.

use serde_json::{Map, Value};

use super::catalogue::{self, Offer};
use super::cluster::Spec;
use super::refusal::Refusal;
use crate::api::identity::ClusterId;
use crate::cloud::typedb::wire::{BackupConfiguration, ClusterDeploy};
use crate::simulator::Settings;

/// Backup frequency of every free cluster.
pub(super) const NO_BACKUPS: &str = "disabled";
const FREQUENCIES: [&str; 3] = [NO_BACKUPS, "hourly", "daily"];
const RETENTION_DAYS: [i64; 2] = [7, 30];
const FREE_STORAGE_GB: i64 = 10;

/// The fields of an update that are there.
#[derive(Debug, Default)]
pub(super) struct Update {
    pub(super) id: Option<ClusterId>,
    pub(super) storage_size_gb: Option<i64>,
    pub(super) machine_type: Option<String>,
    pub(super) version: Option<String>,
    pub(super) backup_frequency: Option<String>,
    pub(super) backup_retention_days: Option<i64>,
}

/// Reads the body of a deploy.
pub(super) fn deploy(body: &[u8], settings: &Settings) -> Result<ClusterDeploy, Refusal> {
    let body = Fields::parse(body)?;
    let deploy = ClusterDeploy {
        id: cluster_id(body.required("id", Fields::text)?, settings)?,
        server_count: body.required("serverCount", Fields::integer)?,
        storage_size_gb: body.required("storageSizeGB", Fields::integer)?,
        provider: body.required("provider", Fields::text)?,
        region: body.required("region", Fields::text)?,
        machine_type: body.required("machineType", Fields::text)?,
        storage_type: body.required("storageType", Fields::text)?,
        is_free: body.required("isFree", Fields::boolean)?,
        version: version(&body.required("version", Fields::text)?, settings)?,
        backup_configuration: body.object("backupConfiguration")?.map(|backup| backup_of(&backup)).transpose()?,
    };
    let default_backup = settings.typedb.unknowns.default_backup.clone();
    spec(&Spec::requested(deploy.clone(), default_backup))?;
    if deploy.is_free {
        free_limits(&deploy)?;
    } else if deploy.backup_configuration.is_none() && settings.typedb.unknowns.paid_needs_backup {
        return Err(Refusal::invalid("backupConfiguration is required unless isFree is true."));
    }
    Ok(deploy)
}

/// Reads the body of an update.
pub(super) fn update(body: &[u8], settings: &Settings) -> Result<Update, Refusal> {
    let body = Fields::parse(body)?;
    let backup = body.object("backupConfiguration")?;
    let update = Update {
        id: body.text("id")?.map(|id| cluster_id(id, settings)).transpose()?,
        storage_size_gb: body.integer("storageSizeGB")?,
        machine_type: body.text("machineType")?,
        version: body.text("version")?.map(|given| version(&given, settings)).transpose()?,
        backup_frequency: backup.as_ref().map(|backup| backup.text("frequency")).transpose()?.flatten(),
        backup_retention_days: backup.as_ref().map(|backup| backup.integer("retentionDays")).transpose()?.flatten(),
    };
    if update.fields().is_empty() {
        let fields = "id, storageSizeGB, machineType, backupConfiguration, version";
        return Err(Refusal::invalid(format!("An update needs at least one of: {fields}.")));
    }
    Ok(update)
}

/// Reads the body of a clone: the id of the new cluster.
pub(super) fn clone(body: &[u8], settings: &Settings) -> Result<ClusterId, Refusal> {
    cluster_id(Fields::parse(body)?.required("id", Fields::text)?, settings)
}

/// Lowercase letters and digits, in groups that single underscores and hyphens separate.
pub(super) fn cluster_id(id: String, settings: &Settings) -> Result<ClusterId, Refusal> {
    let is_word =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !id.split(['_', '-']).all(is_word) {
        return Err(Refusal::invalid(format!(
            "The id '{id}' may contain only lowercase alphanumeric characters, optionally separated by underscores \
             and hyphens."
        )));
    }
    match settings.typedb.unknowns.max_id_length {
        Some(limit) if id.chars().count() > limit => {
            Err(Refusal::invalid(format!("The id '{id}' is longer than {limit} characters.")))
        }
        _ => Ok(ClusterId::new(id)),
    }
}

/// What every cluster must keep to, new or changed.
pub(super) fn spec(spec: &Spec) -> Result<(), Refusal> {
    let offer = catalogue::offer(&spec.provider, &spec.region)?;
    offer.check_machine_type(&spec.machine_type, &spec.region)?;
    offer.check_storage_type(&spec.storage_type)?;
    if !(1..=9).contains(&spec.server_count) || spec.server_count % 2 == 0 {
        return Err(Refusal::invalid("serverCount must be an odd number from 1 to 9."));
    }
    if at_least(&spec.version, &[3]) && spec.server_count != 1 {
        return Err(Refusal::invalid("TypeDB 3.0 and above can currently only have one server: set serverCount to 1."));
    }
    if !(10..=1000).contains(&spec.storage_size_gb) {
        return Err(Refusal::invalid("storageSizeGB must be from 10 to 1000."));
    }
    backup_rules(&spec.backup_configuration)
}

/// Whether `spec` is still within what a free cluster may be.
pub(super) fn within_free_limits(spec: &Spec) -> bool {
    spec.server_count == 1
        && spec.storage_size_gb <= FREE_STORAGE_GB
        && spec.backup_configuration.frequency == NO_BACKUPS
        && catalogue::offer(&spec.provider, &spec.region).is_ok_and(|offer| is_free_machine(offer, &spec.machine_type))
}

fn free_limits(deploy: &ClusterDeploy) -> Result<(), Refusal> {
    let offer = catalogue::offer(&deploy.provider, &deploy.region)?;
    if !is_free_machine(offer, &deploy.machine_type) {
        let free = offer.free_machine_type();
        return Err(Refusal::invalid(format!("A free cluster in this region must have the machineType '{free}'.")));
    }
    if deploy.server_count > 1 || deploy.storage_size_gb > FREE_STORAGE_GB {
        return Err(Refusal::invalid("A free cluster can have at most 1 server and 10 GB of storage."));
    }
    if deploy.backup_configuration.as_ref().is_some_and(|backup| backup.frequency != NO_BACKUPS) {
        return Err(Refusal::invalid("The backupConfiguration.frequency of a free cluster must be 'disabled'."));
    }
    Ok(())
}

fn is_free_machine(offer: &Offer, machine_type: &str) -> bool {
    offer.free_machine_type() == machine_type
}

fn backup_of(backup: &Fields) -> Result<BackupConfiguration, Refusal> {
    let frequency = backup.required("frequency", Fields::text)?;
    let retention_days = Some(backup.integer("retentionDays")?.unwrap_or(RETENTION_DAYS[0]));
    Ok(BackupConfiguration { frequency, retention_days })
}

fn backup_rules(backup: &BackupConfiguration) -> Result<(), Refusal> {
    if !FREQUENCIES.contains(&backup.frequency.as_str()) {
        return Err(catalogue::unknown("backupConfiguration.frequency", &backup.frequency, "", &FREQUENCIES));
    }
    if backup.retention_days.is_some_and(|days| !RETENTION_DAYS.contains(&days)) {
        return Err(Refusal::invalid("backupConfiguration.retentionDays must be 7 or 30."));
    }
    Ok(())
}

/// The version that is meant, made concrete.
fn version(given: &str, settings: &Settings) -> Result<String, Refusal> {
    let offered = &settings.typedb.versions;
    let found = if given == "latest" { offered.last() } else { offered.iter().find(|version| *version == given) };
    found.cloned().ok_or_else(|| catalogue::unknown("version", given, "", offered))
}

/// The parts of a version, for comparing: 3.10.0 is newer than 3.9.1.
pub(super) fn version_number(version: &str) -> Vec<u64> {
    version.split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}

/// Whether `version` is `minimum` or newer.
pub(super) fn at_least(version: &str, minimum: &[u64]) -> bool {
    version_number(version).as_slice() >= minimum
}

impl Update {
    /// The names of the fields that are there.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        let backup = self.backup_frequency.is_some() || self.backup_retention_days.is_some();
        let present = [
            ("id", self.id.is_some()),
            ("storageSizeGB", self.storage_size_gb.is_some()),
            ("machineType", self.machine_type.is_some()),
            ("version", self.version.is_some()),
            ("backupConfiguration", backup),
        ];
        present.into_iter().filter_map(|(field, present)| present.then_some(field)).collect()
    }

    /// `current` with the changes made.
    pub(super) fn applied_to(&self, current: &Spec) -> Spec {
        let mut spec = current.clone();
        replace(&mut spec.storage_size_gb, self.storage_size_gb.as_ref());
        replace(&mut spec.machine_type, self.machine_type.as_ref());
        replace(&mut spec.version, self.version.as_ref());
        replace(&mut spec.backup_configuration.frequency, self.backup_frequency.as_ref());
        if self.backup_retention_days.is_some() {
            spec.backup_configuration.retention_days = self.backup_retention_days;
        }
        spec
    }
}

fn replace<T: Clone>(value: &mut T, by: Option<&T>) {
    if let Some(by) = by {
        value.clone_from(by);
    }
}

/// The fields of a JSON object, and where it stands in the body.
struct Fields {
    prefix: String,
    values: Map<String, Value>,
}

impl Fields {
    fn parse(body: &[u8]) -> Result<Self, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(values)) => Ok(Self { prefix: String::new(), values }),
            _ => Err(Refusal::invalid("The request body must be a JSON object.")),
        }
    }

    fn required<T>(&self, name: &str, read: fn(&Self, &str) -> Result<Option<T>, Refusal>) -> Result<T, Refusal> {
        read(self, name)?.ok_or_else(|| Refusal::invalid(format!("{}{name} is required.", self.prefix)))
    }

    fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        self.get(name, "a string", |value| value.as_str().map(str::to_owned))
    }

    fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.get(name, "an integer", Value::as_i64)
    }

    fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.get(name, "true or false", Value::as_bool)
    }

    fn object(&self, name: &str) -> Result<Option<Self>, Refusal> {
        let values = self.get(name, "an object", |value| value.as_object().cloned())?;
        Ok(values.map(|values| Self { prefix: format!("{}{name}.", self.prefix), values }))
    }

    fn get<T>(&self, name: &str, kind: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, Refusal> {
        let Some(value) = self.values.get(name) else { return Ok(None) };
        let read = read(value).ok_or_else(|| Refusal::invalid(format!("{}{name} must be {kind}.", self.prefix)))?;
        Ok(Some(read))
    }
}
