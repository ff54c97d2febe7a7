//! A product that does not fit is told before anything is sent, and what fits is done in an order that can be gone.

use clusterwright::api::cratedb::CrateDBClusterSpec;
use clusterwright::plan::Catalogued;
use rstest::rstest;

use super::fixture::*;

fn becoming(product: &str, change: impl FnOnce(&mut CrateDBClusterSpec)) -> Scene {
    settled().spec(|spec| {
        spec.product.as_mut().unwrap().name = product.to_owned();
        change(spec);
    })
}

fn with_nodes(scene: Scene, nodes: i64) -> Scene {
    scene.listed([cluster_but(|there| (there.product_unit, there.num_nodes) = (Some(nodes - 1), Some(nodes)))])
}

fn with_disks(scene: Scene, gib: i64) -> Scene {
    let size = Some(gib * GIB);
    scene.listed([cluster_but(|there| there.hardware_specs.as_mut().unwrap().disk_size_per_node_bytes = size)])
}

#[rstest]
#[case::that_nobody_sells(becoming("cr9", |_| {}), "product.name", "There is no product cr9 of tier default in eks1.eu-west-1.aws")]
#[case::that_is_sold_elsewhere(
    becoming("cr2", |_| {}).offering(|there| there.products[1].region = Some(THERE.to_owned())),
    "product.name", "There is no product cr2"
)]
#[case::for_fewer_nodes_than_are_asked_for(
    becoming("s2", |spec| spec.nodes = Some(3)), "product.name nodes", "s2 cannot be had with 3 nodes"
)]
#[case::for_fewer_nodes_than_there_are(
    with_nodes(becoming("s2", |_| {}), 3), "product.name", "Correct spec.product.name or spec.nodes"
)]
#[case::with_smaller_disks_than_are_asked_for(
    becoming("s2", |spec| spec.storage = Some(disks(2048))), "storage.sizePerNodeGiB product.name",
    "Product s2 has disks of 8 to 1024 GiB per node, not 2048"
)]
#[case::with_smaller_disks_than_there_are(
    with_disks(becoming("s2", |_| {}), 2048), "product.name", "A disk never shrinks"
)]
#[case::that_costs_nothing(becoming("crfree", |_| {}), "product.name", "create another cluster")]
#[case::from_one_that_costs_nothing(
    becoming("cr1", |_| {}).listed([cluster_but(|there| there.product_name = Some("crfree".to_owned()))])
        .record(|record| record.bound.as_mut().unwrap().settings.clear()),
    "product.name", "create another cluster"
)]
fn nothing_is_sent_for_a_product(#[case] scene: Scene, #[case] fields: &str, #[case] part: &str) {
    assert_eq!((scene.does(), scene.says()), (String::new(), format!("InvalidSpec: {fields}")));
    assert!(scene.message().contains(part), "{}", scene.message());
    let blocked = scene.pending();
    assert!(blocked.iter().all(|step| step.contains(part)), "{blocked:?}");
    assert_eq!(scene.spec(|spec| spec.common.deletion_protection = Some(true)).does(), "change deletionProtection");
}

#[rstest]
#[case::storage_that_fits_both(becoming("cr2", |spec| spec.storage = Some(disks(64))), "change storage.sizePerNodeGiB")]
#[case::storage_that_fits_the_new_one_alone(
    becoming("cr2", |spec| spec.storage = Some(disks(64)))
        .offering(|there| there.products[0].specs.storage_maximum_bytes = Some(32 * GIB)),
    "change product.name"
)]
#[case::nodes_that_fit_both(becoming("cr2", |spec| spec.nodes = Some(3)), "change product.name")]
#[case::nodes_that_fit_the_new_one_alone(
    becoming("cr2", |spec| spec.nodes = Some(3)).offering(|there| there.products[0].scaling.truncate(1)),
    "change product.name"
)]
#[case::nodes_that_fit_the_old_one_alone(
    with_nodes(becoming("s2", |spec| spec.nodes = Some(1)), 3), "change nodes"
)]
#[case::from_one_that_is_sold_no_more(
    becoming("cr2", |spec| spec.storage = Some(disks(64))).offering(|there| drop(there.products.remove(0))),
    "change storage.sizePerNodeGiB"
)]
fn what_comes_first(#[case] scene: Scene, #[case] does: &str) {
    assert_eq!(scene.does(), does, "{}", scene.message());
}

fn surveyed(scene: Scene, seconds: i64) -> Scene {
    scene.with(|facts| facts.catalogue = Some(Catalogued { at: ago(seconds), catalogue: catalogue() }.into()))
}

#[rstest]
#[case::never_read(becoming("cr2", |spec| spec.nodes = Some(3)).with(|facts| facts.catalogue = None), "survey")]
#[case::read_long_ago(surveyed(becoming("cr2", |_| {}), 601), "survey")]
#[case::read_lately(surveyed(becoming("cr2", |_| {}), 599), "change product.name")]
#[case::which_says_no(surveyed(becoming("cr9", |_| {}), 599), "")]
#[case::which_said_no_before_an_edit(
    surveyed(becoming("cr9", |_| {}), 20).attempts(|attempts| attempts.begun = Some(ago(10))), "survey"
)]
fn the_price_list(#[case] scene: Scene, #[case] does: &str) {
    assert_eq!(scene.does(), does);
    // A manifest that is held must not seem to be worked at whenever the list is read again.
    assert!(does != "survey" || scene.says().is_empty(), "{}", scene.says());
}
