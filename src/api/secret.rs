//! A value that is never printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A password, or another value that opens something. It can be compared and copied, but not printed.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Takes the value over.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The value in the form that the cloud clients take.
    #[must_use]
    pub fn as_secret(&self) -> &SecretString {
        &self.0
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}
