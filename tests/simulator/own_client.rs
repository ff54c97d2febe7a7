//! The project's own client gets along with the simulator, in process and on virtual time.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use clusterwright::api::identity::{ClusterId, Endpoint};
use clusterwright::cloud::budget::{Budget, Priority};
use clusterwright::cloud::credential::Credential;
use clusterwright::cloud::endpoint::EndpointPolicy;
use clusterwright::cloud::error::CloudError;
use clusterwright::cloud::token::TokenSource;
use clusterwright::cloud::transport::{Limits, SendError, Transport, within};
use clusterwright::cloud::typedb::client::Client;
use clusterwright::cloud::typedb::database::Database;
use clusterwright::cloud::typedb::exchange::KeyExchange;
use clusterwright::cloud::typedb::wire::ClusterStatus;
use clusterwright::simulator::{CutConnection, Fault, FaultKind, Simulator};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use tower::ServiceExt;

use crate::client::{paid, pass, settings};

/// Calls the simulator's router.
#[derive(Debug)]
pub(crate) struct InProcess(pub(crate) Router);

impl Transport for InProcess {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        let router = self.0.clone();
        within(limits.deadline, async move {
            let response = router.oneshot(request.map(Body::from)).await.unwrap();
            if response.extensions().get::<CutConnection>().is_some() {
                return Err(SendError::NoAnswer("the connection was cut".to_owned()));
            }
            let (parts, body) = response.into_parts();
            Ok(Response::from_parts(parts, to_bytes(body, limits.max_body).await.unwrap()))
        })
        .boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_life_from_deploy_to_destroy() {
    let settings = settings();
    let clock = settings.clock.clone();
    let simulator = Simulator::new(settings);
    let endpoint = Endpoint::new("https://cloud.typedb.com");
    let transport: Arc<dyn Transport> = Arc::new(InProcess(simulator.router()));
    let credential = Credential::new("simulator", &"simulator-secret".into());
    let exchange = KeyExchange::new(transport.clone(), &endpoint, credential);
    let budget = Budget::spawn(600);
    let token = TokenSource::spawn(exchange, clock.clone());
    let client = Client::new(transport.clone(), budget.clone(), token, endpoint.clone(), "acme", "default");

    let permit = budget.acquire(Priority::Edit).await.unwrap();
    let wanted = serde_json::from_value(paid("orders")).unwrap();
    let deployed = client.deploy(permit, &wanted).await.unwrap();
    assert_eq!(deployed.value.status, ClusterStatus::Starting);
    assert_eq!(deployed.date, Some(clock.now()));
    pass(240).await;
    let id = ClusterId::new("orders");
    let running = client.get(&id, Priority::Poll).await.unwrap().value;
    assert_eq!(running.status, ClusterStatus::Running);
    assert_eq!(client.list(Priority::Poll).await.unwrap().value, std::slice::from_ref(&running));
    assert!(client.versions(Priority::Poll).await.unwrap().value.available_versions.contains(&"3.5.1".to_owned()));

    let policy = EndpointPolicy::new(&[], false, &["typedb.com".to_owned()]).unwrap();
    let url = policy.database_url(&endpoint, &running.servers[0].address).unwrap();
    let database = Database::new(transport, url);
    let session = database.sign_in("admin", &"password".into()).await.unwrap();
    database.set_password(&session, "admin", &"another".into()).await.unwrap();
    database.sign_in("admin", &"password".into()).await.unwrap_err();
    database.sign_in("admin", &"another".into()).await.unwrap();

    simulator.fault(Fault::new("*/orders", FaultKind::Cut).method(&Method::DELETE).times(1).after_effect());
    let permit = budget.acquire(Priority::Edit).await.unwrap();
    let unknown = client.destroy(permit, &id).await.unwrap_err();
    assert!(matches!(unknown, CloudError::UnknownOutcome { .. }), "{unknown:?}");
    pass(60).await;
    let gone = client.get(&id, Priority::Poll).await.unwrap_err();
    assert!(matches!(gone, CloudError::NotFound { .. }), "{gone:?}");
}
