//! Create, read, replace, patch, delete.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::ResourceExt as _;
use kube::api::{
    Api, DeleteParams, GetParams, ListParams, Patch, PatchParams, PostParams, Preconditions, VersionMatch,
};
use kube::core::PartialObjectMeta;
use serde_json::{Value, json};

use super::{cluster, clusters, config_map, config_maps, is, refusal, secrets, server, typed};

const PATCH: PatchParams = PatchParams { dry_run: false, force: false, field_manager: None, field_validation: None };

#[tokio::test(start_paused = true)]
async fn a_new_object_gets_identity_generation_and_default_status() {
    let server = server();
    tokio::time::advance(std::time::Duration::from_secs(90)).await;
    let mut wanted = cluster("one");
    wanted["status"] = json!({"observedGeneration": 7});
    wanted["metadata"]["uid"] = "mine".into();
    let created = clusters(server.client()).create(&PostParams::default(), &typed(wanted)).await.unwrap();

    assert_eq!(created.metadata.creation_timestamp.unwrap().0.to_string(), "2026-01-01T00:01:30Z");
    assert_eq!(created.metadata.generation, Some(1));
    assert_ne!(created.metadata.uid.unwrap(), "mine");
    assert!(created.metadata.resource_version.is_some());
    assert_eq!(created.data["status"], json!({"observedGeneration": -1}));
}

#[tokio::test(start_paused = true)]
async fn a_create_is_refused_where_it_cannot_be() {
    let server = server();
    let (api, create) = (clusters(server.client()), PostParams::default());
    api.create(&create, &typed(cluster("one"))).await.unwrap();
    assert_eq!(refusal(api.create(&create, &typed(cluster("one"))).await), is(409, "AlreadyExists"));

    let mut nameless = cluster("");
    assert_eq!(refusal(api.create(&create, &typed(nameless.clone())).await), is(422, "Invalid"));
    nameless["metadata"]["generateName"] = "some-".into();
    let first = api.create(&create, &typed(nameless.clone())).await.unwrap().name_any();
    let second = api.create(&create, &typed(nameless)).await.unwrap().name_any();
    assert!(first.starts_with("some-") && second.starts_with("some-") && first != second);

    let mut elsewhere = cluster("two");
    elsewhere["metadata"]["namespace"] = "other".into();
    assert_eq!(refusal(api.create(&create, &typed(elsewhere)).await), is(400, "BadRequest"));
    let nowhere: Api<Secret> = Api::namespaced(server.client(), "nowhere");
    let secret = json!({"metadata": {"name": "s"}});
    assert_eq!(refusal(nowhere.create(&create, &typed(secret)).await), is(404, "NotFound"));
}

#[tokio::test(start_paused = true)]
async fn a_replace_needs_the_version_that_is_stored() {
    let server = server();
    let (api, params) = (clusters(server.client()), PostParams::default());
    let first = api.create(&params, &typed(cluster("one"))).await.unwrap();
    let mut edited = first.clone();
    edited.data["spec"]["tier"] = "Paid".into();
    let second = api.replace("one", &params, &edited).await.unwrap();
    assert_ne!(first.resource_version(), second.resource_version());

    assert_eq!(refusal(api.replace("one", &params, &edited).await), is(409, "Conflict"));
    edited.metadata.resource_version = None;
    assert_eq!(refusal(api.replace("one", &params, &edited).await), is(422, "Invalid"));
    edited.metadata.uid = Some("another".into());
    assert_eq!(refusal(api.replace("one", &params, &edited).await), is(409, "Conflict"));
    edited.metadata.uid = None;
    assert_eq!(refusal(api.replace("two", &params, &edited).await), is(404, "NotFound"));
}

#[tokio::test(start_paused = true)]
async fn a_built_in_kind_may_be_replaced_without_a_version() {
    let server = server();
    let (api, params) = (config_maps(server.client()), PostParams::default());
    let created = api.create(&params, &typed(config_map("one", &json!({"a": "1"})))).await.unwrap();
    let replaced = api.replace("one", &params, &typed(config_map("one", &json!({"b": "2"})))).await.unwrap();
    assert_eq!(json!(replaced.data), json!({"b": "2"}));
    assert_eq!(created.uid(), replaced.uid());
    assert_eq!(replaced.metadata.generation, None);
    assert_eq!(refusal(api.replace("one", &params, &created).await), is(409, "Conflict"));
}

#[tokio::test(start_paused = true)]
async fn generation_counts_changes_of_the_spec_alone() {
    let server = server();
    let api = clusters(server.client());
    server.user().create(cluster("one"));
    let label = Patch::Merge(json!({"metadata": {"labels": {"a": "b"}}, "status": {"externalId": "x"}}));
    let labelled = api.patch("one", &PATCH, &label).await.unwrap();
    assert_eq!((labelled.metadata.generation, &labelled.data["status"]), (Some(1), &json!({"observedGeneration": -1})));

    let spec = Patch::Merge(json!({"spec": {"tier": "Paid"}}));
    assert_eq!(api.patch("one", &PATCH, &spec).await.unwrap().metadata.generation, Some(2));

    let status = Patch::Merge(
        json!({"metadata": {"labels": {"c": "d"}}, "spec": {"tier": "Free"}, "status": {"observedGeneration": 2}}),
    );
    let reported = api.patch_status("one", &PATCH, &status).await.unwrap();
    assert_eq!(reported.metadata.generation, Some(2));
    assert_eq!(reported.data, json!({"spec": {"tier": "Paid"}, "status": {"observedGeneration": 2}}));
    assert_eq!(json!(reported.metadata.labels), json!({"a": "b"}));

    let mut wiped = reported.clone();
    wiped.data["status"].take();
    let wiped = api.replace_status("one", &PostParams::default(), &wiped).await.unwrap();
    assert_eq!(wiped.data["status"], json!({"observedGeneration": -1}));
    let edited = server.user().edit_status("TypeDBCluster", "default", "one", |it| it["status"] = json!({"a": 1}));
    assert_eq!((&edited["status"], &edited["metadata"]["generation"]), (&json!({"a": 1}), &json!(2)));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_changes_nothing_is_no_new_version() {
    let server = server();
    let before = server.user().create(cluster("one"));
    let same = Patch::Merge(json!({"spec": {"tier": "Free"}}));
    let after = clusters(server.client()).patch("one", &PATCH, &same).await.unwrap();
    assert_eq!(after.resource_version().unwrap(), before["metadata"]["resourceVersion"]);
    assert_eq!(server.log().last().map(|entry| entry.changed), Some(false));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_answers_and_does_nothing() {
    let server = server();
    let params = PostParams { dry_run: true, ..PostParams::default() };
    clusters(server.client()).create(&params, &typed(cluster("one"))).await.unwrap();
    assert_eq!(server.user().get("TypeDBCluster", "default", "one"), None);
}

#[tokio::test(start_paused = true)]
async fn a_json_patch_tests_before_it_changes() {
    let server = server();
    let api = clusters(server.client());
    server.user().create(cluster("one"));
    let patch = async |operations: Value| {
        api.patch("one", &PATCH, &Patch::<()>::Json(serde_json::from_value(operations).unwrap())).await
    };
    let absent = patch(json!([
        {"op": "test", "path": "/metadata/finalizers", "value": null},
        {"op": "add", "path": "/metadata/finalizers", "value": ["a/b"]},
    ]));
    assert_eq!(absent.await.unwrap().finalizers(), ["a/b"]);

    let other = json!([
        {"op": "replace", "path": "/spec/tier", "value": "Paid"},
        {"op": "test", "path": "/metadata/finalizers/0", "value": "c/d"},
    ]);
    assert_eq!(refusal(patch(other).await), is(422, "Invalid"));
    assert_eq!(refusal(patch(json!([{"op": "remove", "path": "/spec/none"}])).await), is(422, "Invalid"));
    assert_eq!(api.get("one").await.unwrap().data["spec"], json!({"tier": "Free"}));

    let stale = json!([{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}]);
    assert_eq!(refusal(patch(stale).await), is(409, "Conflict"));
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_holds_an_object_until_it_is_taken() {
    let server = server();
    let api = clusters(server.client());
    let mut held = cluster("one");
    held["metadata"]["finalizers"] = json!(["a/b"]);
    server.user().create(held);

    let deleting = api.delete("one", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert!(deleting.metadata.deletion_timestamp.is_some());
    assert_eq!(deleting.metadata.generation, Some(2));
    let again = api.delete("one", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert_eq!(again.resource_version(), deleting.resource_version());

    let another = Patch::Merge(json!({"metadata": {"finalizers": ["a/b", "c/d"]}}));
    assert_eq!(refusal(api.patch("one", &PATCH, &another).await), is(422, "Invalid"));
    let revive = Patch::Merge(json!({"metadata": {"deletionTimestamp": null}}));
    assert!(api.patch("one", &PATCH, &revive).await.unwrap().metadata.deletion_timestamp.is_some());
    let none = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    api.patch("one", &PATCH, &none).await.unwrap();
    assert_eq!(refusal(api.get("one").await), is(404, "NotFound"));
    assert_eq!(refusal(api.delete("one", &DeleteParams::default()).await), is(404, "NotFound"));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_may_depend_on_uid_and_version() {
    let server = server();
    let api = clusters(server.client());
    let object = server.user().create(cluster("one"));
    let text = |field: &str| object["metadata"][field].as_str().map(ToOwned::to_owned);
    let only = |uid, resource_version| DeleteParams::default().preconditions(Preconditions { uid, resource_version });

    assert_eq!(refusal(api.delete("one", &only(Some("another".into()), None)).await), is(409, "Conflict"));
    assert_eq!(refusal(api.delete("one", &only(None, Some("1".into()))).await), is(409, "Conflict"));
    let gone = api.delete("one", &only(text("uid"), text("resourceVersion"))).await.unwrap();
    assert!(gone.right().unwrap().is_success());
}

#[tokio::test(start_paused = true)]
async fn a_list_selects_by_labels_and_by_name() {
    let server = server();
    for (name, colour) in [("a", "red"), ("b", "blue"), ("c", "red")] {
        let mut object = config_map(name, &json!({}));
        object["metadata"]["labels"] = json!({"colour": colour});
        server.user().create(object);
    }
    server.user().create(config_map("d", &json!({})));
    let api = config_maps(server.client());
    let names = async |params: ListParams| -> Vec<String> {
        api.list(&params).await.unwrap().iter().map(kube::ResourceExt::name_any).collect()
    };
    assert_eq!(names(ListParams::default().labels("colour=red")).await, ["a", "c"]);
    assert_eq!(names(ListParams::default().labels("colour!=red")).await, ["b", "d"]);
    assert_eq!(names(ListParams::default().labels("colour,colour!=red")).await, ["b"]);
    assert_eq!(names(ListParams::default().labels("!colour")).await, ["d"]);
    assert_eq!(names(ListParams::default().fields("metadata.name=c").limit(500)).await, ["c"]);
    let set_based = api.list(&ListParams::default().labels("colour in (red,blue)")).await;
    assert_eq!(refusal(set_based), is(400, "BadRequest"));

    api.delete_collection(&DeleteParams::default(), &ListParams::default().labels("colour=red")).await.unwrap();
    assert_eq!(names(ListParams::default()).await, ["b", "d"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_spans_one_namespace_or_all_and_knows_its_version() {
    let server = server();
    server.user().create_namespace("other");
    for namespace in ["default", "other"] {
        let mut object = config_map("a", &json!({}));
        object["metadata"]["namespace"] = namespace.into();
        server.user().create(object);
    }
    let everywhere: Api<ConfigMap> = Api::all(server.client());
    let all = everywhere.list(&ListParams::default()).await.unwrap();
    assert_eq!(
        (all.items.len(), config_maps(server.client()).list(&ListParams::default()).await.unwrap().items.len()),
        (2, 1)
    );

    let version = all.metadata.resource_version.unwrap();
    let later = (version.parse::<u64>().unwrap() + 1).to_string();
    let at = |version: &str, matching| ListParams::default().at(version).matching(matching);
    assert!(everywhere.list(&at(&version, VersionMatch::Exact)).await.is_ok());
    assert_eq!(refusal(everywhere.list(&at(&later, VersionMatch::NotOlderThan)).await), is(504, "Timeout"));
    server.user().create(cluster("one"));
    assert_eq!(refusal(everywhere.list(&at(&version, VersionMatch::Exact)).await), is(410, "Expired"));
}

#[tokio::test(start_paused = true)]
async fn metadata_alone_leaves_the_rest_out() {
    let server = server();
    server.user().create(cluster("one"));
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "v"}});
    server.user().create(secret);
    let api: Api<PartialObjectMeta<Secret>> = Api::default_namespaced(server.client());
    assert_eq!(api.get("s").await.unwrap().types.unwrap().kind, "PartialObjectMetadata");
    let raw = http::Request::get("/api/v1/namespaces/default/secrets")
        .header("accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
    let list = server.client().request_text(raw.body(Vec::new()).unwrap()).await.unwrap();
    assert!(list.contains("PartialObjectMetadataList") && !list.contains("\"data\""), "{list}");
    let raw = http::Request::get("/api/v1/namespaces/default/secrets").body(Vec::new()).unwrap();
    let full = server.client().request_text(raw).await.unwrap();
    assert!(full.contains("\"SecretList\"") && full.contains("\"data\"") && !full.contains("\"Secret\""), "{full}");
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_encoded_and_keeps_its_type() {
    let server = server();
    let api = secrets(server.client());
    let wanted = json!({"metadata": {"name": "s"}, "stringData": {"k": "v"}, "type": "a/b"});
    let created = api.create(&PostParams::default(), &typed(wanted)).await.unwrap();
    assert_eq!(created.data.unwrap()["k"].0, b"v");
    assert_eq!(created.string_data, None);
    let plain = api.create(&PostParams::default(), &typed(json!({"metadata": {"name": "p"}}))).await.unwrap();
    assert_eq!(plain.type_.unwrap(), "Opaque");
    let other = Patch::Merge(json!({"type": "c/d"}));
    assert_eq!(refusal(api.patch("s", &PATCH, &other).await), is(422, "Invalid"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_served_is_not_found() {
    let server = server();
    let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::default_namespaced(server.client());
    assert_eq!(refusal(pods.list(&ListParams::default()).await).0, 404);
    let namespaces: Api<Namespace> = Api::all(server.client());
    let default = namespaces.get("default").await.unwrap();
    assert_eq!(default.labels()["kubernetes.io/metadata.name"], "default");
    assert_eq!(default.status.unwrap().phase.unwrap(), "Active");
    assert_eq!(refusal(namespaces.get_with("other", &GetParams::any()).await), is(404, "NotFound"));
}
