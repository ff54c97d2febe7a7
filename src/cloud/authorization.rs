//! As whom calls are made.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::credential::Credential;
use super::error::CloudError;
use super::token::{AccessToken, TokenSource};

/// Where the value of the `Authorization` header comes from. Clones share it.
#[derive(Clone, Debug)]
pub(super) enum Authorization {
    /// A token that expires, and can be had anew.
    Token(TokenSource),
    /// A key and its secret, which are all that there is.
    Key(Credential),
}

/// What one request proves itself with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Token(AccessToken),
    Key { basic: Basic, credential: Credential },
}

impl Authorization {
    /// What to prove oneself with at present.
    pub(super) async fn proof(&self) -> Result<Proof, CloudError> {
        match self {
            Self::Token(source) => source.token().await.map(Proof::Token),
            Self::Key(credential) => {
                let basic = Basic::new(credential.id(), credential.secret()).ok_or_else(unfit)?;
                Ok(Proof::Key { basic, credential: credential.clone() })
            }
        }
    }

    /// Tells that the cloud did not accept this proof, so that the next one may be another.
    pub(super) async fn rejected(&self, proof: &Proof) {
        if let (Self::Token(source), Proof::Token(token)) = (self, proof) {
            source.rejected(token).await;
        }
    }
}

impl Proof {
    /// The value of an `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        match self {
            Self::Token(token) => token.authorization(),
            Self::Key { basic, .. } => basic.header(),
        }
    }

    /// What must be kept out of messages.
    pub(super) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Token(token) => vec![token.expose()],
            Self::Key { basic, credential } => {
                vec![basic.expose(), credential.secret().expose_secret(), credential.id()]
            }
        }
    }
}

/// A name and a password as RFC 7617 has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Basic {
    // Marked as sensitive, so that not even its Debug form shows it.
    header: HeaderValue,
}

impl Basic {
    const SCHEME: &str = "Basic ";

    /// None where the name holds a colon or either a control character, which that form has no place for.
    pub(super) fn new(name: &str, password: &SecretString) -> Option<Self> {
        let password = password.expose_secret();
        if name.contains(':') || name.chars().chain(password.chars()).any(char::is_control) {
            return None;
        }
        let pair = STANDARD.encode(format!("{name}:{password}"));
        let mut header = HeaderValue::try_from(format!("{}{pair}", Self::SCHEME)).ok()?;
        header.set_sensitive(true);
        Some(Self { header })
    }

    /// The value of an `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The pair as it is sent, to keep it out of messages.
    pub(super) fn expose(&self) -> &str {
        self.header.to_str().ok().and_then(|value| value.strip_prefix(Self::SCHEME)).unwrap_or_default()
    }
}

fn unfit() -> CloudError {
    CloudError::Unauthenticated { message: "the key or its secret holds characters that cannot be sent".to_owned() }
}
