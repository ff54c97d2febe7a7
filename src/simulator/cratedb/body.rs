//! Reading the body of a request, and saying what is wrong with it.

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The fields of a JSON object, and where it stands in the body.
pub(super) struct Fields {
    prefix: String,
    values: Map<String, Value>,
}

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(values)) => Ok(Self { prefix: String::new(), values }),
            _ => Err(Refusal::invalid("The request body must be a JSON object.")),
        }
    }

    pub(super) fn required<T>(
        &self,
        name: &str,
        read: fn(&Self, &str) -> Result<Option<T>, Refusal>,
    ) -> Result<T, Refusal> {
        read(self, name)?.ok_or_else(|| self.wrong(name, "Missing data for required field."))
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        self.get(name, "Not a valid string.", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.get(name, "Not a valid integer.", Value::as_i64)
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.get(name, "Not a valid boolean.", Value::as_bool)
    }

    pub(super) fn list(&self, name: &str) -> Result<Option<Vec<Value>>, Refusal> {
        self.get(name, "Not a valid list.", |value| value.as_array().cloned())
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, Refusal> {
        let values = self.get(name, "Invalid input type.", |value| value.as_object().cloned())?;
        Ok(values.map(|values| Self { prefix: format!("{}{name}.", self.prefix), values }))
    }

    /// The object itself, unread.
    pub(super) fn as_value(&self) -> Value {
        Value::Object(self.values.clone())
    }

    /// The refusal of a field for what `message` says.
    pub(super) fn wrong(&self, name: &str, message: impl Into<String>) -> Refusal {
        Refusal::field(format!("{}{name}", self.prefix), message)
    }

    /// A field that is null counts as missing.
    fn get<T>(&self, name: &str, wrong: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, Refusal> {
        let Some(value) = self.values.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| self.wrong(name, wrong))
    }
}
