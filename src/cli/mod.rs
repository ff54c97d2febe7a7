//! The subcommands, one file each.

pub mod crds;
pub mod demo;
mod endpoints;
pub mod import;
pub mod probe;
pub mod remove_crds;
pub mod run;
pub mod simulate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::operator;

/// A Kubernetes operator that keeps managed database clusters in the state their manifests describe
#[derive(Clone, Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// What is logged, as a filter such as info,clusterwright=debug
    #[arg(long, global = true, env = "CLUSTERWRIGHT_LOG", default_value = "info", value_name = "FILTER")]
    log: String,

    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Crds(crds::Args),
    Import(import::Args),
    Probe(probe::Args),
    RemoveCrds(remove_crds::Args),
    Simulate(simulate::Args),
    Demo(demo::Args),
}

impl Cli {
    /// Carries out the command. What goes wrong is told in a sentence on standard error.
    pub async fn execute(self) -> ExitCode {
        let told = match operator::init_telemetry(&self.log) {
            Ok(()) => Box::pin(self.command.execute()).await,
            Err(error) => Err(format!("--log cannot be read: {error}.")),
        };
        match told {
            Ok(()) => ExitCode::SUCCESS,
            Err(sentence) => {
                tracing::error!("{sentence}");
                ExitCode::FAILURE
            }
        }
    }
}

impl Command {
    async fn execute(self) -> Result<(), String> {
        match self {
            Self::Run(args) => run::run(args).await.map_err(|error| error.to_string()),
            Self::Crds(args) => {
                crds::run(&args).map_err(|error| format!("The definitions cannot be written: {error}."))
            }
            Self::Import(args) => Box::pin(import::run(args)).await,
            Self::Probe(args) => probe::run(args).await,
            Self::RemoveCrds(args) => remove_crds::run(args).await,
            Self::Simulate(args) => {
                simulate::run(args).await.map_err(|error| format!("The simulator cannot serve: {error}."))
            }
            Self::Demo(args) => Box::pin(demo::run(args)).await,
        }
    }
}

/// An environment variable that is set to nothing names nothing.
fn given(list: Vec<String>) -> Vec<String> {
    list.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}
