//! Waiting for what a manifest refers to, and after an attempt that came to nothing.

use std::time::Duration;

use jiff::Timestamp;

use super::facts::{AccountStanding, Facts, Trouble, TroubleKind};
use super::kind::{CloudCluster, Kind};
use super::permits::LABELS_SOON;
use super::refusal::quoted;
use super::step::{Plan, Step, Verdict};
use crate::api::condition::{Condition, ConditionType, Reason, Standing};
use crate::api::identity::Handle;
use crate::clock;

/// What a manifest refers to may be missing for this long before it counts as an error: people apply things in any order.
pub(super) const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Passing states that last shorter than this do not reach the status.
const PASSING: Duration = Duration::from_secs(30);

/// What to do while the account does not let the cloud be spoken to; `None` where it does.
pub(super) fn for_account<K: Kind>(facts: &Facts<K>) -> Option<Plan<K>> {
    let name = &facts.spec().account_ref.name;
    let (early, late, message) = match &facts.account.standing {
        AccountStanding::Connected | AccountStanding::Unavailable(_) if facts.inventory.is_some() => return None,
        AccountStanding::Connected | AccountStanding::Connecting => {
            // A restart of the operator is no news either.
            let connecting = format!("CloudAccount {name} is being connected. Nothing to do but wait.");
            let plan = Plan::standing(Reason::WaitingForAccount, connecting);
            return Some(if told(facts) { Plan::unchanged() } else { plan });
        }
        AccountStanding::Unavailable(why) => {
            return Some(keep_or(facts, Plan::standing(Reason::CloudUnavailable, why.clone())));
        }
        AccountStanding::Missing => (
            Reason::WaitingForAccount,
            Reason::AccountNotFound,
            format!("There is no CloudAccount {name} in {}. Apply it, or correct spec.accountRef.", place(facts)),
        ),
        AccountStanding::Refused(reason, message) => {
            let early = match reason {
                Reason::CredentialsMissing | Reason::CredentialsRejected | Reason::CredentialsInsufficient => {
                    Reason::WaitingForCredentials
                }
                Reason::NamespaceNotAllowed => Reason::WaitingForAccount,
                other => *other,
            };
            (early, *reason, format!("CloudAccount {name} cannot be used: {message}"))
        }
    };
    let plan = patiently(facts, early, late, message);
    // Who has withdrawn a grant waits for this to be said, and nothing will be done again.
    Some(if late == Reason::NamespaceNotAllowed { plan.looking_again(LABELS_SOON) } else { keep_or(facts, plan) })
}

/// The namespace of the account that a manifest refers to.
fn place<K: Kind>(facts: &Facts<K>) -> String {
    let named = facts.spec().account_ref.namespace.as_ref();
    named.map_or_else(|| "this namespace".to_owned(), |namespace| format!("namespace {namespace}"))
}

/// A cluster with nothing to do keeps its conditions through trouble with its account.
fn keep_or<K: Kind>(facts: &Facts<K>, plan: Plan<K>) -> Plan<K> {
    if settled(facts) { Plan { look_again: plan.look_again, ..Plan::unchanged() } } else { plan }
}

/// Whether the manifest is Ready as it now stands.
pub(super) fn settled<K: Kind>(facts: &Facts<K>) -> bool {
    conditions(facts)
        .iter()
        .any(|condition| condition.type_ == ConditionType::Ready.as_str() && condition.status == "True")
}

/// The conditions that speak of this generation of the manifest.
fn conditions<K: Kind>(facts: &Facts<K>) -> &[Condition] {
    let present = facts.reported().filter(|status| status.observed_generation == facts.manifest.meta().generation);
    present.map_or(&[], |status| &status.conditions)
}

/// Whether anything was said about this generation of the manifest.
fn told<K: Kind>(facts: &Facts<K>) -> bool {
    !conditions(facts).is_empty()
}

/// `early` for the first five minutes after the manifest's creation or edit, `late` from then on.
///
/// A manifest that already stood at `late` stays there: a restart of the operator is no news.
pub(super) fn patiently<K: Kind>(facts: &Facts<K>, early: Reason, late: Reason, message: impl Into<String>) -> Plan<K> {
    let deadline = clock::later(facts.edited, PATIENCE);
    if facts.now >= deadline || early == late || already_stalled(facts, late) {
        return Plan::held(late, message);
    }
    Plan::standing(early, message).looking_again(left(facts, deadline))
}

fn already_stalled<K: Kind>(facts: &Facts<K>, reason: Reason) -> bool {
    let stalled = conditions(facts).iter().find(|condition| condition.type_ == ConditionType::Stalled.as_str());
    stalled.is_some_and(|condition| condition.reason == reason.to_string())
}

/// Holds a write back where an attempt just failed, and says so once that has lasted.
pub(super) fn after_trouble<K: Kind>(facts: &Facts<K>, plan: Plan<K>) -> Plan<K> {
    if let AccountStanding::Unavailable(why) = &facts.account.standing {
        let nothing_new = plan.verdict == Verdict::Unchanged && told(facts) && !keeps_from_work(facts, &plan);
        return if nothing_new { Plan { next: None, ..plan } } else { plan.blocked(Reason::CloudUnavailable, why) };
    }
    let plan = match &facts.attempts.trouble {
        Some(trouble)
            if facts.now >= clock::later(trouble.since, PASSING) || trouble.kind != TroubleKind::RateLimited =>
        {
            restated(facts, plan, trouble)
        }
        Some(trouble) => plan.looking_again(left(facts, clock::later(trouble.since, PASSING))),
        None => plan,
    };
    match facts.attempts.not_before {
        Some(moment) if moment > facts.now => Plan { next: None, ..plan }.looking_again(left(facts, moment)),
        _ => plan,
    }
}

/// The time from now until `moment`, which is yet to come.
fn left<K: Kind>(facts: &Facts<K>, moment: Timestamp) -> Duration {
    clock::until(facts.now, moment).unwrap_or(PASSING)
}

/// Whether what cannot be read keeps something from being done that nobody has done yet.
fn keeps_from_work<K: Kind>(facts: &Facts<K>, plan: &Plan<K>) -> bool {
    plan.next.as_ref().is_some_and(Step::only_asks_the_cloud) && !settled(facts)
}

/// The same plan, which says what stands in its way. Where it says nothing, what was said before stands, unless a person
/// is needed now, or there is something to do.
fn restated<K: Kind>(facts: &Facts<K>, mut plan: Plan<K>, trouble: &Trouble) -> Plan<K> {
    let (reason, message) = told_as(facts, &plan, trouble);
    let lasts = facts.now >= clock::later(trouble.since, PASSING);
    let is_news =
        (reason.standing() == Standing::Stalled && !settled(facts)) || (lasts && keeps_from_work(facts, &plan));
    match &mut plan.verdict {
        Verdict::Stands { reason: stated, message: words, .. } if stated.standing() != Standing::Stalled => {
            *stated = reason;
            *words = message;
        }
        Verdict::Unchanged if is_news || !told(facts) => {
            plan.verdict = Verdict::Stands { reason, message, differs: Vec::new() };
        }
        _ => {}
    }
    plan
}

/// A trouble as the conditions tell it.
fn told_as<K: Kind>(facts: &Facts<K>, plan: &Plan<K>, trouble: &Trouble) -> (Reason, String) {
    let what = || plan.next.as_ref().map(Step::summary).unwrap_or_default();
    let words = || quoted(&trouble.message);
    let reason = match trouble.kind {
        TroubleKind::RateLimited => Reason::WaitingForRateLimit,
        TroubleKind::Unavailable => Reason::CloudUnavailable,
        TroubleKind::OutcomeUnknown | TroubleKind::RepeatRefused => Reason::OutcomeUnknown,
        TroubleKind::Busy => Reason::WaitingForOperation,
        TroubleKind::DatabaseUnreachable if plan.cluster.as_ref().is_some_and(CloudCluster::is_fenced) => {
            let message = format!("{}; its list of allowed networks may leave this operator out.", trouble.message);
            return (Reason::DatabaseUnavailable, message);
        }
        TroubleKind::DatabaseUnreachable | TroubleKind::DatabaseTrouble => Reason::DatabaseUnavailable,
        TroubleKind::Forbidden => {
            let message = format!(
                "{} needs more than the account's credentials may do; the cloud says: {}. Give them more access, or put others \
                 that have it into the account's Secret.",
                what(),
                words()
            );
            return (Reason::CredentialsInsufficient, message);
        }
        TroubleKind::Refused => {
            let message =
                format!("{} is refused by the cloud: {}. Correct {}.", what(), words(), asked_by(facts, plan));
            return (Reason::InvalidSpec, message);
        }
    };
    (reason, trouble.message.clone())
}

/// What in the manifest made us ask.
fn asked_by<K: Kind>(facts: &Facts<K>, plan: &Plan<K>) -> String {
    match &plan.next {
        Some(Step::Look(Handle::Id(id))) if facts.spec().external_id.as_ref() == Some(id) => {
            "spec.externalId".to_owned()
        }
        Some(Step::Survey | Step::Ask(_)) => "spec.accountRef".to_owned(),
        _ => format!("spec.{}", K::NAME_FIELD),
    }
}
