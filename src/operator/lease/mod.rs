//! Leader election: of several replicas, the one that holds a Lease writes; the others stand by.
//!
//! [`election`] decides and [`candidate`] acts. No clocks of two machines are ever compared: a holder counts from before it
//! asked for its last renewal, everybody else from after they saw the lease change, so that the holder's count ends first.
//! Where it does not, because a whole machine was suspended and its monotonic clock with it, or because somebody deleted the
//! lease, the compare-and-swap on every record still keeps two writers apart.

mod candidate;
mod election;
mod former;
mod identity;

pub(super) use candidate::{Candidate, Tells};
pub use election::Loss;
pub use former::until_vacant;
pub use identity::Identity;

use std::time::Duration;

use crate::cloud::call::WRITE_DEADLINE;

/// Name of the Lease, in the operator's own namespace.
pub const LEASE: &str = "clusterwright";

/// Annotation of the Lease: the installation whose replicas hold it in turn. Another one in the same namespace looks after
/// other manifests, perhaps, so that it must neither take the lease in between nor seem to be well.
const INSTALLATION: &str = "clusterwright.dev/installation";

/// The holder renews this often. A lease is good for many times that, so that one slow answer costs nothing.
const RENEW_EVERY: Duration = Duration::from_secs(5);

/// Between two looks at somebody else's lease, and after a call that failed. A lease that was released is taken within
/// this, and a look is one small read.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// No call about the lease waits longer for its answer.
const CALL_DEADLINE: Duration = Duration::from_secs(5);

/// The term in a lease that its holder has given up. A lease that somebody else emptied keeps its own.
const RELEASED: Duration = Duration::from_secs(1);

/// So much sooner than everybody else the holder takes its lease for over: for clocks that run at different speeds, and for
/// the time that a process takes to end.
const MARGIN: Duration = Duration::from_secs(5);

/// How long a lease is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term(Duration);

impl Term {
    /// The shortest one: a write to a cloud has to end within what is left when a renewal is late.
    pub const SHORTEST: Duration = Duration::from_secs(
        WRITE_DEADLINE.as_secs() + RENEW_EVERY.as_secs() + CALL_DEADLINE.as_secs() + MARGIN.as_secs(),
    );

    /// The longest one: so long nobody leads after the leader's machine is gone.
    pub const LONGEST: Duration = Duration::from_secs(3600);

    /// The usual one. Nothing depends on a fast succession, since databases run without the operator; and a leader outlives
    /// an API server that is away for most of a minute.
    pub const USUAL: Duration = Duration::from_secs(60);

    /// A term of so many seconds, held within the bounds.
    #[must_use]
    pub fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds).clamp(Self::SHORTEST, Self::LONGEST))
    }

    /// As everybody else is told.
    fn told(self) -> Duration {
        self.0
    }

    /// As the holder itself counts.
    fn own(self) -> Duration {
        self.0.saturating_sub(MARGIN)
    }
}
