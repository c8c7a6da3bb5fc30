//! `topo schema`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::output::Output;

/// Print the JSON Schema of topology files, for editors.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  topo schema > topology.schema.json\n\nThen, as a topology's first line:\n  # yaml-language-server: $schema=topology.schema.json"
)]
pub(super) struct Options {
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let output = Output::new(&global.merged(options.global));
    output.print(&format!("{:#}\n", crate::topology::schema()));
    Ok(Exit::Success)
}
