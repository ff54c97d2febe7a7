//! What creates a cluster.

use serde::{Deserialize, Serialize};

use super::wire::ClusterDeploy;
use crate::api::identity::ClusterId;

/// A cluster that is to be: deployed as an empty one, or cloned from another, which has all of this already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCluster {
    #[serde(flatten)]
    pub deploy: ClusterDeploy,
    /// The cluster that is cloned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_of: Option<ClusterId>,
}
