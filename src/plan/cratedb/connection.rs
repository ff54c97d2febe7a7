//! What an application needs to reach the database.

use std::collections::BTreeMap;

use crate::api::cratedb::CrateDBCluster;
use crate::api::secret::Password;
use crate::cloud::cratedb::wire::Cluster;
use crate::plan::connection::{percent_encoded, scheme};
use crate::plan::record::Record;

/// The port of the SQL endpoint, where an address names none.
const PORT: &str = "4200";

pub(super) fn of(
    record: &Record<CrateDBCluster>,
    cluster: &Cluster,
    password: Option<&Password>,
) -> BTreeMap<&'static str, String> {
    let Some(address) = cluster.address() else {
        return BTreeMap::new();
    };
    let (host, port) = address.rsplit_once(':').unwrap_or((&address, PORT));
    let mut data = BTreeMap::from([("host", host.to_owned()), ("port", port.to_owned())]);
    let scheme = scheme(&record.location);
    data.insert("url", format!("{scheme}://{address}"));
    let known = record.bound.as_ref().and_then(|bound| bound.fixed.username.as_ref());
    if let (Some(password), Some(user)) = (password, cluster.username.as_ref().or(known)) {
        let (user, password) = (percent_encoded(user), percent_encoded(password.expose()));
        let tls = if scheme == "https" { "?ssl=true" } else { "" };
        data.insert("uri", format!("crate://{user}:{password}@{address}{tls}"));
    }
    data
}
