//! Versions of the database and the ways between them.

use serde_json::{Value, json};

use super::settings::{Offered, Settings};

/// Major, minor and hotfix, for comparing: 5.10.0 is newer than 5.9.1.
type Number = [u64; 3];

fn number(version: &str) -> Number {
    let mut parts = version.split(['.', '-']).map_while(|part| part.parse().ok());
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// The rule that an upgrade from `current` to `target` breaks; `offered` are the versions of the cluster's channel.
pub(super) fn obstacle(current: &str, target: &str, offered: &[String]) -> Option<String> {
    if !offered.iter().any(|version| version == target) {
        let offered = offered.join(", ");
        return Some(format!("The version {target} is not offered in this channel. Available: {offered}."));
    }
    let (from, to) = (number(current), number(target));
    let next_minor = offered.iter().map(|version| minor(number(version))).filter(|next| *next > minor(from)).min();
    if current == target {
        Some(format!("The cluster has the version {target} already."))
    } else if minor(to) == minor(from) || Some(minor(to)) == next_minor {
        None
    } else if to < from {
        Some(format!("Downgrading from {current} to {target} is not possible."))
    } else {
        Some(format!("Upgrading from {current} to {target} would skip a minor version."))
    }
}

fn minor([major, minor, _]: Number) -> [u64; 2] {
    [major, minor]
}

/// The newest version of each channel, as `meta` shows them.
pub(super) fn newest(settings: &Settings) -> Value {
    let Offered { stable, testing, nightly } = &settings.versions;
    channels(stable.iter().collect(), testing.iter().collect(), nightly.iter().collect(), settings)
}

/// The versions that a cluster can be upgraded to; only its own channel has any.
pub(super) fn upgrades(current: &str, channel: &str, settings: &Settings) -> Value {
    let offered = settings.versions.channel(channel).unwrap_or_default();
    let newer = |version: &&String| number(version) > number(current) || (channel == "nightly" && *version != current);
    let possible: Vec<&String> =
        offered.iter().filter(newer).filter(|version| obstacle(current, version, offered).is_none()).collect();
    let of = |name: &str| if name == channel { possible.clone() } else { Vec::new() };
    channels(of("stable"), of("testing"), of("nightly"), settings)
}

fn channels(stable: Vec<&String>, testing: Vec<&String>, nightly: Vec<&String>, settings: &Settings) -> Value {
    let shown = |versions: Vec<&String>| {
        let versions: Vec<Value> = versions.into_iter().map(|version| describe(version)).collect();
        if settings.unknowns.versions_as_list { json!(versions) } else { versions.last().cloned().unwrap_or(json!({})) }
    };
    json!({"crate_versions": {"stable": shown(stable), "testing": shown(testing), "nightly": shown(nightly)}})
}

fn describe(version: &str) -> Value {
    let [major, minor, hotfix] = number(version);
    let mut described = json!({"version": version, "major": major, "minor": minor, "hotfix": hotfix});
    if let Some((_, date)) = version.split_once('-') {
        described["date"] = json!(date);
    }
    described
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("5.7.4", "5.7.5", None)]
    #[case("5.7.5", "5.7.4", None)]
    #[case("5.7.5", "5.8.1", None)]
    #[case("5.7.5", "5.8.3", None)]
    #[case("5.9.4", "5.10.1", None)]
    #[case("5.7.5", "5.9.2", Some("skip a minor version"))]
    #[case("5.8.1", "5.7.5", Some("Downgrading"))]
    #[case("5.8.1", "5.8.1", Some("already"))]
    #[case("5.8.1", "5.8.9", Some("not offered"))]
    fn the_next_minor_and_any_hotfix(#[case] current: &str, #[case] target: &str, #[case] wrong: Option<&str>) {
        let obstacle = obstacle(current, target, &Offered::default().stable);
        assert_eq!(obstacle.is_some(), wrong.is_some(), "{obstacle:?}");
        assert!(wrong.is_none_or(|part| obstacle.unwrap().contains(part)));
    }
}
