//! Holds answers against the vendor's `OpenAPI` document, where a copy is given: `CRATEDB_OPENAPI=<path>`.
//!
//! Only as much of the schema language is read as that document uses; what is not known here fails.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use regex::Regex;
use serde_json::Value;

/// The document that is given, if any.
pub(crate) static DOCUMENT: LazyLock<Option<Document>> = LazyLock::new(|| {
    let path = std::env::var_os("CRATEDB_OPENAPI")?;
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(Document(serde_json::from_str(&text).unwrap()))
});

/// Newer than the document, and written without its slash elsewhere.
const UNDOCUMENTED: [&str; 2] = ["/transfer-subscription/", "/users/me"];

/// The vendor's document.
pub(crate) struct Document(Value);

impl Document {
    /// What is wrong with an answer; `body` is none where there is none.
    ///
    /// A success has to be documented for the operation. A refusal may have a status that is not, as long as it looks
    /// like the documented ones: which statuses there are is one of the unknowns.
    pub(crate) fn check(&self, method: &str, path: &str, status: u16, body: Option<&Value>) -> Result<(), String> {
        if UNDOCUMENTED.iter().any(|end| path.ends_with(end)) {
            return Ok(());
        }
        let operation = self.operation(method, path).ok_or_else(|| format!("{method} {path} is not documented"))?;
        let documented = &operation["responses"][status.to_string()];
        let response = match documented {
            Value::Null if status < 400 => return Err(format!("{status} is not documented")),
            Value::Null => &self.0["components"]["responses"]["400"],
            documented => self.resolved(documented),
        };
        let content = response["content"].as_object().and_then(|content| content.values().next());
        match (content.map(|content| &content["schema"]), body) {
            (Some(schema), Some(body)) => self.validate(schema, body, "body"),
            (None, None) => Ok(()),
            (Some(_), None) if method == "HEAD" => Ok(()),
            (Some(_), None) => Err("the body is missing".to_owned()),
            (None, Some(_)) => Err("there should be no body".to_owned()),
        }
    }

    /// The operation whose path has this form; a literal part goes before a parameter.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == parts.len()
                && template.iter().zip(&parts).all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
        };
        let paths = self.0["paths"].as_object()?;
        let fitting = paths.iter().filter(|(template, _)| fits(template));
        let (_, operations) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
        operations.get(method.to_ascii_lowercase())
    }

    fn resolved<'d>(&'d self, value: &'d Value) -> &'d Value {
        match value["$ref"].as_str() {
            Some(reference) => self.0.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
            None => value,
        }
    }

    fn validate(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let schema = self.resolved(schema);
        if value.is_null() && (schema["nullable"] == true || schema["type"].is_null() && schema["allOf"].is_null()) {
            return Ok(());
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.validate(part, value, place)?;
        }
        let wrong = |what: &str| Err(format!("{place}: {value} {what}"));
        let fits = match schema["type"].as_str() {
            None => true,
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            Some(other) => return wrong(&format!("has a type that is not known: {other}")),
        };
        if !fits {
            return wrong(&format!("is not of the type {}", schema["type"]));
        }
        // The one enum with a word that is documented in its description only.
        let or_empty = schema["description"].as_str().is_some_and(|text| text.contains("empty string")) && value == "";
        if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) && !or_empty {
            return wrong(&format!("is none of {}", schema["enum"]));
        }
        if let Some(text) = value.as_str() {
            check_text(schema, text).map_err(|what| format!("{place}: {value} {what}"))?;
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            self.validate(&schema["items"], item, &format!("{place}[{index}]"))?;
        }
        self.validate_fields(schema, value, place)
    }

    /// What may only be written must not be shown, and need not be there.
    fn validate_fields(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let (Some(properties), Some(fields)) = (schema["properties"].as_object(), value.as_object()) else {
            return Ok(());
        };
        let write_only = |name: &str| properties.get(name).is_some_and(|property| property["writeOnly"] == true);
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) && !write_only(name) {
                return Err(format!("{place}.{name} is missing"));
            }
        }
        for (name, field) in fields {
            if write_only(name) {
                return Err(format!("{place}.{name} must not be shown"));
            }
            if let Some(property) = properties.get(name) {
                self.validate(property, field, &format!("{place}.{name}"))?;
            }
        }
        Ok(())
    }
}

fn check_text(schema: &Value, text: &str) -> Result<(), String> {
    let length = text.chars().count() as u64;
    if schema["minLength"].as_u64().is_some_and(|least| length < least) {
        return Err("is too short".to_owned());
    }
    if schema["maxLength"].as_u64().is_some_and(|most| length > most) {
        return Err("is too long".to_owned());
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && !Regex::new(pattern).unwrap().is_match(text)
    {
        return Err(format!("does not match {pattern}"));
    }
    let fits = match schema["format"].as_str() {
        // With an offset or without.
        Some("date-time") => text.parse::<Timestamp>().is_ok() || text.parse::<DateTime>().is_ok(),
        Some("email") => text.contains('@'),
        Some("url") => text.contains("://"),
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("has not the format {}", schema["format"])) }
}

mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    /// A document in which `GET /things/{id}/` answers a thing.
    fn document() -> Document {
        let thing = json!({
            "type": "object", "required": ["id", "secret"],
            "properties": {
                "id": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 4},
                "secret": {"type": "string", "writeOnly": true},
                "size": {"type": "integer", "nullable": true},
                "state": {"type": "string", "enum": ["UP"], "description": "Or an empty string."},
                "since": {"type": "string", "format": "date-time"},
                "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                "twin": {"allOf": [{"$ref": "#/components/schemas/Thing"}]},
            },
        });
        let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}});
        let refusal =
            json!({"application/json": {"schema": {"properties": {"message": {"type": "string"}}, "type": "object"}}});
        Document(json!({
            "paths": {"/things/{id}/": {"get": {"responses": {"200": {"content": content}}}}},
            "components": {"schemas": {"Thing": thing}, "responses": {"400": {"content": refusal}}},
        }))
    }

    #[rstest]
    #[case(json!({"id": "ab"}))]
    #[case(json!({"id": "ab", "size": null, "state": "", "since": "2026-11-22T12:00:00", "other": 1}))]
    #[case(json!({"id": "ab", "size": 1, "state": "UP", "parts": [{"id": "cd"}], "twin": {"id": "ef"}}))]
    fn what_keeps_to_the_schema_passes(#[case] body: Value) {
        document().check("GET", "/things/7/", 200, Some(&body)).unwrap();
    }

    #[rstest]
    #[case(json!([]), "type")]
    #[case(json!({}), "id is missing")]
    #[case(json!({"id": 1}), "type")]
    #[case(json!({"id": "a"}), "too short")]
    #[case(json!({"id": "abcde"}), "too long")]
    #[case(json!({"id": "AB"}), "match")]
    #[case(json!({"id": "ab", "size": 1.5}), "type")]
    #[case(json!({"id": "ab", "state": "DOWN"}), "none of")]
    #[case(json!({"id": "ab", "since": "noon"}), "format")]
    #[case(json!({"id": "ab", "secret": "s"}), "must not be shown")]
    #[case(json!({"id": "ab", "twin": null}), "type")]
    #[case(json!({"id": "ab", "parts": [{"id": "ab"}, {}]}), "parts[1].id is missing")]
    fn what_does_not_is_told(#[case] body: Value, #[case] what: &str) {
        let wrong = document().check("GET", "/things/7/", 200, Some(&body)).unwrap_err();
        assert!(wrong.contains(what), "{wrong}");
    }

    #[rstest]
    #[case("POST", "/things/7/", 200, Some(json!({"id": "ab"})), "not documented")]
    #[case("GET", "/others/7/", 200, Some(json!({"id": "ab"})), "not documented")]
    #[case("GET", "/things/7/", 201, Some(json!({"id": "ab"})), "201 is not documented")]
    #[case("GET", "/things/7/", 200, None, "body is missing")]
    #[case("GET", "/things/7/", 409, Some(json!({"message": 1})), "message")]
    fn an_answer_belongs_to_an_operation(
        #[case] method: &str,
        #[case] path: &str,
        #[case] status: u16,
        #[case] body: Option<Value>,
        #[case] what: &str,
    ) {
        let wrong = document().check(method, path, status, body.as_ref()).unwrap_err();
        assert!(wrong.contains(what), "{wrong}");
        document().check("GET", "/things/7/", 409, Some(&json!({"message": "no"}))).unwrap();
    }
}
