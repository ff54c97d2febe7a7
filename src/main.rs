//! The command line's entry.

use std::process::ExitCode;

use clap::Parser;
use clusterwright::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Before anything speaks TLS: several providers in one process would be a panic at the first connection.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed already");
    }
    cli.execute().await
}
