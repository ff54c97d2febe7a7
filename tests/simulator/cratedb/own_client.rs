//! The project's own client gets along with the simulator, in process and on virtual time.

use std::sync::Arc;

use clusterwright::api::identity::Endpoint;
use clusterwright::cloud::budget::{Budget, Priority};
use clusterwright::cloud::cratedb::client::Client;
use clusterwright::cloud::cratedb::database::Database;
use clusterwright::cloud::cratedb::wire::{AllowedCidr, HealthStatus, OperationKind, OperationStatus};
use clusterwright::cloud::credential::Credential;
use clusterwright::cloud::database::DatabaseError;
use clusterwright::cloud::endpoint::EndpointPolicy;
use clusterwright::cloud::error::CloudError;
use clusterwright::cloud::transport::Transport;
use clusterwright::simulator::cratedb::{FieldErrors, StrangerAnswer};
use clusterwright::simulator::{Fault, FaultKind, Simulator};
use http::Method;
use rstest::rstest;
use serde_json::json;

use super::client::{ORGANIZATION, PASSWORD, REGION, SUBSCRIPTION, paid};
use crate::client::{pass, world};
use crate::own_client::InProcess;

struct Parts {
    transport: Arc<dyn Transport>,
    budget: Budget,
    endpoint: Endpoint,
    client: Client,
}

fn parts(simulator: &Simulator, secret: &str) -> Parts {
    let transport: Arc<dyn Transport> = Arc::new(InProcess(simulator.router()));
    let endpoint = Endpoint::new("https://console.cratedb.cloud");
    let budget = Budget::spawn(6000);
    let key = Credential::new("simulator", &secret.into());
    let client = Client::new(transport.clone(), budget.clone(), key, endpoint.clone(), ORGANIZATION);
    Parts { transport, budget, endpoint, client }
}

#[tokio::test(start_paused = true)]
async fn a_life_from_create_to_destroy() {
    let simulator = world();
    let Parts { transport, budget, endpoint, client } = parts(&simulator, "simulator-secret");
    let permit = async || budget.acquire(Priority::Edit).await.unwrap();
    let poll = Priority::Poll;

    assert_eq!(client.me(poll).await.unwrap().value.organization_roles[0].role_fqn, "org_admin");
    assert_eq!(client.organization(poll).await.unwrap().value.id, ORGANIZATION);
    assert_eq!(client.subscriptions(poll).await.unwrap().value[0].id, SUBSCRIPTION);
    assert_eq!(client.regions(poll).await.unwrap().value.len(), 2);
    assert_eq!(client.versions(poll).await.unwrap().value.crate_versions.stable.read[0].version, "5.10.1");
    let products = client.products(poll).await.unwrap().value;
    let cr1 = products.iter().find(|product| product.name == "cr1").unwrap();
    assert_eq!((cr1.scaling.len(), cr1.scaling[8].nodes), (9, Some(9)));
    assert!(client.quotas(poll).await.unwrap().value.is_empty());
    assert!(client.remaining_budget(poll).await.unwrap().value.remaining_budget_per_month.unwrap() > 0.0);
    let project = client.create_project(permit().await, "tests", REGION).await.unwrap().value;
    assert_eq!(client.projects(poll).await.unwrap().value, std::slice::from_ref(&project));

    let mut wanted = paid("orders");
    wanted["project_id"] = json!(project.id);
    wanted["cluster"]["password"] = json!(null);
    let wanted = serde_json::from_value(wanted).unwrap();
    assert!(!client.name_taken("orders", poll).await.unwrap().value);
    let created = client.create(permit().await, &wanted, &PASSWORD.into()).await.unwrap().value;
    assert_eq!(created.health.running_operation, Some(OperationKind::Create));
    assert!(client.name_taken("orders", poll).await.unwrap().value);
    let busy = client.set_nodes(permit().await, &created.id, 2).await.unwrap_err();
    assert!(matches!(busy, CloudError::Busy { .. }), "{busy:?}");
    pass(300).await;
    let running = client.get(&created.id, poll).await.unwrap().value;
    assert_eq!((&running.health.status, running.health.running_operation.as_ref()), (&HealthStatus::Green, None));
    assert_eq!(client.list(poll).await.unwrap().value, std::slice::from_ref(&running));

    let policy = EndpointPolicy::new(&[], false, &["cratedb.net".to_owned()]).unwrap();
    let url = policy.database_url(&endpoint, &running.address().unwrap()).unwrap();
    let database = Database::new(transport, url);
    database.prove("admin", &PASSWORD.into()).await.unwrap();
    let wrong = database.prove("admin", &"wrong".into()).await.unwrap_err();
    assert!(matches!(wrong, DatabaseError::WrongPassword), "{wrong:?}");

    let networks = [AllowedCidr { cidr: "192.0.2.0/24".to_owned(), description: String::new() }];
    let before = client.set_allow_list(permit().await, &created.id, &networks).await.unwrap().value;
    assert!(before.ip_whitelist.is_some_and(|there| there.is_empty()), "the old values");
    pass(30).await;
    assert_eq!(client.get(&created.id, poll).await.unwrap().value.ip_whitelist, Some(networks.to_vec()));
    let operations = client.operations(&created.id, poll).await.unwrap().value.operations;
    assert_eq!(
        (&operations[0].kind, &operations[0].status),
        (&OperationKind::AllowedCidrUpdate, &OperationStatus::Succeeded)
    );

    let offered = client.upgrades(&created.id, poll).await.unwrap().value.crate_versions;
    assert_eq!(offered.stable.read[0].version, "5.9.4");
    client.schedule_backups(permit().await, &created.id, &[4, 16]).await.unwrap();
    pass(60).await;
    let schedule = client.get(&created.id, poll).await.unwrap().value.backup_schedule;
    assert_eq!(schedule.as_deref(), Some("55 4,16 * * *"));
    client.set_product(permit().await, &created.id, "cr2").await.unwrap();
    pass(500).await;
    assert_eq!(client.get(&created.id, poll).await.unwrap().value.product_name.as_deref(), Some("cr2"));
    pass(24 * 3600).await;
    let snapshots = client.snapshots(&created.id, poll).await.unwrap().value;
    assert_eq!(snapshots.len(), 2);

    simulator.fault(Fault::new("*/clusters/*", FaultKind::Cut).method(&Method::DELETE).times(1).after_effect());
    let unknown = client.destroy(permit().await, &created.id).await.unwrap_err();
    assert!(matches!(unknown, CloudError::UnknownOutcome { .. }), "{unknown:?}");
    let gone = client.get(&created.id, poll).await.unwrap_err();
    assert!(matches!(gone, CloudError::NotFound { .. }), "{gone:?}");
}

#[rstest]
#[case(StrangerAnswer::Json)]
#[case(StrangerAnswer::Page)]
#[case(StrangerAnswer::Redirect)]
#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_recognised_however_it_is_told(#[case] answer: StrangerAnswer) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.stranger_answer = answer);
    let refused = parts(&simulator, "wrong").client.list(Priority::Poll).await.unwrap_err();
    assert!(matches!(refused, CloudError::Unauthenticated { .. }), "{refused:?}");
}

#[rstest]
#[case(FieldErrors::Nested)]
#[case(FieldErrors::Lists)]
#[case(FieldErrors::Texts)]
#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_field_is_found_in_every_shape(#[case] shape: FieldErrors) {
    let simulator = world();
    simulator.configure(|settings| {
        (settings.cratedb.unknowns.field_errors, settings.cratedb.unknowns.vague_messages) = (shape, true);
    });
    let Parts { budget, client, .. } = parts(&simulator, "simulator-secret");
    let mut wanted = paid("orders");
    wanted["cluster"]["crate_version"] = json!("1.0.0");
    wanted["cluster"]["password"] = json!(null);
    wanted["project_id"] = json!("none");
    let permit = budget.acquire(Priority::Edit).await.unwrap();
    let wanted = serde_json::from_value(wanted).unwrap();
    let refused = client.create(permit, &wanted, &PASSWORD.into()).await.unwrap_err();
    assert!(matches!(refused, CloudError::Invalid { .. }), "{refused:?}");
    assert!(format!("{refused:?}").contains("is not offered"), "{refused:?}");
}
