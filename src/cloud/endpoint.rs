//! Which servers the operator may speak to.
//!
//! Whoever may write a manifest must not be able to have credentials sent to a server of theirs, or to have the
//! operator speak to its own neighbours.

mod domain;
#[cfg(test)]
mod tests;

use std::fmt;

use reqwest::Url;

use self::domain::Domain;
use crate::api::identity::Endpoint;

/// The vendors' own endpoints, which need no flag.
const VENDORS: [&str; 2] = ["https://cloud.typedb.com", "https://console.cratedb.cloud"];

/// What the flags `--allowed-endpoints`, `--insecure-endpoints` and `--data-plane-domains` permit.
#[derive(Clone, Debug)]
pub struct EndpointPolicy {
    allowed: Vec<Url>,
    insecure: bool,
    data_plane_domains: Vec<Domain>,
}

/// Why a server is not spoken to. The text names the flag that would permit it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointRefusal {
    #[error("{endpoint} is not the base URL of an API; write it as https://HOST or https://HOST:PORT.")]
    Malformed { endpoint: String },
    #[error("{domain} is not a domain that --data-plane-domains can take; write it as example.com.")]
    MalformedDomain { domain: String },
    #[error("{endpoint} is not an endpoint of this operator; its flag --allowed-endpoints={endpoint} would permit it.")]
    NotAllowed { endpoint: String },
    #[error("{endpoint} is not HTTPS; the operator's flag --insecure-endpoints would permit it.")]
    Insecure { endpoint: String },
    #[error(
        "{endpoint} is neither HTTPS nor an endpoint of this operator; \
         its flags --insecure-endpoints and --allowed-endpoints={endpoint} would permit it."
    )]
    NeitherSecureNorAllowed { endpoint: String },
    #[error("{address} is not the address of a server, which would be HOST:PORT.")]
    MalformedAddress { address: String },
    #[error(
        "The server {host} is under none of the domains that the operator speaks to; \
         its flag --data-plane-domains would permit it."
    )]
    OutsideDomains { host: String },
}

/// The base URL of one database server, which an [`EndpointPolicy`] has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUrl(Url);

impl DatabaseUrl {
    /// The URL, which ends in a slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl EndpointPolicy {
    /// Takes the values of the flags. The vendors' own endpoints are always allowed.
    pub fn new(allowed: &[Endpoint], insecure: bool, data_plane_domains: &[String]) -> Result<Self, EndpointRefusal> {
        let vendors = VENDORS.map(Endpoint::new);
        Ok(Self {
            allowed: vendors.iter().chain(allowed).map(base_url).collect::<Result<_, _>>()?,
            insecure,
            data_plane_domains: data_plane_domains.iter().map(|text| Domain::parse(text)).collect::<Result<_, _>>()?,
        })
    }

    /// Whether a cloud's API may be spoken to at `endpoint`.
    pub fn check(&self, endpoint: &Endpoint) -> Result<(), EndpointRefusal> {
        self.checked(endpoint).map(|_| ())
    }

    /// Where to reach a server of a cluster, whose `address` (`HOST:PORT`) the cloud at `endpoint` gave.
    pub fn database_url(&self, endpoint: &Endpoint, address: &str) -> Result<DatabaseUrl, EndpointRefusal> {
        let endpoint = self.checked(endpoint)?;
        let url = server_url("https", address)?;
        if url.host() == endpoint.host() {
            // The cloud's own host is trusted as far as the endpoint itself, plain HTTP included.
            return server_url(endpoint.scheme(), address).map(DatabaseUrl);
        }
        let host = url.domain().unwrap_or_default();
        if self.data_plane_domains.iter().any(|domain| domain.contains(host)) {
            return Ok(DatabaseUrl(url));
        }
        Err(EndpointRefusal::OutsideDomains { host: url.host_str().unwrap_or_default().to_owned() })
    }

    fn checked(&self, endpoint: &Endpoint) -> Result<Url, EndpointRefusal> {
        let url = base_url(endpoint)?;
        let allowed = self.allowed.iter().any(|allowed| allowed.origin() == url.origin());
        let secure = self.insecure || url.scheme() == "https";
        let endpoint = endpoint.to_string();
        match (secure, allowed) {
            (true, true) => Ok(url),
            (true, false) => Err(EndpointRefusal::NotAllowed { endpoint }),
            (false, true) => Err(EndpointRefusal::Insecure { endpoint }),
            (false, false) => Err(EndpointRefusal::NeitherSecureNorAllowed { endpoint }),
        }
    }
}

/// A URL that consists of scheme, host and port only.
fn base_url(endpoint: &Endpoint) -> Result<Url, EndpointRefusal> {
    let malformed = || EndpointRefusal::Malformed { endpoint: endpoint.to_string() };
    let url = Url::parse(endpoint.as_str()).map_err(|_| malformed())?;
    if matches!(url.scheme(), "http" | "https") && is_bare(&url) { Ok(url) } else { Err(malformed()) }
}

/// What the clouds give as a host's full name may end in the dot of the root, which certificates do not have.
fn without_root(address: &str) -> String {
    match address.rsplit_once(':') {
        Some((host, port)) => format!("{}:{port}", host.strip_suffix('.').unwrap_or(host)),
        None => address.strip_suffix('.').unwrap_or(address).to_owned(),
    }
}

/// The parser is generous: it takes `a@b`, `a/b` and back slashes, so that what it made of the address is looked at.
fn server_url(scheme: &str, address: &str) -> Result<Url, EndpointRefusal> {
    let malformed = || EndpointRefusal::MalformedAddress { address: address.to_owned() };
    let plain = address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    let url = Url::parse(&format!("{scheme}://{}", without_root(address))).map_err(|_| malformed())?;
    if plain && is_bare(&url) { Ok(url) } else { Err(malformed()) }
}

fn is_bare(url: &Url) -> bool {
    url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
}
