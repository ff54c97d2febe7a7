//! The reference of the kinds as Markdown, from their definitions, so that it cannot say anything else.

use std::fmt::Write;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray,
};

/// What stands above the kinds.
const HEAD: &str = "# Reference

Every field of the three kinds, written by `make crds` from the definitions that `clusterwright crds` prints. `kubectl explain` says the same.
Fields of `spec` that are not required may be left out: what is chosen then is neither compared nor written afterwards, and shows in `status`.
";

/// The reference of these kinds.
pub(super) fn of(definitions: &[CustomResourceDefinition]) -> String {
    definitions.iter().fold(HEAD.to_owned(), |text, definition| text + &kind(definition))
}

fn kind(definition: &CustomResourceDefinition) -> String {
    let names = &definition.spec.names;
    let version = definition.spec.versions.first();
    let schema = version.and_then(|version| version.schema.as_ref()?.open_api_v3_schema.as_ref());
    let Some(schema) = schema else { return String::new() };
    let mut text = format!("\n## {}\n\n{}\n", names.kind, described(schema));
    let short = names.short_names.iter().flatten().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let api = format!("{}/{}", definition.spec.group, version.map_or("", |version| &version.name));
    line(&mut text, &format!("\n`apiVersion: {api}`, `kubectl get {}`, in short {short}.", names.plural));
    for part in ["spec", "status"] {
        if let Some(part_of) = schema.properties.as_ref().and_then(|properties| properties.get(part)) {
            line(&mut text, &format!("\n### {}: {part}\n", names.kind));
            line(&mut text, "| field | type | meaning |\n|---|---|---|");
            rows(&mut text, part_of, "");
        }
    }
    let rules = schema.x_kubernetes_validations.iter().flatten();
    let messages: Vec<String> = rules.filter_map(|rule| rule.message.clone()).collect();
    if !messages.is_empty() {
        line(&mut text, &format!("\n### {}: what is refused\n", names.kind));
        for message in messages {
            line(&mut text, &format!("- {message}"));
        }
    }
    text
}

/// One row for each field below this one.
fn rows(text: &mut String, parent: &JSONSchemaProps, path: &str) {
    let required = parent.required.as_deref().unwrap_or_default();
    for (name, field) in parent.properties.iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let must = if required.contains(name) { " Required." } else { "" };
        let meaning = format!("{}{must}{}{}", described(field), default(field), refusals(field));
        line(text, &format!("| `{path}` | {} | {} |", type_of(field), meaning.replace('|', "\\|")));
        rows(text, field, &path);
        if let Some(items) = items(field) {
            rows(text, items, &format!("{path}[]"));
        }
    }
}

fn items(field: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match &field.items {
        Some(JSONSchemaPropsOrArray::Schema(items)) => Some(items),
        _ => None,
    }
}

/// A field's type together with its bounds.
fn type_of(field: &JSONSchemaProps) -> String {
    if let Some(choices) = &field.enum_ {
        let words = choices.iter().map(|choice| format!("`{}`", choice.0.as_str().unwrap_or_default()));
        return words.collect::<Vec<_>>().join(", ");
    }
    let name = field.type_.as_deref().unwrap_or("any");
    match items(field) {
        Some(items) => format!("list of {}{}", type_of(items), bounds(None, field.max_items, " entries")),
        None if name == "integer" => format!("integer{}", range(field)),
        None => format!("{name}{}", bounds(field.min_length, field.max_length, " characters")),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "bounds of integers are whole numbers")]
fn range(field: &JSONSchemaProps) -> String {
    bounds(field.minimum.map(|bound| bound as i64), field.maximum.map(|bound| bound as i64), "")
}

fn bounds(least: Option<i64>, most: Option<i64>, of: &str) -> String {
    match (least, most) {
        (Some(least), Some(most)) if least == most => format!(", {least}{of}"),
        (Some(least), Some(most)) => format!(", {least} to {most}{of}"),
        (Some(least), None) => format!(", at least {least}{of}"),
        (None, Some(most)) => format!(", at most {most}{of}"),
        (None, None) => String::new(),
    }
}

fn default(field: &JSONSchemaProps) -> String {
    let scalar = field.default.as_ref().filter(|default| !default.0.is_object() && !default.0.is_array());
    scalar.map_or(String::new(), |default| format!(" Default: `{}`.", default.0.to_string().trim_matches('"')))
}

/// The rules of the field's own, as the API server says them.
fn refusals(field: &JSONSchemaProps) -> String {
    let rules = field.x_kubernetes_validations.iter().flatten().filter_map(|rule| rule.message.as_ref());
    rules.fold(String::new(), |all, message| format!("{all} Refused: {message}."))
}

fn described(schema: &JSONSchemaProps) -> String {
    schema.description.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _infallible = writeln!(text, "{line}");
}
