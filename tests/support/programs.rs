//! Programs that tests need and that are no part of the project.

use std::path::{Path, PathBuf};

/// A program from Debian's package of Prometheus: the one on the path, or the one that `make needs-prometheus` unpacks.
pub(crate) fn from_prometheus(name: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/debian/usr/bin");
    let found = std::env::split_paths(&folders).chain([unpacked]).map(|folder| folder.join(name));
    let found = found.into_iter().find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: run `make needs-prometheus`"))
}
