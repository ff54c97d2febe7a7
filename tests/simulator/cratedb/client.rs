//! A client of the simulated CrateDB Cloud in process, on virtual time. Every answer is held against the vendor's
//! document where that is given.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clusterwright::simulator::Simulator;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request};
use serde_json::{Value, json};

use super::openapi::DOCUMENT;
use crate::client::{Client as Transport, Reply, pass};

pub(crate) const ORGANIZATION: &str = "00000000-0000-4000-8000-000000000001";
pub(crate) const SECOND: &str = "00000000-0000-4000-8000-000000000002";
pub(crate) const SUBSCRIPTION: &str = "00000000-0000-4000-8000-000000000031";
pub(crate) const PASSWORD: &str = "not-a-secret-not-a-secret";
pub(crate) const REGION: &str = "eks1.eu-west-1.aws";
pub(crate) const GIB: i64 = 1024 * 1024 * 1024;

/// The body of a create that nothing is wrong with.
pub(crate) fn paid(name: &str) -> Value {
    json!({
        "cluster": {
            "name": name, "crate_version": "5.8.3", "channel": "stable", "product_name": "cr1",
            "product_tier": "default", "product_unit": 1, "username": "admin", "password": PASSWORD,
            "hardware_specs": {"disk_size_per_node_bytes": 64 * GIB},
        },
        "subscription_id": SUBSCRIPTION, "project": {"name": "tests", "region": REGION},
    })
}

/// The body of a create of a free cluster.
pub(crate) fn free(name: &str) -> Value {
    let mut body = paid(name);
    body["subscription_id"] = json!("free_tier");
    body["cluster"]["product_name"] = json!("crfree");
    body["cluster"]["product_unit"] = json!(0);
    body["cluster"]["hardware_specs"] = Value::Null;
    body
}

/// `body` with the field at `pointer` changed; null removes it.
pub(crate) fn but(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(field);
    } else {
        parent.insert(field.to_owned(), value);
    }
    body
}

/// One client, with an API key or without.
#[derive(Clone)]
pub(crate) struct Client {
    transport: Transport,
    authorization: Option<String>,
    host: String,
    region: Option<&'static str>,
    checked: bool,
}

impl Client {
    /// Without a key.
    pub(crate) fn stranger(simulator: &Simulator) -> Self {
        let transport = Transport::stranger(simulator);
        Self { transport, authorization: None, host: "console.cratedb.cloud".to_owned(), region: None, checked: true }
    }

    /// With the key of the first organization's admin.
    pub(crate) fn admin(simulator: &Simulator) -> Self {
        Self::of(simulator, "simulator")
    }

    /// With this key and its documented secret.
    pub(crate) fn of(simulator: &Simulator, key: &str) -> Self {
        Self::stranger(simulator).with_pair(key, &format!("{key}-secret"))
    }

    /// Speaking to the database of a cluster.
    pub(crate) fn of_database(simulator: &Simulator, cluster: &Value, password: &str) -> Self {
        let host = cluster["url"].as_str().unwrap().strip_prefix("https://").unwrap().to_owned();
        Self { host, ..Self::stranger(simulator).with_pair("admin", password) }
    }

    pub(crate) fn with_pair(&self, name: &str, secret: &str) -> Self {
        let pair = STANDARD.encode(format!("{name}:{secret}"));
        Self { authorization: Some(format!("Basic {pair}")), ..self.clone() }
    }

    /// As the vendor's command line names a region.
    pub(crate) fn in_region(&self, region: &'static str) -> Self {
        Self { region: Some(region), ..self.clone() }
    }

    /// Its answers are known not to keep to the vendor's document.
    pub(crate) fn beyond_the_document(self) -> Self {
        Self { checked: false, ..self }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method.clone()).uri(path).header(HOST, &self.host);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(region) = self.region {
            request = request.header("x-region", region);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let reply = self.transport.carry(request.body(body).unwrap()).await;
        if self.checked && path.starts_with("/api/v2/") {
            check(&method, path, &reply);
        }
        reply
    }

    /// A request to the cloud's API.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, &format!("/api/v2/{path}"), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, &format!("/api/v2/{path}"), Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, &format!("/api/v2/{path}"), Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, &format!("/api/v2/{path}"), Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, &format!("/api/v2/{path}"), None).await
    }

    pub(crate) async fn create(&self, body: Value) -> Reply {
        self.post(&format!("organizations/{ORGANIZATION}/clusters/"), body).await
    }

    /// The same, and waits until it is there.
    pub(crate) async fn created(&self, body: Value) -> Value {
        let id = self.create(body).await.created()["id"].as_str().unwrap().to_owned();
        pass(300).await;
        let cluster = self.cluster(&id).await.ok();
        assert_eq!(cluster["health"]["status"], "GREEN");
        cluster
    }

    pub(crate) async fn cluster(&self, id: &str) -> Reply {
        self.get(&format!("clusters/{id}/")).await
    }

    /// A change of a cluster.
    pub(crate) async fn change(&self, id: &str, action: &str, body: Value) -> Reply {
        self.put(&format!("clusters/{id}/{action}/"), body).await
    }

    /// Its operations, newest first.
    pub(crate) async fn operations(&self, id: &str) -> Vec<Value> {
        self.get(&format!("clusters/{id}/operations/")).await.ok()["operations"].as_array().unwrap().clone()
    }

    /// Status and message of its newest operation.
    pub(crate) async fn progress(&self, id: &str) -> (String, String) {
        let newest = self.operations(id).await.remove(0);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&newest["status"]), text(&newest["feedback_data"]["message"]))
    }

    /// A statement for the database.
    pub(crate) async fn sql(&self, statement: &str) -> Reply {
        self.send(Method::POST, "/_sql", Some(json!({"stmt": statement}))).await
    }

    /// A request to the simulator's own control.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Reply {
        let request = Request::builder().method(method).uri(format!("/simulator/{path}"));
        let request = request.header(CONTENT_TYPE, "application/json").body(Body::from(body.to_string())).unwrap();
        self.transport.carry(request).await
    }
}

impl Reply {
    /// The body of a 201.
    #[track_caller]
    pub(crate) fn created(&self) -> Value {
        assert_eq!(self.status, Some(201), "{}", self.text);
        self.json()
    }

    /// No body, and this status.
    #[track_caller]
    pub(crate) fn empty(&self, status: u16) {
        assert_eq!((self.status, self.text.as_str()), (Some(status), ""));
    }

    /// The message of CrateDB Cloud's refusal of this status.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, Some(status), "{}", self.text);
        let body = self.json();
        assert_eq!(body["success"], false, "{body}");
        body["message"].as_str().unwrap().to_owned()
    }
}

#[track_caller]
fn check(method: &Method, path: &str, reply: &Reply) {
    let (Some(document), Some(status)) = (DOCUMENT.as_ref(), reply.status) else { return };
    let body: Option<Value> = serde_json::from_str(&reply.text).ok();
    let path = path.split('?').next().unwrap();
    if let Err(wrong) = document.check(method.as_str(), path, status, body.as_ref()) {
        panic!("{method} {path} → {status}: {wrong}\n{}", reply.text);
    }
}
