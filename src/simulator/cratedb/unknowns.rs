//! The answers to what the vendor's documentation leaves open.

use axum::http::StatusCode;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::simulator::draw::{one, optional_status, status};
use crate::simulator::settings::Status;

/// One switch for each documented unknown of CrateDB Cloud's API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent yes-or-no question about the cloud")]
pub struct Unknowns {
    /// The answer to a change while another operation is under way.
    pub busy_status: Status,
    /// The answer to the deletion of a protected cluster.
    pub protected_status: Status,
    /// The answer to a cluster's name that is taken.
    pub name_taken_status: Status,
    /// The answer when the organization has as many clusters as it may.
    pub quota_status: Status,
    /// The answer to what costs more than the organization's remaining budget.
    pub budget_status: Status,
    /// The answer about what belongs to an organization that the user is not in.
    pub foreign_status: Status,
    /// What those see who are not signed in, or whose key is wrong, inactive or expired.
    pub stranger_answer: StrangerAnswer,
    /// The shape of the values in `errors` of a 400.
    pub field_errors: FieldErrors,
    /// Whether the message of such a 400 says nothing, so that the sentence stands in `errors` alone.
    pub vague_messages: bool,
    /// Whether `api-keys` answers a created key in one flat object instead of `{key, secret, success}`.
    pub new_key_is_flat: bool,
    /// Whether the versions of a channel come as a list instead of the newest alone.
    pub versions_as_list: bool,
    /// Whether the available products come as a list, as their description has it, instead of one, as their schema.
    pub available_products_as_list: bool,
    /// Whether every product is listed for each region instead of once.
    pub products_per_region: bool,
    /// Whether a cluster may be deleted while an operation is under way.
    pub delete_while_busy: bool,
    /// Whether a deleted cluster is seen for a while, or gone at once.
    pub deleted_lingers: bool,
    /// The operation that such a cluster shows as running; none: nothing.
    pub deleting_operation: Option<String>,
    /// When the deletion of a cluster cancels its marketplace subscription.
    pub cancelling: Cancelling,
    /// Whether setting the deletion protection, which takes no time, answers the new value already.
    pub protection_shows_at_once: bool,
    /// Whether a network with host bits set is refused.
    pub host_bits_refused: bool,
    /// Whether an entry of the allow-list may have an empty description.
    pub empty_description_allowed: bool,
    /// Whether a suspended cluster can be changed without resuming it.
    pub change_while_suspended: bool,
    /// Whether the SQL endpoint works during every operation but creation and suspension.
    pub serves_while_changing: bool,
    /// What the SQL endpoint of a cluster answers that does not run; none: the connection is cut.
    pub unready_endpoint_status: Option<Status>,
    /// Requests of all clients to the cloud's API in one minute, above which 429 is answered; none: no limit.
    pub requests_per_minute: Option<u32>,
    /// How long operations take, in percent of what is taken for usual.
    pub operation_time_percent: u32,
    /// Whether clusters have the fields that are newer than the vendor's document.
    pub newer_fields: bool,
    /// The word for where a cluster was made.
    pub origin: String,
    /// The word for a subscription that is active.
    pub active_state: String,
    /// The word for the vendor's own means of payment.
    pub own_provider: String,
}

/// What a request without a valid key is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StrangerAnswer {
    /// 401 with the documented body.
    Json,
    /// 401 with a page.
    Page,
    /// 302 to the sign-in.
    Redirect,
}

/// The shape of `errors`, for a field `cluster.name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FieldErrors {
    /// `{"cluster": {"name": ["…"]}}`
    Nested,
    /// `{"cluster.name": ["…"]}`
    Lists,
    /// `{"cluster.name": "…"}`
    Texts,
    /// No `errors` at all.
    Absent,
}

/// When deleting a cluster cancels its marketplace subscription, which deletes the other clusters that use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cancelling {
    /// Whichever of its clusters it is.
    AnyCluster,
    /// Only when it is the last one.
    LastCluster,
}

impl Default for Unknowns {
    fn default() -> Self {
        Self {
            busy_status: Status(StatusCode::BAD_REQUEST),
            protected_status: Status(StatusCode::FORBIDDEN),
            name_taken_status: Status(StatusCode::BAD_REQUEST),
            quota_status: Status(StatusCode::BAD_REQUEST),
            budget_status: Status(StatusCode::BAD_REQUEST),
            foreign_status: Status(StatusCode::FORBIDDEN),
            stranger_answer: StrangerAnswer::Json,
            field_errors: FieldErrors::Nested,
            vague_messages: false,
            new_key_is_flat: false,
            versions_as_list: false,
            available_products_as_list: false,
            products_per_region: false,
            delete_while_busy: true,
            deleted_lingers: false,
            deleting_operation: None,
            cancelling: Cancelling::AnyCluster,
            protection_shows_at_once: true,
            host_bits_refused: true,
            empty_description_allowed: true,
            change_while_suspended: false,
            serves_while_changing: true,
            unready_endpoint_status: None,
            requests_per_minute: None,
            operation_time_percent: 100,
            newer_fields: false,
            origin: "cloud".to_owned(),
            active_state: "active".to_owned(),
            own_provider: "stripe".to_owned(),
        }
    }
}

impl Unknowns {
    /// A plausible answer to every question, drawn by chance.
    #[must_use]
    pub fn drawn(random: &mut impl Rng) -> Self {
        const REFUSALS: [u16; 3] = [400, 403, 409];
        let word = |word: &&str| (*word).to_owned();
        Self {
            busy_status: status(random, &[400, 409, 423]),
            protected_status: status(random, &REFUSALS),
            name_taken_status: status(random, &[400, 409]),
            quota_status: status(random, &[400, 402, 403]),
            budget_status: status(random, &[400, 402, 403]),
            foreign_status: status(random, &[403, 404]),
            stranger_answer: *one(random, &[StrangerAnswer::Json, StrangerAnswer::Page, StrangerAnswer::Redirect]),
            field_errors: *one(
                random,
                &[FieldErrors::Nested, FieldErrors::Lists, FieldErrors::Texts, FieldErrors::Absent],
            ),
            vague_messages: random.random(),
            new_key_is_flat: random.random(),
            versions_as_list: random.random(),
            available_products_as_list: random.random(),
            products_per_region: random.random(),
            delete_while_busy: random.random(),
            deleted_lingers: random.random(),
            deleting_operation: one(random, &[None, Some("DELETE"), Some("SUSPEND")]).as_ref().map(word),
            cancelling: *one(random, &[Cancelling::AnyCluster, Cancelling::LastCluster]),
            protection_shows_at_once: random.random(),
            host_bits_refused: random.random(),
            empty_description_allowed: random.random(),
            change_while_suspended: random.random(),
            serves_while_changing: random.random(),
            unready_endpoint_status: optional_status(random, &[None, Some(502), Some(503)]),
            requests_per_minute: *one(random, &[None, Some(120), Some(600)]),
            operation_time_percent: *one(random, &[20, 100, 400]),
            newer_fields: random.random(),
            origin: word(one(random, &["cloud", "api", "marketplace"])),
            active_state: word(one(random, &["active", "ACTIVE", "Subscribed"])),
            own_provider: word(one(random, &["stripe", "cratedb", "contract"])),
        }
    }
}
