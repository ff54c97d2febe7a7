//! The garbage collector, and the ends of namespaces and kinds.

use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, ListParams, PostParams, WatchEvent, WatchParams};
use serde_json::{Value, json};

use super::super::ApiServer;
use super::{cluster, clusters, config_map, is, refusal, secrets, server, typed};

const CUSTOM_RESOURCES: &str = "typedbclusters.clusterwright.dev";

fn owned_secret(name: &str, owners: &[&Value]) -> Value {
    let references: Vec<_> = owners
        .iter()
        .map(|owner| {
            json!({
                "apiVersion": owner["apiVersion"], "kind": owner["kind"],
                "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
            })
        })
        .collect();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "ownerReferences": references}})
}

fn names(server: &ApiServer, kind: &str) -> Vec<String> {
    let names = server.user().list(kind).into_iter().map(|it| it["metadata"]["name"].as_str().unwrap().to_owned());
    names.collect()
}

/// The kinds of what was removed, in order.
fn removed(server: &ApiServer) -> Vec<&'static str> {
    let state = server.lock();
    let removals = state.store.history.iter().filter(|change| change.after.is_none());
    removals.map(|change| change.key.resource.kind).collect()
}

fn take_finalizers(server: &ApiServer, name: &str) {
    server.user().edit("TypeDBCluster", "default", name, |it| it["metadata"]["finalizers"] = json!([]));
}

fn held(name: &str) -> Value {
    let mut object = cluster(name);
    object["metadata"]["finalizers"] = json!(["a/b"]);
    object
}

#[tokio::test(start_paused = true)]
async fn what_is_owned_goes_when_its_last_owner_goes() {
    let server = server();
    let user = server.user();
    let (one, two) = (user.create(held("one")), user.create(cluster("two")));
    user.create(owned_secret("of-one", &[&one]));
    user.create(owned_secret("of-both", &[&one, &two]));
    user.create(owned_secret("of-nobody", &[]));
    let mut dead = one.clone();
    dead["metadata"]["uid"] = "former".into();
    user.create(owned_secret("of-the-dead", &[&dead]));
    assert_eq!(names(&server, "Secret"), ["of-both", "of-nobody", "of-one"]);

    user.delete("TypeDBCluster", "default", "one");
    assert_eq!(names(&server, "Secret"), ["of-both", "of-nobody", "of-one"]);
    take_finalizers(&server, "one");
    assert_eq!(names(&server, "Secret"), ["of-both", "of-nobody"]);
    user.delete("TypeDBCluster", "default", "two");
    assert_eq!(names(&server, "Secret"), ["of-nobody"]);
}

#[tokio::test(start_paused = true)]
async fn a_foreground_deletion_waits_for_dependents_and_an_orphaning_one_lets_them_be() {
    let server = server();
    let user = server.user();
    let api = clusters(server.client());
    let one = user.create(cluster("one"));
    let mut secret = owned_secret("s", &[&one]);
    secret["metadata"]["finalizers"] = json!(["a/b"]);
    user.create(secret);
    let deleting = api.delete("one", &DeleteParams::foreground()).await.unwrap().left().unwrap();
    assert_eq!(json!(deleting.metadata.finalizers), json!(["foregroundDeletion"]));
    assert!(user.get("Secret", "default", "s").unwrap()["metadata"]["deletionTimestamp"].is_string());
    user.edit("Secret", "default", "s", |it| it["metadata"]["finalizers"] = json!([]));
    assert_eq!((names(&server, "Secret"), names(&server, "TypeDBCluster")), (vec![], vec![]));

    let two = user.create(cluster("two"));
    user.create(owned_secret("t", &[&two]));
    api.delete("two", &DeleteParams::orphan()).await.unwrap();
    assert_eq!((names(&server, "Secret"), names(&server, "TypeDBCluster")), (vec!["t".into()], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_is_emptied_secrets_first_and_goes_last() {
    let server = server();
    let user = server.user();
    user.create(held("one"));
    user.create(config_map("c", &json!({})));
    user.create(owned_secret("s", &[]));
    user.delete("Namespace", "", "default");

    assert_eq!((names(&server, "Secret"), names(&server, "TypeDBCluster")), (vec![], vec!["one".into()]));
    let namespaces: Api<Namespace> = Api::all(server.client());
    let ending = namespaces.get("default").await.unwrap();
    assert_eq!(ending.status.unwrap().phase.unwrap(), "Terminating");
    let secret = typed(json!({"metadata": {"name": "late"}}));
    assert_eq!(refusal(secrets(server.client()).create(&PostParams::default(), &secret).await), is(403, "Forbidden"));
    assert_eq!(removed(&server), ["Secret", "ConfigMap"]);

    take_finalizers(&server, "one");
    assert_eq!(refusal(namespaces.get("default").await), is(404, "NotFound"));
    let again = user.create_namespace("default");
    assert_eq!(again["status"]["phase"], "Active");
}

#[tokio::test(start_paused = true)]
async fn a_kind_goes_with_all_its_objects() {
    let server = server();
    let user = server.user();
    user.create(held("one"));
    user.create(cluster("two"));
    let definitions: Api<CustomResourceDefinition> = Api::all(server.client());
    user.delete("CustomResourceDefinition", "", CUSTOM_RESOURCES);
    assert!(
        user.get("CustomResourceDefinition", "", CUSTOM_RESOURCES).unwrap()["metadata"]["deletionTimestamp"]
            .is_string()
    );
    assert_eq!(names(&server, "TypeDBCluster"), ["one"]);
    let api = clusters(server.client());
    assert_eq!(
        refusal(api.create(&PostParams::default(), &typed(cluster("three"))).await),
        is(405, "MethodNotAllowed")
    );
    let mut lines = Box::pin(api.watch(&WatchParams::default(), "1").await.unwrap());

    take_finalizers(&server, "one");
    assert_eq!(refusal(definitions.get(CUSTOM_RESOURCES).await), is(404, "NotFound"));
    assert_eq!(refusal(api.list(&ListParams::default()).await).0, 404);
    assert_eq!(refusal(api.watch(&WatchParams::default(), "1").await.map(drop)).0, 404);
    let mut last = None;
    while let Some(event) = lines.try_next().await.unwrap() {
        last = Some(event);
    }
    assert!(matches!(last, Some(WatchEvent::Deleted(_))), "{last:?}");
}
