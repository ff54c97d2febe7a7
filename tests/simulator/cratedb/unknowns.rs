//! Whatever the unknowns turn out to be, a cluster can live.

use clusterwright::simulator::cratedb::{self, Unknowns};
use clusterwright::simulator::{Settings, Simulator};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;

use super::client::{Client, GIB, PASSWORD, paid};
use crate::client::{pass, settings};

#[tokio::test(start_paused = true)]
async fn a_life_is_possible_under_every_answer_to_the_unknowns() {
    for seed in 0..100 {
        let unknowns = Unknowns::drawn(&mut StdRng::seed_from_u64(seed));
        assert_eq!(unknowns, Unknowns::drawn(&mut StdRng::seed_from_u64(seed)), "the same seed draws the same");
        let cratedb = cratedb::Settings { unknowns, ..cratedb::Settings::default() };
        let simulator = Simulator::new(Settings { cratedb, seed, ..settings() });
        let client = Client::admin(&simulator).beyond_the_document();
        let created = client.create(paid("orders")).await.created();
        let id = created["id"].as_str().unwrap();
        pass(1200).await;
        for (action, body) in [
            ("ip-restrictions", json!({"ip_whitelist": [{"cidr": "192.0.2.0/24"}]})),
            ("scale", json!({"product_unit": 2})),
            ("storage", json!({"disk_size_per_node_bytes": 128 * GIB})),
            ("suspend", json!({"suspended": true})),
            ("suspend", json!({"suspended": false})),
            ("deletion-protection", json!({"deletion_protected": true})),
            ("deletion-protection", json!({"deletion_protected": false})),
        ] {
            client.change(id, action, body).await.ok();
            pass(1200).await;
        }
        let after = client.cluster(id).await.ok();
        assert_eq!((&after["num_nodes"], &after["suspended"]), (&json!(3), &json!(false)), "seed {seed}");
        Client::of_database(&simulator, &after, PASSWORD).sql("SELECT 1").await.ok();
        client.delete(&format!("clusters/{id}/")).await.empty(204);
        pass(60).await;
        client.cluster(id).await.refused(404);
        client.create(paid("orders")).await.created();
    }
}
