//! The simulated CrateDB Cloud past its API.

use http::Method;
use serde_json::{Value, json};

use super::Simulator;

impl Simulator {
    /// The simulator's first organization.
    pub(crate) const ORGANIZATION: &'static str = "00000000-0000-4000-8000-000000000001";

    /// What somebody does in the console; the answer's id, where it has one.
    pub(crate) async fn console(&self, method: Method, path: &str, body: Value) -> String {
        let answer = self.control(method, &format!("/simulator/cratedb{path}"), Some(body)).await;
        answer["id"].as_str().unwrap_or_default().to_owned()
    }

    /// A cluster as if made in the console; its id.
    pub(crate) async fn seed_crate(&self, cluster: Value) -> String {
        self.console(Method::POST, "/clusters", cluster).await
    }

    /// How fast operations go from here on, 1 being as in reality.
    pub(crate) async fn go(&self, speed: u32) {
        self.settings(json!({"speed": speed})).await;
    }

    /// All that there is in CrateDB Cloud.
    pub(crate) async fn crate_state(&self) -> Value {
        self.control(Method::GET, "/simulator/state", None).await["cratedb"].take()
    }

    /// The one cluster of this name, as the API shows it.
    pub(crate) async fn named(&self, name: &str) -> Value {
        let state = self.crate_state().await;
        let clusters = state["clusters"].as_array().expect("clusters").iter().map(|view| &view["cluster"]);
        let mut named = clusters.filter(|cluster| cluster["name"] == name);
        let found = named.next().unwrap_or_else(|| panic!("there is no cluster {name}")).clone();
        assert_eq!(named.next(), None, "{name} is there twice");
        found
    }

    /// The names of all clusters, in order.
    pub(crate) async fn names(&self) -> Vec<String> {
        let state = self.crate_state().await;
        let clusters = state["clusters"].as_array().expect("clusters").iter();
        let mut names: Vec<String> =
            clusters.map(|view| view["cluster"]["name"].as_str().expect("a name").to_owned()).collect();
        names.sort();
        names
    }

    /// What was changed in the cloud through its API, in order.
    pub(crate) async fn actions(&self) -> Vec<String> {
        let action = |row: &Value| Some(row.get("effect")?["action"].as_str()?.to_owned());
        self.log().await.iter().filter_map(action).collect()
    }

    /// Whether the database at `address` answers a statement of this user.
    pub(crate) async fn answers_sql(&self, address: &str, user: &str, password: &str) -> bool {
        let statement = json!({"stmt": "SELECT 1"});
        let request = self.http.post(format!("http://{address}/_sql")).basic_auth(user, Some(password));
        let response = request.json(&statement).send().await.expect("the database answers");
        response.status().is_success()
    }
}
