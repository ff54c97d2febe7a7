//! What the manifests of a namespace may use an account for.

use std::collections::BTreeMap;
use std::time::Duration;

use super::facts::Facts;
use super::kind::Kind;
use super::step::Plan;
use super::waiting::patiently;
use crate::api::account::{
    AllowedFrom, AllowedNamespaces, LabelExpression, LabelOperator, LabelValue, NamespaceSelector, Permission,
};
use crate::api::condition::Reason;

/// How often a manifest to which something is not granted is decided about anew: nothing tells of its namespace's labels.
pub(super) const LABELS_SOON: Duration = Duration::from_secs(60);

/// What a manifest may use its account for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permits {
    create: bool,
    adopt: bool,
    delete: bool,
}

impl Permits {
    /// Those of the account's own namespace.
    pub const ALL: Self = Self { create: true, adopt: true, delete: true };
    /// Those of a namespace that the account grants nothing.
    pub const NONE: Self = Self { create: false, adopt: false, delete: false };

    /// Those that these permissions amount to.
    #[must_use]
    pub fn of(permissions: &[Permission]) -> Self {
        let has = |permission| permissions.contains(&permission);
        Self { create: has(Permission::Create), adopt: has(Permission::Adopt), delete: has(Permission::Delete) }
    }

    /// Whether clusters may be created.
    #[must_use]
    pub const fn may_create(self) -> bool {
        self.create
    }

    /// Whether what is there and is not the manifest's own may be bound to, observed, cloned and restored from. Where it may
    /// not, nothing is told of it either.
    #[must_use]
    pub const fn may_adopt(self) -> bool {
        self.adopt
    }

    /// Whether the manifest's own clusters may be destroyed.
    #[must_use]
    pub const fn may_delete(self) -> bool {
        self.delete
    }
}

/// What an account grants another namespace with these labels; none where it may not be referred to from there. Labels that
/// are not known match nothing.
#[must_use]
pub fn granted(allowed: Option<&AllowedNamespaces>, labels: Option<&BTreeMap<String, String>>) -> Option<Permits> {
    let allowed = allowed?;
    let is_meant = match (allowed.from, &allowed.selector, labels) {
        (AllowedFrom::All, _, _) => true,
        (AllowedFrom::Selector, Some(selector), Some(labels)) => matches(selector, labels),
        (AllowedFrom::Same | AllowedFrom::Selector, _, _) => false,
    };
    is_meant.then(|| Permits::of(&allowed.permit))
}

fn matches(selector: &NamespaceSelector, labels: &BTreeMap<String, String>) -> bool {
    let has = |(key, value): (&String, &LabelValue)| labels.get(key) == Some(&value.0);
    selector.match_labels.iter().all(has)
        && selector.match_expressions.iter().all(|expression| holds(expression, labels))
}

fn holds(LabelExpression { key, operator, values }: &LabelExpression, labels: &BTreeMap<String, String>) -> bool {
    let label = labels.get(key);
    let is_one_of_them = label.is_some_and(|label| values.iter().any(|value| value.0 == *label));
    match operator {
        LabelOperator::In => is_one_of_them,
        LabelOperator::NotIn => !is_one_of_them,
        LabelOperator::Exists => label.is_some(),
        LabelOperator::DoesNotExist => label.is_none(),
    }
}

/// Says that the account does not permit `what`, which takes this permission.
pub(super) fn withheld<K: Kind>(facts: &Facts<K>, permission: Permission, what: &str) -> Plan<K> {
    let reference = &facts.spec().account_ref;
    let message = format!(
        "CloudAccount {} in namespace {} does not permit this namespace to {what}. Ask whoever looks after it for {permission:?} \
         in spec.allowedNamespaces.permit, or correct this manifest.",
        reference.name,
        reference.namespace.as_deref().unwrap_or_default()
    );
    patiently(facts, Reason::WaitingForAccount, Reason::NamespaceNotAllowed, message).looking_again(LABELS_SOON)
}
