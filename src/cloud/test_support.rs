//! A transport that answers what a test tells it to.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::{Request, Response};

use super::transport::{Limits, SendError, Transport, within};

pub(crate) type Outcome = Result<Response<Bytes>, SendError>;

/// What the transport answers to a request, and how long that takes.
type Script = dyn Fn(&Request<Bytes>) -> (Duration, Outcome) + Send + Sync;

/// One request, as far as tests look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

#[derive(Clone)]
pub(crate) struct Scripted {
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Scripted")
    }
}

impl Scripted {
    /// Answers at once.
    pub(crate) fn new(script: impl Fn(&Request<Bytes>) -> Outcome + Send + Sync + 'static) -> Self {
        Self::slow(move |request| (Duration::ZERO, script(request)))
    }

    /// Answers after as long as the script says.
    pub(crate) fn slow(script: impl Fn(&Request<Bytes>) -> (Duration, Outcome) + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), seen: Arc::default() }
    }

    /// Gives these answers, one after the other.
    pub(crate) fn sequence(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let outcomes = Mutex::new(outcomes.into_iter().collect::<std::collections::VecDeque<_>>());
        Self::new(move |_| outcomes.lock().unwrap().pop_front().expect("one answer for every request"))
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The requests' methods and paths, with their queries.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Transport for Scripted {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> BoxFuture<'_, Outcome> {
        self.seen.lock().unwrap().push(Seen {
            line: format!("{} {}", request.method(), request.uri().path_and_query().unwrap()),
            authorization: header(&request, AUTHORIZATION),
            body: String::from_utf8_lossy(request.body()).into_owned(),
        });
        let (delay, outcome) = (self.script)(&request);
        let exchange = async move {
            tokio::time::sleep(delay).await;
            outcome
        };
        within(limits.deadline, exchange).boxed()
    }
}

fn header(request: &Request<Bytes>, name: HeaderName) -> String {
    request.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// An answer with a body in JSON.
pub(crate) fn json(status: u16, body: &str) -> Response<Bytes> {
    let builder = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    builder.body(Bytes::from(body.to_owned())).unwrap()
}

/// An answer from something that is not the API.
pub(crate) fn html(status: u16) -> Response<Bytes> {
    let builder = Response::builder().status(status).header(CONTENT_TYPE, "text/html");
    builder.body(Bytes::from_static(b"<html><title>Gateway</title></html>")).unwrap()
}

pub(crate) fn with_header(mut response: Response<Bytes>, name: HeaderName, value: &str) -> Response<Bytes> {
    response.headers_mut().insert(name, value.parse().unwrap());
    response
}
