//! Trouble on demand, and the log.

use std::time::Duration;

use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::super::{ApiServer, Fault, Part, Requests, Trouble, Verb};
use super::{cluster, clusters, config_map, config_maps, is, refusal, secrets, server, typed};

async fn create(server: &ApiServer, name: &str) -> kube::Result<()> {
    let object = typed(config_map(name, &json!({})));
    config_maps(server.client()).create(&PostParams::default(), &object).await.map(drop)
}

fn exists(server: &ApiServer, name: &str) -> bool {
    server.user().get("ConfigMap", "default", name).is_some()
}

#[tokio::test(start_paused = true)]
async fn a_status_code_strikes_as_often_as_asked_before_or_after_the_effect() {
    let server = server();
    let creates = Requests::with(&[Verb::Create]).of("ConfigMap");
    server.inject(Fault::new(creates.clone(), Trouble::Status(503)).times(2));
    server.inject(Fault::new(creates, Trouble::Status(500)).after_effect());
    assert!(config_maps(server.client()).list(&kube::api::ListParams::default()).await.is_ok());
    assert_eq!(refusal(create(&server, "a").await), is(503, "ServiceUnavailable"));
    assert_eq!(refusal(create(&server, "a").await).0, 503);
    assert!(!exists(&server, "a"));
    assert_eq!(refusal(create(&server, "a").await).0, 500);
    assert!(exists(&server, "a"));
    create(&server, "b").await.unwrap();

    let log = server.log();
    let answers: Vec<_> = log.iter().map(|entry| (entry.answer, entry.changed)).collect();
    let expected = [(200, false), (503, false), (503, false), (500, true), (201, true)];
    assert_eq!(answers, expected.map(|(code, changed)| (Some(code), changed)));
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_says_when_to_come_again() {
    let server = server();
    server.inject(Fault::new(Requests::all(), Trouble::Status(429)));
    let request = http::Request::get("/api/v1/namespaces").body(kube::client::Body::empty()).unwrap();
    let answer = server.client().send(request).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"1".parse().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_is_no_answer() {
    let server = server();
    server.inject(Fault::new(Requests::writes(), Trouble::Cut));
    server.inject(Fault::new(Requests::writes(), Trouble::Cut).after_effect());
    for effect in [false, true] {
        assert!(matches!(create(&server, "a").await, Err(kube::Error::Service(_))));
        assert_eq!(exists(&server, "a"), effect);
    }
    assert!(server.log().iter().all(|entry| entry.answer.is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_delay_takes_virtual_time_and_the_effect_outlives_the_client() {
    let server = server();
    let slow = Trouble::Delay(Duration::from_secs(30));
    server.inject(Fault::new(Requests::all().of("ConfigMap"), slow).always());
    let started = Instant::now();
    create(&server, "a").await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 30);

    assert!(timeout(Duration::from_secs(10), create(&server, "b")).await.is_err());
    assert!(!exists(&server, "b"));
    server.user().wait_for("ConfigMap", "default", "b", |_| true).await;
    assert_eq!(started.elapsed().as_secs(), 60);

    server.clear_faults();
    create(&server, "c").await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_fault_strikes_one_object_or_one_half_of_it() {
    let server = server();
    for name in ["one", "two"] {
        server.user().create(cluster(name));
    }
    let patches = Requests::with(&[Verb::Patch, Verb::Apply]);
    server.inject(Fault::new(patches.at("default", "one").on_status(), Trouble::Status(409)).always());
    let (api, params) = (clusters(server.client()), PatchParams::default());
    let patch = Patch::Merge(json!({"status": {"a": 1}, "spec": {"b": 1}}));
    assert_eq!(refusal(api.patch_status("one", &params, &patch).await), is(409, "Conflict"));
    api.patch("one", &params, &patch).await.unwrap();
    api.patch_status("two", &params, &patch).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_log_knows_what_was_written_and_where() {
    let server = server();
    server.user().create(cluster("one"));
    let secret = typed(json!({"metadata": {"name": "s"}, "stringData": {"k": "hush"}}));
    secrets(server.client()).create(&PostParams::default(), &secret).await.unwrap();
    let spoken = Patch::Merge(json!({"status": {"message": "hush"}}));
    clusters(server.client()).patch_status("one", &PatchParams::default(), &spoken).await.unwrap();
    clusters(server.client()).get("one").await.unwrap();

    assert_eq!(server.writes(), 2);
    let leaks: Vec<_> = server.log().into_iter().filter(|entry| entry.leaks(&["hush"])).collect();
    let places: Vec<_> =
        leaks.iter().map(|it| (it.verb, it.kind, it.namespace.as_str(), it.name.as_str(), it.part)).collect();
    assert_eq!(places, [(Verb::Patch, "TypeDBCluster", "default", "one", Part::Status)]);
    assert_eq!(leaks[0].at.to_string(), "2026-01-01T00:00:00Z");
    server.clear_log();
    assert_eq!(server.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn events_are_kept_and_not_counted() {
    let server = server();
    let one = server.user().create(cluster("one"));
    let reporter = Reporter { controller: "test".into(), instance: None };
    let recorder = Recorder::new(server.client(), reporter);
    let event = Event {
        type_: EventType::Normal,
        reason: "Creating".into(),
        note: Some("The cluster is being created.".into()),
        action: "Create".into(),
        secondary: None,
    };
    let regarding = typed(json!({
        "apiVersion": one["apiVersion"], "kind": one["kind"], "name": "one", "namespace": "default",
        "uid": one["metadata"]["uid"],
    }));
    for _ in 0..2 {
        recorder.publish(&event, &regarding).await.unwrap();
    }
    let events = server.user().list("Event");
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["reason"], &events[0]["series"]["count"]), (&json!("Creating"), &json!(2)));
    assert_eq!((server.log().len(), server.writes()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn waiting_sees_every_state_and_gives_up_in_time() {
    let server = server();
    server.user().create(cluster("one"));
    let user = server.user();
    let passing = tokio::spawn(async move {
        user.wait_for("TypeDBCluster", "default", "one", |it| it["spec"]["tier"] == "Paid").await
    });
    tokio::task::yield_now().await;
    for tier in ["Paid", "Free"] {
        server.user().edit("TypeDBCluster", "default", "one", |it| it["spec"]["tier"] = tier.into());
    }
    assert_eq!(passing.await.unwrap()["metadata"]["generation"], 2);

    let user = server.user().within(Duration::from_secs(5));
    let waiting = tokio::spawn(async move { user.wait_gone("TypeDBCluster", "default", "one").await });
    assert!(waiting.await.unwrap_err().is_panic());
    server.user().delete("TypeDBCluster", "default", "one");
    server.user().wait_gone("TypeDBCluster", "default", "one").await;
    assert_eq!(server.user().history("TypeDBCluster", "default", "one").last(), Some(&None));
}
