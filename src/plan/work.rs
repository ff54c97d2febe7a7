//! What there is to do about a cluster that is there, in the order in which it is done.

use super::change;
use super::difference::{Difference, Obstacle, Remedy};
use super::facts::Facts;
use super::kind::{Change, CloudCluster, Kind, Phase};
use super::password::PasswordPlan;
use super::refusal::still_refused;
use super::standing::{in_transition, transition};
use super::step::{CloudWrite, DatabaseStep, Plan, Step};
use crate::api::condition::Reason;
use crate::api::shared::PlannedStep;

/// What there is to do about a cluster: all of it as the status shows it, and the first of it that can be done now.
pub(super) struct Work<'a, K: Kind> {
    facts: &'a Facts<K>,
    cluster: &'a K::Cluster,
    pub(super) shown: Vec<PlannedStep>,
    /// What of it nothing puts right.
    pub(super) blocked: Vec<(Obstacle, PlannedStep)>,
    next: Option<(Step<K>, Reason)>,
    /// The proof of a password for which the database could not be reached: only suspending waits for it, for a while.
    unproved: Option<(Step<K>, Reason)>,
    /// What has to be known for a change, and was asked in vain: it comes last.
    unanswered: Option<(Step<K>, Reason)>,
    /// How the manifest stands by what the cloud refused.
    pub(super) refused: Option<Plan<K>>,
}

impl<'a, K: Kind> Work<'a, K> {
    pub(super) fn new(facts: &'a Facts<K>, cluster: &'a K::Cluster) -> Self {
        Self {
            facts,
            cluster,
            shown: Vec::new(),
            blocked: Vec::new(),
            next: None,
            unproved: None,
            unanswered: None,
            refused: None,
        }
    }

    pub(super) fn take(&mut self, differences: Vec<Difference<K>>) {
        for Difference { mut shown, remedy, .. } in differences {
            match remedy {
                Remedy::Change(change) => self.consider(&mut shown, change),
                Remedy::After(step) => self.find_out(&mut shown, step),
                Remedy::Held(reason, why) => {
                    self.refused.get_or_insert_with(|| Plan::held(reason, why));
                }
                Remedy::None(obstacle) => self.blocked.push((obstacle, shown.clone())),
            }
            self.shown.push(shown);
        }
    }

    /// Whether a change has to wait, which it then says.
    fn waits(&self, shown: &mut PlannedStep, while_suspended: bool) -> bool {
        let waits_for = match self.cluster.phase() {
            Phase::Suspended if !while_suspended => Some("it waits for the cluster to be resumed"),
            Phase::Failed => Some("the cluster could not be created"),
            _ => None,
        };
        shown.blocked_by = waits_for.map(str::to_owned);
        waits_for.is_some()
    }

    fn find_out(&mut self, shown: &mut PlannedStep, step: Step<K>) {
        if !self.waits(shown, false) {
            // One that was just asked in vain keeps nothing after it from being done.
            let in_vain = self.facts.attempts.trouble.is_some();
            let place = if in_vain { &mut self.unanswered } else { &mut self.next };
            place.get_or_insert((step, Reason::Updating));
        }
    }

    /// A change that was refused is skipped, and keeps nothing after it from being done.
    fn consider(&mut self, shown: &mut PlannedStep, change: K::Change) {
        if self.waits(shown, change.while_suspended()) {
            return;
        }
        let reason = change.reason();
        let write = CloudWrite::Change(change);
        match still_refused(self.facts, &write) {
            Some(refused) => {
                shown.blocked_by = Some("the cloud refused it".to_owned());
                self.refused.get_or_insert(refused);
            }
            None => {
                self.next.get_or_insert((Step::Cloud(write), reason));
            }
        }
    }

    /// The password's step takes its place in the order; what else there is to say of the password comes back.
    pub(super) fn take_password(&mut self, way_in: PasswordPlan<K>) -> PasswordPlan<K> {
        let PasswordPlan::Step(step, shown) = way_in else { return way_in };
        match (*step, shown) {
            (Step::Cloud(CloudWrite::Change(change)), Some(mut shown)) => {
                self.consider(&mut shown, change);
                self.shown.push(shown);
            }
            (step, shown) => {
                self.shown.extend(shown);
                let proves = matches!(step, Step::Database(DatabaseStep::Prove { .. }));
                let out_of_reach = proves && self.facts.database_is_out_of_reach();
                let place = if out_of_reach { &mut self.unproved } else { &mut self.next };
                place.get_or_insert((step, Reason::Updating));
            }
        }
        PasswordPlan::settled()
    }

    /// The step that is to be taken now, unless the cloud is busy with the cluster.
    pub(super) fn due(&mut self) -> Option<Plan<K>> {
        // A database that nobody reaches must not keep the cluster awake, and paid for, for ever.
        let waited_enough = self.facts.database_is_shut();
        let (step, reason) = match (self.next.take(), self.unproved.take()) {
            (Some((_, Reason::Suspending)), Some(proof)) if !waited_enough => proof,
            (None, Some(proof)) => proof,
            (next, _) => next.or_else(|| self.unanswered.take())?,
        };
        let shown = std::mem::take(&mut self.shown);
        // What is asked now and then must not let a manifest that is held seem to be worked at.
        if step.only_asks_the_cloud() {
            return Some(Plan::quietly(step).pending(shown));
        }
        // Whatever is asked for now would be refused.
        if step.writes_to_a_cloud()
            && let Some(operation) = change::under_way(self.facts, self.cluster)
        {
            let phase = self.cluster.phase();
            let says_what = phase.in_transition() && phase != Phase::Changing;
            let waiting = if says_what {
                in_transition(self.facts, self.cluster, transition(self.cluster))
            } else {
                change::waiting(self.facts, self.cluster, &operation)
            };
            return Some(waiting.pending(shown));
        }
        let message = format!("{}.", step.summary());
        Some(Plan::step(step, reason, message).pending(shown))
    }
}
