//! What is around clusters: subscriptions, regions, products, versions, quotas and budget.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::body::Fields;
use super::call::{Call, Caller, Reply, effect};
use super::catalogue;
use super::cloud::{Subscription, new_id};
use super::cluster::Cluster;
use super::refusal::Refusal;
use super::versions;
use crate::simulator::answer::Answer;

impl Call<'_> {
    pub(super) fn me(&mut self) -> Reply {
        let Caller::User(user) = &self.caller else { return Err(Refusal::unauthenticated()) };
        let mut me = user.describe();
        me["is_superuser"] = json!(false);
        me["status"] = json!("ACTIVE");
        if let Some(organization) = user.organization_roles.keys().next() {
            me["organization_id"] = json!(organization);
        }
        Ok(Answer::shown(me))
    }

    pub(super) fn list_subscriptions(&mut self) -> Reply {
        if let Some(organization) = self.parameter("organization_id") {
            return self.list_subscriptions_of(organization);
        }
        let visible = self.visible_organizations();
        let known =
            self.cloud.subscriptions.iter().filter(|subscription| visible.contains(&subscription.organization_id));
        Ok(Answer::shown(known.map(|subscription| subscription.describe(self.settings())).collect()))
    }

    pub(super) fn list_subscriptions_of(&self, organization: &str) -> Reply {
        self.organization(organization)?;
        let known = self.cloud.subscriptions.iter().filter(|subscription| subscription.organization_id == organization);
        Ok(Answer::shown(known.map(|subscription| subscription.describe(self.settings())).collect()))
    }

    pub(super) fn get_subscription(&mut self, id: &str) -> Reply {
        Ok(Answer::shown(self.subscription(id)?.describe(self.settings())))
    }

    /// A subscription that nobody has paid for yet.
    pub(super) fn create_subscription(&mut self) -> Reply {
        let fields = self.fields()?;
        let organization_id = fields.required("organization_id", Fields::text)?;
        self.administered(&organization_id)?;
        let name = fields.required("type", Fields::text)?;
        let id = new_id(&mut self.environment.random);
        let effect = effect("subscriptionCreated", &organization_id, &id, self.now, Vec::new());
        let (state, created) = (Some("pending".to_owned()), self.now);
        let pending = Subscription { id, name, organization_id, marketplace: None, active: false, state, created };
        let shown = Answer::shown(pending.describe(self.settings()));
        self.cloud.subscriptions.push(pending);
        Ok(shown.with_status(StatusCode::CREATED).having(effect))
    }

    pub(super) fn list_regions(&self) -> Answer {
        Answer::shown(self.regions())
    }

    pub(super) fn list_regions_of(&mut self, organization: &str) -> Reply {
        self.organization(organization)?;
        Ok(Answer::shown(self.regions()))
    }

    pub(super) fn list_products(&self) -> Answer {
        let mut products = self.cluster_products();
        products.push(catalogue::storage());
        Answer::shown(self.filtered(products))
    }

    pub(super) fn list_products_of(&mut self, kind: &str) -> Reply {
        let products = match kind {
            "cluster" => self.cluster_products(),
            "storage" => vec![catalogue::storage()],
            _ => return Err(Refusal::not_found(format_args!("The product kind '{kind}'"))),
        };
        Ok(Answer::shown(self.filtered(products)))
    }

    /// The vendor documents no 400 here.
    pub(super) fn price(&mut self) -> Reply {
        let given =
            |name| self.parameter(name).ok_or_else(|| Refusal::not_found(format_args!("A price without {name}")));
        let (name, tier, region) = (given("product_name")?, given("product_tier")?, given("region")?);
        let unit = given("product_unit")?.parse().map_err(|_| Refusal::not_found("Such a product unit"))?;
        let product = catalogue::product(name, tier).filter(|_| catalogue::is_region(region));
        let product = product.ok_or_else(|| Refusal::not_found(format_args!("The product '{name}' in '{region}'")))?;
        let bytes = self.parameter("storage_bytes").and_then(|bytes| bytes.parse().ok());
        Ok(Answer::shown(catalogue::price(product, unit, bytes.unwrap_or_else(|| product.smallest_storage()))?))
    }

    pub(super) fn versions(&self) -> Answer {
        Answer::shown(versions::newest(self.settings()))
    }

    pub(super) fn meta(&self) -> Answer {
        let offered = &self.settings().versions;
        let newest = |versions: &[String]| versions.last().cloned().unwrap_or_default();
        Answer::shown(json!({
            "version": {"release": "1.0.0", "prerelease": false},
            "crate_versions": {
                "stable": newest(&offered.stable), "testing": newest(&offered.testing),
                "nightly": newest(&offered.nightly),
            },
        }))
    }

    pub(super) fn quotas(&mut self, organization: &str) -> Reply {
        self.organization(organization)?;
        let clusters = self.cloud.clusters.iter().filter(|cluster| cluster.organization_id == organization).count();
        let limit = self.settings().max_clusters_per_organization;
        let quota = limit.map(|limit| json!({"code": "clusters", "current_value": clusters, "quota": limit}));
        Ok(Answer::shown(quota.into_iter().collect()))
    }

    pub(super) fn remaining_budget(&mut self, organization: &str) -> Reply {
        self.organization(organization)?;
        let remaining = self.remaining(organization, self.parameter("exclude_cluster_id"));
        Ok(Answer::shown(json!({"remaining_budget_per_month": remaining})))
    }

    pub(super) fn subscription(&self, id: &str) -> Result<&Subscription, Refusal> {
        let missing = || Refusal::not_found(format_args!("The subscription {id}"));
        let known = self.cloud.subscriptions.iter().find(|subscription| subscription.id == id).ok_or_else(missing)?;
        self.organization(&known.organization_id).map(|_| known)
    }

    /// Whether the organization can pay for a cluster of this price per month, instead of the one that is replaced.
    pub(super) fn check_budget(&self, organization: &str, price: f64, replaced: Option<&str>) -> Result<(), Refusal> {
        let remaining = self.remaining(organization, replaced);
        if price <= remaining {
            return Ok(());
        }
        let message = format!(
            "The organization's remaining budget of {remaining:.2} USD per month does not allow for {price:.2} USD."
        );
        Err(Refusal::new(self.settings().unknowns.budget_status.0, message))
    }

    fn remaining(&self, organization: &str, excluded: Option<&str>) -> f64 {
        let own = self.cloud.organizations.get(organization).and_then(|organization| organization.monthly_budget);
        let clusters = self.cloud.clusters.iter().filter(|cluster| cluster.organization_id == organization);
        let others = clusters.filter(|cluster| excluded != Some(cluster.id.as_str()));
        let spent: f64 = others.map(Cluster::monthly_price).sum();
        (own.unwrap_or(self.settings().monthly_budget) - spent).max(0.0)
    }

    fn cluster_products(&self) -> Vec<Value> {
        let regions: Vec<Option<&str>> = if self.settings().unknowns.products_per_region {
            catalogue::REGIONS.iter().map(|(name, _)| Some(*name)).collect()
        } else {
            vec![None]
        };
        let everywhere =
            |product: &'static catalogue::Product| regions.iter().map(move |region| product.describe(*region));
        catalogue::products().flat_map(everywhere).collect()
    }

    fn filtered(&self, products: Vec<Value>) -> Value {
        let fits = |product: &Value| {
            let fits = |name| self.parameter(name).is_none_or(|wanted| product[name] == wanted);
            ["kind", "tier", "name", "plan", "offer"].into_iter().all(fits)
        };
        products.into_iter().filter(fits).collect()
    }

    /// `last_seen` carries no offset.
    fn regions(&self) -> Value {
        let seen = jiff::tz::TimeZone::UTC.to_datetime(self.now).to_string();
        let region = |(name, description): (&str, &str)| {
            json!({
                "name": name, "description": description, "is_edge_region": false, "status": "UP", "last_seen": seen,
                "deprecated": false, "upgrade_available": false,
            })
        };
        catalogue::REGIONS.map(region).into_iter().collect()
    }
}
