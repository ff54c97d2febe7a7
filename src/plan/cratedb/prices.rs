//! What a cluster costs.

use crate::cloud::cratedb::question::{Answer, Question};
use crate::cloud::cratedb::wire::Cluster;

/// The domain of databases, whose names are `CLUSTER.REGION` in it.
const DOMAIN: &str = ".cratedb.net";

/// What the cluster's price depends on; none where the cloud does not tell all of it.
pub(super) fn question(cluster: &Cluster) -> Option<Question> {
    Some(Question::Price {
        product: cluster.product_name.clone()?,
        tier: cluster.product_tier.clone()?,
        product_unit: cluster.nodes()? - 1,
        region: region(cluster)?,
        bytes_per_node: cluster.bytes_per_node(),
    })
}

/// The region in the name of its database: the cluster itself does not tell it, and its project may not be at hand.
pub(super) fn region(cluster: &Cluster) -> Option<String> {
    let name = cluster.fqdn.as_ref()?.trim_end_matches('.');
    let region = name.strip_prefix(&format!("{}.", cluster.name))?.strip_suffix(DOMAIN)?;
    (!region.is_empty()).then(|| region.to_owned())
}

/// With as many digits as a price list has that counts by the hour, and no currency, since the cloud tells none.
pub(super) fn words(answer: &Answer) -> Option<String> {
    let Answer::Price(price) = answer else { return None };
    let plausible = price.is_finite() && (0.0..1e9).contains(price);
    plausible.then(|| format!("{price:.4}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0.266_4, Some("0.2664"))]
    #[case(0.0, Some("0.0000"))]
    #[case(12.345_678, Some("12.3457"))]
    #[case(-1.0, None)]
    #[case(f64::INFINITY, None)]
    #[case(f64::NAN, None)]
    fn a_price_in_words(#[case] price: f64, #[case] expected: Option<&str>) {
        assert_eq!(words(&Answer::Price(price)).as_deref(), expected);
    }
}
