//! The answers to what the vendor's documentation leaves open.

use axum::http::StatusCode;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::cloud::typedb::wire::BackupConfiguration;
use crate::simulator::draw::{one, optional_status, status};
use crate::simulator::settings::Status;

/// One switch for each documented unknown of TypeDB Cloud's API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent yes-or-no question about the cloud")]
pub struct Unknowns {
    /// The answer when the space holds as many clusters as it may.
    pub quota_status: Status,
    /// The answer when something needs a payment method and there is none.
    pub payment_status: Status,
    /// The answer to a team's second free cluster.
    pub second_free_status: Status,
    /// The answer to an action that the cluster's status does not allow.
    pub wrong_state_status: Status,
    /// The answer to a token of another space.
    pub foreign_space_status: Status,
    /// Whether `storageSizeGB` may become smaller.
    pub storage_may_shrink: bool,
    /// Whether `version` may become older.
    pub version_may_go_down: bool,
    pub update_while_suspended: bool,
    pub clone_while_suspended: bool,
    /// Whether a clone has the users of its source, with their passwords, or starts with the factory one.
    pub clone_keeps_users: bool,
    /// The longest id, in characters; none: no limit.
    pub max_id_length: Option<usize>,
    /// Whether a paid cluster must name its backups.
    pub paid_needs_backup: bool,
    /// The backups of a paid cluster that names none.
    pub default_backup: BackupConfiguration,
    /// Whether `Basic` credentials may also come base64-encoded.
    pub base64_basic: bool,
    /// Whether listing versions needs a token.
    pub versions_need_token: bool,
    /// Requests of all clients to the cloud's API in one minute, above which 429 is answered; none: no limit.
    pub requests_per_minute: Option<u32>,
    pub address_survives_suspend: bool,
    pub address_survives_rename: bool,
    /// Whether a destroyed cluster is seen as `destroying` for a while, or gone at once.
    pub destroyed_lingers: bool,
    /// The word for a cluster whose deployment failed.
    pub failed_status: String,
    /// The word for a cluster while its size or version changes.
    pub updating_status: String,
    /// Whether a cluster's own endpoint works while its size or version changes.
    pub serves_while_updating: bool,
    /// Whether a change of size or version is seen as soon as it is accepted, or when it is done.
    pub update_shows_at_once: bool,
    /// What the endpoint of a cluster that is not running answers; none: the connection is cut.
    pub unready_endpoint_status: Option<Status>,
    /// What a version without an HTTP API answers to HTTP requests; none: the connection is cut.
    pub missing_http_api_status: Option<Status>,
}

impl Default for Unknowns {
    fn default() -> Self {
        Self {
            quota_status: Status(StatusCode::FORBIDDEN),
            payment_status: Status(StatusCode::BAD_REQUEST),
            second_free_status: Status(StatusCode::BAD_REQUEST),
            wrong_state_status: Status(StatusCode::BAD_REQUEST),
            foreign_space_status: Status(StatusCode::FORBIDDEN),
            storage_may_shrink: false,
            version_may_go_down: false,
            update_while_suspended: false,
            clone_while_suspended: false,
            clone_keeps_users: true,
            max_id_length: None,
            paid_needs_backup: false,
            default_backup: BackupConfiguration { frequency: "daily".to_owned(), retention_days: Some(7) },
            base64_basic: false,
            versions_need_token: false,
            requests_per_minute: None,
            address_survives_suspend: true,
            address_survives_rename: true,
            destroyed_lingers: true,
            failed_status: "failed".to_owned(),
            updating_status: "updating".to_owned(),
            serves_while_updating: true,
            update_shows_at_once: true,
            unready_endpoint_status: None,
            missing_http_api_status: Some(Status(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
        }
    }
}

impl Unknowns {
    /// A plausible answer to every question, drawn by chance.
    #[must_use]
    pub fn drawn(random: &mut impl Rng) -> Self {
        const REFUSALS: [u16; 3] = [400, 403, 409];
        Self {
            quota_status: status(random, &REFUSALS),
            payment_status: status(random, &[400, 402, 403]),
            second_free_status: status(random, &REFUSALS),
            wrong_state_status: status(random, &[400, 409]),
            foreign_space_status: status(random, &[403, 404]),
            storage_may_shrink: random.random(),
            version_may_go_down: random.random(),
            update_while_suspended: random.random(),
            clone_while_suspended: random.random(),
            clone_keeps_users: random.random(),
            max_id_length: *one(random, &[None, Some(63)]),
            paid_needs_backup: random.random(),
            default_backup: BackupConfiguration {
                frequency: (*one(random, &["disabled", "hourly", "daily"])).to_owned(),
                retention_days: Some(7),
            },
            base64_basic: random.random(),
            versions_need_token: random.random(),
            requests_per_minute: *one(random, &[None, Some(120), Some(600)]),
            address_survives_suspend: random.random(),
            address_survives_rename: random.random(),
            destroyed_lingers: random.random(),
            failed_status: (*one(random, &["failed", "error", "deploy-failed"])).to_owned(),
            updating_status: (*one(random, &["updating", "running", "resizing", "upgrading"])).to_owned(),
            serves_while_updating: random.random(),
            update_shows_at_once: random.random(),
            unready_endpoint_status: optional_status(random, &[None, Some(502), Some(503)]),
            missing_http_api_status: optional_status(random, &[None, Some(404), Some(415)]),
        }
    }
}
