//! `/healthz`, `/readyz` and `/metrics` on one port.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::controller::{Metrics, Pulse};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Listens; `Err` is a sentence.
pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("The health port {address} cannot be opened: {error}. Choose another with --listen."))
}

/// Serves until the process ends.
pub(super) async fn serve(listener: TcpListener, pulse: Arc<Pulse>, metrics: Arc<Metrics>) -> std::io::Result<()> {
    let ready = Arc::clone(&pulse);
    let routes = Router::new()
        .route("/healthz", get(async move || verdict(pulse.is_alive(), "the control loop has stopped")))
        .route("/readyz", get(async move || verdict(ready.is_ready(), "not everything is known yet")))
        .route("/metrics", get(async move || page(&metrics)));
    axum::serve(listener, routes).await
}

fn verdict(good: bool, otherwise: &'static str) -> (StatusCode, &'static str) {
    if good { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, otherwise) }
}

fn page(metrics: &Metrics) -> Response {
    match metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
