//! What the organization can buy, and what fits into it.

use super::GIB;
use crate::cloud::cratedb::catalogue::Catalogue;
use crate::cloud::cratedb::wire::Product;

/// The tier of a product for which nobody names one.
const USUAL_TIER: &str = "default";

pub(super) fn tier(named: Option<&str>) -> &str {
    named.unwrap_or(USUAL_TIER)
}

/// The product in the price list of the region, or a sentence that names those that are there. The region is empty where
/// the cloud does not tell it.
pub(super) fn offered<'a>(
    catalogue: &'a Catalogue,
    name: &str,
    tier: &str,
    region: &str,
) -> Result<&'a Product, String> {
    let everywhere = |region: &str| region.is_empty();
    let here = |there: &&Product| {
        everywhere(region) || there.region.as_deref().is_none_or(|its| everywhere(its) || its == region)
    };
    let found = catalogue.products.iter().filter(here).find(|there| there.name == name && there.tier == tier);
    found.ok_or_else(|| {
        let mut names: Vec<String> =
            catalogue.products.iter().filter(here).map(|there| format!("{} ({})", there.name, there.tier)).collect();
        names.sort();
        names.dedup();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!(
            "There is no product {name} of tier {tier} in {region}. Correct spec.product; there are: {}.",
            listed(&names)
        )
    })
}

/// Whether the product can be had with so many nodes. One that does not say can be had with any number.
pub(super) fn check_nodes(product: &Product, nodes: i64) -> Result<(), String> {
    if product.scaling.is_empty() || product.scaling.iter().any(|option| option.value + 1 == nodes) {
        return Ok(());
    }
    let possible: Vec<String> = product.scaling.iter().map(|option| (option.value + 1).to_string()).collect();
    let (name, possible) = (&product.name, possible.join(", "));
    Err(format!("Product {name} cannot be had with {nodes} nodes; possible are: {possible}."))
}

/// Whether a node of the product can have so large a disk.
pub(super) fn check_disks(product: &Product, bytes: i64) -> Result<(), String> {
    let (least, most) = (product.specs.storage_minimum_bytes, product.specs.storage_maximum_bytes);
    if least.is_none_or(|least| least <= bytes) && most.is_none_or(|most| bytes <= most) {
        return Ok(());
    }
    let size = |bytes: Option<i64>| bytes.map_or_else(|| "?".to_owned(), |bytes| (bytes / GIB).to_string());
    Err(format!(
        "Product {} has disks of {} to {} GiB per node, not {}.",
        product.name,
        size(least),
        size(most),
        bytes / GIB
    ))
}

/// Words in a sentence.
pub(super) fn listed(words: &[&str]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
