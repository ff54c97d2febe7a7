//! The administration API over HTTP.

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::json;

use super::auth::Access;
use super::cloud::{Cloud, Reply};
use super::place::{ClusterName, Space};
use super::refusal::Refusal;
use crate::simulator::answer::Answer;
use crate::simulator::{Environment, Simulator, World};

/// The operations that the vendor documents.
pub(in crate::simulator) fn router(simulator: &Simulator) -> Router {
    let cluster = get(get_cluster).patch(update).delete(destroy);
    let clusters = Router::new()
        .route("/", get(list))
        .route("/{id}", cluster.post(deploy))
        .route("/{id}/suspend", post(suspend))
        .route("/{id}/resume", post(resume))
        .route("/{id}/clone", post(clone));
    Router::new()
        .route("/api/v1/auth", post(authenticate))
        .route("/api/v1/cluster-versions", get(versions))
        .nest("/api/v1/team/{team}/spaces/{space}/clusters", clusters)
        .fallback(nothing_there)
        .method_not_allowed_fallback(nothing_there)
        .layer(middleware::from_fn_with_state(simulator.clone(), limit_rate))
        .with_state(simulator.clone())
}

async fn authenticate(State(simulator): State<Simulator>, headers: HeaderMap) -> Result<String, Refusal> {
    simulator.with(|World { typedb, environment, .. }, now| typedb.credentials.exchange(&headers, environment, now))
}

async fn versions(State(simulator): State<Simulator>, headers: HeaderMap) -> Reply {
    simulator.with(|World { typedb, environment, .. }, now| {
        if environment.settings.typedb.unknowns.versions_need_token {
            typedb.credentials.authenticate(&headers, now)?;
        }
        Ok(Answer::shown(json!({"availableVersions": environment.settings.typedb.versions})))
    })
}

async fn list(
    State(simulator): State<Simulator>,
    Path((team, space)): Path<(String, String)>,
    headers: HeaderMap,
) -> Reply {
    let space = Space::new(team, space);
    simulator.authorized(&headers, &space, Access::Read, |cloud, environment, now| {
        Ok(cloud.list(&space, &environment.settings, now))
    })
}

async fn get_cluster(State(simulator): State<Simulator>, InPath(name): InPath, headers: HeaderMap) -> Reply {
    simulator.authorized(&headers, &name.space, Access::Read, |cloud, environment, _| {
        cloud.get(&name, &environment.settings)
    })
}

/// `POST …/clusters/deploy`; a POST to a cluster itself is not an operation.
async fn deploy(
    State(simulator): State<Simulator>,
    InPath(name): InPath,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    if name.id.as_str() != "deploy" {
        return Err(nothing_there(uri).await);
    }
    simulator.authorized(&headers, &name.space, Access::Write, |cloud, environment, now| {
        cloud.deploy(&name.space, &body, environment, now)
    })
}

async fn update(State(simulator): State<Simulator>, InPath(name): InPath, headers: HeaderMap, body: Bytes) -> Reply {
    simulator.authorized(&headers, &name.space, Access::Write, |cloud, environment, now| {
        cloud.update(&name, &body, environment, now)
    })
}

async fn suspend(State(simulator): State<Simulator>, InPath(name): InPath, headers: HeaderMap) -> Reply {
    simulator.authorized(&headers, &name.space, Access::Write, |cloud, environment, now| {
        cloud.suspend(&name, environment, now)
    })
}

async fn resume(State(simulator): State<Simulator>, InPath(name): InPath, headers: HeaderMap) -> Reply {
    simulator.authorized(&headers, &name.space, Access::Write, |cloud, environment, now| {
        cloud.resume(&name, environment, now)
    })
}

async fn clone(State(simulator): State<Simulator>, InPath(name): InPath, headers: HeaderMap, body: Bytes) -> Reply {
    simulator.authorized(&headers, &name.space, Access::Write, |cloud, environment, now| {
        cloud.clone(&name, &body, environment, now)
    })
}

async fn destroy(State(simulator): State<Simulator>, InPath(name): InPath, headers: HeaderMap) -> Reply {
    simulator.authorized(&headers, &name.space, Access::Admin, |cloud, environment, now| {
        cloud.destroy(&name, environment, now)
    })
}

async fn nothing_there(uri: Uri) -> Refusal {
    Refusal::not_found(format_args!("The path '{}'", uri.path()))
}

impl Simulator {
    /// Does `act` where the token of `headers` allows `needed` in `space`.
    fn authorized(
        &self,
        headers: &HeaderMap,
        space: &Space,
        needed: Access,
        act: impl FnOnce(&mut Cloud, &mut Environment, Timestamp) -> Reply,
    ) -> Reply {
        self.with(|World { typedb, environment, .. }, now| {
            typedb.credentials.authorize(headers, space, needed, environment, now)?;
            act(typedb, environment, now)
        })
    }
}

/// The cluster that the path names.
struct InPath(ClusterName);

impl<S: Send + Sync> FromRequestParts<S> for InPath {
    type Rejection = PathRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Path((team, space, id)) = Path::<(String, String, String)>::from_request_parts(parts, state).await?;
        Ok(Self(ClusterName::new(team, space, id)))
    }
}

/// Answers 429 for the rest of a minute in which there were too many requests.
async fn limit_rate(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    let wait = simulator.with(|World { typedb, environment, .. }, now| {
        typedb.throttle.count(environment.settings.typedb.unknowns.requests_per_minute, now)
    });
    let Some(seconds) = wait else { return next.run(request).await };
    let message = "Too many requests.";
    let mut response = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", message).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}
