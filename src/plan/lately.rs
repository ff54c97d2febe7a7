//! What was done in a location of late, by which what cannot be undone is paced.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::account::DestroyLimit;
use crate::clock;

/// In one location a database that vanished is created again at most this often.
const BETWEEN_TWO: Duration = Duration::from_secs(60 * 60);

/// What was done in a location of late.
#[derive(Clone, Debug, Default)]
pub struct Lately {
    /// When each of its databases was ended.
    pub destroyed: Vec<Timestamp>,
    /// What its accounts allow.
    pub limits: Vec<DestroyLimit>,
    /// When one that had vanished was last created again.
    pub recreated: Option<Timestamp>,
}

impl Lately {
    /// When another database may be destroyed; none where that is now. Without any account, what one would allow that says nothing.
    pub(super) fn may_destroy_at(&self, now: Timestamp) -> Option<Timestamp> {
        let usual = [DestroyLimit::default()];
        let limits = if self.limits.is_empty() { &usual } else { self.limits.as_slice() };
        limits.iter().filter_map(|limit| frees(*limit, &self.destroyed, now)).max()
    }

    /// When another database may be created in the place of one that vanished; none where that is now.
    pub(super) fn may_recreate_at(&self, now: Timestamp) -> Option<Timestamp> {
        let again = clock::later(self.recreated?, BETWEEN_TWO);
        (again > now).then_some(again)
    }
}

/// When a limit lets another one through; none where it does now.
fn frees(
    DestroyLimit { count, per_minutes }: DestroyLimit,
    destroyed: &[Timestamp],
    now: Timestamp,
) -> Option<Timestamp> {
    let window = Duration::from_secs(per_minutes.unsigned_abs() * 60);
    let mut frees: Vec<Timestamp> =
        destroyed.iter().map(|at| clock::later(*at, window)).filter(|frees| *frees > now).collect();
    frees.sort_unstable();
    // As soon as fewer than the limit are left.
    let index = frees.len().checked_sub(usize::try_from(count).unwrap_or_default().max(1))?;
    frees.get(index).copied()
}
