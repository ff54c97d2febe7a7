//! Whether a secret value got where it does not belong: into what the operator printed, wrote to the API server outside
//! Secrets, or shows on `/metrics`.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::Client;
use kube::discovery::{ApiGroup, Discovery, Scope, verbs};
use serde_json::Value;

use super::eventually;
use super::proxy::Write;

/// Keys of the operator's Secrets whose values are no secrets.
const HARMLESS: [&str; 8] = ["record", "type", "provider", "username", "host", "port", "addresses", "url"];

/// How every access token of the simulator begins, and every sign-in at a database.
const TOKEN: &str = "eyJ";

/// Every secret value in the Secrets that the operator ever wrote.
pub(crate) fn written_values(writes: &[Write]) -> BTreeSet<String> {
    let secrets = writes.iter().filter(|write| write.path.contains("/secrets"));
    let bodies = secrets.filter_map(|write| serde_json::from_slice::<Value>(&write.body).ok());
    let data = bodies.filter_map(|mut body| body["data"].as_object_mut().map(std::mem::take));
    data.flatten()
        .filter(|(key, _)| !HARMLESS.contains(&key.as_str()))
        .filter_map(|(_, value)| String::from_utf8(STANDARD.decode(value.as_str()?).ok()?).ok())
        .collect()
}

/// Where one of `values` stands in `text`.
pub(crate) fn find(place: &str, text: &str, values: &BTreeSet<String>) -> Option<String> {
    let hit = |value: &&String| text.contains(value.as_str()) || text.contains(&STANDARD.encode(value.as_str()));
    let found = values.iter().find(hit).map(String::as_str).or_else(|| text.contains(TOKEN).then_some(TOKEN))?;
    let at = text.find(found).unwrap_or(0);
    let around: String = text.chars().skip(text[..at].chars().count().saturating_sub(200)).take(400).collect();
    Some(format!("{place} holds the secret value {found:?}: …{around}…"))
}

/// All that the API server keeps in `namespaces` besides Secrets: each list's path and text.
pub(crate) async fn objects(client: &Client, namespaces: &[String]) -> Vec<(String, String)> {
    let discovery = Discovery::new(client.clone()).run().await.expect("the kinds are told");
    let mut found = Vec::new();
    for (resource, capabilities) in discovery.groups().flat_map(ApiGroup::recommended_resources) {
        let listable = capabilities.scope == Scope::Namespaced && capabilities.supports_operation(verbs::LIST);
        if !listable || resource.plural == "secrets" {
            continue;
        }
        for namespace in namespaces {
            let base = if resource.group.is_empty() {
                "/api/v1".to_owned()
            } else {
                format!("/apis/{}", resource.api_version)
            };
            let path = format!("{base}/namespaces/{namespace}/{}", resource.plural);
            // A kind that was defined a moment ago is served before it can be listed.
            let text = eventually(&format!("{path} is listed"), async || {
                let request = http::Request::get(&path).body(Vec::new()).expect("a request");
                client.request_text(request).await.map_err(|error| error.to_string())
            })
            .await;
            found.push((path, text));
        }
    }
    found
}
