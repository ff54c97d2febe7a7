//! Server-side apply.

use kube::ResourceExt as _;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::super::ApiServer;
use super::{cluster, clusters, config_map, config_maps, is, refusal, server};

async fn apply(server: &ApiServer, manager: &str, object: &Value) -> kube::Result<Value> {
    let params = PatchParams::apply(manager);
    config_maps(server.client()).patch("a", &params, &Patch::Apply(object)).await.map(|done| json!(done.data))
}

async fn apply_status(server: &ApiServer, manager: &str, status: Value) -> kube::Result<Value> {
    let object = json!({"apiVersion": "clusterwright.dev/v1alpha1", "kind": "TypeDBCluster", "status": status});
    let params = PatchParams::apply(manager).force();
    let done = clusters(server.client()).patch_status("one", &params, &Patch::Apply(object)).await?;
    Ok(done.data["status"].clone())
}

#[tokio::test(start_paused = true)]
async fn an_apply_creates_merges_and_removes_what_it_no_longer_says() {
    let server = server();
    let created = apply(&server, "one", &config_map("a", &json!({"a": "1", "b": "1"}))).await.unwrap();
    assert_eq!(created, json!({"a": "1", "b": "1"}));
    server.user().merge("ConfigMap", "default", "a", &json!({"data": {"c": "1"}}));
    let changed = apply(&server, "one", &config_map("a", &json!({"b": "2"}))).await.unwrap();
    assert_eq!(changed, json!({"b": "2", "c": "1"}));
    let nothing = apply(&server, "one", &config_map("a", &Value::Null)).await.unwrap();
    assert_eq!(nothing, json!({"c": "1"}));
}

#[tokio::test(start_paused = true)]
async fn the_same_apply_again_changes_nothing() {
    let server = server();
    let object = config_map("a", &json!({"a": "1"}));
    apply(&server, "one", &object).await.unwrap();
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    apply(&server, "one", &object).await.unwrap();
    assert_eq!(server.log().iter().map(|entry| entry.changed).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_field_of_somebody_else_is_taken_by_force_alone() {
    let server = server();
    apply(&server, "one", &config_map("a", &json!({"a": "1", "b": "1"}))).await.unwrap();
    apply(&server, "two", &config_map("a", &json!({"a": "1"}))).await.unwrap();
    let theirs = config_map("a", &json!({"b": "2"}));
    assert_eq!(refusal(apply(&server, "two", &theirs).await), is(409, "Conflict"));
    let forced = PatchParams::apply("two").force();
    config_maps(server.client()).patch("a", &forced, &Patch::Apply(theirs)).await.unwrap();
    // What both applied stays for as long as one of them says so; what was taken goes with who took it.
    let left = apply(&server, "two", &config_map("a", &Value::Null)).await.unwrap();
    assert_eq!(left, json!({"a": "1"}));
}

#[tokio::test(start_paused = true)]
async fn an_edit_takes_the_field_from_its_applier() {
    let server = server();
    apply(&server, "one", &config_map("a", &json!({"a": "1"}))).await.unwrap();
    let edited = server.user().merge("ConfigMap", "default", "a", &json!({"data": {"a": "2"}}));
    let owners = edited["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(owners.iter().map(|owner| &owner["manager"]).collect::<Vec<_>>(), ["user"]);
    assert_eq!(refusal(apply(&server, "one", &config_map("a", &json!({"a": "1"}))).await), is(409, "Conflict"));
    let let_go = apply(&server, "one", &config_map("a", &Value::Null)).await.unwrap();
    assert_eq!(let_go, json!({"a": "2"}));
}

#[tokio::test(start_paused = true)]
async fn a_status_is_applied_apart_and_its_conditions_by_type() {
    let server = server();
    assert_eq!(refusal(apply_status(&server, "one", json!({"a": 1})).await), is(404, "NotFound"));
    server.user().create(cluster("one"));
    let condition = |kind: &str, status: &str| json!({"type": kind, "status": status});
    let first = json!({"plan": [1, 2], "conditions": [condition("Ready", "False"), condition("Stalled", "True")]});
    apply_status(&server, "user", first).await.unwrap();
    apply_status(&server, "two", json!({"conditions": [condition("Other", "True")]})).await.unwrap();
    let second = json!({"observedGeneration": 1, "plan": [3], "conditions": [condition("Ready", "True")]});
    let status = apply_status(&server, "user", second).await.unwrap();
    let conditions = json!([condition("Ready", "True"), condition("Other", "True")]);
    assert_eq!(status, json!({"observedGeneration": 1, "plan": [3], "conditions": conditions}));

    let main = server.user().apply(&json!({
        "apiVersion": "clusterwright.dev/v1alpha1", "kind": "TypeDBCluster",
        "metadata": {"name": "one"}, "spec": {"version": "3"}, "status": {"plan": []},
    }));
    assert_eq!((&main["status"], &main["spec"]), (&status, &json!({"tier": "Free", "version": "3"})));
    assert_eq!(main["metadata"]["generation"], 2);
    let last = apply_status(&server, "user", json!({"observedGeneration": 2})).await.unwrap();
    assert_eq!(last, json!({"observedGeneration": 2, "conditions": [condition("Other", "True")]}));
}

#[tokio::test(start_paused = true)]
async fn a_resource_version_fences_a_change_and_a_uid_a_creation() {
    let server = server();
    let mut object = config_map("a", &json!({"a": "1"}));
    object["metadata"]["resourceVersion"] = "1".into();
    apply(&server, "one", &object).await.unwrap();
    object["data"]["a"] = "2".into();
    assert_eq!(refusal(apply(&server, "one", &object).await), is(409, "Conflict"));
    let current = server.user().get("ConfigMap", "default", "a").unwrap();
    object["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"].clone();
    apply(&server, "one", &object).await.unwrap();

    server.user().delete("ConfigMap", "default", "a");
    object["metadata"]["uid"] = current["metadata"]["uid"].clone();
    assert_eq!(refusal(apply(&server, "one", &object).await), is(409, "Conflict"));
    assert_eq!(server.user().get("ConfigMap", "default", "a"), None);
}

#[tokio::test(start_paused = true)]
async fn an_apply_is_a_configuration_and_not_an_object_that_was_read() {
    let server = server();
    apply(&server, "one", &config_map("a", &json!({"a": "1"}))).await.unwrap();
    let read = config_maps(server.client()).get("a").await.unwrap();
    assert_eq!(read.managed_fields()[0].manager.as_deref(), Some("one"));
    let mut object = json!(read);
    (object["apiVersion"], object["kind"]) = ("v1".into(), "ConfigMap".into());
    assert_eq!(refusal(apply(&server, "one", &object).await), is(400, "BadRequest"));
    let untyped = json!({"data": {"a": "1"}});
    assert_eq!(refusal(apply(&server, "one", &untyped).await), is(400, "BadRequest"));
    let (api, nobody) = (config_maps(server.client()), PatchParams::default());
    let anonymous = api.patch("a", &nobody, &Patch::Apply(config_map("a", &Value::Null))).await;
    assert_eq!(refusal(anonymous), is(422, "Invalid"));
}

#[tokio::test(start_paused = true)]
async fn finalizers_and_owner_references_are_owned_one_by_one() {
    let server = server();
    let object = server.user().create(cluster("one"));
    let apply = async |manager: &str, finalizers: &[&str], owners: &[&Value]| {
        let object = json!({
            "apiVersion": "clusterwright.dev/v1alpha1", "kind": "TypeDBCluster",
            "metadata": {"finalizers": finalizers, "ownerReferences": owners},
        });
        let params = PatchParams::apply(manager);
        let done = clusters(server.client()).patch("one", &params, &Patch::Apply(object)).await.unwrap();
        (done.finalizers().to_vec(), done.owner_references().len())
    };
    let kind = json!({"apiVersion": "clusterwright.dev/v1alpha1", "kind": "TypeDBCluster", "name": "one"});
    let (mut itself, mut unknown) = (kind.clone(), kind);
    itself["uid"] = object["metadata"]["uid"].clone();
    (unknown["uid"], unknown["kind"]) = ("unknown".into(), "Unknown".into());
    assert_eq!(apply("one", &["a/b"], &[&itself]).await, (vec!["a/b".into()], 1));
    assert_eq!(apply("two", &["c/d"], &[&unknown]).await, (vec!["a/b".into(), "c/d".into()], 2));
    assert_eq!(apply("one", &[], &[]).await, (vec!["c/d".into()], 1));
}

#[tokio::test(start_paused = true)]
async fn a_replace_cannot_forge_owners() {
    let server = server();
    apply(&server, "one", &config_map("a", &json!({"a": "1"}))).await.unwrap();
    let mut read = config_maps(server.client()).get("a").await.unwrap();
    read.metadata.managed_fields = None;
    let replaced = config_maps(server.client()).replace("a", &PostParams::default(), &read).await.unwrap();
    assert_eq!(replaced.managed_fields().len(), 1);
}
