//! What is inside one cluster: its databases, its users, and who is signed in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::http::StatusCode;
use jiff::Timestamp;
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};

use super::refusal::Refusal;
use crate::simulator::tokens::{expiry, json_web_token};

/// The user that every cluster starts with, and the only one who may manage users.
pub(super) const ADMIN: &str = "admin";
const FACTORY_PASSWORD: &str = "password";
/// How long a sign-in is valid, in seconds: the server's default.
const SIGN_IN_LIFE: i64 = 14_400;

/// The contents of one cluster.
pub(super) struct Database {
    names: BTreeSet<String>,
    passwords: BTreeMap<String, SecretString>,
    sessions: HashMap<String, Session>,
}

struct Session {
    user: String,
    expires: Timestamp,
}

impl Database {
    /// Empty, with the factory password.
    pub(super) fn fresh() -> Self {
        let passwords = BTreeMap::from([(ADMIN.to_owned(), SecretString::from(FACTORY_PASSWORD))]);
        Self { names: BTreeSet::new(), passwords, sessions: HashMap::new() }
    }

    /// The same databases, with nobody signed in; and the same users, unless there is only the first one again.
    pub(super) fn copy(&self, keeps_users: bool) -> Self {
        let fresh = Self::fresh();
        let passwords = if keeps_users { self.passwords.clone() } else { fresh.passwords };
        Self { names: self.names.clone(), passwords, sessions: fresh.sessions }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.names.iter()
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &String> {
        self.passwords.keys()
    }

    pub(super) fn has_user(&self, name: &str) -> bool {
        self.passwords.contains_key(name)
    }

    /// Gives out a token for a user who knows the password.
    pub(super) fn sign_in(
        &mut self,
        user: &str,
        password: &str,
        now: Timestamp,
        random: &mut impl Rng,
    ) -> Result<String, Refusal> {
        let known = self.passwords.get(user).filter(|known| known.expose_secret() == password);
        known.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "AUT1", "Invalid credential supplied."))?;
        let token = json_web_token(user, now, SIGN_IN_LIFE, random);
        self.sessions.retain(|_, session| session.expires > now);
        let session = Session { user: user.to_owned(), expires: expiry(now, SIGN_IN_LIFE) };
        self.sessions.insert(token.clone(), session);
        Ok(token)
    }

    /// Who gave this token.
    pub(super) fn user_of(&self, token: Option<&str>, now: Timestamp) -> Result<String, Refusal> {
        let unauthorized = |code, message| Refusal::new(StatusCode::UNAUTHORIZED, code, message);
        let token = token.ok_or_else(|| unauthorized("AUT2", "Missing token in the request's header."))?;
        let session = self.sessions.get(token).filter(|session| session.expires > now);
        session.map(|session| session.user.clone()).ok_or_else(|| unauthorized("AUT3", "Invalid token supplied."))
    }

    /// Sets the password of a user, new or not; who was signed in under that name no longer is.
    pub(super) fn set_password(&mut self, user: &str, password: SecretString) {
        self.passwords.insert(user.to_owned(), password);
        self.sessions.retain(|_, session| session.user != user);
    }

    /// Whether there was such a user.
    pub(super) fn remove_user(&mut self, user: &str) -> bool {
        self.sessions.retain(|_, session| session.user != user);
        self.passwords.remove(user).is_some()
    }

    /// Whether the name was free.
    pub(super) fn add_database(&mut self, name: &str) -> bool {
        self.names.insert(name.to_owned())
    }

    /// Whether there was such a database.
    pub(super) fn remove_database(&mut self, name: &str) -> bool {
        self.names.remove(name)
    }
}
