//! What people do in the consoles of the simulated clouds, and what the simulator tells.

use http::Method;
use serde_json::{Value, json};

use super::Simulator;

const SPACE: &str = "/simulator/clusters/acme/default";

impl Simulator {
    pub(crate) async fn fault(&self, fault: Value) {
        self.control(Method::POST, "/simulator/faults", Some(fault)).await;
    }

    pub(crate) async fn clear_faults(&self) {
        self.control(Method::DELETE, "/simulator/faults", None).await;
    }

    /// A cluster as if made in the console.
    pub(crate) async fn seed(&self, cluster: Value) {
        self.control(Method::POST, "/simulator/clusters", Some(cluster)).await;
    }

    pub(crate) async fn edit(&self, id: &str, fields: Value) {
        self.control(Method::PATCH, &format!("{SPACE}/{id}"), Some(fields)).await;
    }

    pub(crate) async fn rename(&self, id: &str, new: &str) {
        self.control(Method::POST, &format!("{SPACE}/{id}/rename"), Some(json!({"id": new}))).await;
    }

    pub(crate) async fn remove(&self, id: &str) {
        self.control(Method::DELETE, &format!("{SPACE}/{id}"), None).await;
    }

    pub(crate) async fn recreate(&self, id: &str) {
        self.control(Method::POST, &format!("{SPACE}/{id}/recreate"), None).await;
    }

    pub(crate) async fn settings(&self, changes: Value) {
        self.control(Method::PATCH, "/simulator/settings", Some(changes)).await;
    }

    pub(crate) async fn credential(&self, client_id: &str, change: Value) {
        self.control(Method::POST, &format!("/simulator/credentials/{client_id}"), Some(change)).await;
    }

    /// The requests with this method whose path ends so; an empty end is any.
    pub(crate) async fn requests(&self, method: Method, path_end: &str) -> Vec<Value> {
        let ends = |row: &Value| row["path"].as_str().is_some_and(|path| path.ends_with(path_end));
        self.log().await.into_iter().filter(|row| row["method"] == method.as_str() && ends(row)).collect()
    }

    pub(crate) async fn count(&self, method: Method, path_end: &str) -> usize {
        self.requests(method, path_end).await.len()
    }

    /// Whether a password opens the database at `address` as its user admin, through the database's own API.
    pub(crate) async fn opens(&self, address: &str, password: &str) -> bool {
        let sign_in = json!({"username": "admin", "password": password});
        let url = format!("http://{address}/v1/signin");
        let response = self.http.post(url).json(&sign_in).send().await.expect("the database answers");
        response.status().is_success()
    }
}
