//! Finding clusters, and making new ones.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use secrecy::SecretString;
use serde_json::Value;

use super::body::Fields;
use super::call::{Call, Reply, effect_on};
use super::catalogue::{self, FREE_SUBSCRIPTION, Product};
use super::cloud::{Project, new_id};
use super::cluster::{Cluster, DOMAIN, Disk, PORT, Spec};
use super::operation::Change;
use super::refusal::Refusal;
use crate::api::identity::ClusterId;
use crate::simulator::answer::Answer;

const DISK_TYPES: [&str; 2] = ["standard", "premium"];
const RESERVED_USERS: [&str; 3] = ["system", "gc_admin", "crate"];

/// A new cluster, all of it checked.
pub(super) struct Blueprint {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) organization_id: String,
    pub(super) username: String,
    pub(super) password: SecretString,
    pub(super) spec: Spec,
}

impl Call<'_> {
    pub(super) fn list_clusters(&self) -> Answer {
        self.listed(None, None)
    }

    pub(super) fn list_clusters_of(&mut self, organization: &str) -> Reply {
        self.organization(organization)?;
        Ok(self.listed(Some(organization), None))
    }

    pub(super) fn list_clusters_in(&mut self, project: &str) -> Reply {
        self.project(project)?;
        Ok(self.listed(None, Some(project)))
    }

    pub(super) fn get_cluster(&mut self, id: &str) -> Reply {
        Ok(self.show(self.cluster(id)?))
    }

    /// Names are unique in all of the cloud, since they are host names.
    pub(super) fn check_name(&self, name: &str) -> Answer {
        let status = if check_name(name).is_err() {
            StatusCode::BAD_REQUEST
        } else if self.cloud.is_taken(name) {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        };
        Answer::empty(status)
    }

    pub(super) fn create_cluster(&mut self, organization: &str) -> Reply {
        self.administered(organization)?;
        let body = self.fields()?;
        let wanted = body.required("cluster", Fields::object)?;
        let product = product(&wanted)?;
        let name = self.free_name(&wanted)?;
        let channel = wanted.text("channel")?.unwrap_or_else(|| "stable".to_owned());
        let crate_version = self.offered_version(&wanted, &channel)?;
        let product_unit = wanted.integer("product_unit")?.unwrap_or_default();
        product.check_unit(product_unit).map_err(|wrong| wanted.wrong("product_unit", wrong))?;
        let (disk_size_per_node_bytes, disk_type) = hardware(&wanted, product)?;
        let (username, password) = (username(&wanted)?, password(&wanted, "password")?);
        let subscription_id = self.usable_subscription(&body, organization, product)?;
        self.check_room(organization, product, product_unit, disk_size_per_node_bytes)?;
        let Project { id: project_id, region, .. } = self.project_for(&body, organization)?;
        let spec = Spec {
            project_id,
            subscription_id,
            crate_version,
            channel,
            product_name: product.name.to_owned(),
            product_tier: catalogue::TIER.to_owned(),
            product_unit,
            disk_size_per_node_bytes,
            disk_type,
            ip_whitelist: Vec::new(),
            backup_schedule: default_schedule(product).to_owned(),
            suspended: false,
        };
        let organization_id = organization.to_owned();
        let id = self.insert(Blueprint { name, region, organization_id, username, password, spec })?;
        self.start(&id, Change::Create);
        let cluster = self.cluster(id.as_str())?;
        let effect = effect_on(cluster, "created", Vec::new());
        Ok(self.show(cluster).with_status(StatusCode::CREATED).having(effect))
    }

    /// Puts a new cluster into the world that does not exist in its region yet.
    pub(super) fn insert(&mut self, new: Blueprint) -> Result<ClusterId, Refusal> {
        let id = ClusterId::new(new_id(&mut self.environment.random));
        let address = format!("{}.{}{DOMAIN}:{PORT}", new.name, new.region);
        let internal = |error: std::io::Error| {
            let message = format!("A new cluster cannot be given an address: {error}");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        };
        let address = self.environment.addresses.allocate(vec![address]).map_err(internal)?.remove(0);
        self.cloud.clusters.push(Cluster {
            id: id.clone(),
            organization_id: new.organization_id,
            name: new.name,
            region: new.region,
            username: new.username,
            created: self.now,
            spec: new.spec,
            deletion_protected: false,
            exists: false,
            operations: Vec::new(),
            jobs: Vec::new(),
            gone: None,
            address,
            password: new.password,
            tables: BTreeSet::new(),
            disk: Disk { used_bytes_per_node: catalogue::GIB, shards: 0 },
            used: self.now,
            overlay: serde_json::Map::new(),
        });
        Ok(id)
    }

    fn listed(&self, of: Option<&str>, project: Option<&str>) -> Answer {
        let wanted = [
            ("subscription_id", self.parameter("subscription_id")),
            ("project_id", project.or(self.parameter("project_id"))),
            ("product_name", self.parameter("product_name")),
        ];
        let fits = |(organization, cluster): &(String, Value)| {
            of.is_none_or(|of| of == organization)
                && self.caller.sees(organization, cluster["project_id"].as_str().unwrap_or_default())
                && wanted.iter().all(|(field, value)| value.is_none_or(|value| cluster[*field] == value))
        };
        let clusters = self.clusters_or_stale().into_iter().filter(fits);
        Answer::shown(clusters.map(|(_, cluster)| cluster).collect())
    }

    /// All clusters as lists show them, each with its organization.
    pub(super) fn clusters_or_stale(&self) -> Vec<(String, Value)> {
        match &self.cloud.stale {
            Some(stale) if stale.until.is_none_or(|until| self.now < until) => stale.clusters.clone(),
            _ => self.cloud.all_clusters(self.settings(), self.now),
        }
    }

    fn free_name(&self, wanted: &Fields) -> Result<String, Refusal> {
        let name = wanted.required("name", Fields::text)?;
        check_name(&name).map_err(|wrong| wanted.wrong("name", wrong))?;
        if self.cloud.is_taken(&name) {
            let message = format!("The cluster name '{name}' is already taken.");
            return Err(Refusal {
                status: self.settings().unknowns.name_taken_status.0,
                ..wanted.wrong("name", message)
            });
        }
        Ok(name)
    }

    fn offered_version(&self, wanted: &Fields, channel: &str) -> Result<String, Refusal> {
        let version = wanted.required("crate_version", Fields::text)?;
        let offered = self.settings().versions.channel(channel);
        let offered = offered.ok_or_else(|| wanted.wrong("channel", format!("There is no channel '{channel}'.")))?;
        if offered.contains(&version) {
            return Ok(version);
        }
        let message = format!(
            "The version {version} is not offered in the channel {channel}. Available: {}.",
            offered.join(", ")
        );
        Err(wanted.wrong("crate_version", message))
    }

    fn usable_subscription(&self, body: &Fields, organization: &str, product: &Product) -> Result<String, Refusal> {
        let id = body.required("subscription_id", Fields::text)?;
        let is_free = id == FREE_SUBSCRIPTION;
        if is_free != product.is_free() {
            let message = format!("The free tier and the product {} do not go together.", product.name);
            return Err(body.wrong("subscription_id", message));
        }
        let mut known = self.cloud.subscriptions.iter();
        match known.find(|subscription| subscription.id == id && subscription.organization_id == organization) {
            _ if is_free => Ok(id),
            None => Err(body.wrong("subscription_id", format!("The subscription {id} does not exist."))),
            Some(subscription) if !subscription.active => {
                Err(body.wrong("subscription_id", format!("The subscription {id} is not active.")))
            }
            Some(_) => Ok(id),
        }
    }

    /// Whether the organization may have one more cluster like this.
    fn check_room(&self, organization: &str, product: &Product, unit: i64, bytes_per_node: i64) -> Result<(), Refusal> {
        let there = self.cloud.clusters.iter().filter(|cluster| cluster.organization_id == organization).count();
        match self.settings().max_clusters_per_organization {
            Some(limit) if there >= limit => {
                let message = format!("The organization has reached its quota of {limit} clusters.");
                Err(Refusal::new(self.settings().unknowns.quota_status.0, message))
            }
            _ => self.check_budget(organization, catalogue::monthly(product, unit, bytes_per_node), None),
        }
    }
}

/// What a cluster's name must keep to.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let begins_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    if !(3..=63).contains(&name.len()) {
        Err("Length must be between 3 and 63.")
    } else if !name.bytes().all(legal) || !begins_well || name.ends_with('-') {
        Err("Must consist of lowercase letters, digits and hyphens, begin with a letter and not end with a hyphen.")
    } else {
        Ok(())
    }
}

fn product(wanted: &Fields) -> Result<&'static Product, Refusal> {
    let name = wanted.required("product_name", Fields::text)?;
    let tier = wanted.required("product_tier", Fields::text)?;
    let unknown = || wanted.wrong("product_name", format!("There is no product '{name}' of the tier '{tier}'."));
    catalogue::product(&name, &tier).ok_or_else(unknown)
}

/// Bytes and type of a node's disk.
fn hardware(wanted: &Fields, product: &Product) -> Result<(i64, String), Refusal> {
    let standard = DISK_TYPES[0].to_owned();
    let Some(specs) = wanted.object("hardware_specs")? else { return Ok((product.smallest_storage(), standard)) };
    let bytes = specs.integer("disk_size_per_node_bytes")?.unwrap_or_else(|| product.smallest_storage());
    product.check_storage(bytes).map_err(|wrong| specs.wrong("disk_size_per_node_bytes", wrong))?;
    let disk_type = specs.text("disk_type")?.unwrap_or(standard);
    if !DISK_TYPES.contains(&disk_type.as_str()) {
        return Err(specs.wrong("disk_type", format!("Must be one of: {}.", DISK_TYPES.join(", "))));
    }
    Ok((bytes, disk_type))
}

fn username(wanted: &Fields) -> Result<String, Refusal> {
    let username = wanted.required("username", Fields::text)?;
    if username.is_empty() || RESERVED_USERS.contains(&username.as_str()) {
        return Err(wanted.wrong("username", format!("The username '{username}' is reserved.")));
    }
    Ok(username)
}

/// A password of the documented length. What is wrong with it never repeats it.
pub(super) fn password(fields: &Fields, name: &str) -> Result<SecretString, Refusal> {
    let password = fields.required(name, Fields::text)?;
    if (24..=128).contains(&password.chars().count()) {
        Ok(password.into())
    } else {
        Err(fields.wrong(name, "Length must be between 24 and 128."))
    }
}

/// Dedicated clusters are backed up every hour, shared ones every day.
pub(super) fn default_schedule(product: &Product) -> &'static str {
    if product.is_dedicated() { "55 * * * *" } else { "55 2 * * *" }
}
