//! What the schema of a TypeDBCluster says besides its fields.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, ValidationRule,
};
use kube::CustomResourceExt;

use super::rules::{DOES_NOT_CREATE, common, connection_template, fixed_at_creation, needed_to_create, rule};
use super::{account, cluster_columns, finish, text};
use crate::api::typedb::{CONNECTION_KEYS, TypeDBCluster};

pub(super) fn definition() -> CustomResourceDefinition {
    finish(TypeDBCluster::crd(), &columns(), &rules())
}

fn columns() -> Vec<CustomResourceColumnDefinition> {
    cluster_columns([text("Version", ".status.version"), text("Size", ".status.machineType"), account()], [])
}

fn rules() -> Vec<ValidationRule> {
    let mut rules = common();
    rules.extend(connection_template(&CONNECTION_KEYS));
    rules.extend(own());
    rules.extend(["tier", "provider", "region", "machineType"].map(needed_to_create));
    rules.extend(
        ["tier", "provider", "region", "storageType", "serverCount"].map(|field| fixed_at_creation(field, field)),
    );
    rules
}

const NOT_FREE: &str = "!has(self.spec.tier) || self.spec.tier != 'Free'";

fn own() -> [ValidationRule; 6] {
    [
        rule(
            format!(
                "{DOES_NOT_CREATE} || has(self.spec.clusterId) || self.metadata.name.matches('^[a-z0-9]+(-[a-z0-9]+)*$')"
            ),
            "",
            "metadata.name cannot be the cluster's id: use lowercase letters and digits separated by single hyphens, or set spec.clusterId",
        ),
        rule(
            "!has(self.spec.serverCount) || self.spec.serverCount % 2 == 1",
            ".spec.serverCount",
            "serverCount must be odd, 1 to 9",
        ),
        rule(
            "!has(self.spec.backup) || !has(self.spec.backup.retentionDays) || self.spec.backup.retentionDays in [7, 30]",
            ".spec.backup",
            "retentionDays must be 7 or 30",
        ),
        rule(
            format!("{NOT_FREE} || !has(self.spec.serverCount) || self.spec.serverCount == 1"),
            ".spec.serverCount",
            "a free cluster has one server: set serverCount to 1, or tier to Paid",
        ),
        rule(
            format!("{NOT_FREE} || !has(self.spec.storageSizeGB) || self.spec.storageSizeGB == 10"),
            ".spec.storageSizeGB",
            "a free cluster has 10 GB: set storageSizeGB to 10, or tier to Paid",
        ),
        rule(
            format!("{NOT_FREE} || !has(self.spec.backup) || self.spec.backup.frequency == 'Disabled'"),
            ".spec.backup",
            "a free cluster has no backups: set backup.frequency to Disabled, or tier to Paid",
        ),
    ]
}
