//! A database that serves by the hour.

use clusterwright::simulator::RequestRow;
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::{Value, json};

use super::hurried_at;
use crate::world::cratedb::cluster;
use crate::world::manifests::{HERE, with};
use crate::world::{World, condition};

/// Twice at night the clocks may jump over a rule, or show its time twice.
fn by_night() -> Value {
    json!({"power": "Scheduled", "powerSchedule": {"timeZone": "Europe/Berlin", "rules": [
        {"at": "0 22 * * *", "power": "Suspended"},
        {"at": "30 2 * * *", "power": "Running"},
        {"at": "45 2 * * *", "power": "Suspended"},
        {"at": "0 7 * * *", "power": "Running"},
    ]}})
}

/// What the cloud was asked for, and when.
fn switched(world: &World) -> Vec<(Timestamp, &'static str)> {
    let switch = |row: &RequestRow| match row.effect.as_ref()?.action {
        "suspended" => Some((row.at, "suspended")),
        "resumed" => Some((row.at, "resumed")),
        _ => None,
    };
    world.asked(|row| switch(row).is_some()).iter().filter_map(switch).collect()
}

#[rstest]
#[case::clocks_go_forward("2026-03-28T18:00:00Z", &[
    ("2026-03-28T21:00:00Z", "suspended"), ("2026-03-29T01:00:00Z", "resumed"),
    ("2026-03-29T20:00:00Z", "suspended"), ("2026-03-30T00:30:00Z", "resumed"),
    ("2026-03-30T00:45:00Z", "suspended"), ("2026-03-30T05:00:00Z", "resumed"),
])]
#[case::clocks_go_back("2026-10-24T18:00:00Z", &[
    ("2026-10-24T20:00:00Z", "suspended"), ("2026-10-25T00:30:00Z", "resumed"),
    ("2026-10-25T00:45:00Z", "suspended"), ("2026-10-25T06:00:00Z", "resumed"),
    ("2026-10-25T21:00:00Z", "suspended"), ("2026-10-26T01:30:00Z", "resumed"),
    ("2026-10-26T01:45:00Z", "suspended"),
])]
#[tokio::test(start_paused = true)]
async fn a_day_and_a_half_across_a_change_of_the_clocks(#[case] from: &str, #[case] expected: &[(&str, &str)]) {
    let world = hurried_at(from.parse().unwrap());
    world.apply(&with(cluster(HERE, "orders"), &by_night()));
    world.ready("orders").await;
    let end: Timestamp = expected.last().unwrap().0.parse().unwrap();
    let hours = end.duration_since(from.parse().unwrap()).as_secs() + 600;
    world.pass(hours.unsigned_abs()).await;
    let happened = switched(&world);
    assert_eq!(happened.len(), expected.len(), "{happened:?}");
    for ((at, what), (due, wanted)) in happened.iter().zip(expected) {
        let late = at.duration_since(due.parse().unwrap());
        assert_eq!(what, wanted, "{happened:?}");
        assert!(late >= SignedDuration::ZERO && late < SignedDuration::from_secs(30), "{what} at {at} for {due}");
    }
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn an_override_holds_until_it_ends() {
    let world = hurried_at("2026-05-01T18:00:00Z".parse().unwrap());
    world.apply(&with(cluster(HERE, "orders"), &by_night()));
    world.ready("orders").await;
    let until = json!("Running until 2026-05-01T21:30:00Z");
    world.annotate(HERE, "orders", "clusterwright.dev/power-override", &until);
    world.pass(4 * 3600).await;
    let moments: Vec<String> = switched(&world).iter().map(|(at, what)| format!("{what} {at:.0}")).collect();
    assert!(matches!(moments.as_slice(), [one] if one.starts_with("suspended 2026-05-01T21:30:")), "{moments:?}");
    world.audit().await;
}

#[tokio::test(start_paused = true)]
async fn a_typo_is_told_without_haste_and_its_correction_is_taken_up_at_once() {
    let world = hurried_at("2026-05-01T18:00:00Z".parse().unwrap());
    let mut berlim = with(cluster(HERE, "orders"), &by_night());
    berlim["spec"]["powerSchedule"]["timeZone"] = "Europe/Berlim".into();
    world.apply(&berlim);
    let manifest = world.reason("orders", "InvalidSpec", 60).await;
    let message = condition(&manifest, "Ready")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("Europe/Berlim is no time zone"), "{message}");
    world.pass(120).await;
    world.cloud.clear_requests();
    world.pass(3600).await;
    assert!(world.asked(|row| row.method != "GET").is_empty());
    world.edit(HERE, "orders", &json!({"spec": {"powerSchedule": {"timeZone": "Europe/Berlin"}}}));
    world.ready("orders").await;
    world.audit().await;
}
