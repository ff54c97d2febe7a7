//! The folder with the demo's logs and the control plane's data.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
const CONTROL_PLANE: &str = "controlplane";

/// A folder that no other demo uses meanwhile.
#[derive(Debug)]
pub(super) struct State {
    folder: PathBuf,
    /// The kernel gives the lock up with the process, however that ends.
    _lock: File,
}

impl State {
    /// Makes the folder. What a demo that was killed has left in it is removed. `Err` is a sentence.
    pub(super) fn open(folder: &Path) -> Result<Self, String> {
        let unusable = |error: io::Error| format!("The folder {} cannot be used: {error}.", folder.display());
        let folder = std::path::absolute(folder).map_err(unusable)?;
        fs::create_dir_all(&folder).map_err(unusable)?;
        let lock = File::create(folder.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(format!(
                    "Another demo is running in {}. Stop it, or name another folder with --state.",
                    folder.display()
                ));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let state = Self { folder, _lock: lock };
        state.remove_data().map_err(unusable)?;
        Ok(state)
    }

    /// Where a program's log goes.
    pub(super) fn log(&self, program: &str) -> PathBuf {
        self.folder.join(program).with_extension("log")
    }

    /// Where the control plane keeps its data and its kubeconfig.
    pub(super) fn control_plane(&self) -> PathBuf {
        self.folder.join(CONTROL_PLANE)
    }

    /// Removes the control plane's data, and the logs too unless they are worth a look.
    pub(super) fn remove(self, keep_logs: bool) -> io::Result<()> {
        self.remove_data()?;
        fs::remove_file(self.folder.join(LOCK))?;
        if keep_logs {
            return Ok(());
        }
        for program in ["operator", "simulator", CONTROL_PLANE] {
            absent_is_fine(fs::remove_file(self.log(program)))?;
        }
        // It stays where somebody has put something else into it.
        fs::remove_dir(&self.folder).ok();
        Ok(())
    }

    fn remove_data(&self) -> io::Result<()> {
        absent_is_fine(fs::remove_dir_all(self.control_plane()))
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        std::env::temp_dir().join(format!("clusterwright-demo-{:x}", rand::random::<u64>()))
    }

    #[test]
    fn nothing_stays_but_logs_that_are_worth_a_look() {
        let folder = folder();
        for keep_logs in [true, false] {
            let state = State::open(&folder).unwrap();
            fs::create_dir(state.control_plane()).unwrap();
            fs::write(state.log("operator"), "text").unwrap();
            state.remove(keep_logs).unwrap();
            assert_eq!(folder.join("operator.log").exists(), keep_logs);
            assert!(!folder.join(CONTROL_PLANE).exists());
        }
        assert!(!folder.exists());
    }

    #[test]
    fn one_demo_at_a_time_uses_a_folder() {
        let folder = folder();
        let state = State::open(&folder).unwrap();
        let sentence = State::open(&folder).unwrap_err();
        assert!(sentence.starts_with("Another demo is running in"), "{sentence}");
        state.remove(false).unwrap();
    }

    #[test]
    fn what_a_killed_demo_has_left_is_removed() {
        let folder = folder();
        fs::create_dir_all(folder.join(CONTROL_PLANE).join("etcd")).unwrap();
        let state = State::open(&folder).unwrap();
        assert!(!state.control_plane().exists());
        state.remove(false).unwrap();
    }
}
