//! A cluster that becomes a copy of another: what is fixed at creation is compared with that one before it is asked for.

use super::{fixed, wanted_id};
use crate::api::condition::Reason;
use crate::api::identity::{ClusterId, Handle};
use crate::api::typedb::{CloneSpec, TypeDBCluster};
use crate::cloud::typedb::creation::NewCluster;
use crate::cloud::typedb::wire::{Cluster, ClusterDeploy, ClusterStatus};
use crate::plan::facts::{Facts, Sighting};
use crate::plan::source::{self, SOON, Wanted};
use crate::plan::step::{Plan, Step};
use crate::plan::waiting::patiently;

type Instead = Box<Plan<TypeDBCluster>>;

/// The request, or what is to be done or said while the source cannot be cloned.
pub(super) fn of(facts: &Facts<TypeDBCluster>, from: &CloneSpec) -> Result<NewCluster, Instead> {
    let id = source_id(facts, from)?;
    let target = Handle::Id(id.clone());
    match facts.sighting(&target) {
        Sighting::Present(source) => copy(facts, source),
        Sighting::LookedAbsent(_) | Sighting::Elsewhere => {
            let why = format!("The account's credentials see no cluster {id} that could be cloned.");
            Err(waiting(facts, &why))
        }
        Sighting::Unlisted | Sighting::Unknown => Err(Box::new(Plan::quietly(Step::Look(target)))),
    }
}

fn source_id(facts: &Facts<TypeDBCluster>, from: &CloneSpec) -> Result<ClusterId, Instead> {
    let wanted = Wanted {
        external_id: from.external_id.as_ref(),
        name: from.name.as_deref(),
        deed: "clone what is there",
        purpose: "which is to be cloned",
        field: "spec.cloneFrom",
    };
    source::id(facts, &wanted)
}

fn waiting(facts: &Facts<TypeDBCluster>, why: &str) -> Instead {
    let message = format!("{why} Apply it, or correct spec.cloneFrom.");
    Box::new(patiently(facts, Reason::Creating, Reason::InvalidSpec, message).looking_again(SOON))
}

fn copy(facts: &Facts<TypeDBCluster>, source: &Cluster) -> Result<NewCluster, Instead> {
    let (spec, id) = (&facts.manifest.spec, &source.id);
    let differences = fixed::differences(spec, &fixed::of(source));
    if let Some(step) = differences.first() {
        let (field, there) = (step.field.as_deref().unwrap_or_default(), step.from.as_deref().unwrap_or("unknown"));
        return Err(Box::new(Plan::held(
            Reason::InvalidSpec,
            format!(
                "A clone has what its source has: {field} of cluster {id} is {there}, and the manifest asks for {}. \
                 Correct spec.{field}, or name another source in spec.cloneFrom.",
                step.to.as_deref().unwrap_or_default()
            ),
        )));
    }
    match &source.status {
        ClusterStatus::Running => {}
        ClusterStatus::Suspended => {
            return Err(Box::new(
                Plan::held(
                    Reason::InvalidSpec,
                    format!("Cluster {id}, which is to be cloned, is suspended. Resume it, or correct spec.cloneFrom."),
                )
                .looking_again(SOON),
            ));
        }
        word => {
            let message =
                format!("Cluster {id}, which is to be cloned, is {word} in the cloud. Nothing to do but wait.");
            return Err(Box::new(Plan::standing(Reason::Creating, message).looking_again(SOON)));
        }
    }
    Ok(NewCluster { deploy: like(facts, source)?, clone_of: Some(id.clone()) })
}

/// What the copy will be, by which it is recognised should the answer be lost.
fn like(facts: &Facts<TypeDBCluster>, source: &Cluster) -> Result<ClusterDeploy, Instead> {
    let there = source.clone();
    let built = || {
        Some(ClusterDeploy {
            id: wanted_id(&facts.manifest),
            server_count: there.server_count?,
            storage_size_gb: there.storage_size_gb?,
            provider: there.provider?,
            region: there.region?,
            machine_type: there.machine_type?,
            storage_type: there.storage_type?,
            is_free: there.is_free?,
            version: there.version?,
            backup_configuration: None,
        })
    };
    built().ok_or_else(|| {
        let message = format!(
            "The cloud does not tell everything about cluster {}, so that a clone of it could not be told from others. \
             Name another source in spec.cloneFrom, or remove that to create an empty cluster.",
            source.id
        );
        Box::new(Plan::held(Reason::InvalidSpec, message))
    })
}
