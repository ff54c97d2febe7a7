//! What an application needs to reach the database, under the keys of the Service Binding convention.

use std::collections::BTreeMap;
use std::fmt::Write;

use kube::ResourceExt;

use super::facts::Facts;
use super::record::Record;
use crate::api::identity::Location;
use crate::api::secret::Password;
use crate::cloud::typedb::wire::Cluster;
use crate::fingerprint::Fingerprint;

/// The user that every cluster starts with.
const USERNAME: &str = "admin";

/// The connection Secret as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    pub name: String,
    pub data: BTreeMap<&'static str, Password>,
}

impl Connection {
    /// The connection Secret of a cluster. What is not known is left out.
    #[must_use]
    pub fn of(facts: &Facts, record: &Record, cluster: &Cluster) -> Self {
        let mut data = BTreeMap::from([("type", "typedb".to_owned()), ("provider", "typedb-cloud".to_owned())]);
        data.insert("username", USERNAME.to_owned());
        // Where the record knows none, what the Secret says stays in it: it may be the only copy.
        let password = record.password.current.as_ref().or(facts.published_password.as_ref());
        if let Some(password) = password {
            data.insert("password", password.expose().to_owned());
        }
        if let Some(server) = cluster.servers.first() {
            let (host, port) = server.address.rsplit_once(':').unwrap_or((&server.address, "80"));
            data.insert("host", host.to_owned());
            data.insert("port", port.to_owned());
            data.insert(
                "addresses",
                cluster.servers.iter().map(|server| server.address.as_str()).collect::<Vec<_>>().join(","),
            );
            if let Some(password) = password {
                data.insert("uri", uri(&record.location, password, &server.address, cluster));
            }
        }
        let data = data.into_iter().map(|(key, value)| (key, Password::new(value))).collect();
        Self { name: name(facts), data }
    }
}

/// The name of a manifest's connection Secret.
pub(super) fn name(facts: &Facts) -> String {
    let chosen = facts.manifest.spec.common.connection_secret.name.clone();
    chosen.unwrap_or_else(|| format!("{}-typedb", facts.manifest.name_any()))
}

/// The connection string that the vendor's own tools use.
fn uri(location: &Location, password: &Password, address: &str, cluster: &Cluster) -> String {
    // A cluster of the simulator speaks plain HTTP, as its endpoint does; the vendor's speak TLS.
    let scheme = if location.endpoint().as_str().starts_with("http://") { "http" } else { "https" };
    format!("typedb://{USERNAME}:{}@{scheme}://{address}/?name={}", percent_encoded(password.expose()), cluster.id)
}

fn percent_encoded(text: &str) -> String {
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
pub(super) fn due(facts: &Facts, connection: &Connection) -> bool {
    facts.attempts.published.as_ref() != Some(&fingerprint(connection))
}

/// A fingerprint that tells whether a Secret that was written is still the right one. It does not give the values away.
#[must_use]
pub fn fingerprint(connection: &Connection) -> String {
    let start = Fingerprint::default().part(&connection.name);
    connection.data.iter().fold(start, |all, (key, value)| all.part(key).part(value.expose())).finish()
}
