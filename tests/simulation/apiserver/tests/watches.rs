//! Watches, as kube's watcher and Controller live on them.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use clusterwright::clock::Clock;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt as _;
use kube::api::{Api, DynamicObject, Patch, PatchParams, WatchEvent, WatchParams};
use kube::core::PartialObjectMeta;
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher::{self, Config, Event, watcher};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::{ApiServer, Verb};
use super::{clock, cluster, cluster_resource, clusters, config_map, config_maps, server};

type Events = Pin<Box<dyn Stream<Item = watcher::Result<Event<ConfigMap>>>>>;

fn watch(server: &ApiServer, config: Config) -> Events {
    Box::pin(watcher(config_maps(server.client()), config))
}

/// What a watcher says next.
async fn next(events: &mut Events) -> String {
    match events.next().await.expect("a watcher never ends") {
        Ok(event) => event.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

async fn next_of(events: &mut Events, count: usize) -> Vec<String> {
    let mut said = Vec::new();
    for _ in 0..count {
        said.push(next(events).await);
    }
    said
}

/// Whether a watcher has nothing to say for an hour.
async fn silent(events: &mut Events) -> bool {
    tokio::time::timeout(Duration::from_secs(3600), events.next()).await.is_err()
}

fn create(server: &ApiServer, name: &str) -> Value {
    server.user().create(config_map(name, &json!({})))
}

fn count(server: &ApiServer, verb: Verb) -> usize {
    server.log().iter().filter(|entry| entry.verb == verb).count()
}

#[tokio::test(start_paused = true)]
async fn a_watcher_sees_what_is_there_and_then_every_change() {
    let server = server();
    create(&server, "a");
    server.user().create_namespace("other");
    for config in [Config::default(), Config::default().streaming_lists(), Config::default().any_semantic()] {
        let mut events = watch(&server, config);
        assert_eq!(next_of(&mut events, 3).await, ["Init", "InitApply(a)", "InitDone"]);
        let mut elsewhere = config_map("e", &json!({}));
        elsewhere["metadata"]["namespace"] = "other".into();
        server.user().create(elsewhere);
        server.user().delete("ConfigMap", "other", "e");
        create(&server, "b");
        server.user().merge("ConfigMap", "default", "b", &json!({"data": {"k": "v"}}));
        server.user().merge("ConfigMap", "default", "b", &json!({"data": {"k": "v"}}));
        server.user().delete("ConfigMap", "default", "b");
        assert_eq!(next_of(&mut events, 3).await, ["Apply(b)", "Apply(b)", "Delete(b)"]);
        assert!(silent(&mut events).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_in_time_and_is_taken_up_again() {
    let server = server();
    let mut events = watch(&server, Config::default().timeout(200));
    assert_eq!(next_of(&mut events, 2).await, ["Init", "InitDone"]);
    assert!(silent(&mut events).await);
    assert_eq!((count(&server, Verb::List), count(&server, Verb::Watch)), (1, 18));
    create(&server, "a");
    assert_eq!(next(&mut events).await, "Apply(a)");
}

#[tokio::test(start_paused = true)]
async fn a_bookmark_comes_every_minute_and_before_the_end() {
    let server = server();
    let api = config_maps(server.client());
    let mut lines = Box::pin(api.watch(&WatchParams::default().timeout(150), "1").await.unwrap());
    let revision = create(&server, "a")["metadata"]["resourceVersion"].clone();
    assert!(matches!(lines.try_next().await.unwrap(), Some(WatchEvent::Added(_))));
    let started = Instant::now();
    for seconds in [60, 120, 150] {
        let Some(WatchEvent::Bookmark(bookmark)) = lines.try_next().await.unwrap() else { panic!("no bookmark") };
        assert_eq!(bookmark.metadata.resource_version, revision);
        assert_eq!(started.elapsed(), Duration::from_secs(seconds));
    }
    assert!(lines.try_next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_watch_misses_nothing() {
    let server = server();
    let mut events = watch(&server, Config::default());
    next_of(&mut events, 2).await;
    create(&server, "a");
    assert_eq!(next(&mut events).await, "Apply(a)");
    server.drop_watches();
    create(&server, "b");
    server.user().delete("ConfigMap", "default", "a");
    assert_eq!(next_of(&mut events, 2).await, ["Apply(b)", "Delete(a)"]);
    assert_eq!((count(&server, Verb::List), count(&server, Verb::Watch)), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_too_far_behind_has_to_list_again() {
    let server = server();
    create(&server, "a");
    let mut events = watch(&server, Config::default());
    next_of(&mut events, 3).await;
    server.drop_watches();
    create(&server, "b");
    server.user().delete("ConfigMap", "default", "a");
    server.compact();
    let said = next_of(&mut events, 4).await;
    assert!(said[0].contains("too old resource version"), "{said:?}");
    assert_eq!(said[1..], ["Init", "InitApply(b)", "InitDone"]);
    create(&server, "c");
    assert_eq!(next(&mut events).await, "Apply(c)");
}

#[tokio::test(start_paused = true)]
async fn compaction_leaves_alone_who_is_up_to_date() {
    let server = server();
    let mut events = watch(&server, Config::default());
    create(&server, "a");
    next_of(&mut events, 3).await;
    server.compact();
    create(&server, "b");
    assert_eq!(next(&mut events).await, "Apply(b)");
}

#[tokio::test(start_paused = true)]
async fn a_frozen_cache_shows_the_past_until_it_thaws() {
    let server = server();
    create(&server, "a");
    let mut events = watch(&server, Config::default());
    next_of(&mut events, 3).await;
    server.freeze("ConfigMap");
    create(&server, "b");
    server.user().merge("ConfigMap", "default", "a", &json!({"data": {"k": "v"}}));
    server.freeze("ConfigMap");
    assert!(silent(&mut events).await);

    let mut late = watch(&server, Config::default().streaming_lists());
    assert_eq!(next_of(&mut late, 3).await, ["Init", "InitApply(a)", "InitDone"]);
    let mut other = Box::pin(watcher(clusters(server.client()), Config::default()));
    server.user().create(cluster("one"));
    assert!(matches!(other.next().await, Some(Ok(Event::Init))));
    assert!(matches!(other.next().await, Some(Ok(Event::InitApply(_)))));
    let api = config_maps(server.client());
    assert!(api.get("b").await.is_ok());
    assert!(api.get_with("b", &kube::api::GetParams::any()).await.is_err());

    server.thaw("ConfigMap");
    assert_eq!(next_of(&mut events, 2).await, ["Apply(b)", "Apply(a)"]);
    assert_eq!(next_of(&mut late, 2).await, ["Apply(b)", "Apply(a)"]);
}

#[tokio::test(start_paused = true)]
async fn a_frozen_cache_hears_of_a_compaction_when_it_thaws() {
    let server = server();
    let mut events = watch(&server, Config::default());
    next_of(&mut events, 2).await;
    server.freeze("ConfigMap");
    create(&server, "a");
    server.compact();
    assert!(silent(&mut events).await);
    server.thaw("ConfigMap");
    assert!(next(&mut events).await.contains("too old resource version"));
    assert_eq!(next_of(&mut events, 3).await, ["Init", "InitApply(a)", "InitDone"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_from_nowhere_begins_with_what_is_there() {
    let server = server();
    create(&server, "a");
    server.compact();
    let mut lines = Box::pin(config_maps(server.client()).watch(&WatchParams::default(), "0").await.unwrap());
    let Some(WatchEvent::Added(there)) = lines.try_next().await.unwrap() else { panic!("not there") };
    assert_eq!(there.name_any(), "a");
}

#[tokio::test(start_paused = true)]
async fn an_object_enters_and_leaves_a_selection() {
    let server = server();
    let mut events = watch(&server, Config::default().labels("colour=red"));
    next_of(&mut events, 2).await;
    create(&server, "a");
    let paint = |colour: &str| {
        let labels = json!({"metadata": {"labels": {"colour": colour}}});
        server.user().merge("ConfigMap", "default", "a", &labels)
    };
    paint("red");
    let last = paint("blue");
    assert_eq!(next(&mut events).await, "Apply(a)");
    let Some(Ok(Event::Delete(seen))) = events.next().await else { panic!("not deleted") };
    assert_eq!(seen.labels()["colour"], "red");
    assert_eq!(seen.resource_version().unwrap(), last["metadata"]["resourceVersion"]);
    server.user().delete("ConfigMap", "default", "a");
    assert!(silent(&mut events).await);
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_metadata_tells_metadata() {
    let server = server();
    server.user().create(config_map("a", &json!({"k": "v"})));
    let api: Api<PartialObjectMeta<ConfigMap>> = Api::all(server.client());
    let mut events = Box::pin(watcher(api, Config::default()));
    let _init = events.next().await;
    let Some(Ok(Event::InitApply(object))) = events.next().await else { panic!("not listed") };
    assert_eq!(object.types.unwrap().kind, "PartialObjectMetadata");
    let _done = events.next().await;
    server.user().delete("ConfigMap", "default", "a");
    let Some(Ok(Event::Delete(object))) = events.next().await else { panic!("not deleted") };
    assert_eq!(object.types.unwrap().kind, "PartialObjectMetadata");
}

#[tokio::test(start_paused = true)]
async fn a_controller_lives_through_a_virtual_day() {
    let clock = clock();
    let server = ApiServer::new(clock.clone());
    let controller = tokio::spawn(count_hours(server.clone(), clock.clone()));
    server.user().create(cluster("one"));
    let started = Instant::now();
    let user = server.user().within(Duration::from_secs(25 * 3600));
    let done = user.wait_for("TypeDBCluster", "default", "one", |it| it["status"]["hours"] == 24).await;
    assert_eq!(started.elapsed().as_secs(), 24 * 3600);
    assert_eq!(done["metadata"]["generation"], 1);
    let states = user.history("TypeDBCluster", "default", "one");
    let counts: Vec<_> = states.into_iter().flatten().filter_map(|it| it["status"]["hours"].as_u64()).collect();
    assert_eq!(counts, (0..=24).collect::<Vec<_>>());
    assert_eq!(server.log().iter().filter(|entry| entry.changed).count(), 25);
    controller.abort();
}

/// A controller that counts the hours of each cluster's life in its status.
async fn count_hours(server: ApiServer, clock: Clock) {
    let api = clusters(server.client());
    let reconcile = move |object: Arc<DynamicObject>, api: Arc<Api<DynamicObject>>| {
        let now = clock.now().as_second();
        async move {
            let born = object.creation_timestamp().expect("the server sets it").0.as_second();
            let age = now - born;
            let status = Patch::Merge(json!({"status": {"hours": age / 3600}}));
            api.patch_status(&object.name_any(), &PatchParams::default(), &status).await?;
            Ok::<_, kube::Error>(Action::requeue(Duration::from_secs((3600 - age % 3600).unsigned_abs())))
        }
    };
    let retry = |_: Arc<DynamicObject>, error: &kube::Error, _: Arc<Api<DynamicObject>>| panic!("{error}");
    let controller = Controller::new_with(api.clone(), Config::default(), cluster_resource());
    controller.run(reconcile, retry, Arc::new(api)).for_each(|_| async {}).await;
}
