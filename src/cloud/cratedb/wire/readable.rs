//! Lists of which single entries may be in another form than is known.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What of a list could be read. One entry in another form hides no other. A single entry counts as a list of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readable<T> {
    pub read: Vec<T>,
    /// What is wrong with each of the others.
    pub unread: Vec<String>,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Readable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = match Value::deserialize(deserializer)? {
            Value::Array(entries) => entries,
            one => vec![one],
        };
        let mut list = Self::default();
        for entry in entries {
            match serde_json::from_value(entry) {
                Ok(entry) => list.read.push(entry),
                Err(error) => list.unread.push(error.to_string()),
            }
        }
        Ok(list)
    }
}

impl<T> Default for Readable<T> {
    fn default() -> Self {
        Self { read: Vec::new(), unread: Vec::new() }
    }
}

impl<T> Readable<T> {
    /// What could be read. How much could not is logged, once for the whole list.
    pub(crate) fn known(self, what: impl Display) -> Vec<T> {
        if let Some(first) = self.unread.first() {
            let left_out = self.unread.len();
            tracing::warn!(left_out, reason = first, "some of the cloud's {what} are in a form that is not known here");
        }
        self.read
    }
}
