//! Errors of the API server, in words for people.

/// What Kubernetes' role-based access control says of every request that nobody has permitted.
const NOT_PERMITTED: &str = " cannot ";

/// The API server's own words where it has answered, which for a missing permission name verb, resource and namespace.
pub(crate) fn told(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if status.is_forbidden() && status.message.contains(NOT_PERMITTED) => {
            format!("{}. Grant it to that account; the Helm chart does, with rbac.create", status.message)
        }
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}
