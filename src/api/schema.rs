//! The CustomResourceDefinitions: the derived schemas, finished with what a derive cannot say.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
    ValidationRule,
};
use kube::CustomResourceExt;
use serde_json::json;

use super::account::CloudAccount;
use super::typedb::TypeDBCluster;

/// All definitions, in the order in which `clusterwright crds` prints them.
#[must_use]
pub fn definitions() -> Vec<CustomResourceDefinition> {
    vec![
        finish(CloudAccount::crd(), &account_columns(), &account_rules()),
        finish(TypeDBCluster::crd(), &typedb_columns(), &typedb_rules()),
    ]
}

fn finish(
    mut definition: CustomResourceDefinition,
    columns: &[CustomResourceColumnDefinition],
    rules: &[ValidationRule],
) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        version.additional_printer_columns = Some(columns.to_vec());
        let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) else {
            continue;
        };
        drop_nullable(schema);
        schema.x_kubernetes_validations = Some(rules.to_vec());
        if let Some(status) = property(schema, "status") {
            status.description = Some("What the operator last saw.".to_owned());
            // Without it, an object that nobody has looked at yet counts as done for kstatus, and so for Helm and Flux.
            status.default = Some(JSON(json!({"observedGeneration": -1})));
            if let Some(conditions) = property(status, "conditions") {
                conditions.x_kubernetes_list_type = Some("map".to_owned());
                conditions.x_kubernetes_list_map_keys = Some(vec!["type".to_owned()]);
            }
        }
    }
    definition
}

fn property<'a>(schema: &'a mut JSONSchemaProps, name: &str) -> Option<&'a mut JSONSchemaProps> {
    schema.properties.as_mut()?.get_mut(name)
}

/// Takes away `nullable`, which kube writes for every `Option`: an explicit null would mean neither a value nor an omission.
fn drop_nullable(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    schema.properties.iter_mut().flat_map(|properties| properties.values_mut()).for_each(drop_nullable);
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        drop_nullable(items);
    }
}

fn column(name: &str, path: &str, wide: bool) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: name.to_owned(),
        json_path: path.to_owned(),
        type_: if name == "Age" { "date" } else { "string" }.to_owned(),
        priority: wide.then_some(1),
        ..CustomResourceColumnDefinition::default()
    }
}

fn account_columns() -> Vec<CustomResourceColumnDefinition> {
    vec![
        column("Ready", r#".status.conditions[?(@.type=="Ready")].status"#, false),
        column("Reason", r#".status.conditions[?(@.type=="Ready")].reason"#, false),
        column("Managed", ".status.clusters.managed", false),
        column("Unmanaged", ".status.clusters.unmanaged", false),
        column("Age", ".metadata.creationTimestamp", false),
        column("Location", ".status.location", true),
        column("Message", r#".status.conditions[?(@.type=="Ready")].message"#, true),
    ]
}

fn typedb_columns() -> Vec<CustomResourceColumnDefinition> {
    vec![
        column("Ready", r#".status.conditions[?(@.type=="Ready")].status"#, false),
        column("Reason", r#".status.conditions[?(@.type=="Ready")].reason"#, false),
        column("Version", ".status.version", false),
        column("Size", ".status.machineType", false),
        column("Account", ".spec.accountRef.name", false),
        column("Age", ".metadata.creationTimestamp", false),
        column("External-Id", ".status.externalId", true),
        column("Endpoint", ".status.endpoints[0]", true),
        column("Deletion-Policy", ".spec.deletionPolicy", true),
        column("Message", r#".status.conditions[?(@.type=="Ready")].message"#, true),
    ]
}

fn rule(rule: impl Into<String>, field: &str, message: impl Into<String>) -> ValidationRule {
    ValidationRule {
        rule: rule.into(),
        field_path: (!field.is_empty()).then(|| field.to_owned()),
        message: Some(message.into()),
        ..ValidationRule::default()
    }
}

fn account_rules() -> Vec<ValidationRule> {
    vec![
        rule(
            "self.spec.typedbCloud == oldSelf.spec.typedbCloud",
            ".spec.typedbCloud",
            "the location is immutable: create another CloudAccount for another team, space or endpoint",
        ),
        rule(
            "!has(self.spec.caBundle) || has(self.spec.caBundle.configMapRef) != has(self.spec.caBundle.secretRef)",
            ".spec.caBundle",
            "give exactly one of configMapRef and secretRef",
        ),
    ]
}

fn typedb_rules() -> Vec<ValidationRule> {
    let mut rules = vec![
        rule("size(self.metadata.name) <= 63", "", "metadata.name must have at most 63 characters"),
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
        rule(
            "!has(oldSelf.status) || !has(oldSelf.status.externalId) || !has(self.spec.externalId) \
             || self.spec.externalId == oldSelf.status.externalId \
             || (has(oldSelf.spec.externalId) && self.spec.externalId == oldSelf.spec.externalId)",
            ".spec.externalId",
            "the manifest is bound to a cluster already: remove externalId, or set it to status.externalId",
        ),
    ];
    rules.extend(["tier", "provider", "region", "machineType"].map(needed_to_create));
    rules.extend(["tier", "provider", "region", "storageType", "serverCount"].map(fixed_at_creation));
    rules
}

const NOT_FREE: &str = "!has(self.spec.tier) || self.spec.tier != 'Free'";

/// Nothing will be created for the manifest: it adopts, observes, or is bound already.
const DOES_NOT_CREATE: &str = "has(self.spec.externalId) || self.spec.management == 'Observed' \
                               || (has(self.status) && has(self.status.externalId))";

fn needed_to_create(field: &str) -> ValidationRule {
    rule(
        format!("{DOES_NOT_CREATE} || has(self.spec.{field})"),
        ".spec",
        format!("{field} is needed to create a cluster: set it, or set externalId to adopt an existing one"),
    )
}

/// A field of [`super::typedb::FixedAtCreation`]: free until a create has begun, then held, except towards what there is.
fn fixed_at_creation(field: &str) -> ValidationRule {
    rule(
        format!(
            "!has(oldSelf.status) || (!has(oldSelf.status.creation) && !has(oldSelf.status.externalId)) \
             || (has(self.spec.{field}) == has(oldSelf.spec.{field}) \
                 && (!has(self.spec.{field}) || self.spec.{field} == oldSelf.spec.{field})) \
             || (has(self.spec.{field}) && has(oldSelf.status.observed) && has(oldSelf.status.observed.{field}) \
                 && self.spec.{field} == oldSelf.status.observed.{field})"
        ),
        ".spec",
        format!("{field} is fixed once the cluster's creation has begun: set it back, or create another cluster"),
    )
}
