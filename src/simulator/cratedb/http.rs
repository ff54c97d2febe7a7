//! The administration API over HTTP.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "named by its path, a method of a type with a lifetime is of one lifetime, and the handlers need any"
)]

use std::convert::Infallible;
use std::future::{Ready, ready};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Path, Query, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, head, post, put};

use super::call::{Call, Caller, Reply};
use super::directory::Place;
use super::jobs::Direction;
use super::refusal::Refusal;
use crate::simulator::tokens::{encoded_pair, scheme};
use crate::simulator::{Simulator, World};

/// Where the API begins.
const BASE: &str = "/api/v2";

/// The operations that the vendor documents, as far as they are about clusters and what is around them.
pub(in crate::simulator) fn router(simulator: &Simulator) -> Router {
    let api = Router::new()
        .merge(clusters())
        .merge(jobs())
        .merge(organizations())
        .merge(projects())
        .merge(users())
        .merge(surroundings());
    Router::new()
        .nest(BASE, api)
        .fallback(nothing_there)
        .method_not_allowed_fallback(nothing_there)
        .layer(middleware::from_fn_with_state(simulator.clone(), limit_rate))
        .with_state(simulator.clone())
}

fn clusters() -> Router<Simulator> {
    let cluster = get(one(|call, id| call.get_cluster(id)))
        .patch(one(|call, id| call.set_password(id)))
        .delete(one(|call, id| call.delete_cluster(id)));
    Router::new()
        .route("/clusters/", get(none(|call| Ok(call.list_clusters()))))
        .route("/clusters/name/{name}/", head(one(|call, name| Ok(call.check_name(name)))))
        .route("/clusters/{id}/", cluster)
        .route("/clusters/{id}/scale/", put(one(|call, id| call.scale(id))))
        .route("/clusters/{id}/product/", put(one(|call, id| call.change_product(id))))
        .route("/clusters/{id}/storage/", put(one(|call, id| call.expand_storage(id))))
        .route("/clusters/{id}/upgrade/", put(one(|call, id| call.upgrade(id))))
        .route("/clusters/{id}/suspend/", put(one(|call, id| call.suspend(id))))
        .route("/clusters/{id}/deletion-protection/", put(one(|call, id| call.protect(id))))
        .route("/clusters/{id}/ip-restrictions/", put(one(|call, id| call.restrict(id))))
        .route("/clusters/{id}/backup-schedule/", put(one(|call, id| call.schedule_backups(id))))
        .route("/clusters/{id}/operations/", get(one(|call, id| call.list_operations(id))))
        .route("/clusters/{id}/snapshots/", get(one(|call, id| call.list_snapshots(id))))
        .route("/clusters/{id}/snapshots/restore/", post(one(|call, id| call.restore(id))))
        .route("/clusters/{id}/transfer-subscription/", post(one(|call, id| call.transfer(id))))
        .route("/clusters/{id}/available-products/", get(one(|call, id| call.available_products(id))))
        .route("/clusters/{id}/available-upgrades/", get(one(|call, id| call.available_upgrades(id))))
        .route("/clusters/{id}/nodes/{ordinal}", delete(two(|call, id, part| call.restart_node(id, part))))
        .route("/clusters/{id}/jwt/", get(one(|call, id| call.grant_token(id))))
        .route("/clusters/{id}/metrics/{metric}/", get(two(|call, id, part| call.metrics(id, part))))
}

fn jobs() -> Router<Simulator> {
    let imports = get(one(|call, id| call.list_jobs(Direction::Import, id))).post(one(|call, id| call.import(id)));
    let import = get(two(|call, id, job| call.get_job(Direction::Import, id, job)))
        .delete(two(|call, id, job| call.delete_job(Direction::Import, id, job)));
    let exports = get(one(|call, id| call.list_jobs(Direction::Export, id))).post(one(|call, id| call.export(id)));
    let export = get(two(|call, id, job| call.get_job(Direction::Export, id, job)))
        .delete(two(|call, id, job| call.delete_job(Direction::Export, id, job)));
    Router::new()
        .route("/clusters/{id}/import-jobs/", imports)
        .route("/clusters/{id}/import-jobs/{job}/", import)
        .route("/clusters/{id}/import-jobs/{job}/progress/", get(two(|call, id, job| call.import_progress(id, job))))
        .route("/clusters/{id}/export-jobs/", exports)
        .route("/clusters/{id}/export-jobs/{job}/", export)
        .route("/organizations/{id}/files/{file}/", get(two(|call, id, file| call.get_file(id, file))))
}

fn organizations() -> Router<Simulator> {
    let organizations = get(none(|call| Ok(call.list_organizations()))).post(none(|call| call.create_organization()));
    let organization = get(one(|call, id| call.get_organization(id)))
        .put(one(|call, id| call.edit_organization(id)))
        .delete(one(|call, id| call.delete_organization(id)));
    let clusters = get(one(|call, id| call.list_clusters_of(id))).post(one(|call, id| call.create_cluster(id)));
    let members = get(one(|call, id| call.list_members(Place::Organization, id)))
        .post(one(|call, id| call.add_member(Place::Organization, id)));
    Router::new()
        .route("/organizations/", organizations)
        .route("/organizations/{id}/", organization)
        .route("/organizations/{id}/clusters/", clusters)
        .route("/organizations/{id}/projects/", get(one(|call, id| call.list_projects_of(id))))
        .route("/organizations/{id}/regions/", get(one(|call, id| call.list_regions_of(id))))
        .route("/organizations/{id}/subscriptions/", get(one(|call, id| call.list_subscriptions_of(id))))
        .route("/organizations/{id}/users/", members)
        .route(
            "/organizations/{id}/users/{user}/",
            delete(two(|call, id, user| call.remove_member(Place::Organization, id, user))),
        )
        .route("/organizations/{id}/quotas/", get(one(|call, id| call.quotas(id))))
        .route("/organizations/{id}/remaining-budget/", get(one(|call, id| call.remaining_budget(id))))
        .route("/organizations/{id}/consumption/current-month/", get(one(|call, id| call.consumption(id))))
        .route("/organizations/{id}/auditlogs/", get(one(|call, id| call.audit_log(id))))
        .route("/organizations/{id}/metrics/prometheus/", get(one(|call, id| call.prometheus(id))))
}

fn projects() -> Router<Simulator> {
    let projects = get(none(|call| Ok(call.list_projects()))).post(none(|call| call.create_project()));
    let project = get(one(|call, id| call.get_project(id)))
        .patch(one(|call, id| call.rename_project(id)))
        .delete(one(|call, id| call.delete_project(id)));
    let members = get(one(|call, id| call.list_members(Place::Project, id)))
        .post(one(|call, id| call.add_member(Place::Project, id)));
    Router::new()
        .route("/projects/", projects)
        .route("/projects/{id}/", project)
        .route("/projects/{id}/clusters/", get(one(|call, id| call.list_clusters_in(id))))
        .route("/projects/{id}/users/", members)
        .route(
            "/projects/{id}/users/{user}/",
            delete(two(|call, id, user| call.remove_member(Place::Project, id, user))),
        )
}

fn users() -> Router<Simulator> {
    let keys = get(none(|call| call.list_keys())).post(none(|call| call.create_key()));
    let key = get(one(|call, key| call.get_key(key)))
        .patch(one(|call, key| call.change_key(key)))
        .delete(one(|call, key| call.delete_key(key)));
    Router::new()
        .route("/users/", get(none(|call| Ok(call.list_users()))))
        .route("/users/me/", get(none(|call| call.me())))
        .route("/users/me", get(none(|call| call.me())))
        .route("/users/me/api-keys/", keys)
        .route("/users/me/api-keys/{key}/", key)
        .route("/roles/", get(none(|_| Ok(Call::list_roles()))))
}

fn surroundings() -> Router<Simulator> {
    let subscriptions = get(none(|call| call.list_subscriptions())).post(none(|call| call.create_subscription()));
    let subscription =
        get(one(|call, id| call.get_subscription(id))).delete(one(|call, id| call.cancel_subscription(id)));
    Router::new()
        .route("/subscriptions/", subscriptions)
        .route("/subscriptions/{id}/", subscription)
        .route("/regions/", get(none(|call| Ok(call.list_regions()))))
        .route("/products/", get(none(|call| Ok(call.list_products()))))
        .route("/products/{kind}/", get(one(|call, kind| call.list_products_of(kind))))
        .route("/products/clusters/price", get(none(|call| call.price())))
        .route("/meta/", get(open(|call| Ok(call.meta()))))
        .route("/meta/cratedb-versions/", get(open(|call| Ok(call.versions()))))
}

async fn nothing_there(asked: Asked) -> Response {
    asked.answer(Auth::None, |_| Err(Refusal::new(StatusCode::NOT_FOUND, "Resource not found.")))
}

/// A handler for an operation whose path names nothing.
fn none(act: fn(&mut Call<'_>) -> Reply) -> impl Fn(Asked) -> Ready<Response> + Clone {
    move |asked| ready(asked.answer(Auth::Key, act))
}

/// The same for everybody.
fn open(act: fn(&mut Call<'_>) -> Reply) -> impl Fn(Asked) -> Ready<Response> + Clone {
    move |asked| ready(asked.answer(Auth::None, act))
}

/// A handler for an operation on one thing.
fn one(act: fn(&mut Call<'_>, &str) -> Reply) -> impl Fn(Path<String>, Asked) -> Ready<Response> + Clone {
    move |Path(id), asked| ready(asked.answer(Auth::Key, |call| act(call, &id)))
}

/// A handler for an operation on a part of one thing.
fn two(
    act: fn(&mut Call<'_>, &str, &str) -> Reply,
) -> impl Fn(Path<(String, String)>, Asked) -> Ready<Response> + Clone {
    move |Path((id, part)), asked| ready(asked.answer(Auth::Key, |call| act(call, &id, &part)))
}

/// Whether an operation needs an API key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Auth {
    None,
    Key,
}

/// A request, but for what its path names.
struct Asked {
    simulator: Simulator,
    /// Of an operation that there is; the router takes the beginning off.
    path: String,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    body: Bytes,
}

impl FromRequest<Simulator> for Asked {
    type Rejection = Infallible;

    async fn from_request(request: Request, simulator: &Simulator) -> Result<Self, Infallible> {
        let query = Query::try_from_uri(request.uri()).map(|Query(pairs)| pairs).unwrap_or_default();
        let (parts, body) = request.into_parts();
        // The gate has read the body already, so that it is whole and not too large.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let path = format!("{BASE}{}", parts.uri.path());
        Ok(Self { simulator: simulator.clone(), path, headers: parts.headers, query, body })
    }
}

impl Asked {
    /// Lets the user behind the key do something.
    fn answer(self, auth: Auth, act: impl FnOnce(&mut Call<'_>) -> Reply) -> Response {
        let Self { simulator, path, headers, query, body } = self;
        simulator.with(|World { cratedb, environment, .. }, now| {
            let pair = scheme(&headers, "Basic").and_then(encoded_pair);
            let user = pair.and_then(|(key, secret)| cratedb.directory.user_of(&key, &secret, now));
            let caller = match user {
                Some(user) => Ok(Caller::User(user)),
                None if auth == Auth::None => Ok(Caller::Console),
                None => Err(Refusal::unauthenticated()),
            };
            let reply = caller.and_then(|caller| {
                let region = headers.get("x-region").and_then(|region| region.to_str().ok());
                let mut call = Call { cloud: cratedb, environment, caller, now, region, query: &query, body: &body };
                let answer = act(&mut call)?;
                if let Some(effect) = answer.effect() {
                    call.audit(effect);
                }
                Ok(answer)
            });
            match reply {
                Ok(answer) => answer.into_response(),
                Err(refusal) => refusal.answer(&path, &environment.settings.cratedb.unknowns),
            }
        })
    }
}

/// Answers 429 for the rest of a minute in which there were too many requests.
async fn limit_rate(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    let wait = simulator.with(|World { cratedb, environment, .. }, now| {
        cratedb.throttle.count(environment.settings.cratedb.unknowns.requests_per_minute, now)
    });
    let Some(seconds) = wait else { return next.run(request).await };
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests.");
    let unknowns = simulator.settings().cratedb.unknowns;
    let mut response = refusal.answer(request.uri().path(), &unknowns);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}
