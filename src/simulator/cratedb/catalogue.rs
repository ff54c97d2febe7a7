//! What is on offer: regions, products and what they cost.
//!
//! Names and sizes are the vendor's documentation's; the prices are made up.

use serde_json::{Value, json};

use super::refusal::Refusal;

pub(super) const GIB: i64 = 1024 * 1024 * 1024;
/// The free product, which can be neither scaled nor changed.
pub(super) const FREE: &str = "crfree";
/// The subscription of free clusters, which is none.
pub(super) const FREE_SUBSCRIPTION: &str = "free_tier";
pub(super) const TIER: &str = "default";
pub(super) const HOURS_PER_MONTH: f64 = 730.0;
/// In US dollars, per GiB and hour.
const STORAGE_PRICE: f64 = 0.0002;

/// Where clusters can run, and what that place is called.
pub(super) const REGIONS: [(&str, &str); 2] =
    [("aks1.westeurope.azure", "Azure West Europe"), ("eks1.eu-west-1.aws", "AWS Europe (Ireland)")];

/// One kind of node.
pub(super) struct Product {
    pub(super) name: &'static str,
    cpus: f64,
    ram_gib: i64,
    storage_gib: (i64, i64),
    /// The largest `product_unit`.
    pub(super) largest_unit: i64,
    /// In US dollars, per node and hour.
    price: f64,
}

const PRODUCTS: [Product; 9] = [
    shared("crfree", 2, (8, 8), 0.0),
    shared("s2", 2, (8, 1024), 0.08),
    shared("s4", 4, (8, 1024), 0.15),
    shared("s6", 6, (8, 1024), 0.22),
    shared("s12", 12, (8, 1024), 0.43),
    dedicated("cr1", 2.0, 7, 0.26),
    dedicated("cr2", 4.0, 14, 0.52),
    dedicated("cr3", 8.0, 28, 1.04),
    dedicated("cr4", 16.0, 55, 2.08),
];

const fn shared(name: &'static str, ram_gib: i64, storage_gib: (i64, i64), price: f64) -> Product {
    Product { name, cpus: 2.0, ram_gib, storage_gib, largest_unit: 0, price }
}

const fn dedicated(name: &'static str, cpus: f64, ram_gib: i64, price: f64) -> Product {
    Product { name, cpus, ram_gib, storage_gib: (32, 8192), largest_unit: 8, price }
}

/// All products.
pub(super) fn products() -> impl Iterator<Item = &'static Product> {
    PRODUCTS.iter()
}

/// The product of this name and tier.
pub(super) fn product(name: &str, tier: &str) -> Option<&'static Product> {
    products().find(|product| product.name == name && tier == TIER)
}

/// Whether there is a region of this name.
pub(super) fn is_region(name: &str) -> bool {
    REGIONS.iter().any(|(known, _)| *known == name)
}

/// What a cluster costs per hour, in US dollars: its nodes, and their storage.
pub(super) fn hourly(product: &Product, unit: i64, bytes_per_node: i64) -> (f64, f64) {
    if product.is_free() {
        return (0.0, 0.0);
    }
    let nodes = as_number(unit + 1);
    (product.price * nodes, STORAGE_PRICE * nodes * as_number(bytes_per_node / GIB))
}

/// The same per month.
pub(super) fn monthly(product: &Product, unit: i64, bytes_per_node: i64) -> f64 {
    let (nodes, storage) = hourly(product, unit, bytes_per_node);
    (nodes + storage) * HOURS_PER_MONTH
}

#[expect(clippy::cast_precision_loss, reason = "nodes and gibibytes are small numbers")]
fn as_number(count: i64) -> f64 {
    count as f64
}

impl Product {
    pub(super) fn is_free(&self) -> bool {
        self.name == FREE
    }

    /// The vendor suspends clusters of dedicated nodes only, and backs up these every hour, others every day.
    pub(super) fn is_dedicated(&self) -> bool {
        self.largest_unit > 0
    }

    pub(super) fn smallest_storage(&self) -> i64 {
        self.storage_gib.0 * GIB
    }

    /// Whether a node may have so much storage.
    pub(super) fn check_storage(&self, bytes: i64) -> Result<(), String> {
        let (smallest, largest) = self.storage_gib;
        if (smallest * GIB..=largest * GIB).contains(&bytes) {
            return Ok(());
        }
        Err(format!("A node of the product {} can have {smallest} GiB to {largest} GiB of storage.", self.name))
    }

    /// Whether a cluster may have so many nodes.
    pub(super) fn check_unit(&self, unit: i64) -> Result<(), String> {
        if (0..=self.largest_unit).contains(&unit) {
            return Ok(());
        }
        let largest = self.largest_unit;
        Err(format!(
            "The product {} can be scaled from 0 to {largest}, which is 1 to {} nodes.",
            self.name,
            largest + 1
        ))
    }

    /// The size of a node, as clusters show it.
    pub(super) fn hardware(&self) -> Value {
        json!({
            "cpus_per_node": self.cpus, "memory_per_node_bytes": self.ram_gib * GIB,
            "heap_size_bytes": self.ram_gib * GIB / 2, "disks_per_node": 1,
        })
    }

    /// The product as the cloud's API shows it.
    pub(super) fn describe(&self, region: Option<&str>) -> Value {
        let per_minute = |nodes: i64| self.millionths_per_minute() * nodes;
        let scaling: Vec<Value> = (0..=self.largest_unit)
            .map(|unit| {
                let nodes = unit + 1;
                let description = if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes") };
                json!({
                    "value": unit, "nodes": nodes, "dtus": nodes, "description": description,
                    "price_per_minute": per_minute(nodes), "storage_bytes": self.smallest_storage() * nodes,
                })
            })
            .collect();
        let summary = match self.largest_unit {
            0 => "0 (1 node)".to_owned(),
            largest => format!("0 - {largest} (1 - {} nodes)", largest + 1),
        };
        let mut described = json!({
            "kind": "cluster", "name": self.name, "tier": TIER, "label": self.name.to_uppercase(),
            "description": format!("{} vCPU and {} GiB of memory per node", self.cpus, self.ram_gib),
            "deprecated": false, "offer": "", "plan": "", "tags": [], "price_per_dtu_minute": per_minute(1),
            "scale_summary": summary, "scaling": scaling,
            "specs": {
                "cpu_cores": self.cpus, "ram_bytes": self.ram_gib * GIB, "storage_bytes": self.smallest_storage(),
                "storage_minimum_bytes": self.smallest_storage(), "storage_maximum_bytes": self.storage_gib.1 * GIB,
            },
        });
        if let Some(region) = region {
            described["region"] = json!(region);
        }
        described
    }

    #[expect(clippy::cast_possible_truncation, reason = "prices are small numbers")]
    fn millionths_per_minute(&self) -> i64 {
        (self.price * 1_000_000.0 / 60.0).round() as i64
    }
}

/// Storage, as a product of its own kind.
pub(super) fn storage() -> Value {
    json!({
        "kind": "storage", "name": "storage", "tier": TIER, "label": "Storage", "deprecated": false,
        "description": "Storage of a node, per GiB", "offer": "", "plan": "", "tags": [], "price_per_dtu_minute": 3,
        "scale_summary": "", "scaling": [], "specs": {},
    })
}

/// The answer of `products/clusters/price`.
pub(super) fn price(product: &Product, unit: i64, bytes_per_node: i64) -> Result<Value, Refusal> {
    product.check_unit(unit).map_err(Refusal::not_found)?;
    let (nodes, storage) = hourly(product, unit, bytes_per_node);
    let per = |hour: f64| json!({"price_per_hour": hour, "price_per_month": hour * HOURS_PER_MONTH});
    Ok(json!({"cluster_price": per(nodes), "storage_price": per(storage), "total_price": per(nodes + storage)}))
}
