//! What must be there before the controllers start.

#[cfg(test)]
mod tests;

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Client, ResourceExt};

use super::said::Said;
use crate::api::schema::definitions;
use crate::controller::{Pulse, told};

/// Between two looks at what is missing.
const AGAIN: Duration = Duration::from_secs(2);

/// Where a pod's own namespace stands.
const SERVICE_ACCOUNT_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// The namespace of the chart, where nothing says otherwise.
const DEFAULT_NAMESPACE: &str = "clusterwright-system";

/// The operator's own namespace: as given, else the pod's, else the chart's.
pub(super) fn operator_namespace(given: Option<String>) -> String {
    let of_pod = || std::fs::read_to_string(SERVICE_ACCOUNT_NAMESPACE).ok();
    given
        .or_else(of_pod)
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned())
}

/// The namespace must be there: records are kept in it. `Err` is a sentence with the command that creates it.
pub(super) async fn check_namespace(client: &Client, name: &str) -> Result<(), String> {
    match Api::<Namespace>::all(client.clone()).get_opt(name).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(format!(
            "Namespace {name}, in which the operator keeps its records, is missing. Create it: kubectl create namespace {name}"
        )),
        Err(error) => Err(format!("Namespace {name} cannot be read: {}.", told(&error))),
    }
}

/// Waits until the kinds are defined, and says what is missing meanwhile.
pub(super) async fn wait_for_definitions(client: &Client, pulse: &Pulse) {
    let mut said = Said::default();
    loop {
        let missing = missing_definitions(client).await;
        match missing.as_deref() {
            Ok([]) => return,
            Ok(names) => said.warn(&format!(
                "These kinds are not defined: {}. Apply the folder crds/; the operator waits for them.",
                names.join(", ")
            )),
            Err(error) => said.warn(&format!("The kinds cannot be looked up: {error}.")),
        }
        pulse.beat();
        tokio::time::sleep(AGAIN).await;
    }
}

async fn missing_definitions(client: &Client) -> Result<Vec<String>, String> {
    let api = Api::<CustomResourceDefinition>::all(client.clone());
    let mut missing = Vec::new();
    for name in definitions().iter().map(ResourceExt::name_any) {
        let definition = api.get_opt(&name).await.map_err(|error| told(&error))?;
        if !definition.is_some_and(|definition| is_established(&definition)) {
            missing.push(name);
        }
    }
    Ok(missing)
}

fn is_established(definition: &CustomResourceDefinition) -> bool {
    let conditions = definition.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions
        .is_some_and(|all| all.iter().any(|condition| condition.type_ == "Established" && condition.status == "True"))
}
