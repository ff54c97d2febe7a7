//! A database that serves by the hour.

use serde_json::json;

use crate::harness::{World, condition, paid, with};

/// Once a year both rules fire; the second fired last.
fn asleep() -> serde_json::Value {
    json!({"power": "Scheduled", "powerSchedule": {"timeZone": "Europe/Berlin", "rules": [
        {"at": "0 0 1 1 *", "power": "Running"},
        {"at": "5 0 1 1 *", "power": "Suspended"},
    ]}})
}

#[tokio::test]
async fn a_schedule_suspends_and_an_override_resumes() {
    let world = World::new("power-hours").await;
    world.apply("orders", with(paid(), asleep())).await;
    let told = world.until_stands("orders", "Suspended").await;
    assert!(told.contains("its schedule resumes it at"), "{told}");
    assert!(world.read("orders-typedb").await.contains_key("password"), "it was up once, and its password is known");
    assert_eq!(condition(&world.cluster("orders").await, "Ready").unwrap().status, "True");

    world.annotate("orders", "power-override", Some("Running until 2999-01-01T00:00:00Z")).await;
    world.until_ready("orders").await;
    world.annotate("orders", "power-override", Some("Running for ever")).await;
    let told = world.until_stands("orders", "InvalidSpec").await;
    assert!(told.contains("\"Running for ever\"") && told.contains("Running until"), "{told}");
    world.annotate("orders", "power-override", None).await;
    world.until_stands("orders", "Suspended").await;
    let expected = ["deployed", "passwordSet", "suspended", "resumed", "suspended"];
    let effects = world.cloud.effects().await;
    let actions: Vec<&str> = effects.iter().filter_map(|effect| effect.split(' ').next()).collect();
    assert_eq!(actions, expected);
    world.finish().await;
}

#[tokio::test]
async fn a_typo_in_a_schedule_creates_nothing() {
    let world = World::new("power-typo").await;
    let refused = world.try_apply("orders", with(paid(), json!({"power": "Scheduled"}))).await.unwrap_err().to_string();
    assert!(refused.contains("power Scheduled needs powerSchedule"), "{refused}");
    let mut berlim = with(paid(), asleep());
    berlim["powerSchedule"]["timeZone"] = "Europe/Berlim".into();
    world.apply("orders", berlim).await;
    let told = world.until_stands("orders", "InvalidSpec").await;
    assert!(told.contains("Europe/Berlim is no time zone"), "{told}");
    assert_eq!(world.cloud.ids().await, Vec::<String>::new());
    world.edit("orders", json!({"spec": {"power": "Running"}})).await;
    world.until_ready("orders").await;
    world.finish().await;
}
