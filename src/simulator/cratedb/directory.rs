//! Users, what they may do, and their API keys.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::cloud::{FIRST, SECOND, numbered};
use crate::clock::later;

pub(super) const ADMIN: &str = "org_admin";
pub(super) const MEMBER: &str = "org_member";
pub(super) const PROJECT_ADMIN: &str = "project_admin";
pub(super) const PROJECT_MEMBER: &str = "project_member";
/// A key that idles for so long is deleted; the speed makes no difference.
const IDLE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A person.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) uid: String,
    pub(super) email: String,
    pub(super) name: String,
    /// By organization.
    pub(super) organization_roles: BTreeMap<String, String>,
    /// By project.
    pub(super) project_roles: BTreeMap<String, String>,
}

/// Where somebody has a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Organization,
    Project,
}

impl Place {
    /// The roles that one can have there.
    pub(super) fn roles(self) -> [&'static str; 2] {
        match self {
            Self::Organization => [ADMIN, MEMBER],
            Self::Project => [PROJECT_ADMIN, PROJECT_MEMBER],
        }
    }

    pub(super) fn roles_of(self, user: &User) -> &BTreeMap<String, String> {
        match self {
            Self::Organization => &user.organization_roles,
            Self::Project => &user.project_roles,
        }
    }

    pub(super) fn roles_of_mut(self, user: &mut User) -> &mut BTreeMap<String, String> {
        match self {
            Self::Organization => &mut user.organization_roles,
            Self::Project => &mut user.project_roles,
        }
    }
}

impl User {
    /// Somebody without a role, whose name is taken from the e-mail address.
    pub(super) fn new(uid: String, email: &str) -> Self {
        let name = email.split('@').next().unwrap_or_default().replace('.', " ");
        let (organization_roles, project_roles) = (BTreeMap::new(), BTreeMap::new());
        Self { uid, email: email.to_owned(), name, organization_roles, project_roles }
    }
}

/// An API key, without its secret.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Key {
    pub(super) name: String,
    #[serde(skip)]
    pub(super) secret: SecretString,
    pub(super) active: bool,
    pub(super) user: String,
    /// None for the documented ones until they are used: they count as created then.
    pub(super) created: Option<Timestamp>,
    pub(super) last_used: Option<Timestamp>,
}

/// Everybody who may ask.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) users: Vec<User>,
    pub(super) keys: Vec<Key>,
}

impl Directory {
    /// The ones that are documented at the head of this folder.
    pub(super) fn documented() -> Self {
        let user = |number: u32, email: &str, organization: &str, role: &str| {
            let organization_roles = BTreeMap::from([(organization.to_owned(), role.to_owned())]);
            User { organization_roles, ..User::new(numbered(number), email) }
        };
        let key = |key: &str, number: u32| Key {
            name: key.to_owned(),
            secret: SecretString::from(format!("{key}-secret")),
            active: key != "simulator-inactive",
            user: numbered(number),
            created: None,
            last_used: None,
        };
        Self {
            users: vec![
                user(0x11, "admin@example.com", FIRST, ADMIN),
                user(0x12, "member@example.com", FIRST, MEMBER),
                user(0x21, "second@example.com", SECOND, ADMIN),
            ],
            keys: vec![
                key("simulator", 0x11),
                key("simulator-standby", 0x11),
                key("simulator-inactive", 0x11),
                key("simulator-member", 0x12),
                key("simulator-second", 0x21),
            ],
        }
    }

    /// Deletes keys that have been idle for too long.
    pub(super) fn settle(&mut self, now: Timestamp) {
        self.keys.retain(|key| key.last_used.or(key.created).is_none_or(|last| now < later(last, IDLE)));
    }

    /// The user behind an active key, which is noted as used.
    pub(super) fn user_of(&mut self, key: &str, secret: &str, now: Timestamp) -> Option<User> {
        let key = self.keys.iter_mut().find(|known| known.name == key && known.secret.expose_secret() == secret)?;
        if !key.active {
            return None;
        }
        key.last_used = Some(now);
        self.users.iter().find(|user| user.uid == key.user).cloned()
    }

    /// The user of this id or e-mail address.
    pub(super) fn user(&mut self, id_or_email: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.uid == id_or_email || user.email == id_or_email)
    }

    pub(super) fn knows_key(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known.name == key)
    }
}
