//! The changes that are asked for: none yet.

use crate::api::condition::Reason;
use crate::api::typedb::TypeDBCluster;
use crate::cloud::typedb::change::Change;
use crate::cloud::typedb::wire::Cluster;
use crate::plan::kind;

impl kind::Change<TypeDBCluster> for Change {
    fn field(&self) -> &'static str {
        match *self {}
    }

    fn summary(&self) -> String {
        match *self {}
    }

    fn reason(&self) -> Reason {
        match *self {}
    }

    fn operation(&self) -> Option<&'static str> {
        match *self {}
    }

    fn shown_by(&self, _cluster: &Cluster) -> bool {
        match *self {}
    }
}
