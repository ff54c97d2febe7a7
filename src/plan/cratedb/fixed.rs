//! What cannot change once a cluster exists.

use crate::api::cratedb::{CrateDBClusterSpec, FixedAtCreation};
use crate::api::shared::PlannedStep;
use crate::cloud::cratedb::catalogue::Catalogue;
use crate::cloud::cratedb::wire::{Cluster, Project};
use crate::plan::difference::differing;
use crate::plan::status::cut;

/// As the cloud reports it, cut to what the schema takes. Names of projects stand in the catalogue, where there is one at
/// hand.
pub(super) fn of(cluster: &Cluster, catalogue: Option<&Catalogue>) -> FixedAtCreation {
    let is_ours = |project: &&Project| Some(&project.id) == cluster.project_id.as_ref();
    let project = catalogue.and_then(|catalogue| catalogue.projects.iter().find(is_ours));
    let disk_type = cluster.hardware_specs.as_ref().and_then(|specs| specs.disk_type.as_ref());
    let word = |text: Option<&String>, most| text.map(|text| cut(text, most));
    FixedAtCreation {
        cluster_name: word(Some(&cluster.name), 128),
        project_id: word(cluster.project_id.as_ref(), 128),
        project_name: word(project.map(|project| &project.name), 253),
        region: word(project.and_then(|project| project.region.as_ref()), 128),
        subscription_id: word(cluster.subscription_id.as_ref(), 128),
        channel: word(cluster.channel.as_ref(), 64),
        tier: word(cluster.product_tier.as_ref(), 64),
        disk_type: word(disk_type, 64),
        username: word(cluster.username.as_ref(), 128),
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
