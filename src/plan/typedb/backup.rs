//! Backup settings, which the cloud takes and never shows.

use crate::api::typedb::{Backup, BackupFrequency};
use crate::cloud::typedb::wire::BackupConfiguration;

/// The settings that a manifest asks for, as the cloud takes them.
pub(super) fn configuration(backup: &Backup) -> BackupConfiguration {
    let frequency = match backup.frequency {
        BackupFrequency::Disabled => "disabled",
        BackupFrequency::Hourly => "hourly",
        BackupFrequency::Daily => "daily",
    };
    BackupConfiguration { frequency: frequency.to_owned(), retention_days: backup.retention_days }
}

/// Whether what was applied is what is wanted. How long a backup is kept is compared only where that is said.
pub(super) fn same(wanted: &BackupConfiguration, applied: &BackupConfiguration) -> bool {
    wanted.frequency == applied.frequency
        && (wanted.retention_days.is_none() || wanted.retention_days == applied.retention_days)
}

/// The settings in words.
pub(super) fn words(backup: &BackupConfiguration) -> String {
    let days = backup.retention_days.map(|days| format!(", kept for {days} days")).unwrap_or_default();
    format!("{}{days}", backup.frequency)
}
