//! What cannot change once a cluster exists.

use crate::api::cratedb::{CrateDBClusterSpec, FixedAtCreation};
use crate::api::shared::PlannedStep;
use crate::cloud::cratedb::catalogue::Catalogue;
use crate::cloud::cratedb::wire::Cluster;
use crate::plan::difference::differing;
use crate::plan::status::cut;

/// As the cloud reports it. Names of projects stand in the catalogue, where there is one at hand.
pub(super) fn of(cluster: &Cluster, catalogue: Option<&Catalogue>) -> FixedAtCreation {
    let by_id = |catalogue: &Catalogue| {
        catalogue.projects.iter().find(|project| Some(&project.id) == cluster.project_id.as_ref()).cloned()
    };
    let project = catalogue.and_then(by_id);
    FixedAtCreation {
        cluster_name: Some(cluster.name.clone()),
        project_id: cluster.project_id.clone(),
        project_name: project.as_ref().map(|project| project.name.clone()),
        region: project.and_then(|project| project.region),
        subscription_id: cluster.subscription_id.clone(),
        channel: cluster.channel.clone(),
        tier: cluster.product_tier.clone(),
        disk_type: cluster.hardware_specs.as_ref().and_then(|specs| specs.disk_type.clone()),
        username: cluster.username.clone(),
    }
}

/// What is seen, with what was known before of all that is not.
pub(super) fn completed(seen: FixedAtCreation, known: &FixedAtCreation) -> FixedAtCreation {
    let or = |seen: Option<String>, known: &Option<String>| seen.or_else(|| known.clone());
    FixedAtCreation {
        cluster_name: or(seen.cluster_name, &known.cluster_name),
        project_id: or(seen.project_id, &known.project_id),
        project_name: or(seen.project_name, &known.project_name),
        region: or(seen.region, &known.region),
        subscription_id: or(seen.subscription_id, &known.subscription_id),
        channel: or(seen.channel, &known.channel),
        tier: or(seen.tier, &known.tier),
        disk_type: or(seen.disk_type, &known.disk_type),
        username: or(seen.username, &known.username),
    }
}

/// Cut to what the schema takes.
pub(super) fn shown(fixed: &FixedAtCreation) -> FixedAtCreation {
    let word = |text: &Option<String>, most| text.as_ref().map(|text| cut(text, most));
    FixedAtCreation {
        cluster_name: word(&fixed.cluster_name, 128),
        project_id: word(&fixed.project_id, 128),
        project_name: word(&fixed.project_name, 253),
        region: word(&fixed.region, 128),
        subscription_id: word(&fixed.subscription_id, 128),
        channel: word(&fixed.channel, 64),
        tier: word(&fixed.tier, 64),
        disk_type: word(&fixed.disk_type, 64),
        username: word(&fixed.username, 128),
    }
}

/// What is written in the manifest and otherwise in the cloud. What the cloud does not tell cannot differ.
pub(super) fn differences(spec: &CrateDBClusterSpec, there: &FixedAtCreation) -> Vec<PlannedStep> {
    let project = spec.project.as_ref();
    let told = |field: &str, there: &Option<String>, wanted: Option<String>| {
        there.as_ref().and_then(|there| differing(field, Some(there.clone()), wanted))
    };
    let storage = spec.storage.as_ref();
    [
        told("clusterName", &there.cluster_name, spec.cluster_name.clone()),
        told("project.id", &there.project_id, project.and_then(|project| project.id.clone())),
        told("project.name", &there.project_name, project.and_then(|project| project.name.clone())),
        told("project.region", &there.region, project.and_then(|project| project.region.clone())),
        told("subscriptionId", &there.subscription_id, spec.subscription_id.clone()),
        told("channel", &there.channel, spec.channel.map(|channel| channel.to_string())),
        told("product.tier", &there.tier, spec.product.as_ref().and_then(|product| product.tier.clone())),
        told("storage.diskType", &there.disk_type, storage.and_then(|storage| Some(storage.disk_type?.to_string()))),
        told("username", &there.username, spec.username.clone()),
    ]
    .into_iter()
    .flatten()
    .collect()
}
