//! Who holds a lease.

/// Stands in no name of a pod or a host.
const SEPARATOR: char = '_';

/// The name under which one process holds the lease. No two processes ever share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pod: Option<String>,
    name: String,
    installation: Option<String>,
}

impl Identity {
    /// A new identity: the pod's name, or else the host's, and a random end.
    #[must_use]
    pub fn new(pod: Option<String>) -> Self {
        let pod = pod.filter(|name| !name.is_empty());
        let place = pod.clone().unwrap_or_else(host);
        Self { name: format!("{place}{SEPARATOR}{:016x}", rand::random::<u64>()), pod, installation: None }
    }

    /// The same as a part of an installation, with whose replicas alone it shares the work.
    #[must_use]
    pub fn in_installation(self, name: Option<String>) -> Self {
        Self { installation: name.filter(|name| !name.is_empty()), ..self }
    }

    /// The installation that this is a part of, where that was said.
    #[must_use]
    pub(super) fn installation(&self) -> Option<&str> {
        self.installation.as_deref()
    }

    /// As it stands in the lease.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Whether a lease in the name of `holder` is this process's to take: its own, by a write whose answer was lost, or that
    /// of a former process of the same pod.
    ///
    /// A container is started again only when its process is gone, and no two pods of a Deployment ever have one name. Of a
    /// `StatefulSet` they can, where somebody deletes a pod by force, which says that its process is known to be gone. On a
    /// machine without pods nothing is known of other processes, so nobody there is anybody's successor.
    #[must_use]
    pub(super) fn has_a_right_to(&self, holder: &str) -> bool {
        let same_pod = |(place, _): (&str, &str)| self.pod.as_deref() == Some(place);
        holder == self.name || holder.rsplit_once(SEPARATOR).is_some_and(same_pod)
    }
}

/// The host's name, for people who look at the lease.
fn host() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let told = told.trim();
    if told.is_empty() { "clusterwright".to_owned() } else { told.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str) -> Identity {
        Identity::new(Some(name.to_owned()))
    }

    #[test]
    fn no_two_processes_share_an_identity() {
        assert_ne!(pod("a"), pod("a"));
        assert_ne!(Identity::new(None), Identity::new(None));
    }

    #[test]
    fn a_pod_s_next_process_succeeds_the_one_before_and_nobody_else() {
        let own = pod("operator-7f-x");
        assert!(own.has_a_right_to(own.as_str()));
        assert!(own.has_a_right_to(pod("operator-7f-x").as_str()));
        assert!(!own.has_a_right_to(pod("operator-7f-y").as_str()));
        assert!(!own.has_a_right_to("operator-7f-x"), "that is how somebody else names itself");
    }

    #[test]
    fn without_a_pod_nobody_is_succeeded() {
        let (own, other) = (Identity::new(None), Identity::new(Some(String::new())));
        assert!(own.has_a_right_to(own.as_str()));
        assert!(!own.has_a_right_to(other.as_str()) && !other.has_a_right_to(own.as_str()));
    }
}
