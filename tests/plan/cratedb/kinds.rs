//! The vocabulary of decisions, about clusters in CrateDB Cloud.

use clusterwright::api::cratedb::CrateDBCluster;
use clusterwright::plan;

use super::super::scene;

pub(crate) type Bound = plan::Bound<CrateDBCluster>;
pub(crate) type CloudWrite = plan::CloudWrite<CrateDBCluster>;
pub(crate) type CreateIntent = plan::CreateIntent<CrateDBCluster>;
pub(crate) type Facts = plan::Facts<CrateDBCluster>;
pub(crate) type Intent = plan::Intent<CrateDBCluster>;
pub(crate) type Plan = plan::Plan<CrateDBCluster>;
pub(crate) type Record = plan::Record<CrateDBCluster>;
pub(crate) type Scene = scene::Scene<CrateDBCluster>;
pub(crate) type Step = plan::Step<CrateDBCluster>;
