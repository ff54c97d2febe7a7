//! What an application needs to reach the database, under the keys of the Service Binding convention or the manifest's own.

mod template;

use std::collections::BTreeMap;
use std::fmt::Write;

use kube::ResourceExt;

use super::facts::Facts;
use super::kind::Kind;
use super::record::Record;
use crate::api::identity::Location;
use crate::api::secret::Password;
use crate::fingerprint::Fingerprint;

/// The connection Secret as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    pub name: String,
    pub data: BTreeMap<String, Password>,
    pub layout: Layout,
}

/// Whose keys a connection Secret has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Those of the Service Binding convention.
    ServiceBinding,
    /// Those of the manifest's template.
    Template,
}

impl Connection {
    /// The connection Secret of a cluster. What is not known is left out.
    ///
    /// # Errors
    ///
    /// A sentence, where the manifest's template cannot be filled.
    pub fn of<K: Kind>(facts: &Facts<K>, record: &Record<K>, cluster: &K::Cluster) -> Result<Self, String> {
        let known = known(facts, record, cluster);
        // Where the record knows no password, the Secret may hold the only copy, and keeps the keys that it has.
        let only_copy = record.password.current.is_none() && facts.published_password.is_some();
        let template = facts.spec().connection_secret.template.as_ref().filter(|_| !only_copy);
        let layout = if template.is_some() { Layout::Template } else { Layout::ServiceBinding };
        let data = match template {
            Some(written) => template::filled(written, &known, K::CONNECTION_KEYS)?,
            None => known.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        };
        let data = data.into_iter().map(|(key, value)| (key, Password::new(value))).collect();
        Ok(Self { name: name(facts), data, layout })
    }
}

/// What is known of the cluster, by the keys of the Service Binding convention.
fn known<K: Kind>(facts: &Facts<K>, record: &Record<K>, cluster: &K::Cluster) -> BTreeMap<&'static str, String> {
    let password = record.password.current.as_ref().or(facts.published_password.as_ref());
    let mut known = K::connection(record, cluster, password);
    known.extend([
        ("type", K::BINDING_TYPE.to_owned()),
        ("provider", K::BINDING_PROVIDER.to_owned()),
        ("username", facts.manifest.user(Some(record))),
    ]);
    if let Some(password) = password {
        known.insert("password", password.expose().to_owned());
    }
    known
}

/// The name of a manifest's connection Secret.
pub(super) fn name<K: Kind>(facts: &Facts<K>) -> String {
    let chosen = facts.spec().connection_secret.name.clone();
    chosen.unwrap_or_else(|| format!("{}-{}", facts.manifest.name_any(), K::BINDING_TYPE))
}

/// How a cluster's own servers are spoken to: one of the simulator in plain HTTP, as its endpoint is; the vendors' over TLS.
pub(super) fn scheme(location: &Location) -> &'static str {
    if location.endpoint().as_str().starts_with("http://") { "http" } else { "https" }
}

/// A text as it stands in the user part of a URI.
pub(super) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _infallible = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// Whether the Secret must be written, or looked after again.
pub(super) fn due<K: Kind>(facts: &Facts<K>, connection: &Connection) -> bool {
    facts.attempts.published.as_ref() != Some(&fingerprint(connection))
}

/// A fingerprint that tells whether a Secret that was written is still the right one. It does not give the values away.
#[must_use]
pub fn fingerprint(connection: &Connection) -> String {
    let start = Fingerprint::default().part(&connection.name).part(&format!("{:?}", connection.layout));
    connection.data.iter().fold(start, |all, (key, value)| all.part(key).part(value.expose())).finish()
}
