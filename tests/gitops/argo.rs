//! Argo CD's health scripts: over every reason, over their own test cases, and as the sample of its configuration has them.

use std::fs;
use std::path::{Path, PathBuf};

use clusterwright::api::condition::Reason;
use clusterwright::api::cratedb::CrateDBCluster;
use clusterwright::api::typedb::TypeDBCluster;
use clusterwright::plan::AccountStanding;
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};

use super::kstatus::{Read, compute};
use super::lua::{run, try_run};
use super::rows::{self, KINDS, expected};

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/argocd")
}

/// The folder of a kind, as it lies in Argo CD's own repository.
fn folder(kind: &str) -> PathBuf {
    deploy().join("resource_customizations/clusterwright.dev").join(kind)
}

fn script(kind: &str) -> PathBuf {
    folder(kind).join("health.lua")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(path: &Path) -> Value {
    serde_saphyr::from_str(&text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The message of an object's condition Ready.
fn message(object: &Value) -> &str {
    let conditions = object["status"]["conditions"].as_array().unwrap();
    conditions.iter().find(|condition| condition["type"] == "Ready").unwrap()["message"].as_str().unwrap()
}

#[rstest]
#[case("CloudAccount")]
#[case("TypeDBCluster")]
#[case("CrateDBCluster")]
fn every_reason_has_the_health_of_its_row_and_its_message_passes_through(#[case] kind: &str) {
    let (reasons, objects): (Vec<Reason>, Vec<Value>) = rows::rows(kind).into_iter().unzip();
    assert!(kind == "CloudAccount" || reasons == Reason::ALL, "{reasons:?}");
    let healths = run(&script(kind), &objects);
    for ((reason, object), health) in reasons.into_iter().zip(&objects).zip(healths) {
        assert_eq!(
            (health.status.as_str(), health.message.as_str()),
            (expected(reason).0, message(object)),
            "{reason}"
        );
    }
}

/// The same for what the plan decides by itself, with its own words.
#[rstest]
#[case::no_account(AccountStanding::Missing, Reason::AccountNotFound)]
#[case::connecting(AccountStanding::Connecting, Reason::WaitingForAccount)]
#[case::rejected(refused(Reason::CredentialsRejected), Reason::CredentialsRejected)]
#[case::a_key_is_missing(refused(Reason::CredentialsMissing), Reason::CredentialsMissing)]
fn what_the_plan_decides_has_the_health_of_its_row(#[case] account: AccountStanding, #[case] reason: Reason) {
    // The facts' clock stands long after the manifest was last edited.
    let decided = [
        ("TypeDBCluster", rows::decided::<TypeDBCluster>(rows::untouched("TypeDBCluster"), account.clone())),
        ("CrateDBCluster", rows::decided::<CrateDBCluster>(rows::untouched("CrateDBCluster"), account)),
    ];
    for (kind, (decided, object)) in decided {
        assert_eq!(decided, reason, "{kind}");
        let health = run(&script(kind), std::slice::from_ref(&object)).remove(0);
        assert_eq!((health.status.as_str(), health.message.as_str()), (expected(reason).0, message(&object)), "{kind}");
        assert_eq!(compute(&object), expected(reason).1, "{kind}");
    }
}

fn refused(reason: Reason) -> AccountStanding {
    AccountStanding::Refused(reason, "It cannot be used.".to_owned())
}

#[rstest]
#[case::untouched(rows::untouched)]
#[case::without_a_status(|kind: &str| { let mut object = rows::untouched(kind); object["status"] = Value::Null; object })]
#[case::with_an_empty_status(|kind: &str| { let mut object = rows::untouched(kind); object["status"] = json!({}); object })]
#[case::looked_at_and_nothing_said(|kind: &str| {
    let mut object = rows::untouched(kind);
    object["status"] = json!({"observedGeneration": 3});
    object
})]
fn what_nothing_is_known_of_progresses(#[case] object: fn(&str) -> Value) {
    for kind in KINDS {
        let health = run(&script(kind), &[object(kind)]).remove(0);
        assert_eq!(health.status, "Progressing", "{kind}");
        assert_eq!(health.message, "Waiting for clusterwright to look at this manifest.");
    }
}

#[test]
fn an_edit_progresses_until_it_was_looked_at_whatever_held_before() {
    for kind in KINDS {
        let objects: Vec<Value> = rows::rows(kind).into_iter().map(|(_, object)| rows::edited(object)).collect();
        assert!(run(&script(kind), &objects).iter().all(|health| health.status == "Progressing"), "{kind}");
    }
}

/// Whatever conditions come together, and in whatever order the API server keeps them.
#[test]
fn it_agrees_with_kstatus() {
    let ready = ["True", "False", "Unknown"].map(|status| json!({"type": "Ready", "status": status}));
    let others = ["Reconciling", "Stalled", "Available"];
    let others = others.iter().flat_map(|kind| ["True", "False"].map(|status| json!({"type": kind, "status": status})));
    let mut objects = Vec::new();
    for (ready, other) in ready.iter().flat_map(|ready| others.clone().map(move |other| (ready, other))) {
        // Published only while they hold, neither stands beside a Ready that is True.
        if ready["status"] == "True" && other["type"] != "Available" && other["status"] == "True" {
            continue;
        }
        for conditions in [json!([ready, other]), json!([other, ready])] {
            let mut object = rows::untouched("TypeDBCluster");
            object["status"] = json!({"observedGeneration": 3, "conditions": conditions});
            objects.push(object);
        }
    }
    for (object, health) in objects.iter().zip(run(&script("TypeDBCluster"), &objects)) {
        let read = match health.status.as_str() {
            "Healthy" => Read::Current,
            "Progressing" => Read::InProgress,
            "Degraded" => Read::Failed,
            other => panic!("{other}: {object}"),
        };
        assert_eq!(read, compute(object), "{object}");
    }
}

#[test]
fn the_kinds_share_one_script() {
    let scripts = KINDS.map(|kind| text(&script(kind)));
    assert!(scripts.iter().all(|script| *script == scripts[0]), "change all the copies, or none");
}

#[test]
fn a_script_that_needs_what_argo_cd_does_not_give_is_found_out() {
    let scratch = |name: &str, text: &str| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&path, text).unwrap();
        try_run(&path, &[json!({})]).unwrap_err()
    };
    assert!(scratch("string.lua", "return {status = string.upper('healthy')}").contains("no string"));
    assert!(scratch("method.lua", "return {status = ('healthy'):upper()}").contains("index a string"));
    assert!(scratch("print.lua", "print('healthy')").contains("no print"));
    assert!(scratch("nothing.lua", "return nil").contains("a table"));
}

/// A kind's `health_test.yaml`, in Argo CD's own format.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    tests: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    input_path: String,
    health_status: HealthStatus,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HealthStatus {
    status: String,
    message: String,
}

fn cases(kind: &str) -> Vec<Case> {
    serde_saphyr::from_str::<Cases>(&text(&folder(kind).join("health_test.yaml"))).unwrap().tests
}

#[rstest]
#[case("CloudAccount", &["Degraded", "Healthy", "Progressing"])]
#[case("TypeDBCluster", &["Degraded", "Healthy", "Progressing", "Suspended"])]
#[case("CrateDBCluster", &["Degraded", "Healthy", "Progressing", "Suspended"])]
fn the_cases_for_argo_cd_pass(#[case] kind: &str, #[case] covered: &[&str]) {
    let cases = cases(kind);
    let objects: Vec<Value> = cases.iter().map(|case| yaml(&folder(kind).join(&case.input_path))).collect();
    for (case, health) in cases.iter().zip(run(&script(kind), &objects)) {
        let said = (health.status.as_str(), health.message.as_str());
        assert_eq!(said, (case.health_status.status.as_str(), case.health_status.message.as_str()), "{case:?}");
    }
    let mut statuses: Vec<&str> = cases.iter().map(|case| case.health_status.status.as_str()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    assert_eq!(statuses, covered);
    let mut files: Vec<String> = fs::read_dir(folder(kind).join("testdata"))
        .unwrap()
        .map(|entry| format!("testdata/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    let mut used: Vec<String> = cases.into_iter().map(|case| case.input_path).collect();
    files.sort();
    used.sort();
    assert_eq!(files, used, "every file is used once");
}

/// What is handed to Argo CD's maintainers must be what the operator publishes: the same conditions for the same reason.
#[test]
fn the_objects_of_the_cases_stand_as_the_operator_publishes_it() {
    for kind in KINDS {
        let rows = rows::rows(kind);
        for case in cases(kind) {
            let object = yaml(&folder(kind).join(&case.input_path));
            assert_eq!((&object["apiVersion"], &object["kind"]), (&rows[0].1["apiVersion"], &rows[0].1["kind"]));
            let Some(reason) = reason(&object) else { continue };
            let (_, row) = rows.iter().find(|(known, _)| known.to_string() == reason).unwrap();
            assert_eq!(standing(&object), standing(row), "{kind} {}", case.input_path);
        }
    }
}

fn reason(object: &Value) -> Option<&str> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == "Ready")?["reason"].as_str()
}

/// The conditions that say how an object stands, without their words.
fn standing(object: &Value) -> Vec<String> {
    let conditions = object["status"]["conditions"].as_array().unwrap().iter();
    let kinds = ["Ready", "Reconciling", "Stalled"];
    let standing = conditions.filter(|condition| kinds.contains(&condition["type"].as_str().unwrap()));
    standing.map(|condition| format!("{}={} {}", condition["type"], condition["status"], condition["reason"])).collect()
}

#[test]
fn the_sample_of_argo_cds_configuration_has_the_same_scripts() {
    let sample = yaml(&deploy().join("argocd-cm.yaml"));
    assert_eq!((&sample["kind"], &sample["metadata"]["name"]), (&json!("ConfigMap"), &json!("argocd-cm")));
    let data = sample["data"].as_object().unwrap();
    assert_eq!(data.len(), KINDS.len());
    for kind in KINDS {
        let key = format!("resource.customizations.health.clusterwright.dev_{kind}");
        assert_eq!(data[&key].as_str().unwrap(), text(&script(kind)), "{kind}");
    }
}
