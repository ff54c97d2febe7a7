//! The version of the database, which goes where the cloud offers to take it, and nowhere else.

use std::time::Duration;

use super::products::listed;
use crate::api::condition::Reason;
use crate::api::cratedb::{Channel, CrateDBCluster, FixedAtCreation};
use crate::cloud::cratedb::change::Change;
use crate::cloud::cratedb::question::{Answer, Question};
use crate::cloud::cratedb::wire::{Channels, Cluster};
use crate::plan::difference::{Difference, differing};
use crate::plan::facts::Facts;
use crate::plan::step::Step;

/// What a cluster can be upgraded to is asked again after this long.
const OFFER_LASTS: Duration = Duration::from_secs(60 * 60);

pub(super) fn difference(
    facts: &Facts<CrateDBCluster>,
    fixed: &FixedAtCreation,
    cluster: &Cluster,
) -> Option<Difference<CrateDBCluster>> {
    let wanted = facts.manifest.spec.version.as_ref()?;
    // What the cloud does not tell cannot differ: it would be asked for again and again.
    let there = cluster.crate_version.as_ref()?;
    let shown = differing("version", Some(there.clone()), Some(wanted.clone()))?;
    let question = Question::Upgrades { cluster: cluster.id.clone(), from: there.clone() };
    let Some(Answer::Upgrades(channels)) = facts.answer(&question, OFFER_LASTS) else {
        return Some(Difference::after(shown, Step::Ask(question)));
    };
    let offered = of_channel(channels, fixed.channel.as_deref());
    if offered.contains(&wanted.as_str()) {
        return Some(Difference::later(shown, Change::Version { version: wanted.clone() }));
    }
    Some(Difference::held(shown, Reason::ChangeRefused, refusal(there, wanted, &offered)))
}

/// A cluster stays in its channel.
fn of_channel<'a>(channels: &'a Channels, channel: Option<&str>) -> Vec<&'a str> {
    let is = |known: Channel| channel == Some(known.as_str());
    let offered = match channel {
        _ if is(Channel::Testing) => &channels.testing,
        _ if is(Channel::Nightly) => &channels.nightly,
        _ => &channels.stable,
    };
    offered.read.iter().map(|offer| offer.version.as_str()).collect()
}

/// What is wrong, and what can be had instead.
fn refusal(there: &str, wanted: &str, offered: &[&str]) -> String {
    let what = match (number(wanted), number(there)) {
        (Some(wanted_number), Some(number)) if wanted_number < number => {
            format!("The database runs version {there}, and is not downgraded to {wanted}.")
        }
        _ => format!("The cloud does not offer to upgrade version {there} to {wanted}."),
    };
    let newer = match offered {
        [] => "it offers no other at present".to_owned(),
        several => format!("it offers {}", listed(several)),
    };
    format!(
        "{what} Set spec.version to {there}, or to one that the cloud offers: {newer}, and is asked again within the hour."
    )
}

/// For comparing: 5.10.0 is newer than 5.9.1. None for builds of a day.
fn number(version: &str) -> Option<Vec<u64>> {
    let parts: Vec<u64> = version.split(['.', '-']).map_while(|part| part.parse().ok()).collect();
    (parts.len() > 1).then_some(parts)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("5.7.1", "5.8.3", "not downgraded")]
    #[case("5.9.1", "5.10.0", "not downgraded")]
    #[case("5.10.0", "5.9.1", "does not offer to upgrade")]
    #[case("5.8.3-rc1", "5.8.3", "does not offer")]
    #[case("nightly-6.0.0", "5.8.3", "does not offer")]
    fn a_refusal_says_whether_it_is_a_downgrade(#[case] wanted: &str, #[case] there: &str, #[case] says: &str) {
        let sentence = refusal(there, wanted, &["5.11.2", "5.11.3"]);
        assert!(sentence.contains(says) && sentence.contains("5.11.2, 5.11.3"), "{sentence}");
    }
}
