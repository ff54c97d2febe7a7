//! A client of the simulator in process, on virtual time.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use clusterwright::clock::Clock;
use clusterwright::simulator::{CutConnection, Settings, Simulator};
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt;

/// The space of most credentials.
pub(crate) const CLUSTERS: &str = "/api/v1/team/acme/spaces/default/clusters";

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    /// None where the connection was cut.
    pub(crate) status: Option<u16>,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, Some(200), "{}", self.text);
        self.json()
    }

    /// The message of a refusal of this status.
    #[track_caller]
    pub(crate) fn refusal(&self, status: u16) -> String {
        assert_eq!(self.status, Some(status), "{}", self.text);
        let body = self.json();
        assert!(body["code"].is_string() && body.as_object().unwrap().len() == 2, "{body}");
        body["message"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn cut(&self) {
        assert_eq!(self.status, None, "{}", self.text);
    }
}

/// A world at noon of a certain day, moving with tokio's paused time.
pub(crate) fn settings() -> Settings {
    let clock = Clock::anchored("2026-11-22T12:00:00Z".parse().unwrap());
    Settings { clock, ..Settings::default() }
}

pub(crate) fn world() -> Simulator {
    Simulator::new(settings())
}

/// Lets virtual time pass.
pub(crate) async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// The body of a deploy that nothing is wrong with.
pub(crate) fn paid(id: &str) -> Value {
    json!({
        "id": id, "serverCount": 1, "storageSizeGB": 20, "provider": "gcp", "region": "europe-west2",
        "machineType": "c2d-highcpu-4", "storageType": "standard-rwo", "isFree": false, "version": "3.5.1",
        "backupConfiguration": {"frequency": "hourly", "retentionDays": 30},
    })
}

/// The body of a deploy of a free cluster.
pub(crate) fn free(id: &str) -> Value {
    json!({
        "id": id, "serverCount": 1, "storageSizeGB": 10, "provider": "aws", "region": "us-east-1",
        "machineType": "c8g.large", "storageType": "gp2-csi", "isFree": true, "version": "latest",
    })
}

/// `body` with one field changed; null removes it.
pub(crate) fn but(mut body: Value, field: &str, value: Value) -> Value {
    let fields = body.as_object_mut().unwrap();
    if value.is_null() {
        fields.remove(field);
    } else {
        fields.insert(field.to_owned(), value);
    }
    body
}

/// One client, with an access token or without.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    authorization: Option<String>,
    host: String,
}

impl Client {
    /// Without a token.
    pub(crate) fn stranger(simulator: &Simulator) -> Self {
        Self { router: simulator.router(), authorization: None, host: "cloud.typedb.com".to_owned() }
    }

    /// With a fresh token of the admin in the default space.
    pub(crate) async fn admin(simulator: &Simulator) -> Self {
        Self::of(simulator, "simulator").await
    }

    /// With a fresh token for this client id.
    pub(crate) async fn of(simulator: &Simulator, client_id: &str) -> Self {
        let stranger = Self::stranger(simulator);
        let token = stranger.basic(&format!("{client_id}:{client_id}-secret")).await;
        assert_eq!(token.status, Some(200), "{}", token.text);
        stranger.with_token(&token.text)
    }

    /// Speaking to the server of a cluster, signed in by nobody.
    pub(crate) fn of_server(simulator: &Simulator, address: &str) -> Self {
        Self { host: address.to_owned(), ..Self::stranger(simulator) }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { authorization: Some(format!("Bearer {token}")), ..self.clone() }
    }

    /// Exchanges what follows `Basic`.
    pub(crate) async fn basic(&self, pair: &str) -> Reply {
        let client = Self { authorization: Some(format!("Basic {pair}")), ..self.clone() };
        client.send(Method::POST, "/api/v1/auth", None).await
    }

    /// Signs in at a server.
    pub(crate) async fn sign_in(&self, username: &str, password: &str) -> Reply {
        let body = json!({"username": username, "password": password});
        self.post("/v1/signin", body).await
    }

    /// The same client, signed in at its server.
    pub(crate) async fn signed_in(&self, username: &str, password: &str) -> Self {
        let token = self.sign_in(username, password).await.ok();
        self.with_token(token["token"].as_str().unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    pub(crate) async fn deploy(&self, body: Value) -> Reply {
        self.post(&format!("{CLUSTERS}/deploy"), body).await
    }

    /// The same, and waits until it runs.
    pub(crate) async fn deployed(&self, body: Value) -> Value {
        let id = self.deploy(body).await.ok()["id"].as_str().unwrap().to_owned();
        pass(240).await;
        let cluster = self.cluster(&id).await.ok();
        assert_eq!(cluster["status"], "running");
        cluster
    }

    pub(crate) async fn cluster(&self, id: &str) -> Reply {
        self.get(&format!("{CLUSTERS}/{id}")).await
    }

    pub(crate) async fn update(&self, id: &str, body: Value) -> Reply {
        self.patch(&format!("{CLUSTERS}/{id}"), body).await
    }

    pub(crate) async fn destroy(&self, id: &str) -> Reply {
        self.delete(&format!("{CLUSTERS}/{id}")).await
    }

    /// `suspend` or `resume`.
    pub(crate) async fn act(&self, id: &str, action: &str) -> Reply {
        self.send(Method::POST, &format!("{CLUSTERS}/{id}/{action}"), None).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.host);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.carry(request.body(body).unwrap()).await
    }

    pub(crate) async fn carry(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let cut = parts.extensions.get::<CutConnection>().is_some();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Reply { status: (!cut).then(|| parts.status.as_u16()), headers: parts.headers, text }
    }
}
