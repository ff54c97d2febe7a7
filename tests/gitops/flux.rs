//! Flux's view: what kstatus makes of every reason, and that the expressions in the sample say the same.

use std::fs;
use std::path::Path;

use clusterwright::api::condition::Reason;
use kube::core::cel::cel::{Context, Program, Value as Answer, to_value};
use rstest::rstest;
use serde::Deserialize;
use serde_json::Value;

use super::kstatus::{Read, compute};
use super::rows::{self, KINDS, expected};

/// A kind's expressions, as a Kustomization of Flux has them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expressions {
    api_version: String,
    kind: String,
    in_progress: String,
    failed: String,
    current: String,
}

fn expressions(kind: &str) -> Expressions {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/flux/kustomization.yaml");
    let documents = serde_saphyr::from_multiple::<Value>(&fs::read_to_string(path).unwrap()).unwrap();
    let kustomization = documents.iter().find(|document| document["kind"] == "Kustomization").unwrap();
    let all: Vec<Expressions> = serde_json::from_value(kustomization["spec"]["healthCheckExprs"].clone()).unwrap();
    all.into_iter().find(|expressions| expressions.kind == kind).unwrap()
}

/// What an expression says of an object. Its fields are the variables, as Flux has it.
fn holds(expression: &str, object: &Value) -> Result<bool, String> {
    let program = Program::compile(expression).map_err(|error| error.to_string())?;
    let mut context = Context::default();
    for (name, field) in object.as_object().unwrap() {
        context.add_variable_from_value(name.as_str(), to_value(field).unwrap());
    }
    match program.execute(&context).map_err(|error| error.to_string())? {
        Answer::Bool(holds) => Ok(holds),
        other => Err(format!("{other:?}")),
    }
}

/// Which of the expressions hold.
fn all_that_hold(expressions: &Expressions, object: &Value) -> Vec<Read> {
    let Expressions { in_progress, failed, current, .. } = expressions;
    let expressions = [(in_progress, Read::InProgress), (failed, Read::Failed), (current, Read::Current)];
    let holding = expressions.into_iter().filter(|(expression, _)| holds(expression, object).unwrap());
    holding.map(|(_, read)| read).collect()
}

#[rstest]
#[case("CloudAccount")]
#[case("TypeDBCluster")]
#[case("CrateDBCluster")]
fn every_reason_is_read_as_its_row_says(#[case] kind: &str) {
    let expressions = expressions(kind);
    for (reason, object) in rows::rows(kind) {
        let (_, read) = expected(reason);
        assert_eq!(compute(&object), read, "{reason}");
        assert_eq!(all_that_hold(&expressions, &object), [read], "{reason}");
    }
}

/// Flux compares the generations before it looks at an expression; one that holds would not matter, and still must not lie.
#[test]
fn what_was_not_looked_at_is_in_progress() {
    for kind in KINDS {
        let edited = rows::rows(kind).into_iter().map(|(_, object)| rows::edited(object));
        for object in edited.chain([rows::untouched(kind)]) {
            assert_eq!(compute(&object), Read::InProgress, "{object}");
            assert_eq!(all_that_hold(&expressions(kind), &object), [Read::InProgress], "{object}");
        }
    }
}

#[test]
fn the_kinds_share_their_expressions() {
    let one = expressions(KINDS[0]);
    assert_eq!(one.api_version, "clusterwright.dev/v1alpha1");
    for kind in KINDS {
        assert_eq!(expressions(kind), Expressions { kind: kind.to_owned(), ..one.clone() });
    }
}

#[test]
fn an_expression_that_is_wrong_is_found_out() {
    let (_, running) = rows::rows("TypeDBCluster").into_iter().find(|(reason, _)| *reason == Reason::Running).unwrap();
    assert!(holds("status.conditions.exists(", &running).is_err(), "it cannot be read");
    assert!(holds("status.nothing == 'Running'", &running).is_err(), "there is no such field");
    assert!(holds("status.conditions.size()", &running).is_err(), "it is no verdict");
    assert_eq!(holds("status.conditions.exists(c, c.reason == 'Creating')", &running), Ok(false));
}
