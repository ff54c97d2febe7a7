//! Users, their roles, and their API keys.

use axum::http::StatusCode;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::body::Fields;
use super::call::{Call, Caller, Reply, effect};
use super::cloud::{Organization, Project, new_id};
use super::cluster::{dublin_core, whole_millis};
use super::directory::{ADMIN, Key, MEMBER, PROJECT_ADMIN, PROJECT_MEMBER, Place, User};
use super::refusal::Refusal;
use crate::simulator::addresses::random_text;
use crate::simulator::answer::Answer;

/// Every role, and what it is called.
const ROLES: [(&str, &str); 4] = [
    (ADMIN, "Organization Admin"),
    (MEMBER, "Organization Member"),
    (PROJECT_ADMIN, "Project Admin"),
    (PROJECT_MEMBER, "Project Member"),
];

impl Call<'_> {
    pub(super) fn list_roles() -> Answer {
        Answer::shown(ROLES.iter().map(|(id, name)| json!({"id": id, "name": name})).collect())
    }

    /// Everybody who is in an organization of the user's.
    pub(super) fn list_users(&self) -> Answer {
        let visible = self.visible_organizations();
        let shared = |user: &&User| user.organization_roles.keys().any(|organization| visible.contains(organization));
        Answer::shown(self.cloud.directory.users.iter().filter(shared).map(User::describe).collect())
    }

    /// The vendor's command line fails on a user without a role, so that only those who have one are shown.
    pub(super) fn list_members(&mut self, place: Place, id: &str) -> Reply {
        self.check_place(place, id, false)?;
        let shown = |user: &User| {
            let role = place.roles_of(user).get(id)?;
            let mut shown = user.identity();
            shown[format!("{}_roles", place.word())] = json!([place.role(id, role)]);
            Some(shown)
        };
        Ok(Answer::shown(self.cloud.directory.users.iter().filter_map(shown).collect()))
    }

    /// Somebody who was not known before is invited.
    pub(super) fn add_member(&mut self, place: Place, id: &str) -> Reply {
        let (organization, created) = self.check_place(place, id, true)?;
        let fields = self.fields()?;
        let role = fields.required("role_fqn", Fields::text)?;
        if !place.roles().contains(&role.as_str()) {
            return Err(fields.wrong("role_fqn", format!("Must be one of: {}.", place.roles().join(", "))));
        }
        let user = self.known_or_new(&fields.required("user", Fields::text)?);
        let before = place.roles_of_mut(user).insert(id.to_owned(), role.clone());
        let uid = user.uid.clone();
        let mut answer = place.role(id, &role);
        answer["user_id"] = json!(uid);
        answer["added"] = json!(before.is_none());
        let status = if before.is_none() { StatusCode::CREATED } else { StatusCode::OK };
        let effect = effect("roleGranted", &organization, &uid, created, vec!["role_fqn"]);
        Ok(Answer::shown(answer).with_status(status).having(effect))
    }

    pub(super) fn remove_member(&mut self, place: Place, id: &str, user: &str) -> Reply {
        let (organization, created) = self.check_place(place, id, true)?;
        let member = self.cloud.directory.user(user);
        let removed = member.and_then(|user| place.roles_of_mut(user).remove(id));
        removed.ok_or_else(|| Refusal::not_found(format_args!("The user {user}")))?;
        let effect = effect("roleRevoked", &organization, user, created, Vec::new());
        Ok(Answer::empty(StatusCode::NO_CONTENT).having(effect))
    }

    pub(super) fn list_keys(&mut self) -> Reply {
        let user = self.user()?.uid.clone();
        let own = self.cloud.directory.keys.iter().filter(|key| key.user == user);
        Ok(Answer::shown(own.map(Key::describe).collect()))
    }

    /// The secret is shown this once.
    pub(super) fn create_key(&mut self) -> Reply {
        let user = self.user()?.uid.clone();
        let random = &mut self.environment.random;
        let (name, secret) = (random_text(random, 6).to_uppercase(), SecretString::from(random_text(random, 32)));
        let key = Key { name, secret, active: true, user, created: Some(self.now), last_used: None };
        let mut shown = key.describe();
        let secret = json!(key.secret.expose_secret());
        self.cloud.directory.keys.push(key);
        if self.settings().unknowns.new_key_is_flat {
            shown["secret"] = secret;
            return Ok(Answer::shown(shown));
        }
        Ok(Answer::shown(json!({"key": shown, "secret": secret, "success": true})))
    }

    pub(super) fn get_key(&mut self, name: &str) -> Reply {
        Ok(Answer::shown(self.own_key(name)?.describe()))
    }

    pub(super) fn change_key(&mut self, name: &str) -> Reply {
        let active = self.fields()?.boolean("active")?;
        let key = self.own_key(name)?;
        key.active = active.unwrap_or(key.active);
        Ok(Answer::shown(key.describe()))
    }

    pub(super) fn delete_key(&mut self, name: &str) -> Reply {
        self.own_key(name)?;
        self.cloud.directory.keys.retain(|key| key.name != name);
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    fn user(&self) -> Result<&User, Refusal> {
        match &self.caller {
            Caller::User(user) => Ok(user),
            Caller::Console => Err(Refusal::unauthenticated()),
        }
    }

    fn own_key(&mut self, name: &str) -> Result<&mut Key, Refusal> {
        let user = self.user()?.uid.clone();
        let own = self.cloud.directory.keys.iter_mut().find(|key| key.name == name && key.user == user);
        own.ok_or_else(|| Refusal::not_found(format_args!("The API key '{name}'")))
    }

    /// The organization of a place that the user sees, or administers, and when the place was made.
    fn check_place(&self, place: Place, id: &str, to_change: bool) -> Result<(String, Timestamp), Refusal> {
        let organization = |organization: &Organization| (organization.id.clone(), organization.created);
        let project = |project: &Project| (project.organization_id.clone(), project.created);
        match (place, to_change) {
            (Place::Organization, false) => self.organization(id).map(organization),
            (Place::Organization, true) => self.administered(id).map(organization),
            (Place::Project, false) => self.project(id).map(project),
            (Place::Project, true) => self.administered_project(id).map(project),
        }
    }

    /// The user that goes by this id or e-mail address.
    fn known_or_new(&mut self, id_or_email: &str) -> &mut User {
        let users = &mut self.cloud.directory.users;
        let known = users.iter().position(|user| user.uid == id_or_email || user.email == id_or_email);
        let index = known.unwrap_or_else(|| {
            let uid = new_id(&mut self.environment.random);
            users.push(User::new(uid, id_or_email));
            users.len() - 1
        });
        &mut users[index]
    }
}

impl Key {
    /// Without the secret.
    fn describe(&self) -> Value {
        let mut shown = json!({"key": self.name, "active": self.active, "user_id": self.user});
        if let Some(created) = self.created.or(self.last_used) {
            shown["dc"] = dublin_core(created, created);
        }
        if let Some(used) = self.last_used {
            shown["last_used"] = json!(whole_millis(used));
        }
        shown
    }
}

impl Place {
    fn word(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Project => "project",
        }
    }

    fn role(self, id: &str, role: &str) -> Value {
        json!({format!("{}_id", self.word()): id, "role_fqn": role})
    }
}

impl User {
    pub(super) fn describe(&self) -> Value {
        let mut shown = self.identity();
        for place in [Place::Organization, Place::Project] {
            let roles = place.roles_of(self).iter().map(|(id, role)| place.role(id, role));
            shown[format!("{}_roles", place.word())] = roles.collect();
        }
        shown
    }

    fn identity(&self) -> Value {
        json!({"uid": self.uid, "email": self.email, "name": self.name, "username": self.uid, "idp": "simulator"})
    }
}
