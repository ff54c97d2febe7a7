//! The HTTP endpoint of the database itself, as every cluster serves it at its own address.
//!
//! Source: the vendor's reference of the database's HTTP endpoint; only the statements that a health check needs.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{Extensions, HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::settings::Settings;
use crate::simulator::gate::ServerAddress;
use crate::simulator::settings::Status;
use crate::simulator::tokens::{encoded_pair, scheme};
use crate::simulator::{Simulator, World, cut};

const SQL_PARSE_ERROR: i64 = 4000;

pub(in crate::simulator) fn router(simulator: &Simulator) -> Router {
    Router::new().fallback(enter).with_state(simulator.clone())
}

async fn enter(
    State(simulator): State<Simulator>,
    method: Method,
    uri: Uri,
    extensions: Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    simulator.with(|World { cratedb, environment, .. }, now| {
        let address = extensions.get::<ServerAddress>();
        let Some(cluster) = address.and_then(|ServerAddress(address)| cratedb.cluster_at(address)) else {
            return cut::response();
        };
        if let Some(closed) = closed_door(cluster, &environment.settings.cratedb, now) {
            return closed;
        }
        if let Err(denied) = sign_in(cluster, &headers) {
            return denied;
        }
        cluster.used = now;
        match (method, uri.path()) {
            (Method::POST, "/_sql") => execute(cluster, &body),
            (Method::GET, "/") => Json(banner(cluster)).into_response(),
            _ => (StatusCode::NOT_FOUND, "Not Found").into_response(),
        }
    })
}

/// What is answered where nobody is let in.
fn closed_door(cluster: &Cluster, settings: &Settings, now: Timestamp) -> Option<Response> {
    if !cluster.serving(&settings.unknowns, now) {
        return Some(match settings.unknowns.unready_endpoint_status {
            None => cut::response(),
            Some(Status(status)) => (status, Body::empty()).into_response(),
        });
    }
    let allowed = &cluster.spec.ip_whitelist;
    let loopback = |cidr: &str| matches!(cidr, "0.0.0.0/0" | "127.0.0.0/8" | "127.0.0.1/32");
    let welcome = allowed.is_empty() || allowed.iter().any(|entry| loopback(&entry.cidr));
    (settings.enforce_allow_list && !welcome).then(cut::response)
}

#[expect(clippy::result_large_err, reason = "the error is the answer, and is sent at once")]
fn sign_in(cluster: &Cluster, headers: &HeaderMap) -> Result<(), Response> {
    let pair = scheme(headers, "Basic").and_then(encoded_pair);
    let user = pair.as_ref().map_or("crate", |(user, _)| user);
    let knows =
        |(user, password): &(String, String)| *user == cluster.username && password == cluster.password.expose_secret();
    if pair.as_ref().is_some_and(knows) {
        return Ok(());
    }
    let way = if user == "crate" { "trust" } else { "password" };
    let message = format!("{way} authentication failed for user \"{user}\"");
    let headers =
        [(WWW_AUTHENTICATE, "Basic realm=\"CrateDB Authenticator\""), (CONTENT_TYPE, "text/plain; charset=utf-8")];
    Err((StatusCode::UNAUTHORIZED, headers, message).into_response())
}

fn execute(cluster: &Cluster, body: &[u8]) -> Response {
    let request: Option<Value> = serde_json::from_slice(body).ok();
    let Some(statement) = request.as_ref().and_then(|request| request["stmt"].as_str()) else {
        return failure("SQLParseException[Invalid request: the body has no \"stmt\"]", SQL_PARSE_ERROR);
    };
    let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((columns, rows)) = answer(cluster, statement.trim_end_matches(';').trim_end()) else {
        let word = statement.split(' ').next().unwrap_or_default();
        let message = format!("SQLParseException[The simulator does not know this statement: {word} …]");
        return failure(&message, SQL_PARSE_ERROR);
    };
    let count = rows.len();
    Json(json!({"cols": columns, "rows": rows, "rowcount": count, "duration": 0.5})).into_response()
}

/// Columns and rows.
fn answer(cluster: &Cluster, statement: &str) -> Option<(Vec<&'static str>, Vec<Value>)> {
    let nodes = 0..=cluster.spec.product_unit;
    let one = |column, value: Value| Some((vec![column], vec![json!([value])]));
    match statement.to_ascii_lowercase().as_str() {
        "select 1" => one("1", json!(1)),
        "select current_user" => one("current_user", json!(cluster.username)),
        "select name from sys.cluster" => one("name", json!(cluster.name)),
        "select count(*) from sys.nodes" => one("count(*)", json!(cluster.spec.product_unit + 1)),
        "select count(*) from sys.shards" => one("count(*)", json!(cluster.disk.shards)),
        "select version['number'] from sys.nodes" => {
            let rows = nodes.map(|_| json!([cluster.spec.crate_version])).collect();
            Some((vec!["version['number']"], rows))
        }
        "select name, fs['total']['size'], fs['total']['used'] from sys.nodes" => {
            let (size, used) = (cluster.spec.disk_size_per_node_bytes, cluster.disk.used_bytes_per_node);
            let rows = nodes.map(|node| json!([format!("data-hot-{node}"), size, used])).collect();
            Some((vec!["name", "fs['total']['size']", "fs['total']['used']"], rows))
        }
        _ => None,
    }
}

fn failure(message: &str, code: i64) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": {"message": message, "code": code}}))).into_response()
}

fn banner(cluster: &Cluster) -> Value {
    json!({
        "ok": true, "status": 200, "name": "data-hot-0", "cluster_name": cluster.name,
        "version": {"number": cluster.spec.crate_version},
    })
}
