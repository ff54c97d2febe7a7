//! What the schema of a CrateDBCluster says besides its fields.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, ValidationRule,
};
use kube::CustomResourceExt;

use super::rules::{
    DOES_NOT_CREATE, NOT_BEGUN, common, connection_template, fixed_at_creation, fixed_unless, needed_to_create, rule,
    unchanged,
};
use super::{account, cluster_columns, finish, integer, property, text};
use crate::api::cratedb::{CONNECTION_KEYS, CrateDBCluster, FREE_PRODUCT, FREE_SUBSCRIPTION};

pub(super) fn definition() -> CustomResourceDefinition {
    let mut definition = finish(CrateDBCluster::crd(), &columns(), &rules());
    let versions = definition.spec.versions.iter_mut();
    let schemas = versions.filter_map(|version| version.schema.as_mut()?.open_api_v3_schema.as_mut());
    for spec in schemas.filter_map(|schema| property(schema, "spec")) {
        if let Some(list) = property(spec, "allowedCidrs") {
            finish_allow_list(list);
        }
        if let Some(hours) = property(spec, "backup").and_then(|backup| property(backup, "hours")) {
            finish_hours(hours);
        }
    }
    definition
}

/// The list is one value, as an entry that somebody else has added must not stay, and as a list that others have taken
/// their entries out of must not be left empty, which would open the database to all.
fn finish_allow_list(list: &mut JSONSchemaProps) {
    list.x_kubernetes_list_type = Some("atomic".to_owned());
    list.x_kubernetes_validations = Some(vec![rule(
        "self.all(entry, self.exists_one(other, other.cidr == entry.cidr))",
        "",
        "a network is listed twice: remove one of the entries",
    )]);
    if let Some(JSONSchemaPropsOrArray::Schema(entry)) = &mut list.items
        && let Some(cidr) = property(entry, "cidr")
    {
        cidr.x_kubernetes_validations = Some(vec![
            rule(
                "isCIDR(self)",
                "",
                "not a network: write an address and the length of its prefix, such as 203.0.113.0/24",
            ),
            rule(
                "!isCIDR(self) || cidr(self) == cidr(self).masked()",
                "",
                "not the first address of a network: clear the bits behind the prefix, or write /32 (IPv6: /128) for one address",
            ),
        ]);
    }
}

/// The hours are one value, as the networks are.
fn finish_hours(hours: &mut JSONSchemaProps) {
    hours.x_kubernetes_list_type = Some("atomic".to_owned());
    hours.x_kubernetes_validations = Some(vec![rule(
        "self.all(hour, self.exists_one(other, other == hour))",
        "",
        "an hour is listed twice: remove one of the entries",
    )]);
}

fn columns() -> Vec<CustomResourceColumnDefinition> {
    let own = [
        text("Version", ".status.version"),
        integer("Nodes", ".status.nodes"),
        integer("Storage", ".status.storagePerNodeGiB"),
        text("Product", ".status.productName"),
    ];
    cluster_columns(own, [account(), text("Hourly-Cost", ".status.hourlyCost")])
}

fn rules() -> Vec<ValidationRule> {
    let mut rules = common();
    rules.extend(connection_template(&CONNECTION_KEYS));
    rules.extend(name_of_the_cluster());
    rules.extend(choices());
    rules.extend(of_a_restore());
    rules.extend(of_a_free_cluster());
    rules.extend(["project", "product"].map(needed_to_create));
    rules.extend(["clusterName", "subscriptionId", "channel", "username"].map(|field| fixed_at_creation(field, field)));
    rules.push(fixed_at_creation("product.tier", "tier"));
    rules.push(fixed_at_creation("storage.diskType", "diskType"));
    rules.push(fixed_unless("project", PROJECT_AS_OBSERVED));
    rules
}

/// The project may be named by its id as well as by name and region.
const PROJECT_AS_OBSERVED: &str = "has(self.spec.project) && (has(self.spec.project.id) \
    ? has(oldSelf.status.observed.projectId) && self.spec.project.id == oldSelf.status.observed.projectId \
    : has(self.spec.project.name) && has(self.spec.project.region) \
      && has(oldSelf.status.observed.projectName) && has(oldSelf.status.observed.region) \
      && self.spec.project.name == oldSelf.status.observed.projectName \
      && self.spec.project.region == oldSelf.status.observed.region)";

fn name_of_the_cluster() -> [ValidationRule; 2] {
    [
        rule(
            format!("{DOES_NOT_CREATE} || has(self.spec.clusterName) || size(self.metadata.name) >= 3"),
            "",
            "metadata.name is too short for the cluster's name: use at least 3 characters, or set spec.clusterName",
        ),
        rule(
            format!(
                "{DOES_NOT_CREATE} || has(self.spec.clusterName) || self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')"
            ),
            "",
            "metadata.name cannot be the cluster's name: use lowercase letters, digits and hyphens, or set spec.clusterName",
        ),
    ]
}

fn choices() -> [ValidationRule; 2] {
    [
        rule(
            "!has(self.spec.project) || (has(self.spec.project.id) \
             ? !has(self.spec.project.name) && !has(self.spec.project.region) \
             : has(self.spec.project.name) && has(self.spec.project.region))",
            ".spec.project",
            "give either the project's id, or its name and region",
        ),
        rule(
            "!has(self.spec.username) || !(self.spec.username in ['system', 'gc_admin', 'crate'])",
            ".spec.username",
            "username is reserved by the cloud: choose another than system, gc_admin and crate",
        ),
    ]
}

/// What is restored is decided with the create. It can be taken out afterwards, so that nothing more is waited for.
fn of_a_restore() -> [ValidationRule; 3] {
    [
        rule(
            "!has(self.spec.restoreFrom) || has(self.spec.restoreFrom.externalId) != has(self.spec.restoreFrom.name)",
            ".spec.restoreFrom",
            "give either the other cluster's externalId, or the name of its CrateDBCluster",
        ),
        rule(
            "!has(self.spec.restoreFrom) || !has(self.spec.restoreFrom.name) \
             || self.spec.restoreFrom.name != self.metadata.name",
            ".spec.restoreFrom",
            "a cluster is not restored from itself: name another one",
        ),
        rule(
            format!("{NOT_BEGUN} || !has(self.spec.restoreFrom) || ({})", unchanged("restoreFrom")),
            ".spec",
            "restoreFrom is fixed once the cluster's creation has begun: set it back, or remove it",
        ),
    ]
}

fn of_a_free_cluster() -> [ValidationRule; 5] {
    let not_free = format!("!has(self.spec.product) || self.spec.product.name != '{FREE_PRODUCT}'");
    [
        rule(
            format!("{not_free} || !has(self.spec.nodes) || self.spec.nodes == 1"),
            ".spec.nodes",
            "a crfree cluster has one node: set nodes to 1, or choose another product",
        ),
        rule(
            format!("{not_free} || !has(self.spec.storage) || !has(self.spec.storage.sizePerNodeGiB)"),
            ".spec.storage",
            "the disk of a crfree cluster has one size: remove storage.sizePerNodeGiB, or choose another product",
        ),
        rule(
            format!("{not_free} || !has(self.spec.power) || self.spec.power == 'Running'"),
            ".spec.power",
            "a crfree cluster is suspended by the cloud alone: remove power, or choose another product",
        ),
        rule(
            format!(
                "{not_free} || !has(self.spec.subscriptionId) || self.spec.subscriptionId == '{FREE_SUBSCRIPTION}'"
            ),
            ".spec.subscriptionId",
            "a crfree cluster has no subscription: remove subscriptionId, or choose another product",
        ),
        rule(
            format!(
                "!has(self.spec.subscriptionId) || self.spec.subscriptionId != '{FREE_SUBSCRIPTION}' \
                 || !has(self.spec.product) || self.spec.product.name == '{FREE_PRODUCT}'"
            ),
            ".spec.subscriptionId",
            "free_tier pays for the product crfree only: name another subscription, or choose that product",
        ),
    ]
}
