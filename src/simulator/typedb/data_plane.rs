//! The HTTP API of the database itself, as every cluster serves it at its own address.
//!
//! Source: the vendor's reference of the TypeDB HTTP API, version 1; only what concerns version, users and databases.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Path};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::database::ADMIN;
use super::refusal::Refusal;
use super::unknowns::Unknowns;
use super::validate::at_least;
use crate::simulator::gate::ServerAddress;
use crate::simulator::requests::Effect;
use crate::simulator::settings::Status;
use crate::simulator::tokens::scheme;
use crate::simulator::{Environment, Simulator, World, cut};

/// The first version with an HTTP API.
const FIRST_WITH_HTTP: [u64; 2] = [3, 2];

pub(in crate::simulator) fn router(simulator: &Simulator) -> Router {
    let user = get(get_user).post(create_user).put(update_user).delete(delete_user);
    let database = get(get_database).post(create_database).delete(delete_database);
    Router::new()
        .route("/", get(to_version))
        .route("/health", get(health))
        .route("/v1/health", get(health))
        .route("/v1/version", get(version))
        .route("/v1/signin", post(sign_in))
        .route("/v1/users", get(list_users))
        .route("/v1/users/{username}", user)
        .route("/v1/databases", get(list_databases))
        .route("/v1/databases/{name}", database)
        .fallback(nothing_there)
        .method_not_allowed_fallback(nothing_there)
        .with_state(simulator.clone())
}

async fn to_version(server: Server) -> Response {
    server.visit(|_, _, _| Ok(Done(Redirect::temporary("/v1/version").into_response(), None)))
}

async fn health(server: Server) -> Response {
    server.visit(|_, _, _| Ok(Done(StatusCode::NO_CONTENT.into_response(), None)))
}

async fn version(server: Server) -> Response {
    server.visit(|cluster, _, _| {
        Ok(Done::shown(json!({"distribution": "TypeDB Cloud", "version": cluster.spec.version})))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    username: String,
    password: SecretString,
}

async fn sign_in(server: Server, body: Bytes) -> Response {
    server.visit(|cluster, environment, now| {
        let SignIn { username, password } = parse(&body)?;
        let password = password.expose_secret();
        let token = cluster.database.sign_in(&username, password, now, &mut environment.random)?;
        Ok(Done::shown(json!({"token": token})))
    })
}

async fn list_users(server: Server) -> Response {
    server.visit_as_admin(|cluster| {
        let users: Value = cluster.database.users().map(|name| json!({"username": name})).collect();
        Ok(Done::shown(json!({"users": users})))
    })
}

async fn get_user(server: Server, Path(username): Path<String>) -> Response {
    server.visit_as(Some(&username), |cluster| {
        existing(cluster.database.has_user(&username), "user", &username)?;
        Ok(Done::shown(json!({"username": username})))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    password: SecretString,
}

async fn create_user(server: Server, Path(username): Path<String>, body: Bytes) -> Response {
    server.visit_as_admin(|cluster| {
        let Password { password } = parse(&body)?;
        if cluster.database.has_user(&username) {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "USC2", format!("User '{username}' exists already.")));
        }
        cluster.database.set_password(&username, password);
        Ok(Done::changed("userCreated"))
    })
}

async fn update_user(server: Server, Path(username): Path<String>, body: Bytes) -> Response {
    server.visit_as(Some(&username), |cluster| {
        let Password { password } = parse(&body)?;
        existing(cluster.database.has_user(&username), "user", &username)?;
        cluster.database.set_password(&username, password);
        Ok(Done::changed("passwordSet"))
    })
}

async fn delete_user(server: Server, Path(username): Path<String>) -> Response {
    server.visit_as_admin(|cluster| {
        if username == ADMIN {
            let message = "The default user cannot be deleted.";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "USD1", message));
        }
        existing(cluster.database.remove_user(&username), "user", &username)?;
        Ok(Done::changed("userDeleted"))
    })
}

async fn list_databases(server: Server) -> Response {
    server.visit_as(None, |cluster| {
        let databases: Value = cluster.database.names().map(|name| json!({"name": name})).collect();
        Ok(Done::shown(json!({"databases": databases})))
    })
}

async fn get_database(server: Server, Path(name): Path<String>) -> Response {
    server.visit_as(None, |cluster| {
        existing(cluster.database.names().any(|known| *known == name), "database", &name)?;
        Ok(Done::shown(json!({"name": name})))
    })
}

async fn create_database(server: Server, Path(name): Path<String>) -> Response {
    server.visit_as(None, |cluster| {
        if cluster.database.add_database(&name) {
            return Ok(Done::changed("databaseCreated"));
        }
        Err(Refusal::new(StatusCode::BAD_REQUEST, "DBC2", format!("Database '{name}' exists already.")))
    })
}

async fn delete_database(server: Server, Path(name): Path<String>) -> Response {
    server.visit_as(None, |cluster| {
        existing(cluster.database.remove_database(&name), "database", &name)?;
        Ok(Done::changed("databaseDeleted"))
    })
}

async fn nothing_there(server: Server) -> Response {
    server.visit(|_, _, _| Err(Refusal::new(StatusCode::NOT_FOUND, "HSR4", "Requested resource not found.")))
}

fn existing(exists: bool, kind: &str, name: &str) -> Result<(), Refusal> {
    if exists {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::NOT_FOUND, "SRV4", format!("The {kind} '{name}' does not exist.")))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // What serde says about a body could repeat parts of it, and it holds passwords.
    let malformed = |_| Refusal::new(StatusCode::BAD_REQUEST, "HSR2", "The JSON body has not the expected form.");
    serde_json::from_slice(body).map_err(malformed)
}

/// The end of a request that went well, and what it did to the cluster.
struct Done(Response, Option<&'static str>);

impl Done {
    fn shown(body: Value) -> Self {
        Self(Json(body).into_response(), None)
    }

    fn changed(action: &'static str) -> Self {
        Self(StatusCode::OK.into_response(), Some(action))
    }
}

/// The server that a request was sent to, and its headers.
struct Server {
    simulator: Simulator,
    address: Option<ServerAddress>,
    headers: HeaderMap,
}

impl FromRequestParts<Simulator> for Server {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, simulator: &Simulator) -> Result<Self, Infallible> {
        let address = parts.extensions.get().cloned();
        Ok(Self { simulator: simulator.clone(), address, headers: parts.headers.clone() })
    }
}

impl Server {
    /// Lets `act` happen inside the cluster, where that serves an HTTP API at present.
    fn visit(&self, act: impl FnOnce(&mut Cluster, &mut Environment, Timestamp) -> Result<Done, Refusal>) -> Response {
        self.simulator.with(|World { typedb, environment, .. }, now| {
            let name = self.address.as_ref().and_then(|ServerAddress(address)| typedb.servers.get(address));
            let Some(cluster) = name.and_then(|name| typedb.clusters.get_mut(name)) else { return cut::response() };
            if let Some(closed) = closed_door(cluster, &environment.settings.typedb.unknowns) {
                return closed;
            }
            match act(cluster, environment, now) {
                Err(refusal) => refusal.into_response(),
                Ok(Done(mut response, action)) => {
                    if let Some(action) = action {
                        response.extensions_mut().insert(effect(action, cluster));
                    }
                    response
                }
            }
        })
    }

    /// The same for someone who is signed in: the admin, or the user who is `concerned`; anyone where nobody is.
    fn visit_as(&self, concerned: Option<&str>, act: impl FnOnce(&mut Cluster) -> Result<Done, Refusal>) -> Response {
        self.visit(|cluster, _, now| {
            let user = cluster.database.user_of(scheme(&self.headers, "Bearer"), now)?;
            if user != ADMIN && concerned.is_some_and(|concerned| concerned != user) {
                let message = "The user is not permitted to execute the operation.";
                return Err(Refusal::new(StatusCode::FORBIDDEN, "SRV2", message));
            }
            act(cluster)
        })
    }

    /// The same for the admin alone.
    fn visit_as_admin(&self, act: impl FnOnce(&mut Cluster) -> Result<Done, Refusal>) -> Response {
        self.visit_as(Some(ADMIN), act)
    }
}

/// What is answered where nobody is let in.
fn closed_door(cluster: &Cluster, unknowns: &Unknowns) -> Option<Response> {
    let closed = |status: Option<Status>, content_type: &'static str| match status {
        None => cut::response(),
        Some(Status(status)) => {
            let mut response = (status, Body::empty()).into_response();
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            response
        }
    };
    if !cluster.serving(unknowns) {
        Some(closed(unknowns.unready_endpoint_status, "text/plain"))
    } else if !at_least(&cluster.spec.version, &FIRST_WITH_HTTP) {
        Some(closed(unknowns.missing_http_api_status, "application/grpc"))
    } else {
        None
    }
}

fn effect(action: &'static str, cluster: &Cluster) -> Effect {
    let created_at = cluster.created_at.epoch_millis();
    Effect { action, cluster: cluster.name.to_string(), created_at, fields: Vec::new() }
}
