//! The simulator over real HTTP on the loopback interface. Real time, so nothing here waits for a cluster to change:
//! the speed makes deploys instantaneous.

use std::net::SocketAddr;

use clusterwright::simulator::{Fault, FaultKind, Settings, Simulator, Speed};
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::{CLUSTERS, but, paid};

/// A simulator that serves until `stop` is sent.
pub(crate) struct Served {
    pub(crate) simulator: Simulator,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
}

impl Served {
    pub(crate) async fn start() -> Self {
        let speed = Speed::try_from(1e12).unwrap();
        let simulator = Simulator::new(Settings { speed, ..Settings::default() });
        let listening = simulator.clone().bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listening.address();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(listening.run(async move {
            stopped.await.unwrap();
        }));
        Self { simulator, address, stop, running }
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }

    async fn token(&self) -> String {
        let answer = send(self.address, "POST", "/api/v1/auth", "Basic simulator:simulator-secret", None).await;
        answer.unwrap().1
    }
}

/// One request on a connection of its own: status and body, or none where the connection ended without an answer.
pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    authorization: &str,
    body: Option<Value>,
) -> Option<(u16, String)> {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {authorization}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap_or_default();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[tokio::test]
async fn each_cluster_has_a_listener_of_its_own_from_deploy_to_destroy() {
    let cloud = Served::start().await;
    let bearer = format!("Bearer {}", cloud.token().await);
    let deploy = format!("{CLUSTERS}/deploy");
    let (status, body) = send(cloud.address, "POST", &deploy, &bearer, Some(paid("orders"))).await.unwrap();
    assert_eq!(status, 200, "{body}");
    let cluster: Value = serde_json::from_str(&body).unwrap();
    let server: SocketAddr = cluster["servers"][0]["address"].as_str().unwrap().parse().unwrap();
    assert!(server.ip().is_loopback() && server != cloud.address);

    let pair = json!({"username": "admin", "password": "password"});
    let (status, body) = send(server, "POST", "/v1/signin", "", Some(pair)).await.unwrap();
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("token"));
    let at_server = send(server, "GET", CLUSTERS, &bearer, None).await.unwrap();
    assert_eq!(at_server.0, 404, "a server is not the administration API");

    let path = format!("{CLUSTERS}/orders");
    assert_eq!(send(cloud.address, "DELETE", &path, &bearer, None).await.unwrap().0, 200);
    assert_eq!(send(cloud.address, "GET", &path, &bearer, None).await.unwrap().0, 404);
    let refused = async { while TcpStream::connect(server).await.is_ok() {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), refused).await.expect("the listener should be closed");
    cloud.stop().await;
}

#[tokio::test]
async fn a_cut_connection_is_closed_without_an_answer() {
    let cloud = Served::start().await;
    let bearer = format!("Bearer {}", cloud.token().await);
    let deploy = format!("{CLUSTERS}/deploy");
    cloud.simulator.fault(Fault::new("*/deploy", FaultKind::Cut).method(&Method::POST).times(1));
    cloud.simulator.fault(Fault::new("*/deploy", FaultKind::Cut).method(&Method::POST).times(1).after_effect());

    let body = || Some(but(paid("orders"), "storageSizeGB", json!(10)));
    assert_eq!(send(cloud.address, "POST", &deploy, &bearer, body()).await, None, "before the effect");
    assert_eq!(cloud.simulator.clusters().len(), 0);
    assert_eq!(send(cloud.address, "POST", &deploy, &bearer, body()).await, None, "after the effect");
    assert_eq!(cloud.simulator.clusters().len(), 1);
    assert_eq!(send(cloud.address, "POST", &deploy, &bearer, body()).await.unwrap().0, 409);
    cloud.stop().await;
}

#[tokio::test]
async fn stopping_closes_every_listener() {
    let cloud = Served::start().await;
    let cluster = cloud.simulator.seed(clusterwright::simulator::typedb::NewCluster::new("orders")).unwrap();
    let server: SocketAddr = cloud.simulator.clusters()[0].addresses[0].parse().unwrap();
    let (simulator, address) = (cloud.simulator.clone(), cloud.address);
    TcpStream::connect(server).await.unwrap();
    cloud.stop().await;
    let refused =
        async { while TcpStream::connect(server).await.is_ok() || TcpStream::connect(address).await.is_ok() {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), refused).await.expect("they should be closed");
    assert_eq!(simulator.clusters()[0].cluster.id, cluster.id, "the world outlives its listeners");
}

#[tokio::test]
async fn only_the_loopback_interface_is_listened_on() {
    let refused = Simulator::new(Settings::default()).bind(([0, 0, 0, 0], 0).into()).await.unwrap_err();
    assert!(refused.to_string().contains("use 127.0.0.1:0"), "{refused}");
}
