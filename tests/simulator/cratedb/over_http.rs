//! The simulator over real HTTP on the loopback interface. The speed makes every operation instantaneous.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clusterwright::simulator::cratedb::NewCluster;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::client::{ORGANIZATION, PASSWORD, paid};
use crate::over_http::{Served, send};

fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{secret}")))
}

fn address(cluster: &Value) -> SocketAddr {
    cluster["url"].as_str().unwrap().strip_prefix("http://").unwrap().parse().unwrap()
}

#[tokio::test]
async fn each_cluster_has_a_listener_of_its_own_from_create_to_delete() {
    let cloud = Served::start().await;
    let key = basic("simulator", "simulator-secret");
    let path = format!("/api/v2/organizations/{ORGANIZATION}/clusters/");
    let (status, body) = send(cloud.address, "POST", &path, &key, Some(paid("orders"))).await.unwrap();
    assert_eq!(status, 201, "{body}");
    let cluster: Value = serde_json::from_str(&body).unwrap();
    let database = address(&cluster);
    assert!(database.ip().is_loopback() && database != cloud.address);
    assert!(cluster["fqdn"].as_str().unwrap().ends_with(".cratedb.net."));

    let statement = || Some(json!({"stmt": "SELECT 1"}));
    let user = basic("admin", PASSWORD);
    let (status, body) = send(database, "POST", "/_sql", &user, statement()).await.unwrap();
    assert_eq!(status, 200, "{body}");
    assert_eq!(send(database, "POST", "/_sql", &key, statement()).await.unwrap().0, 401);
    assert_eq!(send(database, "GET", &path, &user, None).await.unwrap().0, 404, "it is not the administration API");

    let own = format!("/api/v2/clusters/{}/", cluster["id"].as_str().unwrap());
    assert_eq!(send(cloud.address, "DELETE", &own, &key, None).await.unwrap().0, 204);
    let refused = async { while TcpStream::connect(database).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), refused).await.expect("the listener should be closed");
    cloud.stop().await;
}

#[tokio::test]
async fn a_cluster_that_is_suspended_cuts_the_connection() {
    let cloud = Served::start().await;
    let new = NewCluster { password: Some(PASSWORD.into()), ..NewCluster::new("orders") };
    let id = cloud.simulator.cratedb().seed(new).unwrap();
    let database: SocketAddr = cloud.simulator.cratedb().clusters()[0].address.parse().unwrap();
    let user = basic("admin", PASSWORD);
    let statement = || Some(json!({"stmt": "SELECT 1"}));
    assert_eq!(send(database, "POST", "/_sql", &user, statement()).await.unwrap().0, 200);
    cloud.simulator.cratedb().act(&id, "suspend", &json!({"suspended": true})).unwrap();
    assert_eq!(send(database, "POST", "/_sql", &user, statement()).await, None);
    cloud.stop().await;
}
