//! `/simulator/…`: what a test can do to the simulated world and learn about it, over HTTP and as methods.

use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::Fault;
use super::requests::Requests;
use super::settings::Settings;
use super::typedb::Refusal;
use super::{Simulator, World, cratedb, typedb};
use crate::clock::later;

/// What concerns both clouds; each adds what is its own.
///
/// | request | does |
/// |---|---|
/// | `POST /simulator/faults` | adds a [`Fault`] |
/// | `DELETE /simulator/faults` | clears all faults |
/// | `POST /simulator/stale-list` `{"seconds": 30}` | lists stay as they are now; without seconds until cleared |
/// | `DELETE /simulator/stale-list` | lists are true again |
/// | `PATCH /simulator/settings` | changes some [`Settings`], nested ones too |
/// | `GET /simulator/state` | settings, faults, clusters, credentials without secrets |
/// | `GET /simulator/requests` | [`Requests`]: counts and log; requests to `/simulator/` are not among them |
/// | `DELETE /simulator/requests` | forgets counts and log |
pub(super) fn router(simulator: &Simulator) -> Router {
    Router::new()
        .route("/simulator/faults", post(add_fault).delete(clear_faults))
        .route("/simulator/stale-list", post(freeze_lists).delete(freshen_lists))
        .route("/simulator/settings", patch(change_settings))
        .route("/simulator/state", get(state))
        .route("/simulator/requests", get(requests).delete(clear_requests))
        .with_state(simulator.clone())
        .merge(typedb::control_router(simulator))
        .merge(cratedb::control_router(simulator))
}

/// The same as methods, for tests in process.
impl Simulator {
    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        self.with(|world, _| world.faults.add(fault));
    }

    /// Clears all faults.
    pub fn clear_faults(&self) {
        self.with(|world, _| world.faults.clear());
    }

    /// Lets lists stay as they are now, for a while or until [`Simulator::freshen_lists`].
    pub fn freeze_lists(&self, duration: Option<Duration>) {
        self.with(|World { typedb, cratedb, environment, .. }, now| {
            let until = duration.map(|duration| later(now, duration));
            typedb.freeze_lists(until, &environment.settings);
            cratedb.freeze_lists(until, &environment.settings.cratedb, now);
        });
    }

    /// Lets lists be true again.
    pub fn freshen_lists(&self) {
        self.with(|World { typedb, cratedb, .. }, _| {
            typedb.freshen_lists();
            cratedb.freshen_lists();
        });
    }

    /// Changes settings. Clock and seed are those of the beginning, whatever is written to them.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        self.with(|world, _| {
            let settings = &mut world.environment.settings;
            let (clock, seed) = (settings.clock.clone(), settings.seed);
            change(settings);
            (settings.clock, settings.seed) = (clock, seed);
        });
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.with(|world, _| world.environment.settings.clone())
    }

    /// What was asked so far.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.with(|world, _| world.requests.clone())
    }

    /// Forgets what was asked so far.
    pub fn clear_requests(&self) {
        self.with(|world, _| world.requests.clear());
    }
}

async fn add_fault(State(simulator): State<Simulator>, Input(fault): Input<Fault>) -> StatusCode {
    simulator.fault(fault);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(simulator): State<Simulator>) -> StatusCode {
    simulator.clear_faults();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Freeze {
    seconds: Option<u64>,
}

async fn freeze_lists(State(simulator): State<Simulator>, Input(freeze): Input<Freeze>) -> StatusCode {
    simulator.freeze_lists(freeze.seconds.map(Duration::from_secs));
    StatusCode::NO_CONTENT
}

async fn freshen_lists(State(simulator): State<Simulator>) -> StatusCode {
    simulator.freshen_lists();
    StatusCode::NO_CONTENT
}

async fn change_settings(
    State(simulator): State<Simulator>,
    Input(changes): Input<Value>,
) -> Result<Json<Settings>, Refusal> {
    let mut merged = json!(simulator.settings());
    merge(&mut merged, changes);
    let new: Settings = serde_json::from_value(merged)
        .map_err(|error| Refusal::invalid(format!("The settings are not understood: {error}.")))?;
    simulator.configure(|settings| *settings = new.clone());
    Ok(Json(simulator.settings()))
}

/// Objects are merged, all else is replaced; null is a value, as some settings have it.
fn merge(target: &mut Value, changes: Value) {
    match (target, changes) {
        (Value::Object(target), Value::Object(changes)) => {
            for (name, change) in changes {
                merge(target.entry(name).or_insert(Value::Null), change);
            }
        }
        (target, changes) => *target = changes,
    }
}

async fn state(State(simulator): State<Simulator>) -> Json<Value> {
    Json(simulator.with(|world, now| {
        let World { environment, typedb, cratedb, faults, .. } = world;
        let mut state = typedb.describe(&environment.settings);
        let cratedb = cratedb.describe(&environment.settings.cratedb, now);
        let (settings, faults) = (&environment.settings, faults.all());
        merge(&mut state, json!({"now": now, "settings": settings, "faults": faults, "cratedb": cratedb}));
        state
    }))
}

async fn requests(State(simulator): State<Simulator>) -> Json<Requests> {
    Json(simulator.requests())
}

async fn clear_requests(State(simulator): State<Simulator>) -> StatusCode {
    simulator.clear_requests();
    StatusCode::NO_CONTENT
}

/// A JSON body; a wrong one is answered with 400 and a sentence, like everything else here.
pub(super) struct Input<T>(pub(super) T);

impl<T, S> FromRequest<S> for Input<T>
where
    Json<T>: FromRequest<S, Rejection = JsonRejection>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Response> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(Refusal::invalid(rejection.body_text()).into_response()),
        }
    }
}
