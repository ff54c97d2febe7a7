//! Organizations themselves: making, changing and deleting them, and what they are told about themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::Fields;
use super::call::{Call, Caller, Reply, effect};
use super::catalogue;
use super::cloud::{Cloud, Organization, new_id};
use super::cluster::{Cluster, Spec, dublin_core, whole_millis};
use super::directory::ADMIN;
use super::refusal::Refusal;
use crate::simulator::answer::Answer;
use crate::simulator::requests::Effect;

/// So many events of an audit log are shown at once, and so many are kept.
const PAGE: usize = 100;
const KEPT: usize = 10_000;

/// One entry of an organization's audit log.
pub(super) struct AuditEvent {
    id: String,
    organization_id: String,
    created: Timestamp,
    action: &'static str,
    /// Id, e-mail address and name.
    actor: [String; 3],
    /// What was changed.
    subject: String,
}

impl Call<'_> {
    pub(super) fn list_organizations(&self) -> Answer {
        let visible = self.visible_organizations();
        let organizations = self.cloud.organizations.values().filter(|organization| visible.contains(&organization.id));
        Answer::shown(organizations.map(|organization| self.describe(organization)).collect())
    }

    pub(super) fn get_organization(&mut self, id: &str) -> Reply {
        Ok(Answer::shown(self.describe(self.organization(id)?)))
    }

    /// Whoever makes an organization administers it.
    pub(super) fn create_organization(&mut self) -> Reply {
        let fields = self.fields()?;
        let name = fields.required("name", Fields::text)?;
        let id = new_id(&mut self.environment.random);
        let organization = Organization {
            id: id.clone(),
            name,
            plan_type: plan_type(&fields)?.unwrap_or(3),
            created: self.now,
            monthly_budget: None,
        };
        if let Caller::User(user) = &mut self.caller {
            user.organization_roles.insert(id.clone(), ADMIN.to_owned());
            if let Some(known) = self.cloud.directory.user(&user.uid) {
                known.organization_roles.insert(id.clone(), ADMIN.to_owned());
            }
        }
        self.cloud.organizations.insert(id.clone(), organization);
        let effect = effect("organizationCreated", &id, &id, self.now, Vec::new());
        Ok(Answer::shown(self.describe(self.organization(&id)?)).with_status(StatusCode::CREATED).having(effect))
    }

    pub(super) fn edit_organization(&mut self, id: &str) -> Reply {
        let created = self.administered(id)?.created;
        let fields = self.fields()?;
        let (name, plan_type) = (fields.text("name")?, plan_type(&fields)?);
        if let Some(organization) = self.cloud.organizations.get_mut(id) {
            organization.name = name.unwrap_or_else(|| organization.name.clone());
            organization.plan_type = plan_type.unwrap_or(organization.plan_type);
        }
        let effect = effect("organizationChanged", id, id, created, Vec::new());
        Ok(Answer::shown(self.describe(self.organization(id)?)).having(effect))
    }

    pub(super) fn delete_organization(&mut self, id: &str) -> Reply {
        let created = self.administered(id)?.created;
        if self.cloud.projects.iter().any(|project| project.organization_id == id) {
            return Err(Refusal::forbidden("The organization has projects and cannot be deleted."));
        }
        self.cloud.organizations.remove(id);
        self.cloud.subscriptions.retain(|subscription| subscription.organization_id != id);
        for user in &mut self.cloud.directory.users {
            user.organization_roles.remove(id);
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT).having(effect("organizationDeleted", id, id, created, Vec::new())))
    }

    /// What the clusters of today cost, as if they had been there since the month began.
    pub(super) fn consumption(&mut self, id: &str) -> Reply {
        self.organization(id)?;
        let mut compute: BTreeMap<&str, f64> = BTreeMap::new();
        let mut storage = 0.0;
        for cluster in self.cloud.clusters.iter().filter(|cluster| cluster.organization_id == id) {
            let Spec { product_unit, disk_size_per_node_bytes: bytes, .. } = cluster.spec;
            let Some(product) = cluster.product() else { continue };
            let (nodes, disks) = catalogue::hourly(product, product_unit, bytes);
            *compute.entry(product.name).or_default() += nodes;
            storage += disks;
        }
        let days = i32::from(jiff::tz::TimeZone::UTC.to_datetime(self.now).day());
        let (hours, minutes) = (f64::from(days) * 24.0, days * 24 * 60);
        let spent = |hourly: f64| {
            let cost = hourly * hours;
            json!({"cost": cost, "credits": 0.0, "dtuhours": hours, "minutes": minutes, "total": cost})
        };
        let per_product: Value =
            compute.iter().map(|(name, hourly)| json!({"product_name": name, "consumption": spent(*hourly)})).collect();
        let hourly: f64 = compute.values().sum();
        let cost = |factor: f64| json!({"compute": hourly * factor, "storage": storage * factor});
        Ok(Answer::shown(json!({
            "compute_consumption_this_month": per_product, "storage_consumption_this_month": spent(storage),
            "current_cost": {"hourly": cost(1.0), "monthly": cost(catalogue::HOURS_PER_MONTH)},
        })))
    }

    /// The only request that the vendor documents a limit for: one a minute.
    pub(super) fn prometheus(&mut self, id: &str) -> Reply {
        self.organization(id)?;
        if self.cloud.scrapes.entry(id.to_owned()).or_default().count(Some(1), self.now).is_some() {
            return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests."));
        }
        let own: Vec<&Cluster> = self.cloud.clusters.iter().filter(|cluster| cluster.organization_id == id).collect();
        if own.is_empty() {
            return Ok(Answer::empty(StatusCode::NO_CONTENT));
        }
        let mut text = "# TYPE crate_cluster_up gauge\n".to_owned();
        for cluster in own {
            let up = i32::from(cluster.serving(&self.settings().unknowns, self.now));
            // Writing to a string does not fail.
            writeln!(text, "crate_cluster_up{{cluster_id=\"{}\",cluster_name=\"{}\"}} {up}", cluster.id, cluster.name)
                .ok();
        }
        Ok(Answer::text(text))
    }

    /// Newest first; `last` is the id of the oldest event that was shown before.
    pub(super) fn audit_log(&mut self, id: &str) -> Reply {
        self.administered(id)?;
        let (from, to) = (self.moment("from")?, self.moment("to")?);
        let (action, cluster, last) = (self.parameter("action"), self.parameter("cluster_id"), self.parameter("last"));
        let mut events = self.cloud.audit.iter().rev().filter(|event| event.organization_id == id);
        if let Some(last) = last {
            events.find(|event| event.id == last);
        }
        let wanted = events.filter(|event| {
            from.is_none_or(|from| from <= event.created)
                && to.is_none_or(|to| event.created <= to)
                && action.is_none_or(|action| event.action == action)
                && cluster.is_none_or(|cluster| event.subject == cluster)
        });
        Ok(Answer::shown(wanted.take(PAGE).map(AuditEvent::describe).collect()))
    }

    /// Notes in the audit log what the call has changed.
    pub(super) fn audit(&mut self, effect: &Effect) {
        let Caller::User(user) = &self.caller else { return };
        let Some((organization, subject)) = effect.cluster.split_once('/') else { return };
        let event = AuditEvent {
            id: new_id(&mut self.environment.random),
            organization_id: organization.to_owned(),
            created: self.now,
            action: effect.action,
            actor: [user.uid.clone(), user.email.clone(), user.name.clone()],
            subject: subject.to_owned(),
        };
        self.cloud.note(event);
    }

    fn describe(&self, organization: &Organization) -> Value {
        let role = match &self.caller {
            Caller::Console => Some(ADMIN.to_owned()),
            Caller::User(user) => user.organization_roles.get(&organization.id).cloned(),
        };
        let projects = self.cloud.projects.iter().filter(|project| project.organization_id == organization.id).count();
        let mut described = json!({
            "id": organization.id, "name": organization.name, "plan_type": organization.plan_type,
            "email": "billing@example.com", "notifications_enabled": true, "project_count": projects,
            "dc": dublin_core(organization.created, organization.created),
        });
        if let Some(role) = role {
            described["role_fqn"] = json!(role);
        }
        described
    }
}

impl Cloud {
    fn note(&mut self, event: AuditEvent) {
        if self.audit.len() == KEPT {
            self.audit.pop_front();
        }
        self.audit.push_back(event);
    }
}

impl AuditEvent {
    fn describe(&self) -> Value {
        let [id, email, name] = &self.actor;
        json!({
            "id": self.id, "action": self.action, "created": whole_millis(self.created),
            "context": {"id": self.subject}, "actor": {"id": id, "email": email, "name": name, "username": id},
        })
    }
}

fn plan_type(fields: &Fields) -> Result<Option<i64>, Refusal> {
    let plan_type = fields.integer("plan_type")?;
    if plan_type.is_some_and(|plan_type| !(1..=6).contains(&plan_type)) {
        return Err(fields.wrong("plan_type", "Must be one of: 1, 2, 3, 4, 5, 6."));
    }
    Ok(plan_type)
}
