//! The vocabulary of decisions, about clusters in TypeDB Cloud.

use clusterwright::api::typedb::TypeDBCluster;
use clusterwright::plan;

use super::scene;

pub(crate) type Bound = plan::Bound<TypeDBCluster>;
pub(crate) type CloudWrite = plan::CloudWrite<TypeDBCluster>;
pub(crate) type CreateIntent = plan::CreateIntent<TypeDBCluster>;
pub(crate) type Facts = plan::Facts<TypeDBCluster>;
pub(crate) type Intent = plan::Intent<TypeDBCluster>;
pub(crate) type Look = plan::Look<TypeDBCluster>;
pub(crate) type OrphanFacts = plan::OrphanFacts<TypeDBCluster>;
pub(crate) type OrphanPlan = plan::OrphanPlan<TypeDBCluster>;
pub(crate) type Plan = plan::Plan<TypeDBCluster>;
pub(crate) type Record = plan::Record<TypeDBCluster>;
pub(crate) type Scene = scene::Scene<TypeDBCluster>;
pub(crate) type Step = plan::Step<TypeDBCluster>;
