//! The request that creates a cluster, made from the manifest and from what the organization has.

use std::time::Duration;

use jiff::Timestamp;

use super::products::{self, listed};
use super::{GIB, password, restore, wanted_name};
use crate::api::condition::Reason;
use crate::api::cratedb::{Channel, CrateDBCluster, FREE_PRODUCT, FREE_SUBSCRIPTION, ProductSpec, ProjectSpec};
use crate::api::identity::Handle;
use crate::cloud::cratedb::catalogue::Catalogue;
use crate::cloud::cratedb::change::{Change, NewDatabase};
use crate::cloud::cratedb::wire::{
    ClusterProvision, CrateVersion, HardwareSpecs, NewCluster, Product, Project, Readable,
};
use crate::plan::binding::is_hidden;
use crate::plan::creation::lacking;
use crate::plan::facts::Facts;
use crate::plan::kind::{Change as _, Kind};
use crate::plan::refusal::unless_refused;
use crate::plan::step::{CloudWrite, Plan, Step, Verdict};

/// What there is around clusters is read again after this long.
pub(super) const CATALOGUE_LASTS: Duration = Duration::from_secs(10 * 60);

/// How often it is looked whether a project that another manifest creates is there.
const PROJECT_SOON: Duration = Duration::from_secs(5);

/// And after this, or after whatever gives reason to try again, where it keeps a cluster from being created.
const REFUSING_LASTS: Duration = Duration::from_secs(30);

pub(super) type Instead = Box<Plan<CrateDBCluster>>;

/// The request, or what is to be done or said instead.
pub(super) fn of(facts: &Facts<CrateDBCluster>) -> Result<NewDatabase, Instead> {
    let spec = &facts.manifest.spec;
    let (Some(product), Some(project)) = (&spec.product, &spec.project) else {
        let missing = [("product", spec.product.is_none()), ("project", spec.project.is_none())];
        let missing: Vec<&str> = missing.into_iter().filter_map(|(name, absent)| absent.then_some(name)).collect();
        return Err(lacking(facts, &missing));
    };
    restore::source(facts)?;
    let Some(read) = facts.catalogue.as_ref().filter(|read| facts.is_recent(read.at, CATALOGUE_LASTS)) else {
        return Err(Box::new(Plan::quietly(Step::Survey)));
    };
    match made_from(facts, &read.catalogue, product, project) {
        // What is missing there may have come meanwhile, by the way out that was told.
        Err(instead) if by_the_catalogue(&instead) && !may_refuse(facts, read.at) => {
            Err(Box::new(Plan::quietly(Step::Survey)))
        }
        decided => decided,
    }
}

/// Whether it is what the organization has, or has not, that keeps the cluster from being created.
fn by_the_catalogue(instead: &Plan<CrateDBCluster>) -> bool {
    let Verdict::Stands { reason, .. } = &instead.verdict else { return false };
    matches!(reason, Reason::InvalidSpec | Reason::SubscriptionAmbiguous)
}

fn may_refuse(facts: &Facts<CrateDBCluster>, read_at: Timestamp) -> bool {
    facts.is_recent(read_at, REFUSING_LASTS) && facts.attempts.begun.is_none_or(|begun| read_at >= begun)
}

fn made_from(
    facts: &Facts<CrateDBCluster>,
    catalogue: &Catalogue,
    product: &ProductSpec,
    project: &ProjectSpec,
) -> Result<NewDatabase, Instead> {
    let spec = &facts.manifest.spec;
    let subscription_id = subscription(facts, catalogue, product)?;
    // What is wrong with the rest is said before a project is created for nothing.
    let region = region(catalogue, project)?;
    let tier = products::tier(product.tier.as_deref());
    let offered = products::offered(catalogue, &product.name, tier, &region).map_err(invalid)?;
    let product_unit = product_unit(facts, offered)?;
    let hardware_specs = hardware(facts, offered)?;
    let crate_version = version(facts, catalogue)?;
    let restore = restore::wanted(facts, catalogue, &region)?;
    let project_id = project_id(facts, catalogue, project, &region)?;
    password::before_create(facts)?;
    let provision = ClusterProvision {
        cluster: NewCluster {
            name: wanted_name(&facts.manifest),
            crate_version,
            channel: spec.channel.unwrap_or(Channel::Stable).as_str().to_owned(),
            product_name: product.name.clone(),
            product_tier: tier.to_owned(),
            product_unit,
            hardware_specs,
            username: facts.manifest.user(None),
            password: (),
        },
        subscription_id,
        project_id,
    };
    Ok(NewDatabase { provision, restore })
}

pub(super) fn invalid(message: String) -> Instead {
    Box::new(Plan::held(Reason::InvalidSpec, message))
}

/// The one that is named, or the only active one.
fn subscription(
    facts: &Facts<CrateDBCluster>,
    catalogue: &Catalogue,
    product: &ProductSpec,
) -> Result<String, Instead> {
    if product.name == FREE_PRODUCT {
        return Ok(FREE_SUBSCRIPTION.to_owned());
    }
    let active: Vec<&str> = catalogue
        .subscriptions
        .iter()
        .filter(|subscription| subscription.active == Some(true))
        .map(|subscription| subscription.id.as_str())
        .collect();
    if let Some(named) = &facts.manifest.spec.subscription_id {
        let known = catalogue.subscriptions.iter().any(|subscription| subscription.id == *named);
        return match (known, active.contains(&named.as_str())) {
            (_, true) => Ok(named.clone()),
            (true, false) => Err(invalid(format!(
                "Subscription {named} is not active. Activate it in the cloud's console, or name another one in spec.subscriptionId."
            ))),
            (false, false) => Err(invalid(format!(
                "The organization has no subscription {named}. Correct spec.subscriptionId{}.",
                unless_hidden(facts, "; active are: ", &active)
            ))),
        };
    }
    match active.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(invalid(
            "The organization has no active subscription. Set one up in the cloud's console, or use the product crfree."
                .to_owned(),
        )),
        several => Err(Box::new(Plan::held(
            Reason::SubscriptionAmbiguous,
            format!(
                "The organization has several active subscriptions{}. Name one in spec.subscriptionId.",
                unless_hidden(facts, ": ", several)
            ),
        ))),
    }
}

/// What others have there, for those who may adopt it.
fn unless_hidden(facts: &Facts<CrateDBCluster>, before: &str, ids: &[&str]) -> String {
    if facts.account.permits.may_adopt() { format!("{before}{}", listed(ids)) } else { String::new() }
}

/// The region of the project, by which products are offered; empty where the cloud does not tell it.
fn region(catalogue: &Catalogue, project: &ProjectSpec) -> Result<String, Instead> {
    let by_id = |id: &String| catalogue.projects.iter().find(|there| there.id == *id);
    match (&project.id, &project.region) {
        (Some(id), _) => match by_id(id) {
            Some(there) => Ok(there.region.clone().unwrap_or_default()),
            None => Err(invalid(format!(
                "The organization has no project {id}. Correct spec.project.id, or give name and region instead."
            ))),
        },
        (None, Some(region)) => Ok(region.clone()),
        (None, None) => Err(invalid("spec.project needs an id, or a name and a region.".to_owned())),
    }
}

/// The project of this name, which is created where there is none.
fn project_id(
    facts: &Facts<CrateDBCluster>,
    catalogue: &Catalogue,
    project: &ProjectSpec,
    region: &str,
) -> Result<String, Instead> {
    if let Some(id) = &project.id {
        return Ok(id.clone());
    }
    let name = project.name.clone().unwrap_or_default();
    let namesakes: Vec<&Project> = catalogue.projects.iter().filter(|there| there.name == name).collect();
    let here: Vec<&&Project> = namesakes.iter().filter(|there| there.region.as_deref() == Some(region)).collect();
    match (here.as_slice(), namesakes.first()) {
        ([only], _) => Ok(only.id.clone()),
        ([], None) => Err(create_project(facts, catalogue, name, region)),
        ([], Some(elsewhere)) => Err(invalid(format!(
            "Project {name} is in region {}, and not in {region}. Correct spec.project.region, or give the project another name.",
            elsewhere.region.as_deref().unwrap_or("unknown")
        ))),
        (several, _) => Err(invalid(format!(
            "There are several projects {name} in {region}{}. Name one in spec.project.id.",
            unless_hidden(facts, ": ", &several.iter().map(|there| there.id.as_str()).collect::<Vec<_>>())
        ))),
    }
}

fn create_project(facts: &Facts<CrateDBCluster>, catalogue: &Catalogue, name: String, region: &str) -> Instead {
    if let Some(rival) = facts.rival_for(&Handle::Project(name.clone())) {
        let message = if is_hidden(facts, rival) {
            format!("Project {name} is being created for another manifest.")
        } else {
            format!("Project {name} is being created for {} in namespace {}.", rival.name, rival.namespace)
        };
        return Box::new(Plan::standing(Reason::Creating, message).looking_again(PROJECT_SOON));
    }
    if !catalogue.regions.iter().any(|there| there.name == region) {
        let known: Vec<&str> = catalogue.regions.iter().map(|there| there.name.as_str()).collect();
        return invalid(format!(
            "There is no region {region}. Correct spec.project.region; there are: {}.",
            listed(&known)
        ));
    }
    let change = Change::CreateProject { name, region: region.to_owned() };
    let message = format!("{}.", change.summary());
    Box::new(unless_refused(facts, CloudWrite::Change(change), Reason::Creating, message))
}

/// The number of nodes as the cloud counts it.
fn product_unit(facts: &Facts<CrateDBCluster>, product: &Product) -> Result<i64, Instead> {
    let nodes = facts.manifest.spec.nodes.unwrap_or(1);
    products::check_nodes(product, nodes).map_err(|wrong| invalid(format!("{wrong} Correct spec.nodes.")))?;
    Ok(nodes - 1)
}

/// What the manifest says of the disks, within what the product allows.
fn hardware(facts: &Facts<CrateDBCluster>, product: &Product) -> Result<Option<HardwareSpecs>, Instead> {
    let Some(storage) = &facts.manifest.spec.storage else {
        return Ok(None);
    };
    let wanted = storage.size_per_node_gib.map(|size| size * GIB);
    if let Some(bytes) = wanted {
        products::check_disks(product, bytes)
            .map_err(|wrong| invalid(format!("{wrong} Correct spec.storage.sizePerNodeGiB.")))?;
    }
    Ok(Some(HardwareSpecs {
        disk_size_per_node_bytes: wanted,
        disk_type: storage.disk_type.map(|disk| disk.as_str().to_owned()),
        ..HardwareSpecs::default()
    }))
}

/// The version that is asked for, which the cloud itself judges, or the newest of the channel. One that cannot be read may
/// be newer than those that can.
fn version(facts: &Facts<CrateDBCluster>, catalogue: &Catalogue) -> Result<String, Instead> {
    let spec = &facts.manifest.spec;
    if let Some(version) = &spec.version {
        return Ok(version.clone());
    }
    let channel = spec.channel.unwrap_or(Channel::Stable);
    let offered: &Readable<CrateVersion> = match channel {
        Channel::Stable => &catalogue.stable,
        Channel::Testing => &catalogue.testing,
        Channel::Nightly => &catalogue.nightly,
    };
    if let Some(why) = offered.unread.first() {
        return Err(invalid(format!(
            "The cloud offers a version in the channel {channel} that cannot be read ({why}), so that the newest is not known. \
             Name one in spec.version."
        )));
    }
    offered.read.first().map(|newest| newest.version.clone()).ok_or_else(|| {
        invalid(format!("The cloud offers no version in the channel {channel}. Name one in spec.version."))
    })
}
