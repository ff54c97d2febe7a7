//! What each change is called, and by what its end is recognised.

use crate::api::condition::Reason;
use crate::api::typedb::TypeDBCluster;
use crate::cloud::typedb::change::Change;
use crate::cloud::typedb::wire::{Cluster, ClusterStatus};
use crate::plan::kind;

impl kind::Change<TypeDBCluster> for Change {
    fn field(&self) -> &'static str {
        match self {
            Self::Suspended(_) => "power",
        }
    }

    fn summary(&self) -> String {
        match self {
            Self::Suspended(true) => "Suspending the cluster".to_owned(),
            Self::Suspended(false) => "Resuming the cluster".to_owned(),
        }
    }

    fn reason(&self) -> Reason {
        match self {
            Self::Suspended(true) => Reason::Suspending,
            Self::Suspended(false) => Reason::Resuming,
        }
    }

    /// The cloud keeps no list of what it does: the cluster's own status tells.
    fn operation(&self) -> Option<&'static str> {
        None
    }

    fn shown_by(&self, cluster: &Cluster) -> bool {
        match self {
            Self::Suspended(true) => cluster.status == ClusterStatus::Suspended,
            Self::Suspended(false) => cluster.status == ClusterStatus::Running,
        }
    }

    fn while_suspended(&self) -> bool {
        *self == Self::Suspended(false)
    }
}
