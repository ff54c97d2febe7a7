//! Networks that may reach a database, compared as what they are and not as how they are written.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::api::cratedb as api;
use crate::cloud::cratedb::wire::AllowedCidr;
use crate::plan::status::{cut, word};

/// A network in its shortest form. What cannot be read is left as it is: the cloud says what is wrong with it.
pub(super) fn normalised(cidr: &str) -> String {
    let cidr = cidr.trim();
    let network = cidr.parse::<IpNet>().map(|network| network.trunc());
    let host = || cidr.parse::<IpAddr>().map(IpNet::from);
    network.or_else(|_| host()).map_or_else(|_| cidr.to_owned(), |network| network.to_string())
}

/// The list that a manifest asks for. A network that stands there in two notations is asked for once.
pub(super) fn wanted(networks: &[api::AllowedCidr]) -> Vec<AllowedCidr> {
    let mut known = BTreeSet::new();
    let cidr = |network: &api::AllowedCidr| normalised(&network.cidr);
    let new = networks.iter().filter(|network| known.insert(cidr(network)));
    let description = |network: &api::AllowedCidr| network.description.clone().unwrap_or_default();
    new.map(|network| AllowedCidr { cidr: cidr(network), description: description(network) }).collect()
}

/// A list of the cloud's as a manifest writes it.
pub(super) fn shown(networks: &[AllowedCidr]) -> impl Iterator<Item = api::AllowedCidr> {
    networks.iter().map(|network| api::AllowedCidr {
        cidr: word(&network.cidr),
        description: (!network.description.is_empty()).then(|| cut(&network.description, 253)),
    })
}

/// Whether two lists let the same networks in. Order, notation and descriptions make no difference.
pub(super) fn same(one: &[AllowedCidr], other: &[AllowedCidr]) -> bool {
    set(one) == set(other)
}

fn set(networks: &[AllowedCidr]) -> BTreeSet<String> {
    networks.iter().map(|network| normalised(&network.cidr)).collect()
}

/// The list in words, for people.
pub(super) fn words(networks: &[AllowedCidr]) -> String {
    if networks.is_empty() {
        return "all networks".to_owned();
    }
    set(networks).into_iter().collect::<Vec<_>>().join(", ")
}
