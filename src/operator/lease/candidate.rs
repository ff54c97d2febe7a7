//! Carries out what the election decides: one call at a time, each with a deadline, none repeated.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::PostParams;
use kube::core::Status;
use kube::{Api, Client, ResourceExt};
use tokio::time::Instant;

use super::election::{Election, Next, Sight};
use super::{CALL_DEADLINE, INSTALLATION, Identity, LEASE, Loss, RELEASED, Term};
use crate::clock::Clock;
use crate::controller::{Beat, Gatekeeper, Metrics};
use crate::operator::said::Said;

/// The release may take so long in all. Whoever cannot tell others that they may lead leaves them to find out.
const RELEASE_WITHIN: Duration = Duration::from_secs(2);

/// One replica, as a candidate for the lease.
pub(crate) struct Candidate {
    api: Api<Lease>,
    namespace: String,
    identity: Identity,
    term: Term,
    election: Election,
    /// The lease as it was seen last.
    known: Option<Lease>,
    clock: Clock,
    /// Where it is said that this replica leads.
    gatekeeper: Gatekeeper,
    metrics: Arc<Metrics>,
    beat: Beat,
    said: Said,
}

/// What a leader tells, and where.
pub(crate) struct Tells {
    pub(crate) gatekeeper: Gatekeeper,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) beat: Beat,
}

/// Why a call about the lease came to nothing.
pub(super) enum Trouble {
    /// The API server said no, so that it had no effect.
    Refused(Box<Status>),
    /// It may have had its effect or not.
    Failed(String),
}

impl Trouble {
    /// What the other side said, or what went wrong on the way.
    pub(super) fn words(&self) -> &str {
        match self {
            Self::Refused(status) => &status.message,
            Self::Failed(words) => words,
        }
    }

    /// Whether a permission is missing. The words name the account, the verb and the resource.
    pub(super) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused(status) if status.is_forbidden())
    }

    /// Whether something else stands there than was seen: another version, one where there was none, none any more.
    fn has_moved(&self, verb: &str) -> bool {
        let moved = |status: &Status| {
            status.is_conflict() || status.is_already_exists() || (verb == "update" && status.is_not_found())
        };
        matches!(self, Self::Refused(status) if moved(status))
    }
}

impl Candidate {
    pub(crate) fn new(
        client: Client,
        namespace: &str,
        identity: Identity,
        term: Term,
        clock: Clock,
        tells: Tells,
    ) -> Self {
        let Tells { gatekeeper, metrics, beat } = tells;
        metrics.leads(LEASE, false);
        Self {
            api: Api::namespaced(client, namespace),
            namespace: namespace.to_owned(),
            election: Election::new(identity.clone(), term, Instant::now()),
            identity,
            term,
            known: None,
            clock,
            gatekeeper,
            metrics,
            beat,
            said: Said::default(),
        }
    }

    /// Stands by, leads, and ends when the leadership is lost.
    pub(crate) async fn run(&mut self) -> Loss {
        loop {
            self.beat.beat();
            let end = self.election.leads_until();
            match self.election.next(Instant::now()) {
                Next::End(loss) => {
                    self.gatekeeper.close();
                    self.metrics.leads(LEASE, false);
                    return loss;
                }
                Next::Wait(until) => tokio::time::sleep_until(until).await,
                Next::Look => not_past(end, self.look()).await,
                Next::Write { begins } => not_past(end, self.write(begins)).await,
            }
        }
    }

    async fn look(&mut self) {
        let answer = within_deadline(self.api.get_opt(LEASE)).await;
        match answer {
            Ok(lease) => {
                let other = lease.as_ref().and_then(|lease| self.other_installation(lease));
                let sight = lease.as_ref().map(|lease| self.sight_of(lease, other.as_deref()));
                self.known = lease;
                self.election.saw(Instant::now(), sight.as_ref());
                if let Some(other) = other {
                    return self.say_who_is_in_the_way(&other);
                }
                self.beat.becomes_ready();
                self.say_who_leads(sight.and_then(|sight| sight.holder));
            }
            Err(trouble) => self.fail("get", &trouble),
        }
    }

    /// The other installation that the lease belongs to.
    fn other_installation(&self, lease: &Lease) -> Option<String> {
        let theirs = lease.annotations().get(INSTALLATION)?;
        (theirs != self.identity.installation()?).then(|| theirs.clone())
    }

    /// A lease that another installation has released may be about to be taken by its next replica, so that this one takes
    /// it only when nobody has held it for a whole term.
    fn sight_of(&self, lease: &Lease, other: Option<&str>) -> Sight {
        let seen = sight(lease);
        match (other, &seen.holder) {
            (Some(other), None) => Sight { holder: Some(other.to_owned()), term: Some(self.term.told()), ..seen },
            _ => seen,
        }
    }

    async fn write(&mut self, begins: bool) {
        let lease = self.signed(begins);
        let params = PostParams::default();
        let sent = Instant::now();
        let (verb, answer) = if self.known.is_some() {
            ("update", within_deadline(self.api.replace(LEASE, &params, &lease)).await)
        } else {
            ("create", within_deadline(self.api.create(&params, &lease)).await)
        };
        match answer {
            Ok(lease) => {
                self.known = Some(lease);
                self.election.wrote(sent);
                if let Some(end) = self.election.leads_until() {
                    self.gatekeeper.open_until(end);
                    self.metrics.leads(LEASE, true);
                }
                self.beat.becomes_ready();
                if begins {
                    tracing::info!(identity = self.identity.as_str(), "this replica leads");
                }
                self.said.forget();
            }
            Err(trouble) => self.fail(verb, &trouble),
        }
    }

    /// The lease as it is to stand there: ours from now on. What else there is in it stays.
    fn signed(&self, begins: bool) -> Lease {
        let now = Some(MicroTime(self.clock.now()));
        let mut lease = self.known.clone().unwrap_or_default();
        lease.metadata.name = Some(LEASE.to_owned());
        if let Some(installation) = self.identity.installation() {
            lease.annotations_mut().insert(INSTALLATION.to_owned(), installation.to_owned());
        }
        let before = lease.spec.take().unwrap_or_default();
        let was_ours = before.holder_identity.as_deref() == Some(self.identity.as_str());
        let transitions = before.lease_transitions.unwrap_or_default();
        lease.spec = Some(LeaseSpec {
            holder_identity: Some(self.identity.as_str().to_owned()),
            lease_duration_seconds: seconds(self.term.told()),
            acquire_time: if begins || !was_ours { now.clone() } else { before.acquire_time.clone() },
            renew_time: now,
            lease_transitions: Some(if was_ours { transitions } else { transitions.saturating_add(1) }),
            ..before
        });
        lease
    }

    /// Gives the lease up, where it is held, so that another replica leads at once.
    pub(crate) async fn release(mut self) {
        self.metrics.leads(LEASE, false);
        // The second time for a renewal that was on its way when it was cut off.
        let twice = async { self.try_release().await || self.try_release().await };
        if !tokio::time::timeout(RELEASE_WITHIN, twice).await.unwrap_or(false) {
            tracing::warn!("the lease could not be released; another replica leads when it has run out");
        }
    }

    /// Whether the lease is not held by this process any more.
    async fn try_release(&mut self) -> bool {
        let Ok(found) = self.api.get_opt(LEASE).await else {
            return false;
        };
        let own = |lease: &Lease| sight(lease).holder.as_deref() == Some(self.identity.as_str());
        let Some(mut lease) = found.filter(own) else {
            return true;
        };
        if let Some(spec) = &mut lease.spec {
            spec.holder_identity = None;
            spec.lease_duration_seconds = seconds(RELEASED);
            spec.renew_time = Some(MicroTime(self.clock.now()));
        }
        let released = self.api.replace(LEASE, &PostParams::default(), &lease).await.is_ok();
        if released {
            tracing::info!("the lease is released");
        }
        released
    }

    fn fail(&mut self, verb: &str, trouble: &Trouble) {
        let now = Instant::now();
        if trouble.has_moved(verb) {
            return self.election.refused(now);
        }
        self.election.failed(now);
        let (namespace, words) = (&self.namespace, trouble.words());
        let way_out = if trouble.is_forbidden() {
            " Grant the operator get, create and update on leases of coordination.k8s.io in that namespace."
        } else {
            ""
        };
        self.said.warn(&format!(
            "Lease {LEASE} in namespace {namespace}, by which replicas agree on who leads, cannot be used ({verb}): {words}.{way_out}"
        ));
    }

    fn say_who_is_in_the_way(&mut self, other: &str) {
        let namespace = &self.namespace;
        self.said.warn(&format!(
            "The installation {other} works in namespace {namespace}, and there is one for each namespace: this one looks after \
             nothing. Uninstall one of the two, and install it into a namespace of its own."
        ));
    }

    fn say_who_leads(&mut self, holder: Option<String>) {
        if let Some(holder) = holder.filter(|holder| holder != self.identity.as_str()) {
            self.said.inform(&format!("standing by, while {holder} leads"));
        }
    }
}

/// No call is waited for past the end of the leadership: an answer that comes later does not bring it back.
async fn not_past(end: Option<Instant>, call: impl Future<Output = ()>) {
    match end {
        Some(end) => tokio::time::timeout_at(end, call).await.unwrap_or_default(),
        None => call.await,
    }
}

/// A duration as the lease has it.
fn seconds(duration: Duration) -> Option<i32> {
    i32::try_from(duration.as_secs()).ok()
}

/// What the election decides by.
pub(crate) fn sight(lease: &Lease) -> Sight {
    let spec = lease.spec.as_ref();
    let seconds = spec.and_then(|spec| u64::try_from(spec.lease_duration_seconds?).ok());
    Sight {
        version: lease.resource_version().unwrap_or_default(),
        holder: spec.and_then(|spec| spec.holder_identity.clone()).filter(|holder| !holder.is_empty()),
        term: seconds.map(Duration::from_secs),
    }
}

/// Makes a call that is waited for no longer than its deadline, and not repeated.
pub(super) async fn within_deadline<T>(call: impl Future<Output = kube::Result<T>>) -> Result<T, Trouble> {
    match tokio::time::timeout(CALL_DEADLINE, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) => Err(Trouble::Refused(status)),
        Ok(Err(error)) => Err(Trouble::Failed(error.to_string())),
        Err(_) => Err(Trouble::Failed(format!("there was no answer within {} s", CALL_DEADLINE.as_secs()))),
    }
}
