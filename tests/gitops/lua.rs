//! Argo CD's health scripts in a real Lua 5.1.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What Argo CD shows of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) status: String,
    pub(crate) message: String,
}

/// What the script makes of each object. `Err` is what Lua says of a script that fails.
pub(crate) fn try_run(script: &Path, objects: &[Value]) -> Result<Vec<Health>, String> {
    let mut child = Command::new("lua5.1")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gitops/driver.lua"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("lua5.1 does not start ({error}): run `make needs-lua`"));
    let mut input = child.stdin.take().unwrap();
    let table = literal(&Value::Array(objects.to_vec()));
    // A script that cannot be loaded ends the interpreter before it has read anything, and says why.
    input.write_all(table.as_bytes()).ok();
    drop(input);
    let output = child.wait_with_output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = text.split_terminator('\0').collect();
    assert_eq!(words.len(), 2 * objects.len(), "{text}");
    let health = |pair: &[&str]| Health { status: pair[0].to_owned(), message: pair[1].to_owned() };
    Ok(words.chunks(2).map(health).collect())
}

/// The same of a script that must not fail.
pub(crate) fn run(script: &Path, objects: &[Value]) -> Vec<Health> {
    try_run(script, objects).unwrap_or_else(|error| panic!("{}: {error}", script.display()))
}

/// JSON as a table of Lua, as Argo CD hands it to a script: null is nil, and a list begins at 1.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("{{{}}}", items.iter().map(literal).collect::<Vec<_>>().join(",")),
        Value::Object(fields) => {
            let entries = fields.iter().map(|(name, value)| format!("[{}]={}", quoted(name), literal(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
    }
}

/// Every byte by its number, which needs no rules for escaping.
fn quoted(text: &str) -> String {
    text.bytes().fold("\"".to_owned(), |mut quoted, byte| {
        write!(quoted, "\\{byte:03}").unwrap();
        quoted
    }) + "\""
}
