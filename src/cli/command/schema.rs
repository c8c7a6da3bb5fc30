//! `topo schema`.

use clap::Args;

use crate::cli::arguments::global::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;

/// Print the JSON Schema of topology files, for editors.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  topo schema > topology.schema.json\n\nThen, as a topology's first line:\n  # yaml-language-server: $schema=topology.schema.json"
)]
pub(crate) struct SchemaArgs {
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: SchemaArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    output.print(&format!("{:#}\n", crate::topology::schema()))?;
    Ok(Exit::Success)
}
