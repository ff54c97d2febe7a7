//! Where every request comes in: it is logged, meets its faults, and is sent to whom it is addressed to.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{DATE, HOST};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tower::ServiceExt;

use super::cut::CutConnection;
use super::faults::{self, ErrorBody, FaultKind, Strike};
use super::requests::{Effect, Plane, RequestRow, RowNumber};
use super::{Simulator, World, control, cratedb, typedb};

/// No request of these APIs comes near this size.
const LARGEST_BODY: usize = 1024 * 1024;

/// The address of the server that a request was sent to.
#[derive(Clone, Debug)]
pub(super) struct ServerAddress(pub(super) String);

#[derive(Clone)]
struct Gate {
    simulator: Simulator,
    control: Router,
    typedb: Planes,
    cratedb: Planes,
}

/// What one cloud serves.
#[derive(Clone)]
struct Planes {
    api: Router,
    data: Router,
    error_body: ErrorBody,
}

/// The whole simulator as one service.
pub(super) fn router(simulator: &Simulator) -> Router {
    let gate = Gate {
        simulator: simulator.clone(),
        control: control::router(simulator),
        typedb: Planes {
            api: typedb::admin_router(simulator),
            data: typedb::data_plane_router(simulator),
            error_body: typedb::error_body,
        },
        cratedb: Planes {
            api: cratedb::admin_router(simulator),
            data: cratedb::data_plane_router(simulator),
            error_body: cratedb::error_body,
        },
    };
    Router::new().fallback(enter).with_state(gate)
}

/// The same for the listener of one server, whatever host its clients name.
pub(super) fn at_server(router: Router, address: &str) -> Router {
    router.layer(Extension(ServerAddress(address.to_owned())))
}

async fn enter(State(gate): State<Gate>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    if parts.extensions.get::<ServerAddress>().is_none()
        && let Some(address) = gate.named_server(&parts)
    {
        parts.extensions.insert(address);
    }
    let address = parts.extensions.get::<ServerAddress>().map(|ServerAddress(address)| address.clone());
    let request = Request::from_parts(parts, Body::from(body));
    if address.is_none() && request.uri().path().starts_with("/simulator/") {
        return send(gate.control, request).await;
    }
    // A client that gives up does not stop what the cloud has begun, so the request lives on in a task of its own.
    let passing = tokio::spawn(gate.pass(request, address));
    passing.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

impl Gate {
    async fn pass(self, request: Request, address: Option<String>) -> Response {
        let (number, strike) = self.arrive(&request, address.as_deref());
        wait(strike.delay_before).await;
        let answer = match strike.instead {
            Some(kind) => {
                let addressed = self.addressed(request.uri().path(), address.as_deref());
                faults::answer(kind, None, addressed.error_body)
            }
            None => self.effect(request, address.as_deref(), number, strike.afterwards).await,
        };
        wait(strike.delay_after).await;
        self.leave(answer, number)
    }

    /// Notes the request and draws its faults.
    fn arrive(&self, request: &Request, address: Option<&str>) -> (RowNumber, Strike) {
        let (method, path) = (request.method(), request.uri().path());
        self.simulator.with(|World { requests, faults, typedb, cratedb, .. }, now| {
            let number = requests.arrive(RequestRow {
                at: now,
                plane: if address.is_some() { Plane::Data } else { Plane::Cloud },
                method: method.to_string(),
                path: path.to_owned(),
                address: address.map(str::to_owned),
                status: None,
                cut: false,
                client_id: typedb.client_of(request.headers()).or_else(|| cratedb.client_of(request.headers())),
                effect: None,
            });
            (number, faults.strike(method, path, address))
        })
    }

    /// Lets the request have its effect, and notes that; `fault` decides what is answered.
    async fn effect(
        &self,
        request: Request,
        address: Option<&str>,
        number: RowNumber,
        fault: Option<FaultKind>,
    ) -> Response {
        let cloud = self.addressed(request.uri().path(), address);
        let error_body = cloud.error_body;
        let addressee = if address.is_some() { &cloud.data } else { &cloud.api };
        let mut response = send(addressee.clone(), request).await;
        if let Some(effect) = response.extensions_mut().remove::<Effect>() {
            self.simulator.with(|world, _| world.requests.took_effect(number, effect));
        }
        match fault {
            None => response,
            Some(kind) => {
                let real = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_else(|_| Bytes::new());
                faults::answer(kind, Some(&real), error_body)
            }
        }
    }

    /// Notes the answer and dates it.
    fn leave(&self, mut response: Response, number: RowNumber) -> Response {
        let cut = response.extensions().get::<CutConnection>().is_some();
        let status = (!cut).then_some(response.status());
        let now = self.simulator.with(|world, now| {
            world.requests.answered(number, status);
            now
        });
        response.headers_mut().extend(http_date(now).map(|date| (DATE, date)));
        response
    }

    /// The server that the request's authority names.
    fn named_server(&self, parts: &Parts) -> Option<ServerAddress> {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let authority = host.or_else(|| parts.uri.authority().map(Authority::as_str))?;
        for (domain, port) in [(typedb::DOMAIN, typedb::PORT), (cratedb::DOMAIN, cratedb::PORT)] {
            let port = format!(":{port}");
            let host = authority.strip_suffix(&port).unwrap_or(authority);
            if host.ends_with(domain) {
                return Some(ServerAddress(format!("{host}{port}")));
            }
        }
        let is_server = self
            .simulator
            .with(|World { typedb, cratedb, .. }, _| typedb.serves_at(authority) || cratedb.serves_at(authority));
        is_server.then(|| ServerAddress(authority.to_owned()))
    }

    /// The cloud that answers a request: the one whose cluster is addressed, else the one whose path it is.
    fn addressed(&self, path: &str, address: Option<&str>) -> &Planes {
        let cratedb = match address {
            Some(address) => self.simulator.with(|world, _| world.cratedb.serves_at(address)),
            None => path.starts_with("/api/v2/"),
        };
        if cratedb { &self.cratedb } else { &self.typedb }
    }
}

async fn send(router: Router, request: Request) -> Response {
    router.oneshot(request).await.unwrap_or_else(|never| match never {})
}

async fn wait(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

fn http_date(now: Timestamp) -> Option<HeaderValue> {
    let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
    HeaderValue::try_from(date).ok()
}
