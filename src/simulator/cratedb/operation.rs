//! What a change that has been answered is still doing. Pure: whoever asks brings the time along.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::cluster::{Cluster, dublin_core};
use crate::cloud::cratedb::wire::{AllowedCidr, OperationKind, OperationStatus};

/// One operation on one cluster.
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) change: Change,
    pub(super) started: Timestamp,
    pub(super) until: Timestamp,
    /// How it will fail, where it will.
    pub(super) fails: Option<Fails>,
    /// Whether what comes of it has come about.
    pub(super) ended: bool,
}

/// The failure of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fails {
    pub(super) message: String,
    /// Whether part of the change stays.
    pub(super) halfway: bool,
}

/// What an operation changes.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Create,
    Scale { from: i64, to: i64 },
    Product { to: String },
    Storage { from: i64, to: i64 },
    Upgrade { from: String, to: String },
    Suspend { to: bool },
    AllowedCidrs { from: Vec<AllowedCidr>, to: Vec<AllowedCidr> },
    Password { to: SecretString },
    BackupSchedule { to: String },
    Restore { tables: Vec<String> },
}

/// How far something is: a twentieth of its time it waits, then it is sent, then it is carried out.
pub(super) fn stage(started: Timestamp, until: Timestamp, now: Timestamp) -> OperationStatus {
    if now >= until {
        return OperationStatus::Succeeded;
    }
    let (passed, whole) = (now.duration_since(started).as_millis(), until.duration_since(started).as_millis());
    match passed * 20 {
        parts if parts < whole => OperationStatus::Registered,
        parts if parts < whole * 3 => OperationStatus::Sent,
        _ => OperationStatus::InProgress,
    }
}

impl Operation {
    pub(super) fn status(&self, now: Timestamp) -> OperationStatus {
        match stage(self.started, self.until, now) {
            OperationStatus::Succeeded if self.fails.is_some() => OperationStatus::Failed,
            status => status,
        }
    }

    /// One that has come to its end already.
    pub(super) fn done(id: String, change: Change, now: Timestamp) -> Self {
        Self { id, change, started: now, until: now, fails: None, ended: true }
    }

    /// Lets it end where that is due by `now`: what comes about of its change.
    pub(super) fn end(&mut self, now: Timestamp) -> Option<Change> {
        if self.ended || now < self.until {
            return None;
        }
        self.ended = true;
        match &self.fails {
            None => Some(self.change.clone()),
            Some(fails) if fails.halfway => self.change.half(),
            Some(_) => None,
        }
    }

    /// The operation as the cloud's API shows it.
    pub(super) fn describe(&self, cluster: &Cluster, now: Timestamp) -> Value {
        let status = self.status(now);
        let message = match &self.fails {
            Some(fails) if status == OperationStatus::Failed => fails.message.clone(),
            _ => self.change.message(&status),
        };
        let mut described = json!({
            "id": self.id, "type": self.change.kind(), "status": status, "entity": "CLUSTER", "entity_id": cluster.id,
            "dc": dublin_core(self.started, now.min(self.until)), "feedback_data": {"message": message},
        });
        if let Some(data) = self.change.data() {
            described["non_sensitive_data"] = data;
        }
        described
    }
}

impl Change {
    pub(super) fn kind(&self) -> OperationKind {
        match self {
            Self::Create => OperationKind::Create,
            Self::Scale { .. } => OperationKind::Scale,
            Self::Product { .. } => OperationKind::ChangeCompute,
            Self::Storage { .. } => OperationKind::ExpandStorage,
            Self::Upgrade { .. } => OperationKind::Upgrade,
            Self::Suspend { .. } => OperationKind::Suspend,
            Self::AllowedCidrs { .. } => OperationKind::AllowedCidrUpdate,
            Self::Password { .. } => OperationKind::PasswordUpdate,
            Self::BackupSchedule { .. } => OperationKind::BackupScheduleUpdate,
            Self::Restore { .. } => OperationKind::RestoreSnapshot,
        }
    }

    /// How long it takes in the real cloud, roughly.
    pub(super) fn takes(&self) -> Duration {
        let seconds = match self {
            Self::BackupSchedule { .. } => 10,
            Self::Password { .. } => 20,
            Self::AllowedCidrs { .. } => 30,
            Self::Suspend { to: true } => 60,
            Self::Suspend { to: false } | Self::Storage { .. } => 180,
            Self::Create | Self::Scale { .. } | Self::Restore { .. } => 300,
            Self::Product { .. } | Self::Upgrade { .. } => 480,
        };
        Duration::from_secs(seconds)
    }

    fn message(&self, status: &OperationStatus) -> String {
        match status {
            OperationStatus::Registered => {
                format!("Your {} request was received and is pending processing.", self.noun())
            }
            OperationStatus::Sent => format!("Your {} request was sent to the region.", self.noun()),
            OperationStatus::Succeeded => self.success(),
            _ => self.progress(),
        }
    }

    fn noun(&self) -> &'static str {
        match self {
            Self::Create => "creation",
            Self::Scale { .. } => "scaling",
            Self::Product { .. } => "product change",
            Self::Storage { .. } => "storage expansion",
            Self::Upgrade { .. } => "upgrade",
            Self::Suspend { to: true } => "suspend",
            Self::Suspend { to: false } => "resume",
            Self::AllowedCidrs { .. } => "IP Network Whitelist update",
            Self::Password { .. } => "password update",
            Self::BackupSchedule { .. } => "backup schedule update",
            Self::Restore { .. } => "snapshot restore",
        }
    }

    fn progress(&self) -> String {
        match self {
            Self::Create => "Creating the cluster. Waiting for the node(s) to be present.".to_owned(),
            Self::Scale { from, to } if to > from => {
                let (from, to) = (from + 1, to + 1);
                format!("Scaling up from {from} to {to} nodes. Waiting for new node(s) to be present.")
            }
            Self::Scale { from, to } => format!("Waiting for node 1/{} to be terminated.", from - to),
            Self::Product { to } => format!("Changing the compute resources to {to}."),
            Self::Storage { .. } => "Resizing volume(s).".to_owned(),
            Self::Upgrade { from, to } => format!("Upgrading the cluster from {from} to {to}."),
            Self::Suspend { to: true } => "Suspending cluster.".to_owned(),
            Self::Suspend { to: false } => "Resuming cluster.".to_owned(),
            Self::AllowedCidrs { .. } => "Updating IP Network Whitelist.".to_owned(),
            Self::Password { .. } => "Updating the password.".to_owned(),
            Self::BackupSchedule { .. } => "Updating the backup schedule.".to_owned(),
            Self::Restore { .. } => "Restoring the snapshot.".to_owned(),
        }
    }

    fn success(&self) -> String {
        match self {
            Self::Create => "The cluster has been created successfully.".to_owned(),
            Self::Scale { to, .. } => format!("Successfully scaled cluster to {} nodes.", to + 1),
            Self::Product { .. } => "The cluster product has been changed successfully.".to_owned(),
            Self::Storage { .. } => "The cluster storage has been resized successfully.".to_owned(),
            Self::Upgrade { to, .. } => format!("Successfully upgraded cluster to {to}."),
            Self::Suspend { to: true } => "The cluster has been suspended successfully.".to_owned(),
            Self::Suspend { to: false } => "The cluster has been resumed successfully.".to_owned(),
            Self::AllowedCidrs { .. } => "IP Network Whitelist updated successfully.".to_owned(),
            Self::Password { .. } => "Password updated successfully.".to_owned(),
            Self::BackupSchedule { .. } => "Backup schedule updated successfully.".to_owned(),
            Self::Restore { .. } => "The snapshot has been restored successfully.".to_owned(),
        }
    }

    /// What it says when it fails and nothing else is asked for.
    pub(super) fn failure(&self) -> String {
        format!("The {} has failed. Our operations team is investigating the issue.", self.noun())
    }

    /// The values before and after, where the documentation knows them.
    fn data(&self) -> Option<Value> {
        match self {
            Self::Scale { from, to } => Some(json!({
                "current_product_unit": from, "current_num_nodes": from + 1,
                "target_product_unit": to, "target_num_nodes": to + 1,
            })),
            Self::Upgrade { from, to } => Some(json!({"current_version": from, "target_version": to})),
            Self::AllowedCidrs { from, to } => Some(json!({"current_ip_whitelist": from, "target_ip_whitelist": to})),
            _ => None,
        }
    }

    /// As much of it as is left when it breaks off in the middle.
    fn half(&self) -> Option<Self> {
        match *self {
            Self::Scale { from, to } => Some(Self::Scale { from, to: i64::midpoint(from, to) }),
            Self::Storage { from, to } => Some(Self::Storage { from, to: i64::midpoint(from, to) }),
            _ => None,
        }
    }

    /// Lets it come about.
    pub(super) fn carry_out(self, cluster: &mut Cluster) {
        let spec = &mut cluster.spec;
        match self {
            Self::Create => cluster.exists = true,
            Self::Scale { to, .. } => spec.product_unit = to,
            Self::Product { to } => spec.product_name = to,
            Self::Storage { to, .. } => spec.disk_size_per_node_bytes = to,
            Self::Upgrade { to, .. } => spec.crate_version = to,
            Self::Suspend { to } => spec.suspended = to,
            Self::AllowedCidrs { to, .. } => spec.ip_whitelist = to,
            Self::Password { to } => cluster.password = to,
            Self::BackupSchedule { to } => spec.backup_schedule = to,
            Self::Restore { tables } => cluster.tables.extend(tables),
        }
    }
}
