//! The chart gives the operator what it uses, and nothing else. That it is enough is shown by every other test here: all of
//! them run under the chart's `ServiceAccount`.

use std::collections::BTreeSet;

use http::Method;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DynamicObject, PostParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::harness::{CrateWorld, Tested, TlsFront, World, WorldOf, account, eventually, paid, with};

/// One thing that is done in Kubernetes, or may be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Deed {
    verb: String,
    group: String,
    /// A subresource stands behind a slash.
    resource: String,
    /// The one object, where only one is meant.
    name: Option<String>,
    /// Where only one namespace is meant.
    namespace: Option<String>,
}

impl Deed {
    /// Whether this permission is what such a request takes.
    fn permits(&self, request: &Self) -> bool {
        let same = |permitted: &Option<String>, asked: &Option<String>| permitted.is_none() || permitted == asked;
        (&self.verb, &self.group, &self.resource) == (&request.verb, &request.group, &request.resource)
            && same(&self.name, &request.name)
            && same(&self.namespace, &request.namespace)
    }
}

/// Everything that the objects permit, each with the object and the rule in it that does.
fn permitted(objects: &[DynamicObject]) -> Vec<(Deed, usize, usize)> {
    let mut deeds = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        for (rule_number, rule) in object.data["rules"].as_array().into_iter().flatten().enumerate() {
            let texts = |key: &str| -> Vec<String> { serde_json::from_value(rule[key].clone()).unwrap_or_default() };
            let names: Vec<_> = texts("resourceNames").into_iter().map(Some).collect();
            let names = if names.is_empty() { vec![None] } else { names };
            for (resource, verb, name) in combined(&texts("resources"), &texts("verbs"), &names) {
                let (group, namespace) = (texts("apiGroups").remove(0), object.namespace());
                deeds.push((Deed { verb, group, resource, name, namespace }, number, rule_number));
            }
        }
    }
    deeds
}

/// Every combination.
fn combined(resources: &[String], verbs: &[String], names: &[Option<String>]) -> Vec<(String, String, Option<String>)> {
    let mut all = Vec::new();
    for resource in resources {
        for verb in verbs {
            all.extend(names.iter().map(|name| (resource.clone(), verb.clone(), name.clone())));
        }
    }
    all
}

/// What a request asks for.
fn asked(method: &Method, url: &str) -> Deed {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (group, rest) = if parts[0] == "api" { ("", &parts[2..]) } else { (parts[1], &parts[3..]) };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some((*namespace).to_owned()), rest),
        rest => (None, rest),
    };
    let verb = match (method.as_str(), rest.len()) {
        ("GET", 1) if query.contains("watch=") => "watch",
        ("GET", 1) => "list",
        ("GET", _) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", _) => "delete",
        other => panic!("{other:?}"),
    };
    let resource = rest.iter().enumerate().filter(|(place, _)| *place != 1).map(|(_, part)| *part);
    Deed {
        verb: verb.to_owned(),
        group: group.to_owned(),
        resource: resource.collect::<Vec<_>>().join("/"),
        name: rest.get(1).map(|name| (*name).to_owned()),
        namespace,
    }
}

/// All that an operator does for one cluster, from its account to its end.
async fn live<K: Tested>(world: &WorldOf<K>, name: &str, spec: Value) {
    let authority = TlsFront::before(&world.cloud.url).await.authority;
    let bundle: ConfigMap =
        serde_json::from_value(json!({"metadata": {"name": "authority"}, "data": {"ca.crt": authority}})).unwrap();
    let bundles = Api::<ConfigMap>::namespaced(world.kube.clone(), &world.namespace);
    bundles.create(&PostParams::default(), &bundle).await.unwrap();
    world.credentials(&format!("{}-cloud", K::ACCOUNT), "simulator", "simulator-secret").await;
    world.account(K::ACCOUNT, json!({"caBundle": {"configMapRef": {"name": "authority"}}})).await;

    world.password("own", "correct-horse-battery-staple").await;
    world.apply(name, with(spec, json!({"deletionPolicy": "Delete"}))).await;
    world.until_ready(name).await;
    world.password("own", "another-horse-battery-staple").await;
    world.annotate(name, "reconcile-at", Some("now")).await;
    let secret = format!("{name}-{}", K::BINDING_TYPE);
    eventually("the new password is published", async || {
        let published = world.read(&secret).await["password"].clone();
        if published == "another-horse-battery-staple" { Ok(()) } else { Err("it is another".to_owned()) }
    })
    .await;
    world.edit(name, json!({"spec": {"connectionSecret": {"name": "way-in"}}})).await;
    eventually("the former connection Secret is gone", async || {
        if world.read(&secret).await.is_empty() { Ok(()) } else { Err("it is there".to_owned()) }
    })
    .await;
    world.delete(name).await;
    world.until_gone(name).await;
    eventually("the record is gone", async || match world.records().await.len() {
        0 => Ok(()),
        left => Err(format!("{left} are left")),
    })
    .await;
}

/// Permissions of one world that no request needed, and requests that none of them permits.
fn account_for<K: Tested>(world: &WorldOf<K>) -> (BTreeSet<Deed>, Vec<Deed>) {
    let permitted: Vec<Deed> = permitted(&account::objects(&world.operator_namespace, &world.namespace))
        .into_iter()
        .map(|(deed, ..)| deed)
        .collect();
    let requests = world.proxy.requests();
    // Everybody may ask what he may.
    let requests =
        requests.iter().map(|(method, url)| asked(method, url)).filter(|deed| deed.group != "authorization.k8s.io");
    let requests: Vec<Deed> = requests.collect();
    let idle = permitted.iter().filter(|deed| !requests.iter().any(|request| deed.permits(request))).cloned().collect();
    let excess = requests.into_iter().filter(|request| !permitted.iter().any(|deed| deed.permits(request))).collect();
    (idle, excess)
}

#[tokio::test]
async fn every_permission_of_the_chart_is_used() {
    let mut typedb = World::without_operator("permissions").await;
    typedb.start_operator();
    live(&typedb, "orders", with(paid(), json!({"admin": {"passwordSecretRef": {"name": "own"}}}))).await;
    let (idle_with_typedb, excess) = account_for(&typedb);
    assert_eq!(excess, []);
    let other_kind = |deed: &Deed, kind: &str| deed.resource.split('/').next() == Some(kind);
    let idle: Vec<&Deed> = idle_with_typedb.iter().filter(|deed| !other_kind(deed, "cratedbclusters")).collect();
    assert_eq!(idle, Vec::<&Deed>::new());
    typedb.finish().await;

    let mut cratedb = CrateWorld::without_operator("crate-permissions").await;
    cratedb.start_operator();
    live(&cratedb, "analytics", with(crate::cratedb::paid(), json!({"passwordSecretRef": {"name": "own"}}))).await;
    let (idle_with_cratedb, excess) = account_for(&cratedb);
    assert_eq!(excess, []);
    let idle: Vec<&Deed> = idle_with_cratedb.iter().filter(|deed| !other_kind(deed, "typedbclusters")).collect();
    assert_eq!(idle, Vec::<&Deed>::new());
    cratedb.finish().await;
}

/// The objects without one verb on one resource of one rule.
fn without(objects: &[DynamicObject], (deed, object, rule): &(Deed, usize, usize)) -> DynamicObject {
    let mut object = objects[*object].clone();
    let rules = object.data["rules"].as_array_mut().unwrap();
    let whole = rules.remove(*rule);
    let others = |key: &str, gone: &str| -> Vec<Value> {
        whole[key].as_array().unwrap().iter().filter(|item| *item != gone).cloned().collect()
    };
    let (resources, verbs) = (others("resources", &deed.resource), others("verbs", &deed.verb));
    for (resources, verbs) in [(json!(resources), whole["verbs"].clone()), (json!([deed.resource]), json!(verbs))] {
        if resources != json!([]) && verbs != json!([]) {
            rules.push(with(whole.clone(), json!({"resources": resources, "verbs": verbs})));
        }
    }
    object
}

/// Waits until the API server goes by the change.
async fn until_refused(client: &Client, deed: &Deed, operator_namespace: &str) {
    let (resource, subresource) = deed.resource.split_once('/').unwrap_or((&deed.resource, ""));
    let attributes = ResourceAttributes {
        verb: Some(deed.verb.clone()),
        group: Some(deed.group.clone()),
        resource: Some(resource.to_owned()),
        subresource: Some(subresource.to_owned()),
        name: deed.name.clone(),
        namespace: deed.namespace.clone(),
        ..ResourceAttributes::default()
    };
    let user = Some(format!("system:serviceaccount:{operator_namespace}:clusterwright"));
    let spec = SubjectAccessReviewSpec { resource_attributes: Some(attributes), user, ..Default::default() };
    let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
    let api = Api::<SubjectAccessReview>::all(client.clone());
    eventually(&format!("{deed:?} is refused"), async || {
        let answer = api.create(&PostParams::default(), &review).await.map_err(|error| error.to_string())?;
        if answer.status.is_some_and(|status| status.allowed) { Err("it is permitted".to_owned()) } else { Ok(()) }
    })
    .await;
}

#[tokio::test]
async fn whichever_permission_is_missing_is_named() {
    let mut world = World::without_operator("missing-permissions").await;
    let objects = account::objects(&world.operator_namespace, &world.namespace);
    let all = permitted(&objects);
    let mut gone = BTreeSet::new();
    for missing in &all {
        let (deed, number, _) = missing;
        // Where several objects are named, the verb goes for all of them at once.
        if !gone.insert((deed.verb.clone(), deed.resource.clone(), deed.namespace.clone())) {
            continue;
        }
        account::apply(&world.kube, &[without(&objects, missing)]).await;
        until_refused(&world.kube, deed, &world.operator_namespace).await;
        world.start_operator();
        let group = if deed.group.is_empty() { String::new() } else { format!(".{}", deed.group) };
        let words = format!("may not {} {}{group}", deed.verb, deed.resource);
        let operator = world.operator.as_ref().unwrap();
        eventually(&format!("it says: {words}"), async || {
            let printed = operator.printed();
            let said = printed.lines().any(|line| line.contains(&words) && line.contains("rbac.create"));
            if said { Ok(()) } else { Err(printed) }
        })
        .await;
        world.kill_operator().await;
        account::apply(&world.kube, &[objects[*number].clone()]).await;
    }
    assert!(gone.len() > 25, "{gone:?}");
    world.finish().await;
}

/// Nothing is begun that could not be finished, and nobody has to start the operator again.
#[tokio::test]
async fn it_waits_for_a_permission_and_goes_on_when_it_is_given() {
    let mut world = World::without_operator("late-permission").await;
    let objects = account::objects(&world.operator_namespace, &world.namespace);
    let all = permitted(&objects);
    let records = |deed: &Deed| {
        deed.verb == "create"
            && deed.resource == "secrets"
            && deed.namespace.as_ref() == Some(&world.operator_namespace)
    };
    let missing = all.iter().find(|(deed, ..)| records(deed)).unwrap();
    account::apply(&world.kube, &[without(&objects, missing)]).await;
    until_refused(&world.kube, &missing.0, &world.operator_namespace).await;
    world.start_operator();
    world.connect().await;
    world.apply("orders", paid()).await;
    let operator = world.operator.as_ref().unwrap();
    eventually("it says what it waits for", async || {
        let printed = operator.printed();
        let sentence = "The operator waits, as it may not create secrets in namespace late-permission-operator.";
        if printed.contains(sentence) { Ok(()) } else { Err(printed) }
    })
    .await;
    operator.until("/readyz", 503).await;
    operator.until("/healthz", 200).await;
    account::apply(&world.kube, &objects).await;
    world.until_ready("orders").await;
    world.finish().await;
}
