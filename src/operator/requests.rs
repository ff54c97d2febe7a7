//! Requests to the API server are counted.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response};
use tower::{Layer, Service};

use crate::controller::Metrics;

/// The code of a request that was not answered, as controller-runtime counts it.
const UNANSWERED: &str = "<error>";

/// Counts every request to one host.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) metrics: Arc<Metrics>,
    pub(super) host: String,
}

/// A service whose requests are counted.
#[derive(Clone, Debug)]
pub(super) struct Counting<S> {
    inner: S,
    counted: Counted,
}

impl<S> Layer<S> for Counted {
    type Service = Counting<S>;

    fn layer(&self, inner: S) -> Counting<S> {
        Counting { inner, counted: self.clone() }
    }
}

impl<S, B, R> Service<Request<B>> for Counting<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let method = request.method().to_string();
        let Counted { metrics, host } = self.counted.clone();
        let count = move |code: String| metrics.api_request(code, method, host);
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await;
            count(answer.as_ref().map_or_else(|_| UNANSWERED.to_owned(), |answer| answer.status().as_str().to_owned()));
            answer
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use tower::{ServiceExt, service_fn};

    use super::*;

    async fn counted(answer: Result<StatusCode, &'static str>) -> String {
        let metrics = Metrics::new();
        let inner = service_fn(move |_: Request<()>| async move {
            answer.map(|status| Response::builder().status(status).body(()).unwrap())
        });
        let counted = Counted { metrics: Arc::clone(&metrics), host: "127.0.0.1:6443".to_owned() };
        counted.layer(inner).oneshot(Request::delete("/api/v1/secrets/some").body(()).unwrap()).await.ok();
        metrics.encode().unwrap()
    }

    #[tokio::test]
    async fn a_request_is_counted_by_code_method_and_host() {
        let text = counted(Ok(StatusCode::CONFLICT)).await;
        let line = r#"rest_client_requests_total{code="409",method="DELETE",host="127.0.0.1:6443"} 1"#;
        assert!(text.contains(line), "{text}");
    }

    #[tokio::test]
    async fn so_is_one_that_is_not_answered() {
        let text = counted(Err("cut")).await;
        let line = r#"rest_client_requests_total{code="<error>",method="DELETE",host="127.0.0.1:6443"} 1"#;
        assert!(text.contains(line), "{text}");
    }
}
