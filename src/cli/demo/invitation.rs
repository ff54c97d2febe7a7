//! What to try once everything is ready.

use std::path::Path;

/// How to reach what the demo has started.
pub(super) struct Invitation<'a> {
    /// The program to call, such as `kubectl`.
    pub(super) kubectl: String,
    /// The kubeconfig to name first; none where kubectl finds the cluster by itself.
    pub(super) kubeconfig: Option<&'a Path>,
    pub(super) namespace: &'a str,
    /// The simulator's URL.
    pub(super) simulator: &'a str,
}

impl Invitation<'_> {
    /// Commands that can be copied as they are.
    pub(super) fn text(&self) -> String {
        let Self { kubectl, namespace, simulator, .. } = self;
        let (export, kubectl) = match self.kubeconfig {
            Some(path) => (format!("  export KUBECONFIG={}\n", path.display()), kubectl.clone()),
            None => (String::new(), format!("{kubectl} -n {namespace}")),
        };
        format!(
            "\nEverything is ready. Try next, in another terminal:\n\n{export}  \
             {kubectl} get clusterwright -o wide\n  \
             {kubectl} get secret orders-typedb -o jsonpath='{{.data.uri}}' | base64 -d\n  \
             {kubectl} scale cdb/analytics --replicas=3\n  \
             {kubectl} get cdb analytics -w\n  \
             {kubectl} delete tdb playground\n  \
             curl {simulator}/simulator/requests\n\n\
             Ctrl-C stops everything and removes it."
        )
    }
}

/// What to call for kubectl: the machine's own, else the one that is built into the control plane.
pub(super) fn kubectl(controlplane: &Path) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join("kubectl").is_file()) {
        return "kubectl".to_owned();
    }
    let program = std::path::absolute(controlplane).unwrap_or_else(|_| controlplane.to_owned());
    format!("{} kubectl", program.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kubeconfig: Option<&Path>) -> String {
        let kubectl = "kubectl".to_owned();
        Invitation { kubectl, kubeconfig, namespace: "demo-1", simulator: "http://127.0.0.1:8090" }.text()
    }

    #[test]
    fn the_kubeconfig_of_a_control_plane_of_its_own_is_named() {
        let text = text(Some(Path::new("/here/kubeconfig")));
        assert!(text.contains("\n  export KUBECONFIG=/here/kubeconfig\n  kubectl get clusterwright"), "{text}");
    }

    #[test]
    fn in_somebodys_cluster_the_namespace_is_named() {
        let text = text(None);
        assert!(text.contains("\n  kubectl -n demo-1 get clusterwright"), "{text}");
        assert!(!text.contains("KUBECONFIG"), "{text}");
    }
}
