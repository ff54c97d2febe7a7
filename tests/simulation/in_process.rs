//! The way to the simulated cloud without a network.

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use clusterwright::cloud::transport::{Limits, SendError, Transport, within};
use clusterwright::simulator::CutConnection;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// Hands each request to a router, on tokio's time.
#[derive(Debug, Clone)]
pub(crate) struct InProcess(Router);

impl InProcess {
    /// A transport to everything that this router serves, whatever host a request names.
    pub(crate) fn new(router: Router) -> Self {
        Self(router)
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        within(limits.deadline, exchange(self.0.clone(), request, limits.max_body)).boxed()
    }
}

async fn exchange(router: Router, request: Request<Bytes>, limit: usize) -> Result<Response<Bytes>, SendError> {
    let Ok(response) = router.oneshot(request.map(Body::from)).await;
    if response.extensions().get::<CutConnection>().is_some() {
        return Err(SendError::NoAnswer("the connection was cut".into()));
    }
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| SendError::NoAnswer(error.to_string()))?.to_bytes();
    if body.len() > limit {
        return Err(SendError::TooLarge { limit });
    }
    Ok(Response::from_parts(parts, body))
}

mod tests {
    use std::time::Duration;

    use axum::Extension;
    use axum::routing::{get, post};
    use tokio::time::{Instant, sleep};

    use super::*;

    async fn send(path: &str, body: &'static str) -> Result<Response<Bytes>, SendError> {
        let router = Router::new()
            .route("/echo", post(|body: String| async { body }))
            .route("/slow", get(|| sleep(Duration::from_secs(60))))
            .route("/cut", get(|| async { Extension(CutConnection) }));
        let method = if body.is_empty() { "GET" } else { "POST" };
        let request = Request::builder().method(method).uri(format!("https://cloud.example{path}"));
        let limits = Limits { deadline: Duration::from_secs(30), max_body: 5 };
        InProcess::new(router).send(request.body(body.into()).unwrap(), limits).await
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_comes_back_whole_or_not_at_all() {
        assert_eq!(send("/echo", "hello").await.unwrap().body(), "hello");
        assert_eq!(send("/none", "").await.unwrap().status(), 404);
        assert_eq!(send("/echo", "hello!").await.unwrap_err(), SendError::TooLarge { limit: 5 });
        assert!(matches!(send("/cut", "").await, Err(SendError::NoAnswer(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_is_kept() {
        let started = Instant::now();
        assert!(matches!(send("/slow", "").await, Err(SendError::NoAnswer(_))));
        assert_eq!(started.elapsed().as_secs(), 30);
    }
}
