//! One life of the operator's process, which may end between any two of its requests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use clusterwright::cloud::transport::{Limits, SendError, Transport};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use tokio::sync::Notify;
use tower::{BoxError, Service};

use super::ledger::Ledger;
use crate::apiserver::ApiServer;
use crate::in_process::InProcess;

/// As long as the real process waits for the beginning of an answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// Nothing is answered in the very moment in which it is asked, so that what is seen after a write is not taken for older.
const LATENCY: Duration = Duration::from_millis(1);

/// The requests of one process pass here; from its death on none does.
#[derive(Debug, Default)]
pub(crate) struct Life {
    over: AtomicBool,
    /// How many more times a request may pass, before it is sent or after it was answered.
    left: Mutex<Option<usize>>,
    passed: Mutex<usize>,
    /// Its writes to the API server, and all that it asked a cloud.
    did: Mutex<Vec<String>>,
    died: Notify,
}

impl Life {
    /// A process that dies when requests have passed this often; each passes twice.
    pub(crate) fn of(passes: Option<usize>) -> Arc<Self> {
        Arc::new(Self { left: Mutex::new(passes), ..Self::default() })
    }

    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.died.notify_one();
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// From now on requests pass this often yet.
    pub(crate) fn limit(&self, passes: usize) {
        *self.left.lock().unwrap() = Some(passes);
    }

    /// From now on it does not die by itself any more.
    pub(crate) fn spare(&self) {
        *self.left.lock().unwrap() = None;
    }

    /// Waits for the process to die by itself.
    pub(crate) async fn death(&self) {
        self.died.notified().await;
    }

    /// How often requests have passed.
    pub(crate) fn passed(&self) -> usize {
        *self.passed.lock().unwrap()
    }

    /// Its writes to the API server, and all that it asked a cloud, in order.
    pub(crate) fn did(&self) -> Vec<String> {
        self.did.lock().unwrap().clone()
    }

    fn note(&self, method: &Method, path: &str) {
        self.did.lock().unwrap().push(format!("{method} {path}"));
    }

    async fn pass(&self) {
        *self.passed.lock().unwrap() += 1;
        let last = match &mut *self.left.lock().unwrap() {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        if last {
            self.end();
        }
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }
}

/// The way of one process to the API server.
#[derive(Debug, Clone)]
pub(crate) struct ToKubernetes {
    pub(crate) server: ApiServer,
    pub(crate) life: Arc<Life>,
    pub(crate) ledger: Arc<Ledger>,
}

impl Service<Request<kube::client::Body>> for ToKubernetes {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        let Self { mut server, life, ledger } = self.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            life.pass().await;
            if parts.method != Method::GET {
                life.note(&parts.method, parts.uri.path());
            }
            let request = Request::from_parts(parts.clone(), kube::client::Body::from(body.to_vec()));
            let answer = tokio::time::timeout(DEADLINE, server.call(request)).await;
            let answer = answer.unwrap_or_else(|late| Err(late.into()));
            ledger.told_kubernetes(&parts, &body);
            life.pass().await;
            answer
        }
        .boxed()
    }
}

/// The way of one process to the cloud.
#[derive(Debug, Clone)]
pub(crate) struct ToCloud {
    pub(crate) cloud: InProcess,
    pub(crate) life: Arc<Life>,
    pub(crate) ledger: Arc<Ledger>,
}

impl Transport for ToCloud {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        async move {
            self.life.pass().await;
            self.life.note(request.method(), &request.uri().to_string());
            let sending = self.ledger.asks_cloud(&request);
            tokio::time::sleep(LATENCY).await;
            let answer = self.cloud.send(request, limits).await;
            self.life.pass().await;
            self.ledger.answered(sending, &answer);
            answer
        }
        .boxed()
    }
}
