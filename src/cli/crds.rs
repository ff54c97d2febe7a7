//! `clusterwright crds`: the definitions of the kinds.

mod reference;

use std::io::{self, Write};
use std::path::PathBuf;

use crate::api::schema;

/// Prints the CustomResourceDefinitions as YAML
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Writes one file for each kind into this folder instead
    #[arg(long, value_name = "FOLDER", conflicts_with = "markdown")]
    output: Option<PathBuf>,

    /// Prints a reference of their fields as Markdown instead
    #[arg(long)]
    markdown: bool,
}

/// Prints or writes them.
pub fn run(args: &Args) -> io::Result<()> {
    if args.markdown {
        return write!(io::stdout(), "{}", reference());
    }
    for (name, yaml) in rendered()? {
        match &args.output {
            Some(folder) => std::fs::write(folder.join(name), yaml)?,
            None => write!(io::stdout(), "---\n{yaml}")?,
        }
    }
    Ok(())
}

/// Name of the file and its text, for each kind.
pub fn rendered() -> io::Result<Vec<(String, String)>> {
    schema::definitions()
        .iter()
        .map(|definition| {
            let name = format!("{}.yaml", definition.spec.names.plural);
            let yaml = serde_saphyr::to_string(definition).map_err(io::Error::other)?;
            Ok((name, yaml))
        })
        .collect()
}

/// The reference of their fields.
#[must_use]
pub fn reference() -> String {
    reference::of(&schema::definitions())
}
