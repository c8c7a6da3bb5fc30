//! `topo completion`.

use clap::Args;
use clap_complete::Shell;

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::output::Output;

/// Print a script that completes commands in a shell.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo completion bash > ~/.local/share/bash-completion/completions/topo")]
pub(super) struct Options {
    /// The shell
    shell: Shell,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let output = Output::new(&global.merged(options.global));
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut super::command(), "topo", &mut script);
    output.print(&String::from_utf8_lossy(&script));
    Ok(Exit::Success)
}
