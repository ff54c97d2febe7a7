//! What names a cluster: where it lives, what it is called there, and when it was created.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cluster's id in its cloud. In TypeDB Cloud it is the name that people gave it, in CrateDB Cloud the server's choice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ClusterId(String);

impl ClusterId {
    /// Takes `id` as it is; what a new id may look like is a rule of the schema and of the cloud.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as the cloud writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// When the cloud says that a cluster was created, in epoch milliseconds.
///
/// An id can be given again after a deletion; id and creation time together name one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CreatedAt(i64);

impl CreatedAt {
    /// Takes a number of milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_epoch_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn epoch_millis(self) -> i64 {
        self.0
    }

    /// The same as a moment; none where the cloud sent a number outside the calendar.
    #[must_use]
    pub fn timestamp(self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_millisecond(self.0).ok()
    }
}

impl fmt::Display for CreatedAt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.timestamp() {
            Some(moment) => moment.fmt(formatter),
            None => self.0.fmt(formatter),
        }
    }
}

/// The base URL of a cloud's API: scheme, host and port, without a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Endpoint(String);

impl Endpoint {
    /// Takes a URL as a person wrote it; a trailing slash, capitals in scheme and host, and the scheme's own port make no
    /// difference.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let url = url.trim().trim_end_matches('/').to_ascii_lowercase();
        let usual = if url.starts_with("https://") { ":443" } else { ":80" };
        Self(url.strip_suffix(usual).map_or(url.clone(), str::to_owned))
    }

    /// The URL, without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A cloud that offers database clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    Typedb,
    Cratedb,
}

impl Cloud {
    /// What it is called.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Typedb => "TypeDB Cloud",
            Self::Cratedb => "CrateDB Cloud",
        }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Where clusters live: inventory, request budget and claims belong to a location, not to an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "cloud", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Location {
    TypedbCloud { endpoint: Endpoint, team: String, space: String },
    CratedbCloud { endpoint: Endpoint, organization: String },
}

impl Location {
    /// The endpoint of the cloud's API.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        let (Self::TypedbCloud { endpoint, .. } | Self::CratedbCloud { endpoint, .. }) = self;
        endpoint
    }

    /// The cloud that it is in.
    #[must_use]
    pub const fn cloud(&self) -> Cloud {
        match self {
            Self::TypedbCloud { .. } => Cloud::Typedb,
            Self::CratedbCloud { .. } => Cloud::Cratedb,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypedbCloud { endpoint, team, space } => write!(formatter, "{endpoint}/{team}/{space}"),
            Self::CratedbCloud { endpoint, organization } => write!(formatter, "{endpoint}/{organization}"),
        }
    }
}

/// What a cluster, or something around clusters, can be looked for by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handle {
    /// A cluster's id.
    Id(ClusterId),
    /// The name that people give to a cluster, in a cloud where it is not the id.
    Name(String),
    /// A group of clusters that has a name of its own.
    Project(String),
}

impl fmt::Display for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(formatter),
            Self::Name(name) | Self::Project(name) => formatter.write_str(name),
        }
    }
}

/// One database, and no successor of the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    pub id: ClusterId,
    pub created_at: CreatedAt,
}
