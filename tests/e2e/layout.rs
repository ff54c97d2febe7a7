//! A connection Secret laid out by its manifest.

use std::collections::BTreeMap;

use serde_json::json;

use crate::harness::{World, eventually, paid, with};

async fn until_type(world: &World, name: &str, kind: &str) -> BTreeMap<String, String> {
    eventually(&format!("Secret {name} is of type {kind}"), async || {
        let secret = world.secrets().get(name).await.map_err(|error| error.to_string())?;
        if secret.type_.as_deref() == Some(kind) { Ok(()) } else { Err(format!("{:?}", secret.type_)) }
    })
    .await;
    world.read(name).await
}

#[tokio::test]
async fn a_template_has_its_way_and_is_given_up_again() {
    let world = World::new("layout").await;
    let template = json!({"DATABASE_URL": "typedb://${host}:${port}", "LOGIN": "${username}:${password}"});
    let typo = json!({"connectionSecret": {"template": {"DATABASE_URL": "${hots}"}}});
    let refused = world.try_apply("orders", with(paid(), typo)).await.unwrap_err().to_string();
    assert!(refused.contains("a placeholder of the template must be one of"), "{refused}");

    world.apply("orders", with(paid(), json!({"connectionSecret": {"template": template}}))).await;
    world.until_ready("orders").await;
    let laid_out = until_type(&world, "orders-typedb", "Opaque").await;
    assert_eq!(laid_out.keys().collect::<Vec<_>>(), ["DATABASE_URL", "LOGIN"]);
    let address = laid_out["DATABASE_URL"].strip_prefix("typedb://").unwrap();
    let password = laid_out["LOGIN"].strip_prefix("admin:").unwrap();
    assert!(world.cloud.opens(address, password).await);

    world.edit("orders", json!({"spec": {"connectionSecret": {"template": null}}})).await;
    let usual = until_type(&world, "orders-typedb", "servicebinding.io/typedb").await;
    assert_eq!(usual["password"], password);
    world.until_ready("orders").await;
    world.finish().await;
}
