//! One call of the API: who asks, when, and what that user may see and do.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use jiff::Timestamp;

use super::body::Fields;
use super::cloud::{Cloud, Organization, Project};
use super::cluster::Cluster;
use super::directory::{ADMIN, PROJECT_ADMIN, User};
use super::refusal::Refusal;
use super::settings::Settings;
use crate::simulator::Environment;
use crate::simulator::answer::Answer;
use crate::simulator::requests::Effect;

pub(super) type Reply = Result<Answer, Refusal>;

/// One call, under the world's lock.
pub(super) struct Call<'w> {
    pub(super) cloud: &'w mut Cloud,
    pub(super) environment: &'w mut Environment,
    pub(super) caller: Caller,
    pub(super) now: Timestamp,
    /// The region that the vendor's command line names in a header.
    pub(super) region: Option<&'w str>,
    pub(super) query: &'w [(String, String)],
    pub(super) body: &'w [u8],
}

/// Who asks.
pub(super) enum Caller {
    /// A person at the console of the simulator, who may do everything.
    Console,
    User(User),
}

/// What a change of a cluster takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    OrganizationAdmin,
    /// Of the organization or of the cluster's project.
    ProjectAdmin,
}

impl Caller {
    pub(super) fn administers(&self, organization: &str) -> bool {
        match self {
            Self::Console => true,
            Self::User(user) => user.organization_roles.get(organization).is_some_and(|role| role == ADMIN),
        }
    }

    pub(super) fn administers_project(&self, organization: &str, project: &str) -> bool {
        let role = match self {
            Self::Console => None,
            Self::User(user) => user.project_roles.get(project),
        };
        self.administers(organization) || role.is_some_and(|role| role == PROJECT_ADMIN)
    }

    /// Whether what is in a project can be seen.
    pub(super) fn sees(&self, organization: &str, project: &str) -> bool {
        self.belongs_to(organization) || matches!(self, Self::User(user) if user.project_roles.contains_key(project))
    }

    fn belongs_to(&self, organization: &str) -> bool {
        match self {
            Self::Console => true,
            Self::User(user) => user.organization_roles.contains_key(organization),
        }
    }
}

impl Call<'_> {
    pub(super) fn settings(&self) -> &Settings {
        &self.environment.settings.cratedb
    }

    pub(super) fn fields(&self) -> Result<Fields, Refusal> {
        Fields::parse(self.body)
    }

    /// The first value of a query parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The organizations that the user sees something of, be it only a project.
    pub(super) fn visible_organizations(&self) -> BTreeSet<String> {
        let seen = |project: &&Project| self.caller.sees(&project.organization_id, &project.id);
        let by_project = self.cloud.projects.iter().filter(seen).map(|project| &project.organization_id);
        let own = self.cloud.organizations.keys().filter(|id| self.caller.belongs_to(id));
        own.chain(by_project).cloned().collect()
    }

    pub(super) fn organization(&self, id: &str) -> Result<&Organization, Refusal> {
        let what = format!("The organization {id}");
        let organization = self.cloud.organizations.get(id).ok_or_else(|| Refusal::not_found(&what))?;
        if self.visible_organizations().contains(id) { Ok(organization) } else { Err(self.foreign(&what)) }
    }

    /// The same for somebody who administers it.
    pub(super) fn administered(&self, id: &str) -> Result<&Organization, Refusal> {
        let organization = self.organization(id)?;
        if self.caller.administers(id) { Ok(organization) } else { Err(denied("an organization admin")) }
    }

    pub(super) fn project(&self, id: &str) -> Result<&Project, Refusal> {
        let what = format!("The project {id}");
        let mut known = self.cloud.projects.iter();
        let project = known.find(|project| project.id == id).ok_or_else(|| Refusal::not_found(&what))?;
        if self.caller.sees(&project.organization_id, id) { Ok(project) } else { Err(self.foreign(&what)) }
    }

    /// The same for somebody who administers it, or its organization.
    pub(super) fn administered_project(&self, id: &str) -> Result<&Project, Refusal> {
        let project = self.project(id)?;
        if self.caller.administers_project(&project.organization_id, id) {
            Ok(project)
        } else {
            Err(denied("an organization admin or project admin"))
        }
    }

    pub(super) fn cluster(&self, id: &str) -> Result<&Cluster, Refusal> {
        let what = format!("The cluster {id}");
        let mut known = self.cloud.clusters.iter();
        let cluster = known.find(|cluster| cluster.id.as_str() == id).ok_or_else(|| Refusal::not_found(&what))?;
        let seen = self.caller.sees(&cluster.organization_id, &cluster.spec.project_id);
        if seen { Ok(cluster) } else { Err(self.foreign(&what)) }
    }

    /// The same for somebody with this right.
    pub(super) fn cluster_with(&self, id: &str, right: Right) -> Result<&Cluster, Refusal> {
        let cluster = self.cluster(id)?;
        let (organization, project) = (&cluster.organization_id, &cluster.spec.project_id);
        match right {
            Right::OrganizationAdmin if self.caller.administers(organization) => Ok(cluster),
            Right::ProjectAdmin if self.caller.administers_project(organization, project) => Ok(cluster),
            Right::OrganizationAdmin => Err(denied("an organization admin")),
            Right::ProjectAdmin => Err(denied("an organization admin or project admin")),
        }
    }

    pub(super) fn show(&self, cluster: &Cluster) -> Answer {
        Answer::shown(cluster.answer(&self.settings().unknowns, self.now))
    }

    /// What is said about something that exists and is not the user's.
    fn foreign(&self, what: &str) -> Refusal {
        match self.settings().unknowns.foreign_status.0 {
            StatusCode::NOT_FOUND => Refusal::not_found(what),
            status => Refusal::new(status, "Permission denied for user."),
        }
    }
}

fn denied(needed: &str) -> Refusal {
    Refusal::forbidden(format!("Permission denied for user. This needs {needed}."))
}

/// What the log tells of a change to something in an organization.
pub(super) fn effect(
    action: &'static str,
    organization: &str,
    id: &str,
    created: Timestamp,
    fields: Vec<&'static str>,
) -> Effect {
    let created_at = super::cluster::created_at(created).epoch_millis();
    Effect { action, cluster: format!("{organization}/{id}"), created_at, fields }
}

/// The same for a cluster.
pub(super) fn effect_on(cluster: &Cluster, action: &'static str, fields: Vec<&'static str>) -> Effect {
    effect(action, &cluster.organization_id, cluster.id.as_str(), cluster.created, fields)
}
