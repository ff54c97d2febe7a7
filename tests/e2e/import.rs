//! `clusterwright import`: manifests for what nothing manages yet.

use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{CrateWorld, Tested, World, WorldOf, condition, paid, with};

/// What the program prints, and what it says beside that.
async fn import<K: Tested>(world: &WorldOf<K>, account: &str) -> Result<(Vec<Value>, String), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clusterwright"));
    command.args(["import", "--account", &format!("{}/{account}", world.namespace)]);
    command.args(["--allowed-endpoints", &world.cloud.url, "--insecure-endpoints"]);
    let output = command.env("KUBECONFIG", &world.control_plane.kubeconfig).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let said = text(&output.stderr);
    if !output.status.success() {
        return Err(said);
    }
    let printed = text(&output.stdout);
    let documents = printed.split("---\n").filter(|document| !document.trim().is_empty());
    Ok((documents.map(|document| serde_saphyr::from_str(document).unwrap()).collect(), said))
}

/// Applies what was printed, observed first and managed then: nothing is ever pending.
async fn applied_changes_nothing<K: Tested>(world: &WorldOf<K>, documents: &[Value]) {
    let api = Api::<K>::namespaced(world.kube.clone(), &world.namespace);
    for document in documents {
        let name = document["metadata"]["name"].as_str().unwrap();
        let applied = Patch::Apply(document);
        api.patch(name, &PatchParams::apply("reader"), &applied).await.unwrap();
        world.until_stands(name, "Observed").await;
        world.edit(name, json!({"spec": {"management": "Managed"}})).await;
        // With its connection Secret, which goes without the password.
        let manifest = world.until_ready(name).await;
        assert_eq!(condition(&manifest, "InSync").unwrap().status, "True");
        assert_eq!(K::common_status(manifest.status().unwrap()).plan, []);
    }
}

#[tokio::test]
async fn clusters_of_typedb_cloud_are_imported_once_and_left_alone() {
    let world = World::new("import").await;
    world.apply("orders", paid()).await;
    world.until_ready("orders").await;
    for (id, size) in [("legacy", 20), ("ledger", 50)] {
        world.cloud.seed(json!({"id": id, "storageSizeGB": size, "password": format!("{id}-own-password")})).await;
    }
    let before = world.cloud.effects().await;
    let (documents, said) = import(&world, "typedb").await.unwrap();
    let mut names: Vec<&str> =
        documents.iter().map(|document| document["metadata"]["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ledger", "legacy"]);
    assert!(said.contains("2 of the 3 clusters"), "{said}");
    applied_changes_nothing(&world, &documents).await;
    assert_eq!(world.cloud.effects().await, before, "nothing was changed");
    let (documents, said) = import(&world, "typedb").await.unwrap();
    assert!(documents.is_empty() && said.contains("0 of the 3 clusters"), "{said}");

    let missing = import(&world, "typdb").await.unwrap_err();
    assert!(missing.contains("There is no CloudAccount typdb"), "{missing}");
    world.finish().await;
}

#[tokio::test]
async fn clusters_of_cratedb_cloud_are_imported_and_left_alone() {
    let world = CrateWorld::new("crate-import").await;
    world.apply("analytics", with(crate::cratedb::paid(), json!({"allowedCidrs": [{"cidr": "10.0.0.0/8"}]}))).await;
    world.until_ready("analytics").await;
    let before = world.cloud.actions().await;
    // Its manifest goes, and the database stays.
    world.delete("analytics").await;
    world.until_gone("analytics").await;
    let (documents, _) = import(&world, "cratedb").await.unwrap();
    let [document] = documents.as_slice() else { panic!("{documents:?}") };
    assert_eq!(document["spec"]["nodes"], 1);
    assert_eq!(document["spec"]["allowedCidrs"][0]["cidr"], "10.0.0.0/8");
    applied_changes_nothing(&world, &documents).await;
    assert_eq!(world.cluster("analytics").await.name_any(), "analytics");
    assert_eq!(world.cloud.actions().await, before, "nothing was changed");
    world.finish().await;
}
