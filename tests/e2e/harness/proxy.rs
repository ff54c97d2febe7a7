//! A plain proxy between an operator and the API server. It counts and keeps what the operator writes, and can leave
//! one write unanswered, so that the operator can be killed at that very point.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, header};
use kube::Client;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Longer than anything that the operator writes.
const LARGEST_BODY: usize = 4 << 20;

/// One write of the operator to the API server.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Bytes,
}

/// Which side of its effect a write hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The API server never gets to see it.
    Before,
    /// It has its effect, and the operator never learns of it.
    After,
}

/// Judges a write by itself and by those before it.
type Judge = dyn Fn(&Write, &[Write]) -> bool + Send;

struct Snag {
    side: Side,
    matches: Box<Judge>,
}

struct Inner {
    client: Client,
    requests: Mutex<Vec<(Method, String)>>,
    writes: Mutex<Vec<Write>>,
    snag: Mutex<Option<Snag>>,
    snagged: watch::Sender<bool>,
    /// While it is true, no request gets through.
    down: watch::Sender<bool>,
}

/// A running proxy.
#[derive(Clone)]
pub(crate) struct Proxy {
    inner: Arc<Inner>,
    pub(crate) address: SocketAddr,
}

impl Proxy {
    /// Serves on a loopback port of its own, as `client`.
    pub(crate) async fn start(client: Client) -> Self {
        let (snagged, _) = watch::channel(false);
        let (requests, writes, snag) = (Mutex::default(), Mutex::default(), Mutex::default());
        let inner = Arc::new(Inner { client, requests, writes, snag, snagged, down: watch::channel(false).0 });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let router = Router::new().fallback(forward).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, address }
    }

    /// A kubeconfig that leads here.
    pub(crate) fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: proxy\n\
             clusters: [{{name: proxy, cluster: {{server: \"http://{}\"}}}}]\n\
             contexts: [{{name: proxy, context: {{cluster: proxy, user: proxy}}}}]\n\
             users: [{{name: proxy, user: {{}}}}]\n",
            self.address
        )
    }

    /// Method, path and query of every request so far, refused ones too.
    pub(crate) fn requests(&self) -> Vec<(Method, String)> {
        lock(&self.inner.requests).clone()
    }

    /// All writes so far, refused ones too.
    pub(crate) fn writes(&self) -> Vec<Write> {
        lock(&self.inner.writes).clone()
    }

    /// From now on every request is left unanswered, or is answered again.
    pub(crate) fn goes_down(&self, down: bool) {
        self.inner.down.send_replace(down);
    }

    /// Leaves the next write with `method` unanswered whose path contains `path_part`.
    pub(crate) fn snag(&self, side: Side, method: Method, path_part: impl Into<String>) {
        let path_part = path_part.into();
        self.snag_where(side, move |write, _| write.method == method && write.path.contains(&path_part));
    }

    /// Keeps the next outcome of a request to a cloud from being written to a record.
    pub(crate) fn snag_outcome(&self) {
        self.snag_where(Side::Before, |write, before| {
            let Some(record) = Record::of(write).filter(|record| !record.announces) else { return false };
            let former = before.iter().rev().filter_map(Record::of).find(|former| former.name == record.name);
            former.is_some_and(|former| former.announces)
        });
    }

    fn snag_where(&self, side: Side, matches: impl Fn(&Write, &[Write]) -> bool + Send + 'static) {
        self.inner.snagged.send_replace(false);
        *lock(&self.inner.snag) = Some(Snag { side, matches: Box::new(matches) });
    }

    /// Whether that has happened.
    pub(crate) fn is_snagged(&self) -> bool {
        *self.inner.snagged.borrow()
    }
}

async fn forward(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST_BODY).await.expect("a body of ordinary size");
    let path = parts.uri.path().to_owned();
    lock(&inner.requests).push((parts.method.clone(), parts.uri.to_string()));
    inner.down.subscribe().wait_for(|down| !down).await.expect("its sender is here");
    let mut side = None;
    // A question about permissions is a POST, and writes nothing.
    if parts.method != Method::GET && !path.starts_with("/apis/authorization.k8s.io/") {
        let write = Write { method: parts.method.clone(), path, body: body.clone() };
        let mut writes = lock(&inner.writes);
        side = lock(&inner.snag).take_if(|snag| (snag.matches)(&write, &writes)).map(|snag| snag.side);
        writes.push(write);
    }
    if side == Some(Side::Before) {
        return hang(&inner).await;
    }
    for name in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION] {
        parts.headers.remove(name);
    }
    let request = http::Request::from_parts(parts, kube::client::Body::from(body));
    let response = inner.client.send(request).await.expect("the API server answers");
    if side == Some(Side::After) {
        return hang(&inner).await;
    }
    response.map(Body::new)
}

/// What a write says of one of the operator's records.
struct Record {
    name: String,
    /// Whether a request to a cloud is under way.
    announces: bool,
}

impl Record {
    fn of(write: &Write) -> Option<Self> {
        let secret: Value = serde_json::from_slice(&write.body).ok()?;
        let record = STANDARD.decode(secret["data"]["record"].as_str()?).ok()?;
        let record: Value = serde_json::from_slice(&record).ok()?;
        Some(Self { name: secret["metadata"]["name"].as_str()?.to_owned(), announces: !record["intent"].is_null() })
    }
}

/// Never answers. It is dropped with the connection, when the operator is killed.
async fn hang(inner: &Inner) -> Response {
    inner.snagged.send_replace(true);
    std::future::pending().await
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
