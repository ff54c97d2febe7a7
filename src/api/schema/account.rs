//! What the schema of a CloudAccount says besides its fields.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, ValidationRule,
};
use kube::CustomResourceExt;

use super::rules::{rule, unchanged};
use super::{age, finish, integer, message, ready, text, wide};
use crate::api::account::CloudAccount;

pub(super) fn definition() -> CustomResourceDefinition {
    finish(CloudAccount::crd(), &columns(), &rules())
}

fn columns() -> Vec<CustomResourceColumnDefinition> {
    let counts = [integer("Managed", ".status.clusters.managed"), integer("Unmanaged", ".status.clusters.unmanaged")];
    let wider = [text("Location", ".status.location"), message()].map(wide);
    ready().into_iter().chain(counts).chain([age()]).chain(wider).collect()
}

/// The fields that name a cloud.
const CLOUDS: [&str; 2] = ["typedbCloud", "cratedbCloud"];

fn rules() -> Vec<ValidationRule> {
    let named = CLOUDS.map(|cloud| format!("has(self.spec.{cloud})")).join(", ");
    vec![
        rule(
            format!("[{named}].exists_one(is_named, is_named)"),
            ".spec",
            format!("give exactly one of {}", CLOUDS.join(" and ")),
        ),
        rule(
            CLOUDS.map(unchanged).join(" && "),
            ".spec",
            "the location is immutable: create another CloudAccount for another cloud, team, space, organization or endpoint",
        ),
        rule(
            "!has(self.spec.caBundle) || has(self.spec.caBundle.configMapRef) != has(self.spec.caBundle.secretRef)",
            ".spec.caBundle",
            "give exactly one of configMapRef and secretRef",
        ),
        rule(
            "!has(self.spec.allowedNamespaces) \
             || (self.spec.allowedNamespaces.from == 'Selector') == has(self.spec.allowedNamespaces.selector)",
            ".spec.allowedNamespaces",
            "give a selector with from: Selector, and only then",
        ),
    ]
}
