//! Logs: for people on a terminal, as JSON lines otherwise.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Starts logging to standard error. `filter` is in the form of `RUST_LOG`, such as `info,clusterwright=debug`.
pub fn init(filter: &str) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(filter)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process, as in a test, keeps the first one's settings.
    if std::io::stderr().is_terminal() {
        builder.compact().try_init().ok();
    } else {
        builder.json().flatten_event(true).with_span_list(false).try_init().ok();
    }
    Ok(())
}
