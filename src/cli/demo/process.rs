//! Programs that the demo starts, each with a log of its own.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures::future::select_all;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// How long a program may take to end after its standard input was closed, before it is killed.
const GRACE: Duration = Duration::from_secs(15);

/// How much of a log is shown.
const TAIL_BYTES: u64 = 6_000;
const TAIL_LINES: usize = 12;

/// A program under way. It does not outlive this value.
pub(super) struct Process {
    name: &'static str,
    log: PathBuf,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts `command`; `Err` is a sentence. Its standard error goes to `log`.
    pub(super) fn start(name: &'static str, mut command: Command, log: PathBuf) -> Result<Self, String> {
        let unwritable = |error| format!("The log {} cannot be written: {error}.", log.display());
        let file = File::create(&log).map_err(unwritable)?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            // Ctrl-C on a terminal reaches a whole process group. In a group of its own a program is rather stopped by
            // us, when what depends on it has been stopped.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{name} cannot be started: {error}."))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(|| format!("{name} cannot be read from."))?;
        Ok(Self { name, log, child, stdin, stdout: BufReader::new(stdout).lines() })
    }

    /// The rest of the first line of its standard output, which has to begin with `prefix`: what it says once ready.
    pub(super) async fn announced(&mut self, prefix: &str) -> Result<String, String> {
        match self.stdout.next_line().await {
            Ok(Some(line)) => match line.strip_prefix(prefix) {
                Some(rest) => Ok(rest.to_owned()),
                None => Err(format!("{} said '{line}' instead of '{prefix}…'.", self.name)),
            },
            Ok(None) | Err(_) => Err(self.ended().await),
        }
    }

    /// Waits until it ends by itself, and says so.
    async fn ended(&mut self) -> String {
        let how = match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        format!("{} has ended by itself ({how}).{}", self.name, self.last_words())
    }

    /// The end of its log, as an appendix to a sentence.
    pub(super) fn last_words(&self) -> String {
        match tail(&self.log) {
            Ok(text) if text.is_empty() => String::new(),
            Ok(text) => format!("\nThe end of its log, {}:\n{text}", self.log.display()),
            Err(error) => format!("\nIts log {} cannot be read: {error}.", self.log.display()),
        }
    }

    /// Ends it: by closing its standard input where it heeds that, else, and in any case at last, by killing it.
    async fn stop(&mut self, by_stdin: bool) {
        drop(self.stdin.take());
        if by_stdin && timeout(GRACE, self.child.wait()).await.is_ok() {
            return;
        }
        // It fails only where the program has ended.
        self.child.kill().await.ok();
    }
}

fn tail(log: &Path) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.len().saturating_sub(TAIL_LINES);
    Ok(lines[last..].iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"))
}

/// The programs under way.
#[derive(Default)]
pub(super) struct Processes {
    pub(super) control_plane: Option<Process>,
    pub(super) simulator: Option<Process>,
    pub(super) operator: Option<Process>,
}

impl Processes {
    /// Waits until one of them ends by itself, and says so.
    pub(super) async fn any_ended(&mut self) -> String {
        let all = [&mut self.control_plane, &mut self.simulator, &mut self.operator];
        let endings: Vec<_> = all.into_iter().flatten().map(|process| Box::pin(process.ended())).collect();
        if endings.is_empty() {
            return std::future::pending().await;
        }
        select_all(endings).await.0
    }

    /// Whether the operator was started and has not ended.
    pub(super) fn operator_runs(&mut self) -> bool {
        self.operator.as_mut().is_some_and(|operator| matches!(operator.child.try_wait(), Ok(None)))
    }

    /// Ends the operator. What depends on others is ended before them.
    pub(super) async fn stop_operator(&mut self) {
        stop(&mut self.operator, false).await;
    }

    /// Ends all of them.
    pub(super) async fn stop(&mut self) {
        self.stop_operator().await;
        stop(&mut self.simulator, false).await;
        stop(&mut self.control_plane, true).await;
    }
}

async fn stop(process: &mut Option<Process>, by_stdin: bool) {
    if let Some(mut process) = process.take() {
        process.stop(by_stdin).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Process, PathBuf) {
        let log = std::env::temp_dir().join(format!("clusterwright-process-{:x}.log", rand::random::<u64>()));
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        (Process::start("The shell", command, log.clone()).unwrap(), log)
    }

    #[tokio::test]
    async fn what_it_announces_is_read() {
        let (mut process, log) = shell("echo ready /here; cat");
        assert_eq!(process.announced("ready ").await, Ok("/here".to_owned()));
        process.stop(true).await;
        std::fs::remove_file(log).unwrap();
    }

    #[tokio::test]
    async fn an_end_instead_of_an_announcement_is_told_with_the_log() {
        let (mut process, log) = shell("echo the port is taken >&2; exit 3");
        let sentence = process.announced("ready ").await.unwrap_err();
        assert!(sentence.starts_with("The shell has ended by itself (exit status: 3)."), "{sentence}");
        assert!(sentence.ends_with("\n  the port is taken"), "{sentence}");
        std::fs::remove_file(log).unwrap();
    }

    #[tokio::test]
    async fn only_the_end_of_a_long_log_is_shown() {
        let (mut process, log) = shell("seq 1 5000 >&2");
        let sentence = process.ended().await;
        assert!(sentence.ends_with("\n  5000") && !sentence.contains("\n  4988"), "{sentence}");
        std::fs::remove_file(log).unwrap();
    }
}
