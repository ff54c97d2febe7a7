//! Rules in the Common Expression Language, at the root of a schema, where they see specification and status.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::ValidationRule;

/// Nothing will be created for the manifest: it adopts, observes, or is bound already.
pub(super) const DOES_NOT_CREATE: &str = "has(self.spec.externalId) || self.spec.management == 'Observed' \
                                          || (has(self.status) && has(self.status.externalId))";

/// No create has begun for the manifest, and it is bound to no cluster.
pub(super) const NOT_BEGUN: &str =
    "!has(oldSelf.status) || (!has(oldSelf.status.creation) && !has(oldSelf.status.externalId))";

pub(super) fn rule(rule: impl Into<String>, field: &str, message: impl Into<String>) -> ValidationRule {
    ValidationRule {
        rule: rule.into(),
        field_path: (!field.is_empty()).then(|| field.to_owned()),
        message: Some(message.into()),
        ..ValidationRule::default()
    }
}

/// Rules that hold for every kind of cluster.
pub(super) fn common() -> Vec<ValidationRule> {
    vec![
        rule("size(self.metadata.name) <= 63", "", "metadata.name must have at most 63 characters"),
        rule(
            "!has(self.spec.power) || self.spec.power != 'Scheduled' || has(self.spec.powerSchedule)",
            ".spec.power",
            "power Scheduled needs powerSchedule: write when the database serves, or set power to Running",
        ),
        rule(
            "!has(oldSelf.status) || !has(oldSelf.status.externalId) || !has(self.spec.externalId) \
             || self.spec.externalId == oldSelf.status.externalId \
             || (has(oldSelf.spec.externalId) && self.spec.externalId == oldSelf.spec.externalId)",
            ".spec.externalId",
            "the manifest is bound to a cluster already: remove externalId, or set it to status.externalId",
        ),
    ]
}

/// What the template of a connection Secret may say about a kind with these keys.
pub(super) fn connection_template(keys: &[&str]) -> [ValidationRule; 2] {
    let unless_written = "!has(self.spec.connectionSecret) || !has(self.spec.connectionSecret.template)";
    let template = "self.spec.connectionSecret.template";
    let names = keys.join("|");
    let offered: Vec<String> = keys.iter().map(|key| format!("${{{key}}}")).collect();
    let field = ".spec.connectionSecret";
    [
        rule(
            format!("{unless_written} || {template}.all(key, key.matches('^[-._a-zA-Z0-9]{{1,253}}$'))"),
            field,
            "a key of the template must consist of letters, digits, '-', '_' and '.'",
        ),
        rule(
            format!(
                r"{unless_written} || {template}.all(key, {template}[key].matches('^([^$]|[$]+[^${{]|[$][$]+[{{]|[$][{{]({names})[}}])*[$]*$'))"
            ),
            field,
            format!(
                "a placeholder of the template must be one of {}; write $${{ for what shall stand as it is",
                offered.join(", ")
            ),
        ),
    ]
}

pub(super) fn needed_to_create(field: &str) -> ValidationRule {
    rule(
        format!("{DOES_NOT_CREATE} || has(self.spec.{field})"),
        ".spec",
        format!("{field} is needed to create a cluster: set it, or set externalId to adopt an existing one"),
    )
}

/// A field of the specification that `status.observed` shows as `observed`: free until a create has begun, then held,
/// except towards what there is.
pub(super) fn fixed_at_creation(field: &str, observed: &str) -> ValidationRule {
    let towards_what_is = format!(
        "{} && {} && self.spec.{field} == oldSelf.status.observed.{observed}",
        written("self.spec", field),
        written("oldSelf.status.observed", observed)
    );
    fixed_unless(field, &towards_what_is)
}

/// The same, with the condition under which the new value is the one that there is.
///
/// The condition may rely on `oldSelf.status.observed` being there.
pub(super) fn fixed_unless(field: &str, towards_what_is: &str) -> ValidationRule {
    rule(
        format!("{NOT_BEGUN} || ({}) || (has(oldSelf.status.observed) && {towards_what_is})", unchanged(field)),
        ".spec",
        format!("{field} is fixed once the cluster's creation has begun: set it back, or create another cluster"),
    )
}

/// A field of the specification is as it was, or still not there.
pub(super) fn unchanged(field: &str) -> String {
    let (now, before) = (written("self.spec", field), written("oldSelf.spec", field));
    format!("({now}) == ({before}) && (!({now}) || self.spec.{field} == oldSelf.spec.{field})")
}

/// A field, with everything on the way to it, is written below an object.
fn written(object: &str, field: &str) -> String {
    let ends = field.match_indices('.').map(|(end, _)| end).chain([field.len()]);
    let steps: Vec<String> = ends.map(|end| format!("has({object}.{})", &field[..end])).collect();
    steps.join(" && ")
}
