//! What can be asked for of a cluster that is there.

use serde::{Deserialize, Serialize};

/// A change of a cluster. None is carried out yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {}
