//! API tokens of the team, and the access tokens that they are exchanged for.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::place::Space;
use super::refusal::Refusal;
use crate::simulator::Environment;
use crate::simulator::addresses::random_text;
use crate::simulator::tokens::{encoded_pair, expiry, json_web_token, plain_pair, scheme};

/// What a token may do; each level includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    Read,
    Write,
    Admin,
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        })
    }
}

/// A change to one credential, as its owner makes it in the console.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialChange {
    /// Revoked, or restored. Revoking makes its access tokens invalid too.
    pub revoked: Option<bool>,
    pub secret: Option<SecretString>,
    /// Takes effect on access tokens that exist already.
    pub access: Option<Access>,
    /// Makes the access tokens that exist invalid, and nothing else.
    #[serde(default)]
    pub expire_tokens: bool,
}

/// One credential, without its secret.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credential {
    #[serde(skip)]
    secret: SecretString,
    access: Access,
    #[serde(flatten)]
    space: Space,
    revoked: bool,
}

/// The team's credentials, by client id, and the access tokens in circulation.
pub(super) struct Credentials {
    known: BTreeMap<String, Credential>,
    tokens: HashMap<String, AccessToken>,
}

struct AccessToken {
    client_id: String,
    expires: Timestamp,
}

impl Credentials {
    /// The ones that are documented at the head of this folder.
    pub(super) fn documented() -> Self {
        let known = [
            ("simulator", Access::Admin, "default"),
            ("simulator-write", Access::Write, "default"),
            ("simulator-read", Access::Read, "default"),
            ("simulator-second", Access::Admin, "second"),
        ];
        let known = known.map(|(client_id, access, space)| {
            let secret = SecretString::from(format!("{client_id}-secret"));
            (client_id.to_owned(), Credential { secret, access, space: Space::new("acme", space), revoked: false })
        });
        Self { known: BTreeMap::from(known), tokens: HashMap::new() }
    }

    /// Exchanges the `Basic` credentials of `headers` for an access token.
    pub(super) fn exchange(
        &mut self,
        headers: &HeaderMap,
        environment: &mut Environment,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let wrong = || {
            let message = "The client id or the client secret is wrong.";
            Refusal::new(StatusCode::BAD_REQUEST, "INVALID_CREDENTIALS", message)
        };
        let (client_id, secret) =
            basic_pair(headers, environment.settings.typedb.unknowns.base64_basic).ok_or_else(wrong)?;
        let credential = self.known.get(&client_id).ok_or_else(wrong)?;
        if credential.revoked || credential.secret.expose_secret() != secret {
            return Err(wrong());
        }
        let life = i64::from(environment.settings.typedb.token_life_seconds);
        let token = if environment.settings.typedb.opaque_tokens {
            random_text(&mut environment.random, 64)
        } else {
            json_web_token(&client_id, now, life, &mut environment.random)
        };
        self.tokens.retain(|_, token| token.expires > now);
        self.tokens.insert(token.clone(), AccessToken { client_id, expires: expiry(now, life) });
        Ok(token)
    }

    /// Whether the `Bearer` token of `headers` allows `needed` in `space`.
    pub(super) fn authorize(
        &self,
        headers: &HeaderMap,
        space: &Space,
        needed: Access,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let credential = self.authenticate(headers, now)?;
        if credential.space != *space {
            let message = format!("This token gives no access to the space '{space}'.");
            let status = environment.settings.typedb.unknowns.foreign_space_status.0;
            return Err(match status {
                StatusCode::NOT_FOUND => Refusal::not_found(format_args!("The space '{space}'")),
                _ => Refusal::new(status, "FORBIDDEN_REQUEST", message),
            });
        }
        if credential.access < needed {
            let message = format!("This needs a token with {needed} access.");
            return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN_REQUEST", message));
        }
        Ok(())
    }

    /// The credential behind the valid `Bearer` token of `headers`.
    pub(super) fn authenticate(&self, headers: &HeaderMap, now: Timestamp) -> Result<&Credential, Refusal> {
        let token = scheme(headers, "Bearer").and_then(|token| self.tokens.get(token));
        let token = token.filter(|token| token.expires > now).ok_or_else(Refusal::unauthenticated)?;
        let credential = self.known.get(&token.client_id).filter(|credential| !credential.revoked);
        credential.ok_or_else(Refusal::unauthenticated)
    }

    /// Whose secret or token comes with `headers`, be it valid or not.
    pub(super) fn client_of(&self, headers: &HeaderMap) -> Option<String> {
        let by_token = || scheme(headers, "Bearer").and_then(|token| self.tokens.get(token));
        let by_pair = || basic_pair(headers, true).map(|(client_id, _)| client_id);
        by_token()
            .map(|token| token.client_id.clone())
            .or_else(|| by_pair().filter(|client_id| self.known.contains_key(client_id)))
    }

    /// Changes the credential of `client_id`.
    pub(super) fn change(&mut self, client_id: &str, change: CredentialChange) -> Result<(), Refusal> {
        let credential = self
            .known
            .get_mut(client_id)
            .ok_or_else(|| Refusal::not_found(format_args!("The credential '{client_id}'")))?;
        if change.expire_tokens || change.revoked == Some(true) {
            self.tokens.retain(|_, token| token.client_id != client_id);
        }
        credential.revoked = change.revoked.unwrap_or(credential.revoked);
        credential.access = change.access.unwrap_or(credential.access);
        if let Some(secret) = change.secret {
            credential.secret = secret;
        }
        Ok(())
    }

    pub(super) fn known(&self) -> &BTreeMap<String, Credential> {
        &self.known
    }
}

/// Client id and secret as the vendor's scripts send them, which is plain; base64 only where that is `accepted`.
fn basic_pair(headers: &HeaderMap, base64_accepted: bool) -> Option<(String, String)> {
    let given = scheme(headers, "Basic")?;
    plain_pair(given).or_else(|| encoded_pair(given).filter(|_| base64_accepted))
}
