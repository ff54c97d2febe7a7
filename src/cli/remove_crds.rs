//! `clusterwright remove-crds`: the end of the definitions, while an operator is still there to let go of the manifests.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::api::schema::definitions;
use crate::controller::{Metrics, told};
use crate::operator;

/// Between two looks.
const AGAIN: Duration = Duration::from_secs(1);

/// Deletes the definitions, and every manifest with them, and waits until they are gone; every database stays
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// After so many seconds it gives up
    #[arg(long, default_value_t = 240, value_name = "SECONDS")]
    within: u16,
}

/// Deletes them; `Err` is a sentence.
pub async fn run(Args { within }: Args) -> Result<(), String> {
    let api = Api::<CustomResourceDefinition>::all(operator::client(Metrics::new()).await?);
    let names: Vec<String> = definitions().iter().map(ResourceExt::name_any).collect();
    for name in &names {
        match remove(&api, name).await {
            Err(error) if !is_not_found(&error) => {
                return Err(format!("Definition {name} cannot be deleted: {}.", told(&error)));
            }
            _ => {}
        }
    }
    let deadline = Instant::now() + Duration::from_secs(within.into());
    for name in &names {
        while is_there(&api, name).await? {
            if Instant::now() > deadline {
                return Err(format!(
                    "Definition {name} is still there after {within} s. Manifests of its kind wait for an operator that \
                     lets go of them: start one, and try again."
                ));
            }
            sleep(AGAIN).await;
        }
    }
    Ok(())
}

/// Deletes one, which the chart's admission policy refuses unless the definition itself says that it is meant.
async fn remove(api: &Api<CustomResourceDefinition>, name: &str) -> Result<(), kube::Error> {
    let meant = json!({"metadata": {"annotations": {"clusterwright.dev/allow-removal": "true"}}});
    api.patch_metadata(name, &PatchParams::default(), &Patch::Merge(meant)).await?;
    api.delete(name, &DeleteParams::default()).await.map(|_| ())
}

async fn is_there(api: &Api<CustomResourceDefinition>, name: &str) -> Result<bool, String> {
    let found = api.get_opt(name).await;
    found.map(|found| found.is_some()).map_err(|error| format!("Definition {name} cannot be read: {}.", told(&error)))
}

fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.is_not_found())
}
