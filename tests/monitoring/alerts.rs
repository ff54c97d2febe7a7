//! Every alert fires when it should, and keeps silent when it should.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clusterwright::api::condition::Reason;
use serde_json::{Value, json};

use super::promtool::{run, scratch};

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn rules_text() -> String {
    fs::read_to_string(file("deploy/helm/clusterwright/files/alerts.yaml")).unwrap()
}

fn cases_text() -> String {
    fs::read_to_string(file("tests/monitoring/alerts_test.yaml")).unwrap()
}

/// The rules; there is one group.
fn alerts(rules: &Value) -> &Vec<Value> {
    let groups = rules["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1);
    groups[0]["rules"].as_array().unwrap()
}

fn rules() -> Value {
    serde_saphyr::from_str(&rules_text()).unwrap()
}

fn name(alert: &Value) -> &str {
    alert["alert"].as_str().unwrap()
}

/// Runs the cases over these rules. `Err` is what promtool says.
fn promtool(folder: &str, rules: &str) -> Result<(), String> {
    let folder = scratch(&format!("alerts/{folder}"));
    fs::write(folder.join("alerts.yaml"), rules).unwrap();
    fs::write(folder.join("alerts_test.yaml"), cases_text()).unwrap();
    run(&folder, &["check", "rules", "alerts.yaml"])?;
    run(&folder, &["test", "rules", "alerts_test.yaml"])
}

#[test]
fn every_case_of_the_alerts_passes() {
    promtool("as-they-are", &rules_text()).unwrap();
}

/// An alert that never fires and one that always does are both found out: each has a case for either.
#[test]
fn an_alert_that_is_broken_is_found_out() {
    let rules = rules();
    for (index, alert) in alerts(&rules).iter().enumerate() {
        for (word, expression) in [("never", "vector(1) > 2"), ("always", "vector(1)")] {
            let mut broken = rules.clone();
            broken["groups"][0]["rules"][index]["expr"] = json!(expression);
            broken["groups"][0]["rules"][index].as_object_mut().unwrap().remove("for");
            let said = promtool(&format!("{}-{word}", name(alert)), &broken.to_string());
            let said = said.expect_err("a broken rule must be found out");
            assert!(said.contains(name(alert)), "{said}");
        }
    }
}

#[test]
fn every_alert_waits_a_while_says_how_bad_it_is_and_what_to_do() {
    for alert in alerts(&rules()) {
        let severity = alert["labels"]["severity"].as_str().unwrap();
        assert!(["warning", "critical"].contains(&severity), "{}", name(alert));
        assert!(alert["for"].is_string(), "{}", name(alert));
        let description = alert["annotations"]["description"].as_str().unwrap();
        assert!(description.ends_with('.') && description.matches(['.', ';']).count() > 1, "{description}");
        assert!(alert["annotations"]["summary"].is_string());
    }
}

#[test]
fn the_reasons_that_alerts_name_are_reasons() {
    let known: BTreeSet<String> = Reason::ALL.iter().map(ToString::to_string).collect();
    for alert in alerts(&rules()) {
        let expression = alert["expr"].as_str().unwrap();
        let quoted = expression.split('"').skip(1).step_by(2).flat_map(|words| words.split('|'));
        for word in quoted.filter(|word| !["Stalled", "clusterwright", "clusterwright-system"].contains(word)) {
            assert!(known.contains(word), "{word} in {}", name(alert));
        }
    }
}

#[test]
fn the_documentation_lists_every_alert_and_no_other() {
    let page = fs::read_to_string(file("docs/metrics.md")).unwrap();
    let documented = page.lines().filter_map(|line| line.strip_prefix("| `Clusterwright")?.split('`').next());
    let documented: Vec<String> = documented.map(|rest| format!("Clusterwright{rest}")).collect();
    let rules = rules();
    assert_eq!(documented, alerts(&rules).iter().map(name).collect::<Vec<_>>());
}
