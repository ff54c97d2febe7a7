//! The cloud's own words. Those that were not known when this was written are carried.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_with::{DeserializeAs, SerializeAs};

/// How a cluster is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum HealthStatus {
    Green,
    Yellow,
    Red,
    #[default]
    Unknown,
    Unreachable,
    Suspended,
    Other(String),
}

/// What an operation does to a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum OperationKind {
    Create,
    Upgrade,
    Scale,
    AllowedCidrUpdate,
    PasswordUpdate,
    ExpandStorage,
    /// Resuming as well.
    Suspend,
    ChangeCompute,
    BackupScheduleUpdate,
    RestoreSnapshot,
    Other(String),
}

/// How far an operation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum OperationStatus {
    Registered,
    Sent,
    InProgress,
    Succeeded,
    Failed,
    /// Taken for running, since nothing says that it has ended.
    Other(String),
}

impl HealthStatus {
    /// The word as the cloud writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Green => "GREEN",
            Self::Yellow => "YELLOW",
            Self::Red => "RED",
            Self::Unknown => "UNKNOWN",
            Self::Unreachable => "UNREACHABLE",
            Self::Suspended => "SUSPENDED",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for HealthStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "GREEN" => Self::Green,
            "YELLOW" => Self::Yellow,
            "RED" => Self::Red,
            "UNKNOWN" => Self::Unknown,
            "UNREACHABLE" => Self::Unreachable,
            "SUSPENDED" => Self::Suspended,
            _ => Self::Other(word),
        }
    }
}

impl From<HealthStatus> for String {
    fn from(status: HealthStatus) -> Self {
        status.as_str().to_owned()
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl OperationKind {
    /// The word as the cloud writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Create => "CREATE",
            Self::Upgrade => "UPGRADE",
            Self::Scale => "SCALE",
            Self::AllowedCidrUpdate => "ALLOWED_CIDR_UPDATE",
            Self::PasswordUpdate => "PASSWORD_UPDATE",
            Self::ExpandStorage => "EXPAND_STORAGE",
            Self::Suspend => "SUSPEND",
            Self::ChangeCompute => "CHANGE_COMPUTE",
            Self::BackupScheduleUpdate => "BACKUP_SCHEDULE_UPDATE",
            Self::RestoreSnapshot => "RESTORE_SNAPSHOT",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for OperationKind {
    fn from(word: String) -> Self {
        match word.as_str() {
            "CREATE" => Self::Create,
            "UPGRADE" => Self::Upgrade,
            "SCALE" => Self::Scale,
            "ALLOWED_CIDR_UPDATE" => Self::AllowedCidrUpdate,
            "PASSWORD_UPDATE" => Self::PasswordUpdate,
            "EXPAND_STORAGE" => Self::ExpandStorage,
            "SUSPEND" => Self::Suspend,
            "CHANGE_COMPUTE" => Self::ChangeCompute,
            "BACKUP_SCHEDULE_UPDATE" => Self::BackupScheduleUpdate,
            "RESTORE_SNAPSHOT" => Self::RestoreSnapshot,
            _ => Self::Other(word),
        }
    }
}

impl From<OperationKind> for String {
    fn from(kind: OperationKind) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl OperationStatus {
    /// The word as the cloud writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Registered => "REGISTERED",
            Self::Sent => "SENT",
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Other(word) => word,
        }
    }

    /// Whether the operation has not come to its end, for all that is known.
    #[must_use]
    pub fn runs(&self) -> bool {
        !matches!(self, Self::Succeeded | Self::Failed)
    }
}

impl From<String> for OperationStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "REGISTERED" => Self::Registered,
            "SENT" => Self::Sent,
            "IN_PROGRESS" => Self::InProgress,
            "SUCCEEDED" => Self::Succeeded,
            "FAILED" => Self::Failed,
            _ => Self::Other(word),
        }
    }
}

impl From<OperationStatus> for String {
    fn from(status: OperationStatus) -> Self {
        status.as_str().to_owned()
    }
}

impl fmt::Display for OperationStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// An operation, or an empty text where there is none.
pub(super) struct OrEmpty;

impl SerializeAs<Option<OperationKind>> for OrEmpty {
    fn serialize_as<S: Serializer>(kind: &Option<OperationKind>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(kind.as_ref().map_or("", OperationKind::as_str))
    }
}

impl<'de> DeserializeAs<'de, Option<OperationKind>> for OrEmpty {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<Option<OperationKind>, D::Error> {
        let word = Option::<String>::deserialize(deserializer)?;
        Ok(word.filter(|word| !word.is_empty()).map(OperationKind::from))
    }
}
