//! Differences between manifest and cluster: how the status shows them, and what puts them right.

use super::kind::Kind;
use super::step::Step;
use crate::api::condition::Reason;
use crate::api::shared::{PlannedAction, PlannedStep};

/// One difference between manifest and cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference<K: Kind> {
    pub shown: PlannedStep,
    pub remedy: Remedy<K>,
    /// It comes before the password: who may reach the database, and destroy it.
    pub first: bool,
}

/// What puts a difference right.
#[derive(Clone, Debug, PartialEq)]
pub enum Remedy<K: Kind> {
    Change(K::Change),
    /// What depends on something that has to be known first.
    After(Step<K>),
    /// Nothing for now: the cloud would not do it, for the reason that a sentence gives.
    Held(Reason, String),
    /// Nothing that the operator does.
    None(Obstacle),
}

/// Why a difference is not put right, for as long as the manifest stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The cloud has no call for it.
    FixedAtCreation,
    /// A version that is older than the one in force.
    Downgrade,
    /// A free cluster would have to be paid for.
    NotForFree,
    /// The cloud does not suspend the clusters of every product.
    CannotBeSuspended,
}

impl Obstacle {
    /// Why nothing is done, as the end of a sentence.
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::FixedAtCreation => "it is fixed at creation",
            Self::Downgrade => "a version is never taken back",
            Self::NotForFree => "a free cluster cannot have that",
            Self::CannotBeSuspended => "the cloud does not suspend clusters of this product",
        }
    }
}

impl<K: Kind> Difference<K> {
    /// A difference that stays, which the status says as well.
    pub(super) fn blocked(shown: PlannedStep, by: Obstacle) -> Self {
        let shown = PlannedStep { blocked_by: Some(by.why().to_owned()), ..shown };
        Self { shown, remedy: Remedy::None(by), first: false }
    }

    /// A difference about which something has to be known first.
    pub(super) fn after(shown: PlannedStep, step: Step<K>) -> Self {
        Self { shown, remedy: Remedy::After(step), first: false }
    }

    /// A difference that the cloud would not put right, which the status says as well.
    pub(super) fn held(shown: PlannedStep, reason: Reason, why: String) -> Self {
        let shown = PlannedStep { blocked_by: Some(why.clone()), ..shown };
        Self { shown, remedy: Remedy::Held(reason, why), first: false }
    }

    /// A difference that is put right before the password is looked after.
    pub(super) fn first(shown: PlannedStep, change: K::Change) -> Self {
        Self { shown, remedy: Remedy::Change(change), first: true }
    }

    /// A difference that is put right after that.
    pub(super) fn later(shown: PlannedStep, change: K::Change) -> Self {
        Self { shown, remedy: Remedy::Change(change), first: false }
    }
}

/// The step that would put a field right, where the manifest asks for another value than the cloud shows.
pub(super) fn differing(field: &str, from: Option<String>, to: Option<String>) -> Option<PlannedStep> {
    let wanted = to?;
    (from.as_ref() != Some(&wanted)).then(|| PlannedStep {
        action: PlannedAction::Change,
        field: Some(field.to_owned()),
        from,
        to: Some(wanted),
        blocked_by: None,
    })
}

/// A number as text.
pub(super) fn text(number: Option<i64>) -> Option<String> {
    number.map(|number| number.to_string())
}
