//! The cluster from which another one's data come.

use std::time::Duration;

use super::facts::{Facts, Source};
use super::kind::Kind;
use super::permits::withheld;
use super::step::Plan;
use super::waiting::patiently;
use crate::api::account::Permission;
use crate::api::condition::Reason;
use crate::api::identity::ClusterId;

/// How often it is looked whether the source is there: its own manifest may be about to bring that about.
pub(super) const SOON: Duration = Duration::from_secs(15);

/// What a manifest says of its source, and what that is for.
pub(super) struct Wanted<'a> {
    pub(super) external_id: Option<&'a ClusterId>,
    pub(super) name: Option<&'a str>,
    /// What needs the permission to adopt, where the source is not the manifest's own.
    pub(super) deed: &'static str,
    /// A clause about the source.
    pub(super) purpose: &'static str,
    /// Where it is written.
    pub(super) field: &'static str,
}

/// The source's id, or what is to be said while it cannot be known.
pub(super) fn id<K: Kind>(facts: &Facts<K>, wanted: &Wanted<'_>) -> Result<ClusterId, Box<Plan<K>>> {
    let of_what_is_there = |id: &ClusterId| {
        let may = facts.account.permits.may_adopt();
        let withheld = || Box::new(withheld(facts, Permission::Adopt, wanted.deed));
        if may { Ok(id.clone()) } else { Err(withheld()) }
    };
    if let Some(id) = wanted.external_id {
        return of_what_is_there(id);
    }
    let (kind, name) = (K::kind(&()), wanted.name.unwrap_or_default());
    let what = match &facts.source {
        Some(Source::Cluster(id)) => return Ok(id.clone()),
        Some(Source::Named(id)) => return of_what_is_there(id),
        Some(Source::Elsewhere) => format!("The cluster of {kind} {name} lives where this account does not reach"),
        Some(Source::Unbound) => format!("{kind} {name} has no cluster yet"),
        Some(Source::Missing) | None => format!("There is no {kind} {name} in this namespace"),
    };
    let message = format!("{what}, {}. Apply it, or correct {}.", wanted.purpose, wanted.field);
    Err(Box::new(patiently(facts, Reason::Creating, Reason::InvalidSpec, message).looking_again(SOON)))
}
