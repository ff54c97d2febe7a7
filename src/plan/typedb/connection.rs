//! What an application needs to reach the database.

use std::collections::BTreeMap;

use super::USERNAME;
use crate::api::identity::Location;
use crate::api::secret::Password;
use crate::api::typedb::TypeDBCluster;
use crate::cloud::typedb::wire::Cluster;
use crate::plan::connection::{percent_encoded, scheme};
use crate::plan::kind::CloudCluster;
use crate::plan::record::Record;

pub(super) fn of(
    record: &Record<TypeDBCluster>,
    cluster: &Cluster,
    password: Option<&Password>,
) -> BTreeMap<&'static str, String> {
    let Some(server) = cluster.servers.first() else {
        return BTreeMap::new();
    };
    let (host, port) = server.address.rsplit_once(':').unwrap_or((&server.address, "80"));
    let mut data = BTreeMap::from([("host", host.to_owned()), ("port", port.to_owned())]);
    data.insert("addresses", cluster.addresses().join(","));
    if let Some(password) = password {
        data.insert("uri", uri(&record.location, password, &server.address, cluster));
    }
    data
}

/// The connection string that the vendor's own tools use.
fn uri(location: &Location, password: &Password, address: &str, cluster: &Cluster) -> String {
    let scheme = scheme(location);
    format!("typedb://{USERNAME}:{}@{scheme}://{address}/?name={}", percent_encoded(password.expose()), cluster.id)
}
