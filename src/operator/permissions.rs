//! What the operator has to be permitted in Kubernetes, looked up before it starts: a list of what is missing says more,
//! and sooner, than a watch that is refused for ever.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::api::PostParams;
use kube::{Api, Client, ResourceExt};

use super::lease::LEASE;
use super::said::Said;
use crate::api::GROUP;
use crate::api::schema::definitions;
use crate::controller::{Pulse, told};

/// Between two looks at what is missing.
const AGAIN: Duration = Duration::from_secs(2);

/// So many questions are asked at a time.
const AT_A_TIME: usize = 8;

const WAY_OUT: &str = "Grant it to the operator's account. The Helm chart does, with rbac.create: after a namespace was made \
                       anew, upgrade the release; one that is gone is to be taken out of watchNamespaces.";

/// A group, a resource in it, and the verbs that are needed. A subresource stands behind a slash.
type Rule = (&'static str, &'static str, &'static [&'static str]);

/// In the operator's own namespace: the records, and which replica leads.
const OWN: [Rule; 2] = [
    ("", "secrets", &["get", "list", "watch", "create", "update", "delete"]),
    ("coordination.k8s.io", "leases", &["create"]),
];

/// There as well, of the one Lease.
const OWN_LEASE: [Rule; 1] = [("coordination.k8s.io", "leases", &["get", "update"])];

/// Where manifests are.
const WATCHED: [Rule; 6] = [
    (GROUP, "cloudaccounts", &["list", "watch", "patch"]),
    (GROUP, "cloudaccounts/status", &["patch"]),
    (GROUP, "typedbclusters", &["get", "list", "watch", "patch"]),
    (GROUP, "typedbclusters/status", &["patch"]),
    (GROUP, "cratedbclusters", &["get", "list", "watch", "patch"]),
    (GROUP, "cratedbclusters/status", &["patch"]),
];

/// Beside manifests. Where less is granted, only some of the manifests are concerned, and their status says so.
const BESIDE: [Rule; 3] = [
    ("", "secrets", &["get", "create", "update", "delete"]),
    ("", "configmaps", &["get"]),
    ("events.k8s.io", "events", &["create"]),
];

/// Waits until the operator may do what it cannot work without, and says what is missing meanwhile. A namespace that it is
/// told to look after, and may not, keeps none of the others waiting: whoever owns it may have taken it away.
pub(super) async fn wait(client: &Client, own: &str, watched: &[String], pulse: &Pulse) {
    // No name stands for all namespaces.
    let everywhere = if watched.is_empty() { within(&WATCHED, "") } else { Vec::new() };
    let needed = [by_name(own, watched), within(&OWN, own), lease(own), everywhere].concat();
    let mut said = Said::default();
    loop {
        match refused(client, &needed).await {
            Ok(missing) if missing.is_empty() => break,
            Ok(missing) => said.warn(&format!("The operator waits, as it may not {}. {WAY_OUT}", list(&missing))),
            Err(kube::Error::Api(status)) if status.is_forbidden() => {
                tracing::warn!("what the operator may do cannot be looked up: {}", status.message);
                return;
            }
            Err(error) => said.warn(&format!("What the operator may do cannot be looked up: {}.", told(&error))),
        }
        pulse.beat();
        tokio::time::sleep(AGAIN).await;
    }
    for namespace in watched {
        warn(client, &within(&WATCHED, namespace), "What is there is not looked after until it may.").await;
    }
    let beside = if watched.is_empty() { &[String::new()] } else { watched };
    let beside: Vec<ResourceAttributes> = beside.iter().flat_map(|namespace| within(&BESIDE, namespace)).collect();
    warn(client, &beside, "Manifests that need it will say so.").await;
}

/// Says what of this is not permitted, and what follows.
async fn warn(client: &Client, wanted: &[ResourceAttributes], consequence: &str) {
    if let Ok(missing) = refused(client, wanted).await
        && !missing.is_empty()
    {
        tracing::warn!("The operator may not {}. {consequence} {WAY_OUT}", list(&missing));
    }
}

fn within(rules: &[Rule], namespace: &str) -> Vec<ResourceAttributes> {
    let attributes = |(group, resource, verbs): &Rule| {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let rule = ResourceAttributes {
            group: Some((*group).to_owned()),
            resource: Some(resource.to_owned()),
            subresource: Some(subresource.to_owned()),
            namespace: Some(namespace.to_owned()),
            ..ResourceAttributes::default()
        };
        verbs.iter().map(move |verb| ResourceAttributes { verb: Some((*verb).to_owned()), ..rule.clone() })
    };
    rules.iter().flat_map(attributes).collect()
}

fn lease(own: &str) -> Vec<ResourceAttributes> {
    let named = |rule| ResourceAttributes { name: Some(LEASE.to_owned()), ..rule };
    within(&OWN_LEASE, own).into_iter().map(named).collect()
}

/// The definitions and namespaces that are read by their names.
fn by_name(own: &str, watched: &[String]) -> Vec<ResourceAttributes> {
    let get = |group: &str, resource: &str, name: String| ResourceAttributes {
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        verb: Some("get".to_owned()),
        name: Some(name),
        ..ResourceAttributes::default()
    };
    let definitions = definitions().into_iter().map(|definition| definition.name_any());
    let definitions = definitions.map(|name| get("apiextensions.k8s.io", "customresourcedefinitions", name));
    let namespaces = watched.iter().cloned().chain([own.to_owned()]).map(|name| get("", "namespaces", name));
    definitions.chain(namespaces).collect()
}

/// Those of the questions to which the API server says no.
async fn refused(client: &Client, questions: &[ResourceAttributes]) -> kube::Result<Vec<ResourceAttributes>> {
    let api = Api::<SelfSubjectAccessReview>::all(client.clone());
    let ask = async |question: &ResourceAttributes| {
        let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(question.clone()), ..Default::default() };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let answer = api.create(&PostParams::default(), &review).await?;
        Ok((!answer.status.is_some_and(|status| status.allowed)).then(|| question.clone()))
    };
    stream::iter(questions).map(ask).buffered(AT_A_TIME).try_filter_map(async |refused| Ok(refused)).try_collect().await
}

/// What may not be done, in words: the verbs of one resource together.
fn list(missing: &[ResourceAttributes]) -> String {
    let mut verbs: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for attributes in missing {
        verbs.entry(object(attributes)).or_default().push(text(attributes.verb.as_ref()));
    }
    let deeds: Vec<String> = verbs.iter().map(|(object, verbs)| format!("{} {object}", verbs.join(", "))).collect();
    deeds.join("; nor ")
}

fn object(attributes: &ResourceAttributes) -> String {
    let parts = [("/", &attributes.subresource), (".", &attributes.group), (" ", &attributes.name)];
    let named = parts.into_iter().filter(|(_, part)| !text(part.as_ref()).is_empty());
    let object: String = named.fold(text(attributes.resource.as_ref()).to_owned(), |object, (before, part)| {
        format!("{object}{before}{}", text(part.as_ref()))
    });
    match attributes.namespace.as_deref() {
        None => object,
        Some("") => format!("{object} in all namespaces"),
        Some(namespace) => format!("{object} in namespace {namespace}"),
    }
}

fn text(part: Option<&String>) -> &str {
    part.map_or("", String::as_str)
}
