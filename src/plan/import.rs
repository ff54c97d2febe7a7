//! Manifests for clusters that nothing manages yet.

use std::collections::BTreeSet;

use super::kind::{CloudCluster, Kind};
use crate::api::shared::{AccountRef, CommonSpec, Management};

/// The API server takes longer names, and the schema does not.
const LONGEST_NAME: usize = 63;

/// A manifest for each cluster, which only observes it and is filled with all that is seen of it: applied it changes nothing,
/// and neither does switching it to Managed.
///
/// They are for the namespace and the account that are given, under names that none of `taken` has.
#[must_use]
pub fn imported<K: Kind>(
    clusters: &[K::Cluster],
    namespace: &str,
    account: &AccountRef,
    taken: &BTreeSet<String>,
) -> Vec<K> {
    let mut taken = taken.clone();
    let manifest = |cluster: &K::Cluster| {
        let common = CommonSpec {
            external_id: Some(cluster.id().clone()),
            management: Management::Observed,
            ..CommonSpec::through(account.clone())
        };
        let name = free_name(cluster, &taken);
        taken.insert(name.clone());
        let mut manifest = K::describing(cluster, &name, common);
        manifest.meta_mut().namespace = Some(namespace.to_owned());
        manifest
    };
    clusters.iter().map(manifest).collect()
}

/// The cluster's name as the API server takes it; with its id, or a number, behind it where another has that name.
fn free_name<C: CloudCluster>(cluster: &C, taken: &BTreeSet<String>) -> String {
    let (title, id) = (cluster.title(), cluster.id().as_str());
    let plain = [printable(title, ""), printable(title, id.get(..8).unwrap_or(id))];
    let numbered = (2..).map(|number: u32| printable(title, &number.to_string()));
    // There are always more numbers than names that are taken.
    plain.into_iter().chain(numbered).find(|name| !taken.contains(name)).unwrap_or_default()
}

/// Lowercase letters, digits and single hyphens between them.
fn printable(title: &str, suffix: &str) -> String {
    let words = |text: &str| {
        let spaced: String =
            text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
        spaced.split_whitespace().collect::<Vec<_>>().join("-")
    };
    let (mut name, suffix) = (words(title), words(suffix));
    if name.is_empty() {
        "cluster".clone_into(&mut name);
    }
    if suffix.is_empty() {
        name.truncate(LONGEST_NAME);
        return name.trim_end_matches('-').to_owned();
    }
    name.truncate(LONGEST_NAME.saturating_sub(suffix.len() + 1));
    format!("{}-{suffix}", name.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::as_it_is("orders", "", "orders")]
    #[case::what_the_api_server_does_not_take("My Cluster_No. 7", "", "my-cluster-no-7")]
    #[case::nothing_of_it("数据库", "", "cluster")]
    #[case::with_more("orders", "0e1f2a3b", "orders-0e1f2a3b")]
    #[case::too_long(&"a".repeat(70), "2", &format!("{}-2", "a".repeat(61)))]
    #[case::cut_at_a_hyphen(&format!("{}-b", "a".repeat(62)), "", &"a".repeat(62))]
    fn names_are_what_the_api_server_takes(#[case] title: &str, #[case] suffix: &str, #[case] expected: &str) {
        assert_eq!(printable(title, suffix), expected);
    }
}
