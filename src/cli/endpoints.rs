//! Where credentials may be sent: flags that several subcommands have.

use crate::api::identity::Endpoint;
use crate::cloud::endpoint::EndpointPolicy;

use super::given;

/// Base URLs of clouds' APIs besides the vendors' own.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Endpoints {
    /// Base URLs of clouds' APIs, besides the vendors' own, to which a CloudAccount may send its credentials
    #[arg(long, env = "CLUSTERWRIGHT_ALLOWED_ENDPOINTS", value_delimiter = ',', value_name = "URL")]
    allowed_endpoints: Vec<String>,

    /// Permits plain HTTP to the allowed endpoints: for the simulator, never for a real cloud
    #[arg(long, env = "CLUSTERWRIGHT_INSECURE_ENDPOINTS")]
    insecure_endpoints: bool,
}

impl Endpoints {
    /// What they permit, with databases under these domains; `Err` is a sentence.
    pub(super) fn policy(self, data_plane_domains: &[String]) -> Result<EndpointPolicy, String> {
        let allowed: Vec<Endpoint> = given(self.allowed_endpoints).iter().map(|url| Endpoint::new(url)).collect();
        EndpointPolicy::new(&allowed, self.insecure_endpoints, data_plane_domains)
            .map_err(|refusal| refusal.to_string())
    }
}
