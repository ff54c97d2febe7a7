//! Folders of clusters. Their names need not be unique.

use axum::http::StatusCode;

use super::body::Fields;
use super::call::{Call, Caller, Reply, effect};
use super::catalogue;
use super::cloud::{Project, new_id};
use super::directory::PROJECT_ADMIN;
use super::refusal::Refusal;
use crate::simulator::answer::Answer;

impl Call<'_> {
    pub(super) fn list_projects(&self) -> Answer {
        let seen = |project: &&Project| self.caller.sees(&project.organization_id, &project.id);
        Answer::shown(self.cloud.projects.iter().filter(seen).map(Project::describe).collect())
    }

    pub(super) fn list_projects_of(&mut self, organization: &str) -> Reply {
        self.organization(organization)?;
        let seen =
            |project: &&Project| project.organization_id == organization && self.caller.sees(organization, &project.id);
        Ok(Answer::shown(self.cloud.projects.iter().filter(seen).map(Project::describe).collect()))
    }

    pub(super) fn get_project(&mut self, id: &str) -> Reply {
        Ok(Answer::shown(self.project(id)?.describe()))
    }

    pub(super) fn create_project(&mut self) -> Reply {
        let fields = self.fields()?;
        let organization = fields.required("organization_id", Fields::text)?;
        self.administered(&organization)?;
        let project = self.new_project(&fields, &organization)?;
        let effect = effect("projectCreated", &organization, &project.id, project.created, Vec::new());
        Ok(Answer::shown(project.describe()).with_status(StatusCode::CREATED).having(effect))
    }

    pub(super) fn rename_project(&mut self, id: &str) -> Reply {
        self.administered_project(id)?;
        let name = project_name(&self.fields()?)?;
        if let Some(project) = self.cloud.projects.iter_mut().find(|project| project.id == id) {
            project.name = name;
        }
        let project = self.project(id)?;
        let effect = effect("projectRenamed", &project.organization_id, id, project.created, vec!["name"]);
        Ok(Answer::shown(project.describe()).having(effect))
    }

    pub(super) fn delete_project(&mut self, id: &str) -> Reply {
        let project = self.administered_project(id)?;
        if self.cloud.clusters.iter().any(|cluster| cluster.spec.project_id == id) {
            return Err(Refusal::forbidden("The project has clusters and cannot be deleted."));
        }
        let effect = effect("projectDeleted", &project.organization_id, id, project.created, Vec::new());
        self.cloud.projects.retain(|project| project.id != id);
        Ok(Answer::empty(StatusCode::NO_CONTENT).having(effect))
    }

    /// The project of a new cluster: the one whose id the body gives, or a new one as the body describes it.
    pub(super) fn project_for(&mut self, body: &Fields, organization: &str) -> Result<Project, Refusal> {
        if let Some(id) = body.text("project_id")? {
            let mut known = self.cloud.projects.iter();
            let project = known.find(|project| project.id == id && project.organization_id == organization);
            return project
                .cloned()
                .ok_or_else(|| body.wrong("project_id", format!("The project {id} does not exist.")));
        }
        let Some(described) = body.object("project")? else {
            return Err(body.wrong("project_id", "Either project_id or project is required."));
        };
        self.new_project(&described, organization)
    }

    /// The vendor's command line says `_any_` where it is not told a region.
    fn default_region(&self) -> String {
        self.region.filter(|region| *region != "_any_").unwrap_or(catalogue::REGIONS[0].0).to_owned()
    }

    /// A new project; whoever makes it administers it.
    fn new_project(&mut self, fields: &Fields, organization: &str) -> Result<Project, Refusal> {
        let name = project_name(fields)?;
        let region = fields.text("region")?.unwrap_or_else(|| self.default_region());
        if !catalogue::is_region(&region) {
            let offered: Vec<&str> = catalogue::REGIONS.iter().map(|(name, _)| *name).collect();
            let message = format!("There is no region '{region}'. Available: {}.", offered.join(", "));
            return Err(fields.wrong("region", message));
        }
        let id = new_id(&mut self.environment.random);
        let project = Project { id, name, organization_id: organization.to_owned(), region, created: self.now };
        if let Caller::User(user) = &self.caller
            && let Some(user) = self.cloud.directory.user(&user.uid)
        {
            user.project_roles.insert(project.id.clone(), PROJECT_ADMIN.to_owned());
        }
        self.cloud.projects.push(project.clone());
        Ok(project)
    }
}

/// Letters, digits, underscores, hyphens and spaces; the first is neither hyphen nor space.
fn project_name(fields: &Fields) -> Result<String, Refusal> {
    let name = fields.required("name", Fields::text)?;
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let legal = name.chars().all(|letter| word(letter) || letter == '-' || letter == ' ') && name.starts_with(word);
    if legal && name.chars().count() <= 512 {
        return Ok(name);
    }
    Err(fields.wrong("name", "String does not match expected pattern."))
}
