//! Prometheus' own tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::programs::from_prometheus;

/// A folder of this name for its files.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("monitoring").join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs it there. `Err` is what it says.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(from_prometheus("promtool")).args(arguments).current_dir(folder).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&said).into_owned()) }
}
