//! What is on offer: providers, regions, machine types, storage types.
//!
//! Source: the vendor's documentation of `cluster-deploy`.

use super::refusal::Refusal;

/// Machine types and a storage type that some regions of a provider offer.
pub(super) struct Offer {
    provider: &'static str,
    regions: &'static [&'static str],
    /// The first is the free one.
    machine_types: [&'static str; 4],
    pub(super) storage_type: &'static str,
}

const OFFERS: [Offer; 3] = [
    Offer {
        provider: "gcp",
        regions: &["europe-west2", "europe-west3", "us-west4", "us-east1"],
        machine_types: ["c2d-highcpu-2", "c2d-highcpu-4", "c2d-highcpu-8", "c2d-highcpu-16"],
        storage_type: "standard-rwo",
    },
    Offer {
        provider: "aws",
        regions: &["eu-west-2"],
        machine_types: ["c7g.large", "c7g.xlarge", "c7g.2xlarge", "c7g.4xlarge"],
        storage_type: "gp2-csi",
    },
    Offer {
        provider: "aws",
        regions: &["us-west-2", "us-east-1", "eu-central-1"],
        machine_types: ["c8g.large", "c8g.xlarge", "c8g.2xlarge", "c8g.4xlarge"],
        storage_type: "gp2-csi",
    },
];

/// What `region` of `provider` offers.
pub(super) fn offer(provider: &str, region: &str) -> Result<&'static Offer, Refusal> {
    let offers: Vec<&Offer> = OFFERS.iter().filter(|offer| offer.provider == provider).collect();
    if offers.is_empty() {
        return Err(unknown("provider", provider, "", &["gcp", "aws"]));
    }
    let found = offers.iter().find(|offer| offer.regions.contains(&region));
    found.copied().ok_or_else(|| {
        let regions: Vec<&str> = offers.iter().flat_map(|offer| offer.regions).copied().collect();
        unknown("region", region, &format!(" for provider '{provider}'"), &regions)
    })
}

impl Offer {
    pub(super) fn free_machine_type(&self) -> &'static str {
        self.machine_types[0]
    }

    pub(super) fn check_machine_type(&self, machine_type: &str, region: &str) -> Result<(), Refusal> {
        if self.machine_types.contains(&machine_type) {
            return Ok(());
        }
        Err(unknown("machineType", machine_type, &format!(" in region '{region}'"), &self.machine_types))
    }

    pub(super) fn check_storage_type(&self, storage_type: &str) -> Result<(), Refusal> {
        if self.storage_type == storage_type {
            return Ok(());
        }
        Err(unknown("storageType", storage_type, &format!(" for provider '{}'", self.provider), &[self.storage_type]))
    }
}

/// The refusal of a name that is not on offer, with the names that are.
pub(super) fn unknown(field: &str, given: &str, context: &str, offered: &[impl AsRef<str>]) -> Refusal {
    let offered: Vec<&str> = offered.iter().map(AsRef::as_ref).collect();
    Refusal::invalid(format!("Unknown {field} '{given}'{context}. Available: {}.", offered.join(", ")))
}
