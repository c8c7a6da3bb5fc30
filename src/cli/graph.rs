//! `topo graph`.

use clap::{Args, ValueEnum};

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::load::{Purpose, load_or_explain};
use crate::cli::output::Output;
use crate::report::picture;
use crate::topology::name::ServiceName;

/// Draw the topology.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo graph topologies/desafio5.yaml | dot -Tsvg > desafio5.svg")]
pub(super) struct Options {
    /// A topology file, and the services to draw; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// The language of the picture
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    global: Global,
}

/// The language of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Graphviz
    #[default]
    Dot,
    /// Mermaid, which Git forges draw in Markdown
    Mermaid,
}

pub(super) fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let mut global = global.merged(options.global);
    let targets: Vec<ServiceName> =
        global.take_files(&options.arguments).into_iter().map(ServiceName::from).collect();
    let output = Output::new(&global);
    let (_, mut topology) = load_or_explain(&global, &targets, Purpose::Look, &output)?;
    if !targets.is_empty() {
        topology.keep_only(&targets);
    }
    output.print(&match options.format {
        Format::Dot => picture::dot(&topology),
        Format::Mermaid => picture::mermaid(&topology),
    });
    Ok(Exit::Success)
}
