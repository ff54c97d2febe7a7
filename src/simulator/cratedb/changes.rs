//! What the cloud's API changes of clusters. All but the deletion protection takes an operation.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::body::Fields;
use super::call::{Call, Caller, Reply, Right, effect_on};
use super::catalogue::{self, Product};
use super::cloud::new_id;
use super::cluster::{Cluster, Spec};
use super::clusters::password;
use super::operation::{Change, Fails, Operation};
use super::refusal::Refusal;
use super::unknowns::Unknowns;
use super::versions;
use crate::api::identity::ClusterId;
use crate::clock::later;
use crate::cloud::cratedb::wire::AllowedCidr;
use crate::simulator::answer::Answer;

const BUSY: &str = "Another cluster operation is currently in progress, please try again later.";

impl Call<'_> {
    pub(super) fn scale(&mut self, id: &str) -> Reply {
        let cluster = self.changeable(id, Right::ProjectAdmin)?;
        let fields = self.fields()?;
        let to = fields.required("product_unit", Fields::integer)?;
        let Spec { product_unit: from, disk_size_per_node_bytes: bytes, .. } = cluster.spec;
        let product = paid_product(cluster)?;
        product.check_unit(to).map_err(|wrong| fields.wrong("product_unit", wrong))?;
        if from == to {
            return Err(fields.wrong("product_unit", format!("The cluster has {} node(s) already.", from + 1)));
        }
        self.check_budget(&cluster.organization_id, catalogue::monthly(product, to, bytes), Some(id))?;
        self.begin(id, Change::Scale { from, to }, "scaled", vec!["product_unit"])
    }

    pub(super) fn change_product(&mut self, id: &str) -> Reply {
        let cluster = self.changeable(id, Right::ProjectAdmin)?;
        let fields = self.fields()?;
        let to = fields.required("product_name", Fields::text)?;
        let Some(product) = Self::alternatives(cluster)?.into_iter().find(|product| product.name == to) else {
            return Err(fields.wrong("product_name", format!("The cluster cannot be changed to the product '{to}'.")));
        };
        let Spec { product_unit, disk_size_per_node_bytes: bytes, .. } = cluster.spec;
        self.check_budget(&cluster.organization_id, catalogue::monthly(product, product_unit, bytes), Some(id))?;
        self.begin(id, Change::Product { to }, "productChanged", vec!["product_name"])
    }

    pub(super) fn expand_storage(&mut self, id: &str) -> Reply {
        const FIELD: &str = "disk_size_per_node_bytes";
        let cluster = self.changeable(id, Right::OrganizationAdmin)?;
        let fields = self.fields()?;
        let to = fields.required(FIELD, Fields::integer)?;
        let Spec { product_unit, disk_size_per_node_bytes: from, .. } = cluster.spec;
        let product = paid_product(cluster)?;
        product.check_storage(to).map_err(|wrong| fields.wrong(FIELD, wrong))?;
        if to <= from {
            let message = format!("Storage can only be expanded: each node has {} GiB already.", from / catalogue::GIB);
            return Err(fields.wrong(FIELD, message));
        }
        self.check_budget(&cluster.organization_id, catalogue::monthly(product, product_unit, to), Some(id))?;
        self.begin(id, Change::Storage { from, to }, "storageExpanded", vec![FIELD])
    }

    pub(super) fn upgrade(&mut self, id: &str) -> Reply {
        let cluster = self.changeable(id, Right::ProjectAdmin)?;
        let fields = self.fields()?;
        let to = fields.required("crate_version", Fields::text)?;
        let from = cluster.spec.crate_version.clone();
        let offered = self.settings().versions.channel(&cluster.spec.channel).unwrap_or_default();
        if let Some(obstacle) = versions::obstacle(&from, &to, offered) {
            return Err(fields.wrong("crate_version", obstacle));
        }
        self.begin(id, Change::Upgrade { from, to }, "upgraded", vec!["crate_version"])
    }

    /// A free cluster, which the cloud has suspended because nobody used it, is resumed in the console only.
    pub(super) fn suspend(&mut self, id: &str) -> Reply {
        let cluster = self.idle(id, Right::OrganizationAdmin)?;
        let to = self.fields()?.required("suspended", Fields::boolean)?;
        let by_hand = matches!(self.caller, Caller::Console);
        if !by_hand && !cluster.product().is_some_and(Product::is_dedicated) {
            let message = format!("A cluster of the product {} cannot be suspended.", cluster.spec.product_name);
            return Err(Refusal::invalid(message));
        }
        if cluster.spec.suspended == to {
            let word = if to { "suspended" } else { "running" };
            return Err(Refusal::invalid(format!("The cluster is {word} already.")));
        }
        if let Some(cluster) = self.cloud.cluster_mut(id) {
            cluster.used = self.now;
        }
        self.begin(id, Change::Suspend { to }, if to { "suspended" } else { "resumed" }, vec!["suspended"])
    }

    pub(super) fn protect(&mut self, id: &str) -> Reply {
        self.cluster_with(id, Right::OrganizationAdmin)?;
        let to = self.fields()?.required("deletion_protected", Fields::boolean)?;
        let before = self.show(self.cluster(id)?);
        if let Some(cluster) = self.cloud.cluster_mut(id) {
            cluster.deletion_protected = to;
        }
        let cluster = self.cluster(id)?;
        let action = if to { "deletionProtected" } else { "deletionUnprotected" };
        let effect = effect_on(cluster, action, vec!["deletion_protected"]);
        let after = self.show(cluster);
        Ok(if self.settings().unknowns.protection_shows_at_once { after } else { before }.having(effect))
    }

    pub(super) fn restrict(&mut self, id: &str) -> Reply {
        let cluster = self.changeable(id, Right::OrganizationAdmin)?;
        let fields = self.fields()?;
        let entries = fields.required("ip_whitelist", Fields::list)?;
        let unknowns = &self.settings().unknowns;
        let entry = |value| allowed_cidr(&value, unknowns).map_err(|wrong| fields.wrong("ip_whitelist", wrong));
        let to = entries.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let from = cluster.spec.ip_whitelist.clone();
        self.begin(id, Change::AllowedCidrs { from, to }, "allowListSet", vec!["ip_whitelist"])
    }

    pub(super) fn set_password(&mut self, id: &str) -> Reply {
        self.changeable(id, Right::ProjectAdmin)?;
        let to = password(&self.fields()?, "password")?;
        self.begin(id, Change::Password { to }, "passwordSet", vec!["password"])
    }

    pub(super) fn schedule_backups(&mut self, id: &str) -> Reply {
        let cluster = self.changeable(id, Right::ProjectAdmin)?;
        paid_product(cluster)?;
        let fields = self.fields()?;
        let hours = fields.required("backup_hours", Fields::text)?;
        let to = schedule(&hours).ok_or_else(|| fields.wrong("backup_hours", "Not a valid list or range of hours."))?;
        self.begin(id, Change::BackupSchedule { to }, "backupScheduleSet", vec!["backup_hours"])
    }

    pub(super) fn available_products(&mut self, id: &str) -> Reply {
        let cluster = self.cluster(id)?;
        let region = Some(cluster.region.as_str());
        let products: Vec<Value> =
            Self::alternatives(cluster)?.into_iter().map(|product| product.describe(region)).collect();
        let as_list = self.settings().unknowns.available_products_as_list;
        Ok(Answer::shown(if as_list { json!(products) } else { products.first().cloned().unwrap_or(json!({})) }))
    }

    pub(super) fn available_upgrades(&mut self, id: &str) -> Reply {
        let spec = &self.cluster(id)?.spec;
        Ok(Answer::shown(versions::upgrades(&spec.crate_version, &spec.channel, self.settings())))
    }

    /// The products that a cluster can be changed to: paid ones of its own family that have room for its storage and nodes.
    fn alternatives(cluster: &Cluster) -> Result<Vec<&'static Product>, Refusal> {
        let current = paid_product(cluster)?;
        let fits = |product: &&Product| {
            product.name != current.name
                && !product.is_free()
                && product.is_dedicated() == current.is_dedicated()
                && product.check_storage(cluster.spec.disk_size_per_node_bytes).is_ok()
                && product.check_unit(cluster.spec.product_unit).is_ok()
        };
        Ok(catalogue::products().filter(fits).collect())
    }

    /// A cluster on which nothing runs.
    fn idle(&self, id: &str, right: Right) -> Result<&Cluster, Refusal> {
        let cluster = self.cluster_with(id, right)?;
        if cluster.running(self.now).is_some() || cluster.gone.is_some() {
            return Err(Refusal::new(self.settings().unknowns.busy_status.0, BUSY));
        }
        if !cluster.exists {
            return Err(Refusal::invalid("The cluster could not be created, and cannot be changed."));
        }
        Ok(cluster)
    }

    /// The same, and that is not suspended where that matters.
    pub(super) fn changeable(&self, id: &str, right: Right) -> Result<&Cluster, Refusal> {
        let cluster = self.idle(id, right)?;
        if cluster.spec.suspended && !self.settings().unknowns.change_while_suspended {
            return Err(Refusal::invalid("The cluster is suspended, and cannot be changed until it is resumed."));
        }
        Ok(cluster)
    }

    /// Starts an operation, and answers the values from before it.
    pub(super) fn begin(&mut self, id: &str, change: Change, action: &'static str, fields: Vec<&'static str>) -> Reply {
        self.start(&ClusterId::new(id), change);
        let cluster = self.cluster(id)?;
        let effect = effect_on(cluster, action, fields);
        Ok(self.show(cluster).having(effect))
    }

    /// Starts an operation.
    pub(super) fn start(&mut self, id: &ClusterId, change: Change) {
        let takes = change.takes() * self.settings().unknowns.operation_time_percent / 100;
        let until = later(self.now, self.environment.settings.scaled(takes));
        let operation = Operation {
            id: new_id(&mut self.environment.random),
            fails: self.cloud.next_failure(&change),
            change,
            started: self.now,
            until,
            ended: false,
        };
        if let Some(cluster) = self.cloud.cluster_mut(id.as_str()) {
            cluster.operations.push(operation);
        }
    }
}

impl super::cloud::Cloud {
    /// How an operation that starts now will fail, where somebody has asked for that.
    fn next_failure(&mut self, change: &Change) -> Option<Fails> {
        let failure = self.failures.iter_mut().find(|failure| failure.concerns(&change.kind()))?;
        failure.times = failure.times.saturating_sub(1);
        let message = failure.message.clone().unwrap_or_else(|| change.failure());
        let fails = Fails { message, halfway: failure.halfway };
        self.failures.retain(|failure| failure.times > 0);
        Some(fails)
    }
}

fn paid_product(cluster: &Cluster) -> Result<&'static Product, Refusal> {
    let free = || Refusal::invalid("A free cluster cannot be scaled or changed.");
    cluster.product().filter(|product| !product.is_free()).ok_or_else(free)
}

fn allowed_cidr(value: &Value, unknowns: &Unknowns) -> Result<AllowedCidr, String> {
    let entry: AllowedCidr = serde_json::from_value(value.clone())
        .map_err(|_| "An entry needs a cidr and may have a description.".to_owned())?;
    if value["description"] == "" && !unknowns.empty_description_allowed {
        return Err("description: Shorter than minimum length 1.".to_owned());
    }
    match network(&entry.cidr) {
        None => Err(format!("'{}' is not a valid CIDR.", entry.cidr)),
        Some(Network { has_host_bits: true }) if unknowns.host_bits_refused => {
            Err(format!("'{}' has host bits set.", entry.cidr))
        }
        Some(_) => Ok(entry),
    }
}

struct Network {
    has_host_bits: bool,
}

/// A network in CIDR notation.
fn network(text: &str) -> Option<Network> {
    let (address, prefix) = text.split_once('/')?;
    let prefix: u32 = prefix.parse().ok()?;
    let (bits, width): (u128, u32) = match address.parse().ok()? {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let host_bits = width.checked_sub(prefix)?;
    let mask = 1u128.checked_shl(host_bits).map_or(u128::MAX, |one| one - 1);
    (prefix <= width).then_some(Network { has_host_bits: bits & mask != 0 })
}

/// The cron expression for `12`, `4,5,6` or `4-8`.
fn schedule(hours: &str) -> Option<String> {
    let hour = |text: &str| text.trim().parse().ok().filter(|hour: &u8| *hour < 24);
    if let Some((first, last)) = hours.split_once('-') {
        let (first, last) = (hour(first)?, hour(last)?);
        return (first < last).then(|| format!("55 {first}-{last} * * *"));
    }
    let hours: Vec<String> =
        hours.split(',').map(|text| hour(text).map(|hour| hour.to_string())).collect::<Option<_>>()?;
    Some(format!("55 {} * * *", hours.join(",")))
}
