//! How an account stands, from what the cloud answered last.

use std::time::Duration;

use jiff::Timestamp;

use super::conditions::{self, Dates};
use super::facts::AccountStanding;
use super::refusal::quoted;
use crate::api::account::{CloudAccount, CloudAccountStatus, ClusterCounts, CredentialState, CredentialStatus};
use crate::api::condition::Reason;
use crate::api::identity::Location;
use crate::clock;

/// An outage that is shorter does not reach the status while an earlier list is at hand.
const PASSING: Duration = Duration::from_secs(30);

/// How many manifests a message names.
const USERS_NAMED: usize = 5;

/// How the cloud answered an account last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    Untried,
    Well,
    Rejected(String),
    Forbidden(String),
    /// The cloud does not know the place that the account names.
    NotFound(String),
    Unavailable {
        why: String,
        since: Timestamp,
    },
}

/// How an account with credentials stands. `listed`: there is a list of its clusters, be it an older one.
#[must_use]
pub fn account_standing(
    health: Health,
    location: &Location,
    credentials: &[CredentialStatus],
    listed: bool,
    now: Timestamp,
) -> AccountStanding {
    let (reason, sentence) = match health {
        Health::Untried => return AccountStanding::Connecting,
        Health::Well => return AccountStanding::Connected,
        Health::Unavailable { since, .. } if listed && now < clock::later(since, PASSING) => {
            return AccountStanding::Connected;
        }
        Health::Unavailable { why, .. } => {
            let why = why.trim_end_matches('.');
            return AccountStanding::Unavailable(format!(
                "The cloud at {} cannot be asked: {why}. It is tried again by itself.",
                location.endpoint()
            ));
        }
        Health::Rejected(why) => (
            Reason::CredentialsRejected,
            format!(
                "The cloud rejects the credentials in {}: {}. Put valid ones there.",
                secrets(credentials, |state| state != CredentialState::Missing),
                quoted(&why)
            ),
        ),
        Health::Forbidden(why) => (
            Reason::CredentialsInsufficient,
            format!(
                "The credentials in {} may not list clusters in {location}: {}. Use credentials that may.",
                secrets(credentials, |state| state == CredentialState::Insufficient),
                quoted(&why)
            ),
        ),
        Health::NotFound(why) => (
            Reason::InvalidSpec,
            format!(
                "The cloud does not know {location}: {}. Create another CloudAccount that names it correctly.",
                quoted(&why)
            ),
        ),
    };
    AccountStanding::Refused(reason, sentence)
}

/// The reason and the sentence of an account's conditions.
#[must_use]
pub fn account_verdict(standing: &AccountStanding, credentials: &[CredentialStatus]) -> (Reason, String) {
    match standing {
        AccountStanding::Connected => (Reason::Connected, connected(credentials)),
        AccountStanding::Connecting | AccountStanding::Missing => {
            (Reason::Connecting, "The cloud is being asked for its list of clusters.".to_owned())
        }
        AccountStanding::Unavailable(why) => (Reason::CloudUnavailable, why.clone()),
        AccountStanding::Refused(reason, why) => (*reason, why.clone()),
    }
}

/// The same of an account that is being deleted, while these manifests still need it.
#[must_use]
pub fn account_in_use(users: &[String]) -> (Reason, String) {
    let shown: Vec<&str> = users.iter().take(USERS_NAMED).map(String::as_str).collect();
    let more = users.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!(
        "The account is being deleted. It is kept for databases that are to be destroyed with their manifests: those of {}{more}. \
         Delete these manifests, or set their spec.deletionPolicy: Retain.",
        shown.join(", ")
    );
    (Reason::InUse, message)
}

fn connected(credentials: &[CredentialStatus]) -> String {
    let Some(active) = active(credentials) else {
        return "The cloud accepts the credentials.".to_owned();
    };
    let preferred = credentials.iter().take_while(|credential| *credential != active);
    let passed_over = preferred.filter_map(|CredentialStatus { secret_name, state }| {
        let why = match state {
            CredentialState::Rejected => "the cloud rejects",
            CredentialState::Missing => "the operator cannot read",
            CredentialState::Insufficient => "may not list the clusters",
            CredentialState::InUse | CredentialState::Standby | CredentialState::Untried => return None,
        };
        Some(format!(" They are used in place of those in Secret {secret_name}, which {why}."))
    });
    let accepted = format!("The cloud accepts the credentials in Secret {}.", active.secret_name);
    passed_over.fold(accepted, |all, sentence| all + &sentence)
}

fn active(credentials: &[CredentialStatus]) -> Option<&CredentialStatus> {
    credentials.iter().find(|credential| credential.state == CredentialState::InUse)
}

/// The Secrets of the credentials that stand so, or of all where none does.
fn secrets(credentials: &[CredentialStatus], stand_so: impl Fn(CredentialState) -> bool) -> String {
    let so = || credentials.iter().filter(|credential| stand_so(credential.state));
    let named: Vec<&CredentialStatus> =
        if so().next().is_some() { so().collect() } else { credentials.iter().collect() };
    let secrets: Vec<&str> = named.into_iter().map(|credential| credential.secret_name.as_str()).collect();
    match secrets.split_last() {
        Some((only, [])) => format!("Secret {only}"),
        Some((last, others)) => format!("Secrets {} and {last}", others.join(", ")),
        None => "its Secret".to_owned(),
    }
}

/// The status to publish for an account. It differs from the present one only where something has changed.
#[must_use]
pub fn account_status(
    account: &CloudAccount,
    (reason, message): (Reason, &str),
    credentials: &[CredentialStatus],
    clusters: Option<ClusterCounts>,
    now: Timestamp,
) -> CloudAccountStatus {
    let before = account.status.clone().unwrap_or_default();
    let generation = account.metadata.generation;
    let dates = Dates { before: &before.conditions, generation, now };
    CloudAccountStatus {
        observed_generation: generation,
        conditions: conditions::publish(dates, reason, message, []),
        location: account.spec.location().ok().map(|location| location.to_string()),
        active_credential: active(credentials).map(|credential| credential.secret_name.clone()),
        credentials: credentials.to_vec(),
        operator_namespace: before.operator_namespace,
        clusters: clusters.or(before.clusters),
    }
}
