//! Manifests for what nothing manages yet: they change nothing, observed and managed.

use std::collections::BTreeSet;

use clusterwright::api::cratedb::{Channel, CrateDBCluster};
use clusterwright::api::identity::ClusterId;
use clusterwright::api::shared::{AccountRef, Management};
use clusterwright::api::typedb::TypeDBCluster;
use clusterwright::plan::{CloudCluster, Kind, imported};
use kube::ResourceExt;
use rstest::rstest;

use super::cratedb::fixture as crate_db;
use super::fixture as type_db;
use super::scene::{Common, Scene};

fn account() -> AccountRef {
    AccountRef { name: "cloud".to_owned(), namespace: None }
}

fn import<K: Kind>(clusters: &[K::Cluster], taken: &[&str]) -> Vec<K> {
    let taken: BTreeSet<String> = taken.iter().map(|name| (*name).to_owned()).collect();
    imported(clusters, "shop", &account(), &taken)
}

/// What the manifest says differs from the cluster that it was made from.
fn differs<K: Kind + kube::core::object::HasSpec<Spec: Common>>(scene: &Scene<K>, cluster: &K::Cluster) -> Vec<String> {
    let differences = K::differences(&scene.facts, None, cluster);
    differences.into_iter().filter_map(|difference| difference.shown.field).collect()
}

#[rstest]
#[case::plain(type_db::cluster_but(|_| {}))]
#[case::of_which_little_is_told(type_db::cluster_but(|cluster| {
    cluster.version = None;
    cluster.machine_type = None;
    cluster.storage_type = None;
    cluster.storage_size_gb = None;
}))]
#[case::that_costs_nothing(type_db::cluster_but(|cluster| cluster.is_free = Some(true)))]
fn of_typedb_cloud(#[case] cluster: clusterwright::cloud::typedb::wire::Cluster) {
    let [manifest] = import::<TypeDBCluster>(std::slice::from_ref(&cluster), &[]).try_into().unwrap();
    assert_eq!(manifest.spec.common.management, Management::Observed);
    assert_eq!(manifest.spec.common.external_id.as_ref(), Some(cluster.id()));
    assert_eq!(manifest.spec.region, cluster.region);
    let scene = type_db::scene().with(|facts| facts.manifest.spec = manifest.spec.clone());
    let managed = scene.clone().common(|common| common.management = Management::Managed);
    assert_eq!((differs(&scene, &cluster), differs(&managed, &cluster)), (Vec::new(), Vec::new()));
}

#[rstest]
#[case::plain(crate_db::cluster_but(|_| {}))]
#[case::that_is_suspended(crate_db::cluster_but(|cluster| cluster.suspended = Some(true)))]
#[case::that_costs_nothing(crate_db::cluster_but(|cluster| {
    cluster.product_name = Some("crfree".to_owned());
    cluster.subscription_id = None;
}))]
#[case::with_words_that_are_not_known(crate_db::cluster_but(|cluster| cluster.channel = Some("weekly".to_owned())))]
#[case::with_more_networks_than_a_manifest_takes(crate_db::cluster_but(|cluster| {
    cluster.ip_whitelist = Some((0..65).map(|number| crate_db::network(&format!("10.0.{number}.0/24"))).collect());
}))]
fn of_cratedb_cloud(#[case] cluster: clusterwright::cloud::cratedb::wire::Cluster) {
    let [manifest] = import::<CrateDBCluster>(std::slice::from_ref(&cluster), &[]).try_into().unwrap();
    assert_eq!(manifest.spec.nodes, cluster.product_unit.map(|unit| unit + 1));
    let known = cluster.channel.as_deref() == Some("stable");
    assert_eq!(manifest.spec.channel, known.then_some(Channel::Stable), "a word that the schema does not take");
    let scene = crate_db::scene().with(|facts| facts.manifest.spec = manifest.spec.clone());
    let managed = scene.clone().common(|common| common.management = Management::Managed);
    assert_eq!((differs(&scene, &cluster), differs(&managed, &cluster)), (Vec::new(), Vec::new()));
}

#[test]
fn names_are_free() {
    let with_id = |id: &str| crate_db::cluster_but(|cluster| cluster.id = ClusterId::new(id.to_owned()));
    let clusters = [with_id("11111111-a"), with_id("22222222-b"), with_id("22222222-c")];
    let manifests = import::<CrateDBCluster>(&clusters, &["orders"]);
    let names: Vec<String> = manifests.iter().map(ResourceExt::name_any).collect();
    assert_eq!(names, ["orders-11111111", "orders-22222222", "orders-2"]);
}
