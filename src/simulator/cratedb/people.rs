//! Users, their roles, and their API keys.

use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::body::Fields;
use super::call::{Call, Caller, Reply, effect};
use super::cloud::new_id;
use super::cluster::{dublin_core, whole_millis};
use super::directory::{ADMIN, Key, MEMBER, PROJECT_ADMIN, PROJECT_MEMBER, User};
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

    pub(super) fn list_members(&mut self, organization: &str) -> Reply {
        self.organization(organization)?;
        let member = |user: &&User| user.organization_roles.contains_key(organization);
        let own_role =
            |user: &User| user.with_role("organization", organization, &user.organization_roles[organization]);
        Ok(Answer::shown(self.cloud.directory.users.iter().filter(member).map(own_role).collect()))
    }

    pub(super) fn list_project_members(&mut self, project: &str) -> Reply {
        self.project(project)?;
        let member = |user: &&User| user.project_roles.contains_key(project);
        let own_role = |user: &User| user.with_role("project", project, &user.project_roles[project]);
        Ok(Answer::shown(self.cloud.directory.users.iter().filter(member).map(own_role).collect()))
    }

    /// Somebody who was not known before is invited.
    pub(super) fn add_member(&mut self, organization: &str) -> Reply {
        let created = self.administered(organization)?.created;
        let (user, role) = self.granted(&[ADMIN, MEMBER])?;
        let id = self.known_or_new(&user);
        let roles = self.cloud.directory.user(&id).map(|user| &mut user.organization_roles);
        let before = roles.and_then(|roles| roles.insert(organization.to_owned(), role.clone()));
        let answer =
            json!({"organization_id": organization, "role_fqn": role, "user_id": id, "added": before.is_none()});
        Ok(granted(answer, before.is_none()).having(effect(
            "roleGranted",
            organization,
            &id,
            created,
            vec!["role_fqn"],
        )))
    }

    pub(super) fn add_project_member(&mut self, project: &str) -> Reply {
        let (organization, created) = {
            let project = self.administered_project(project)?;
            (project.organization_id.clone(), project.created)
        };
        let (user, role) = self.granted(&[PROJECT_ADMIN, PROJECT_MEMBER])?;
        let id = self.known_or_new(&user);
        let roles = self.cloud.directory.user(&id).map(|user| &mut user.project_roles);
        let before = roles.and_then(|roles| roles.insert(project.to_owned(), role.clone()));
        let answer = json!({"project_id": project, "role_fqn": role, "user_id": id, "added": before.is_none()});
        Ok(granted(answer, before.is_none()).having(effect(
            "roleGranted",
            &organization,
            &id,
            created,
            vec!["role_fqn"],
        )))
    }

    pub(super) fn remove_member(&mut self, organization: &str, user: &str) -> Reply {
        let created = self.administered(organization)?.created;
        let member = self.cloud.directory.user(user);
        member.and_then(|user| user.organization_roles.remove(organization)).ok_or_else(|| no_member(user))?;
        let effect = effect("roleRevoked", organization, user, created, Vec::new());
        Ok(Answer::empty(StatusCode::NO_CONTENT).having(effect))
    }

    pub(super) fn remove_project_member(&mut self, project: &str, user: &str) -> Reply {
        let (organization, created) = {
            let project = self.administered_project(project)?;
            (project.organization_id.clone(), project.created)
        };
        let member = self.cloud.directory.user(user);
        member.and_then(|user| user.project_roles.remove(project)).ok_or_else(|| no_member(user))?;
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

    /// Whom the body gives a role, and which of these.
    fn granted(&self, roles: &[&str]) -> Result<(String, String), Refusal> {
        let fields = self.fields()?;
        let role = fields.required("role_fqn", Fields::text)?;
        if !roles.contains(&role.as_str()) {
            return Err(fields.wrong("role_fqn", format!("Must be one of: {}.", roles.join(", "))));
        }
        Ok((fields.required("user", Fields::text)?, role))
    }

    /// The id of the user that goes by this id or e-mail address.
    fn known_or_new(&mut self, id_or_email: &str) -> String {
        if let Some(user) = self.cloud.directory.user(id_or_email) {
            return user.uid.clone();
        }
        let uid = new_id(&mut self.environment.random);
        let name = id_or_email.split('@').next().unwrap_or_default().replace('.', " ");
        self.cloud.directory.users.push(User {
            uid: uid.clone(),
            email: id_or_email.to_owned(),
            name,
            organization_roles: std::collections::BTreeMap::new(),
            project_roles: std::collections::BTreeMap::new(),
        });
        uid
    }
}

fn granted(answer: Value, new: bool) -> Answer {
    Answer::shown(answer).with_status(if new { StatusCode::CREATED } else { StatusCode::OK })
}

fn no_member(user: &str) -> Refusal {
    Refusal::not_found(format_args!("The user {user}"))
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

impl User {
    pub(super) fn describe(&self) -> Value {
        let in_organization = |(id, role): (&String, &String)| json!({"organization_id": id, "role_fqn": role});
        let in_project = |(id, role): (&String, &String)| json!({"project_id": id, "role_fqn": role});
        let mut shown = self.identity();
        shown["organization_roles"] = self.organization_roles.iter().map(in_organization).collect();
        shown["project_roles"] = self.project_roles.iter().map(in_project).collect();
        shown
    }

    /// The user with one role in one place only: the vendor's command line fails where there is none.
    fn with_role(&self, place: &str, id: &str, role: &str) -> Value {
        let mut shown = self.identity();
        shown[format!("{place}_roles")] = json!([{format!("{place}_id"): id, "role_fqn": role}]);
        shown
    }

    fn identity(&self) -> Value {
        json!({"uid": self.uid, "email": self.email, "name": self.name, "username": self.uid, "idp": "simulator"})
    }
}
