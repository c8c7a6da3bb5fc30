//! `topo version`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::cli::session;

/// Show the version of topo and of the engine.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// Only topo's own version number
    #[arg(long)]
    short: bool,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let output = Output::new(&global.merged(options.global));
    if options.short {
        output.print(concat!(env!("CARGO_PKG_VERSION"), "\n"));
        return Ok(Exit::Success);
    }
    output.print(concat!("topo    ", env!("CARGO_PKG_VERSION"), "\n"));
    match session::block_on(session::open()) {
        Ok(engine) => output.print(&format!("engine  API {} at {}\n", engine.version(), engine.address())),
        // The version is shown all the same: a missing engine is no failure here.
        Err(error) => output.print(&format!("engine  none: {error}\n")),
    }
    Ok(Exit::Success)
}
