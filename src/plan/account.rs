//! How an account stands, from what the cloud answered last.

use std::time::Duration;

use jiff::Timestamp;

use super::conditions::{self, Dates};
use super::facts::AccountStanding;
use super::refusal::quoted;
use crate::api::account::{CloudAccount, CloudAccountStatus, ClusterCounts};
use crate::api::condition::Reason;
use crate::api::identity::Location;
use crate::clock;

/// An outage that is shorter does not reach the status while an earlier list is at hand.
const PASSING: Duration = Duration::from_secs(30);

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
    secret: &str,
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
            format!("The cloud rejects the credentials in Secret {secret}: {}. Put valid ones there.", quoted(&why)),
        ),
        Health::Forbidden(why) => (
            Reason::CredentialsInsufficient,
            format!(
                "The credentials in Secret {secret} may not list clusters in {location}: {}. Use credentials that may.",
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

/// The reason and the sentence of an account's conditions. `secret` is the one in use.
#[must_use]
pub fn account_verdict(standing: &AccountStanding, secret: Option<&str>) -> (Reason, String) {
    match standing {
        AccountStanding::Connected => {
            (Reason::Connected, format!("The cloud accepts the credentials in Secret {}.", secret.unwrap_or_default()))
        }
        AccountStanding::Connecting | AccountStanding::Missing => {
            (Reason::Connecting, "The cloud is being asked for its list of clusters.".to_owned())
        }
        AccountStanding::Unavailable(why) => (Reason::CloudUnavailable, why.clone()),
        AccountStanding::Refused(reason, why) => (*reason, why.clone()),
    }
}

/// The status to publish for an account. It differs from the present one only where something has changed.
#[must_use]
pub fn account_status(
    account: &CloudAccount,
    standing: &AccountStanding,
    secret: Option<&str>,
    clusters: Option<ClusterCounts>,
    now: Timestamp,
) -> CloudAccountStatus {
    let before = account.status.clone().unwrap_or_default();
    let (reason, message) = account_verdict(standing, secret);
    let in_use = matches!(standing, AccountStanding::Connected | AccountStanding::Unavailable(_));
    let generation = account.metadata.generation;
    let dates = Dates { before: &before.conditions, generation, now };
    CloudAccountStatus {
        observed_generation: generation,
        conditions: conditions::publish(dates, reason, &message, []),
        location: account.spec.location().ok().map(|location| location.to_string()),
        active_credential: secret.filter(|_| in_use).map(str::to_owned),
        operator_namespace: before.operator_namespace,
        clusters: clusters.or(before.clusters),
    }
}
