//! The way of a request through the server: faults, effect, log, answer.

use std::task::{Context, Poll};

use axum::body::Body;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Request, Response, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::{BoxError, Service};

use super::ApiServer;
use super::audit::Entry;
use super::faults::{Moment, Trouble};
use super::handlers::handle;
use super::refusal::Refusal;
use super::request::{Call, Verb};
use super::watch::Watch;

/// An answer, or none because the connection was cut.
type Outcome = Result<Response<Body>, BoxError>;

impl Service<Request<kube::client::Body>> for ApiServer {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Outcome>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    /// A request goes its way to the end, even when the client no longer waits for the answer.
    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        let task = tokio::spawn(self.clone().respond(request));
        task.map(|joined| joined?).boxed()
    }
}

impl ApiServer {
    async fn respond(self, request: Request<kube::client::Body>) -> Outcome {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        match Call::read(&parts, body) {
            Ok(call) => self.serve(call).await,
            Err(refusal) => Ok(refused(&refusal)),
        }
    }

    async fn serve(self, call: Call) -> Outcome {
        if let Some(end) = self.strike(&call, Moment::BeforeEffect).await {
            self.record(&call, false, answered(&end));
            return end;
        }
        let (place, answer) = self.perform(&call);
        let Some(end) = self.strike(&call, Moment::AfterEffect).await else { return Ok(answer) };
        if let Some(entry) = self.lock().log.get_mut(place) {
            entry.answer = answered(&end);
        }
        end
    }

    /// Lets the faults of one moment have their way: an outcome, where they end the request.
    async fn strike(&self, call: &Call, moment: Moment) -> Option<Outcome> {
        let blow = self.lock().faults.strike(call, moment);
        if !blow.delay.is_zero() {
            tokio::time::sleep(blow.delay).await;
        }
        blow.end.map(|trouble| match trouble {
            Trouble::Status(code) => Ok(refused(&Refusal::injected(code))),
            Trouble::Cut | Trouble::Delay(_) => Err("connection closed before message completed".into()),
        })
    }

    /// Does what was asked and logs it. The place in the log comes with the answer, because what the client gets
    /// may yet be another one.
    fn perform(&self, call: &Call) -> (usize, Response<Body>) {
        let (answer, changed) = match call.verb {
            Verb::Watch => {
                (Watch::open(self.clone(), call.clone()).map(|it| json_response(200, it.into_body())), false)
            }
            _ => self.execute(call),
        };
        let answer = answer.unwrap_or_else(|refusal| refused(&refusal));
        (self.record(call, changed, Some(answer.status().as_u16())), answer)
    }

    fn execute(&self, call: &Call) -> (Result<Response<Body>, Refusal>, bool) {
        let mut state = self.lock();
        let before = state.store.revision;
        let answer = handle(&mut state.store, call);
        let changed = state.store.revision != before;
        drop(state);
        if changed {
            self.wake();
        }
        (answer.map(|answer| json_response(answer.code, text(&answer.body))), changed)
    }

    /// Logs a request; its place in the log.
    fn record(&self, call: &Call, changed: bool, answer: Option<u16>) -> usize {
        let mut state = self.lock();
        let entry = Entry { answer, changed, ..Entry::new(call, state.store.clock.now()) };
        state.log.push(entry);
        state.log.len() - 1
    }
}

/// The status code that the client gets.
fn answered(outcome: &Outcome) -> Option<u16> {
    outcome.as_ref().ok().map(|answer| answer.status().as_u16())
}

fn text(json: &Value) -> Body {
    Body::from(json.to_string())
}

fn json_response(code: u16, body: Body) -> Response<Body> {
    let response = Response::builder().status(code).header(header::CONTENT_TYPE, "application/json");
    response.body(body).expect("the code is one that a refusal or an answer has")
}

fn refused(refusal: &Refusal) -> Response<Body> {
    let body = refusal.to_status().map_or_else(|| Body::from(refusal.message().to_owned()), |status| text(&status));
    let mut response = json_response(refusal.code(), body);
    if refusal.code() == 429 {
        response.headers_mut().insert(header::RETRY_AFTER, 1.into());
    }
    response
}
