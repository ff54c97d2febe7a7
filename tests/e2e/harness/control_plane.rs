//! What these tests do with a control plane.

use std::fs;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use kube::{Client, ResourceExt};
use tokio::sync::OnceCell;

use super::ControlPlane;
use crate::support::control_plane::root;

static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();

impl ControlPlane {
    /// The one that the tests share, with the project's kinds defined. What would disturb other tests starts another.
    pub(crate) async fn shared() -> &'static Self {
        SHARED
            .get_or_init(async || {
                let own = Self::start();
                own.define_kinds(&own.client().await).await;
                own
            })
            .await
    }

    /// Applies the folder `crds/`, and waits until the API server serves the kinds.
    pub(crate) async fn define_kinds(&self, client: &Client) {
        let api = Api::<CustomResourceDefinition>::all(client.clone());
        for entry in fs::read_dir(root().join("crds")).expect("the folder crds/") {
            let yaml = fs::read_to_string(entry.expect("an entry").path()).expect("a file in crds/");
            let definition: CustomResourceDefinition = serde_saphyr::from_str(&yaml).expect("a definition");
            let name = definition.name_any();
            let params = PatchParams::apply("tests").force();
            api.patch(&name, &params, &Patch::Apply(&definition)).await.expect("the definition is accepted");
            await_condition(api.clone(), &name, is_crd_established()).await.expect("the kind becomes served");
        }
    }
}
