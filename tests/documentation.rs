//! The README and the pages in `docs/`, held against the code.

#![expect(clippy::unwrap_used, reason = "clippy knows test functions, not the helpers that they share")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clusterwright::api::condition::{ConditionType, Reason, Standing};
use clusterwright::cli::Cli;

const README: &str = include_str!("../README.md");
const CONDITIONS: &str = include_str!("../docs/conditions.md");
const REASONS: &str = include_str!("../src/api/condition.rs");

/// The cells of the table below the header that begins with `column`.
fn table(page: &str, column: &str) -> Vec<Vec<String>> {
    let header = format!("| {column} |");
    let below = page.lines().skip_while(|line| !line.starts_with(&header)).skip(2);
    below
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect())
        .collect()
}

/// What the source says about each reason.
fn described() -> BTreeMap<String, String> {
    let body = REASONS.split("pub enum Reason {").nth(1).unwrap().split("\n}").next().unwrap();
    let mut described = BTreeMap::new();
    let mut description = "";
    for line in body.lines().map(str::trim) {
        match line.strip_prefix("/// ") {
            Some(text) => description = text,
            None => drop(described.insert(line.trim_end_matches(',').to_owned(), description.replace('`', ""))),
        }
    }
    described
}

#[test]
fn every_reason_is_explained_as_in_the_code() {
    let described = described();
    let expected: Vec<Vec<String>> = Reason::ALL
        .iter()
        .map(|reason| {
            let ready = match reason.standing() {
                Standing::Done => "True",
                Standing::Working => "False: working",
                Standing::Stalled => "False: stalled",
            };
            vec![reason.to_string(), ready.to_owned(), described[&reason.to_string()].clone()]
        })
        .collect();
    assert_eq!(table(CONDITIONS, "reason"), expected);
}

#[test]
fn every_condition_is_explained() {
    use ConditionType::{Available, InSync, Ready, Reconciling, Stalled};
    let named: Vec<String> = table(CONDITIONS, "condition").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(named, [Ready, Available, InSync, Reconciling, Stalled].map(ConditionType::as_str));
}

#[test]
fn every_flag_of_run_is_there_with_its_variable() {
    let mut cli = Cli::command();
    cli.build();
    let run = cli.find_subcommand("run").unwrap();
    let mut expected: Vec<(String, String)> = run
        .get_arguments()
        .filter(|argument| argument.get_id() != "help")
        .map(|argument| {
            let variable = argument.get_env().unwrap().to_string_lossy().into_owned();
            (format!("--{}", argument.get_long().unwrap()), variable)
        })
        .collect();
    let mut told: Vec<_> = table(README, "flag").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    expected.sort();
    told.sort();
    assert_eq!(told, expected);
}

/// The README and every page, each with the folder that its links start from.
fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let files = docs.chain([root.join("README.md")]);
    files.map(|file| (file.parent().unwrap().to_owned(), fs::read_to_string(&file).unwrap())).collect()
}

#[test]
fn links_to_files_lead_somewhere() {
    for (folder, text) in pages() {
        let targets = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for target in targets.filter(|target| !target.starts_with("http") && !target.starts_with('#')) {
            let file = target.split('#').next().unwrap();
            assert!(folder.join(file).exists(), "{target}");
        }
    }
}
