//! `/simulator/cratedb/…`: what a test can do to the simulated CrateDB Cloud over HTTP.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{patch, post, put};
use axum::{Json, Router};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::console::{Failure, KeyChange, NewSubscription, OrganizationChange};
use super::refusal::Refusal;
use super::seeding::NewCluster;
use super::unknowns::Unknowns;
use crate::api::identity::ClusterId;
use crate::simulator::Simulator;
use crate::simulator::control::Input;

/// | request | does |
/// |---|---|
/// | `POST /simulator/cratedb/clusters` | a [`NewCluster`] as if made in the console; answers `{"id": …}` |
/// | `PATCH /simulator/cratedb/clusters/{id}` | edits any field but the id, known to the API or not |
/// | `DELETE /simulator/cratedb/clusters/{id}` | the cluster is gone at once and without a trace |
/// | `POST …/{id}/password` `{"password": "…"}` | sets the database user's password at once |
/// | `POST …/{id}/disk` `{"usedBytesPerNode": 1, "shards": 2}` | how full the disks are |
/// | `PUT …/{id}/{action}` | as in the console: the action and body of the API, or `delete` with `{}` |
/// | `POST /simulator/cratedb/failures` | a [`Failure`] of the next operations |
/// | `POST /simulator/cratedb/subscriptions` | a [`NewSubscription`]; answers `{"id": …}` |
/// | `PATCH /simulator/cratedb/subscriptions/{id}` `{"active": false}` | activates or deactivates it |
/// | `POST /simulator/cratedb/keys/{key}` | a [`KeyChange`]: deactivate, activate, new secret, delete |
/// | `PATCH /simulator/cratedb/organizations/{id}` | an [`OrganizationChange`]: its budget |
pub(in crate::simulator) fn router(simulator: &Simulator) -> Router {
    let routes = Router::new()
        .route("/clusters", post(seed))
        .route("/clusters/{id}", patch(edit).delete(remove))
        .route("/clusters/{id}/password", post(set_password))
        .route("/clusters/{id}/disk", post(set_disk))
        .route("/clusters/{id}/{action}", put(act))
        .route("/failures", post(fail_next))
        .route("/subscriptions", post(add_subscription))
        .route("/subscriptions/{id}", patch(change_subscription))
        .route("/keys/{key}", post(change_key))
        .route("/organizations/{id}", patch(change_organization))
        .with_state(simulator.clone());
    Router::new().nest("/simulator/cratedb", routes)
}

type Done = Result<Response, Refusal>;

async fn seed(State(simulator): State<Simulator>, Input(new): Input<NewCluster>) -> Done {
    Ok(created(simulator.cratedb().seed(new)?.as_str()))
}

async fn edit(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    Input(fields): Input<Map<String, Value>>,
) -> Done {
    simulator.cratedb().edit(&ClusterId::new(id), fields)?;
    Ok(done())
}

async fn remove(State(simulator): State<Simulator>, Path(id): Path<String>) -> Done {
    simulator.cratedb().remove(&ClusterId::new(id))?;
    Ok(done())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    password: SecretString,
}

async fn set_password(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    Input(new): Input<NewPassword>,
) -> Done {
    simulator.cratedb().set_password(&ClusterId::new(id), new.password)?;
    Ok(done())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DiskUse {
    used_bytes_per_node: i64,
    #[serde(default)]
    shards: i64,
}

async fn set_disk(State(simulator): State<Simulator>, Path(id): Path<String>, Input(disk): Input<DiskUse>) -> Done {
    simulator.cratedb().set_disk(&ClusterId::new(id), disk.used_bytes_per_node, disk.shards)?;
    Ok(done())
}

async fn act(
    State(simulator): State<Simulator>,
    Path((id, action)): Path<(String, String)>,
    Input(body): Input<Value>,
) -> Done {
    simulator.cratedb().act(&ClusterId::new(id), &action, &body)?;
    Ok(done())
}

async fn fail_next(State(simulator): State<Simulator>, Input(failure): Input<Failure>) -> Response {
    simulator.cratedb().fail_next(failure);
    done()
}

async fn add_subscription(State(simulator): State<Simulator>, Input(new): Input<NewSubscription>) -> Response {
    created(&simulator.cratedb().add_subscription(new))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Activation {
    active: bool,
}

async fn change_subscription(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    Input(change): Input<Activation>,
) -> Done {
    simulator.cratedb().activate_subscription(&id, change.active)?;
    Ok(done())
}

async fn change_key(
    State(simulator): State<Simulator>,
    Path(key): Path<String>,
    Input(change): Input<KeyChange>,
) -> Done {
    simulator.cratedb().change_key(&key, change)?;
    Ok(done())
}

async fn change_organization(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    Input(change): Input<OrganizationChange>,
) -> Done {
    simulator.cratedb().change_organization(&id, &change)?;
    Ok(done())
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn created(id: &str) -> Response {
    (StatusCode::CREATED, Json(json!({"id": id}))).into_response()
}

/// The control answers plainly, whatever the cloud's API is set to do.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.answer("", &Unknowns::default())
    }
}
