//! A domain under which servers may be spoken to.

use super::EndpointRefusal;

/// A domain in lower case, without dots around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Domain(String);

impl Domain {
    pub(super) fn parse(text: &str) -> Result<Self, EndpointRefusal> {
        let domain = text.trim().trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
        let labels = || domain.split('.');
        let named = labels().all(is_label);
        // A last label of digits makes an IP address, which has no subdomains.
        let numeric = labels().next_back().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
        if named && !numeric {
            Ok(Self(domain))
        } else {
            Err(EndpointRefusal::MalformedDomain { domain: text.to_owned() })
        }
    }

    /// Whether `host` is this domain, or ends in it after a dot.
    pub(super) fn contains(&self, host: &str) -> bool {
        host.strip_suffix(&self.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
