//! Which resources the server knows, and what sets one kind apart from another.

/// One resource of the API.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Resource {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) namespaced: bool,
    /// Defined by a `CustomResourceDefinition`: counts generations, has a status of its own, and is replaced
    /// only with a resource version.
    pub(crate) custom: bool,
}

const fn builtin(group: &'static str, plural: &'static str, kind: &'static str, namespaced: bool) -> Resource {
    Resource { group, version: "v1", plural, kind, namespaced, custom: false }
}

const fn custom(plural: &'static str, kind: &'static str) -> Resource {
    Resource { group: "clusterwright.dev", version: "v1alpha1", plural, kind, namespaced: true, custom: true }
}

pub(crate) static NAMESPACES: Resource = builtin("", "namespaces", "Namespace", false);
pub(crate) static SECRETS: Resource = builtin("", "secrets", "Secret", true);
pub(crate) static CONFIG_MAPS: Resource = builtin("", "configmaps", "ConfigMap", true);
pub(crate) static EVENTS: Resource = builtin("events.k8s.io", "events", "Event", true);
pub(crate) static LEASES: Resource = builtin("coordination.k8s.io", "leases", "Lease", true);
pub(crate) static DEFINITIONS: Resource =
    builtin("apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition", false);
pub(crate) static CLOUD_ACCOUNTS: Resource = custom("cloudaccounts", "CloudAccount");
pub(crate) static TYPEDB_CLUSTERS: Resource = custom("typedbclusters", "TypeDBCluster");
pub(crate) static CRATEDB_CLUSTERS: Resource = custom("cratedbclusters", "CrateDBCluster");

/// Everything that is served.
pub(crate) static RESOURCES: [&Resource; 9] = [
    &NAMESPACES,
    &SECRETS,
    &CONFIG_MAPS,
    &EVENTS,
    &LEASES,
    &DEFINITIONS,
    &CLOUD_ACCOUNTS,
    &TYPEDB_CLUSTERS,
    &CRATEDB_CLUSTERS,
];

impl Resource {
    /// The resource of a kind, by its name alone: no two kinds here share one.
    pub(crate) fn of_kind(kind: &str) -> Option<&'static Self> {
        RESOURCES.into_iter().find(|resource| resource.kind == kind)
    }

    /// The resource of a path.
    pub(super) fn at(group: &str, version: &str, plural: &str) -> Option<&'static Self> {
        RESOURCES.into_iter().find(|it| it.group == group && it.version == version && it.plural == plural)
    }

    /// The resource that an owner reference means; none where the kind is not served here.
    pub(super) fn of_type(api_version: &str, kind: &str) -> Option<&'static Self> {
        RESOURCES.into_iter().find(|it| it.api_version() == api_version && it.kind == kind)
    }

    /// `v1`, or the group and the version.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.into() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The name that error messages use, which is also the name of a custom resource's definition.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.into() } else { format!("{}.{}", self.plural, self.group) }
    }
}
