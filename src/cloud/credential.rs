//! What a client proves itself with.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A pair of a client's id and its secret. Neither is ever printed.
#[derive(Clone)]
pub struct Credential {
    id: String,
    secret: SecretString,
}

impl Credential {
    /// Takes the pair without surrounding white space: Secrets made from files often end in a line feed.
    #[must_use]
    pub fn new(id: &str, secret: &SecretString) -> Self {
        Self { id: id.trim().to_owned(), secret: secret.expose_secret().trim().into() }
    }

    /// Names the client for people and in status. It is a hash of the client's id alone: a new secret of the same
    /// client is the same credential, and nothing of either can be read from it.
    #[must_use]
    pub fn fingerprint(&self) -> CredentialId {
        let hash = Sha256::digest(self.id.as_bytes());
        let number = hash.iter().take(6).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        CredentialId(format!("{number:012x}"))
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.secret
    }
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.secret.expose_secret() == other.secret.expose_secret()
    }
}

impl Eq for Credential {}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Credential").field(&self.fingerprint()).finish()
    }
}

/// The printable name of a credential: twelve hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(String);

impl CredentialId {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CredentialId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
