//! A decision in a few words, for the right-hand side of the tables.

use clusterwright::api::secret::Password;
use clusterwright::plan::{
    Change, CloudWrite, DatabaseStep, Ending, Kind, NewPassword, Plan, RecordChange, Step, Verdict,
};

/// What a step does.
pub(crate) fn of_step<K: Kind>(step: &Step<K>) -> String {
    match step {
        Step::AddFinalizer => "add finalizer".to_owned(),
        Step::RemoveFinalizer => "remove finalizer".to_owned(),
        Step::Look(id) => format!("look {id}"),
        Step::Record(change) => of_change(change),
        Step::Cloud(CloudWrite::Deploy { request, again: false }) => format!("deploy {}", K::target(request)),
        Step::Cloud(CloudWrite::Deploy { request, again: true }) => format!("deploy {} again", K::target(request)),
        Step::Cloud(CloudWrite::Change(change)) => format!("change {}", change.field()),
        Step::Survey => "survey".to_owned(),
        Step::Ask(question) => format!("ask {question:?}"),
        Step::Cloud(CloudWrite::Destroy(identity)) => format!("destroy {}", identity.id),
        Step::Database(step) => of_database(step),
        Step::Publish(connection) => format!("publish {}", connection.name),
    }
}

fn of_change<K: Kind>(change: &RecordChange<K>) -> String {
    match change {
        RecordChange::Settle(bound) => {
            let doubt = bound.doubt.map(|doubt| format!(" {doubt:?}")).unwrap_or_default();
            format!("settle {} {:?}{doubt}", bound.identity.id, bound.origin)
        }
        RecordChange::Disown => "disown".to_owned(),
        RecordChange::ClearIntent(None) => "clear intent".to_owned(),
        RecordChange::ClearIntent(Some(refusal)) => format!("clear intent, refused: {}", refusal.message),
        RecordChange::SettleChange(Ending::Done) => "settle change".to_owned(),
        RecordChange::SettleChange(Ending::Nothing) => "settle change, without effect".to_owned(),
        RecordChange::SettleChange(Ending::Failed(refusal)) => format!("settle change, failed: {}", refusal.message),
        RecordChange::Adopt(bound) => format!("adopt {} {:?}", bound.identity.id, bound.origin),
        RecordChange::Rebind => "rebind".to_owned(),
        RecordChange::Forget(value) => format!("forget {value}"),
        RecordChange::ClearForgotten => "clear forgotten".to_owned(),
        RecordChange::SeenBy(credential) => format!("seen by {credential}"),
        RecordChange::TrustPassword(password) => format!("trust {}", password.expose()),
        RecordChange::Gone => "note that it is gone".to_owned(),
        RecordChange::Renamed(id) => format!("follow to {id}"),
        RecordChange::Found => "note that it is back".to_owned(),
        RecordChange::Drop => "drop".to_owned(),
    }
}

fn of_database(step: &DatabaseStep) -> String {
    match step {
        DatabaseStep::Announce(NewPassword::Generate) => "announce a new one".to_owned(),
        DatabaseStep::Announce(NewPassword::Given(password)) => format!("announce {}", password.expose()),
        DatabaseStep::Prove { claims, .. } => format!("prove [{}]", words(claims)),
        DatabaseStep::Probe { .. } => "probe".to_owned(),
        DatabaseStep::SetPassword { candidates, pending, .. } => {
            format!("set {} by [{}]", pending.expose(), words(candidates))
        }
    }
}

/// The reason, with the fields that differ.
pub(crate) fn of_verdict<K: Kind>(plan: &Plan<K>) -> String {
    match &plan.verdict {
        Verdict::Unchanged => String::new(),
        Verdict::Stands { reason, differs, .. } if differs.is_empty() => reason.to_string(),
        Verdict::Stands { reason, differs, .. } => format!("{reason}: {}", differs.join(" ")),
    }
}

pub(crate) fn message<K: Kind>(plan: &Plan<K>) -> String {
    match &plan.verdict {
        Verdict::Unchanged => String::new(),
        Verdict::Stands { message, .. } => message.clone(),
    }
}

fn words(passwords: &[Password]) -> String {
    passwords.iter().map(Password::expose).collect::<Vec<_>>().join(" ")
}
