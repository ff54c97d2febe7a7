//! What a test can do to the simulated TypeDB Cloud and see of it, over HTTP and as methods.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{patch, post};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::auth::CredentialChange;
use super::cluster::ClusterView;
use super::console::NewCluster;
use super::place::ClusterName;
use super::refusal::Refusal;
use crate::api::identity::ClusterId;
use crate::simulator::control::Input;
use crate::simulator::{Simulator, World};

/// | request | does |
/// |---|---|
/// | `POST /simulator/credentials/{client id}` | a [`CredentialChange`]: revoke, restore, new secret, access level |
/// | `POST /simulator/clusters` | a [`NewCluster`] as if made in the console |
/// | `PATCH /simulator/clusters/{team}/{space}/{id}` | edits any field but the id, known to the API or not |
/// | `DELETE /simulator/clusters/{team}/{space}/{id}` | the cluster is gone at once |
/// | `POST …/{id}/rename` `{"id": "new"}` | another id, the same cluster |
/// | `POST …/{id}/recreate` | the same id, another creation time, empty, with the factory password |
/// | `POST …/{id}/password` `{"password": "…"}` | sets the admin's password, or that of `"username"` |
pub(in crate::simulator) fn router(simulator: &Simulator) -> Router {
    Router::new()
        .route("/simulator/credentials/{client_id}", post(change_credential))
        .route("/simulator/clusters", post(seed))
        .route("/simulator/clusters/{team}/{space}/{id}", patch(edit).delete(remove))
        .route("/simulator/clusters/{team}/{space}/{id}/rename", post(rename))
        .route("/simulator/clusters/{team}/{space}/{id}/recreate", post(recreate))
        .route("/simulator/clusters/{team}/{space}/{id}/password", post(set_password))
        .with_state(simulator.clone())
}

/// The same as methods, for tests in process.
impl Simulator {
    /// Revokes, restores or changes a credential.
    ///
    /// # Errors
    /// Where there is no such credential.
    pub fn change_credential(&self, client_id: &str, change: CredentialChange) -> Result<(), Refusal> {
        self.with(|world, _| world.typedb.change_credential(client_id, change))
    }

    /// Makes a cluster as if in the console; it runs at once.
    ///
    /// # Errors
    /// Where the id is in use, or a field makes no sense.
    pub fn seed(&self, new: NewCluster) -> Result<ClusterName, Refusal> {
        self.with(|World { typedb, environment, .. }, now| typedb.seed(new, environment, now))
    }

    /// Edits any field of a cluster but its id. A field that the cluster does not really have, or that follows from
    /// other things (`status`, `servers`), is shown as edited until it is edited to null.
    ///
    /// # Errors
    /// Where there is no such cluster, or a field makes no sense.
    pub fn edit(&self, cluster: &ClusterName, fields: Map<String, Value>) -> Result<(), Refusal> {
        self.with(|world, _| world.typedb.edit(cluster, fields))
    }

    /// Gives a cluster another id.
    ///
    /// # Errors
    /// Where there is no such cluster, or the id is in use.
    pub fn rename(&self, cluster: &ClusterName, id: ClusterId) -> Result<(), Refusal> {
        self.with(|world, _| world.typedb.rename_by_hand(cluster, id))
    }

    /// Replaces a cluster by an empty one of the same id, created now, with the factory password.
    ///
    /// # Errors
    /// Where there is no such cluster.
    pub fn recreate(&self, cluster: &ClusterName) -> Result<(), Refusal> {
        self.with(|World { typedb, environment, .. }, now| typedb.recreate(cluster, environment, now))
    }

    /// Lets a cluster be gone at once.
    ///
    /// # Errors
    /// Where there is no such cluster.
    pub fn remove(&self, cluster: &ClusterName) -> Result<(), Refusal> {
        self.with(|world, _| world.typedb.remove(cluster))
    }

    /// Sets the admin's password inside a cluster, or that of `user`.
    ///
    /// # Errors
    /// Where there is no such cluster.
    pub fn set_password(
        &self,
        cluster: &ClusterName,
        user: Option<&str>,
        password: SecretString,
    ) -> Result<(), Refusal> {
        self.with(|world, _| world.typedb.set_password(cluster, user, password))
    }

    /// All clusters as they are now, by team, space and id.
    #[must_use]
    pub fn clusters(&self) -> Vec<ClusterView> {
        self.with(|world, _| world.typedb.views(&world.environment.settings))
    }
}

type Done = Result<StatusCode, Refusal>;

async fn change_credential(
    State(simulator): State<Simulator>,
    Path(client_id): Path<String>,
    Input(change): Input<CredentialChange>,
) -> Done {
    simulator.change_credential(&client_id, change)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn seed(State(simulator): State<Simulator>, Input(new): Input<NewCluster>) -> Done {
    simulator.seed(new)?;
    Ok(StatusCode::CREATED)
}

type Place = Path<(String, String, String)>;

async fn edit(
    State(simulator): State<Simulator>,
    Path((team, space, id)): Place,
    Input(fields): Input<Map<String, Value>>,
) -> Done {
    simulator.edit(&ClusterName::new(team, space, id), fields)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(State(simulator): State<Simulator>, Path((team, space, id)): Place) -> Done {
    simulator.remove(&ClusterName::new(team, space, id))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewId {
    id: ClusterId,
}

async fn rename(State(simulator): State<Simulator>, Path((team, space, id)): Place, Input(new): Input<NewId>) -> Done {
    simulator.rename(&ClusterName::new(team, space, id), new.id)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn recreate(State(simulator): State<Simulator>, Path((team, space, id)): Place) -> Done {
    simulator.recreate(&ClusterName::new(team, space, id))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    username: Option<String>,
    password: SecretString,
}

async fn set_password(
    State(simulator): State<Simulator>,
    Path((team, space, id)): Place,
    Input(new): Input<NewPassword>,
) -> Done {
    simulator.set_password(&ClusterName::new(team, space, id), new.username.as_deref(), new.password)?;
    Ok(StatusCode::NO_CONTENT)
}
