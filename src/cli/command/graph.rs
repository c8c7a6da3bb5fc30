//! `topo graph`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::topology::load::{Needs, Operation, Selection, load_or_explain};
use crate::engine::local_file;
use crate::report::picture::{self, Look};

/// Draw the topology.
///
/// The picture shows services, what they wait for, networks, volumes, published ports, host paths, secrets
/// and configs. Services with profiles are drawn with a dashed frame, if their profile is active (`--profile
/// '*'` for all). The format follows from the ending of the output file: `.svg`, `.dot` or `.mmd`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo graph compose.yaml --output shop.svg")]
pub(crate) struct GraphArgs {
    /// A topology file, and the services to draw; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Format of the picture (default: that of the output file's ending, else dot)
    #[arg(long, value_enum)]
    format: Option<GraphFormat>,
    /// File to write the picture to; without it, SVG goes down if it does not fit a page to the right
    #[arg(long, value_enum)]
    direction: Option<Direction>,
    /// Language of labels and legend, regardless of LANG
    #[arg(long, value_enum, default_value = "en")]
    lang: Language,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "PICTURE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

/// The language of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    /// Graphviz
    Dot,
    /// Mermaid, which Git forges render in Markdown
    Mermaid,
    /// An image that browsers show
    Svg,
}

/// Where a picture goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Direction {
    /// Dependencies are drawn to the right of the services that need them
    Right,
    /// Dependencies are drawn below the services that need them
    Down,
}

/// What a picture speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// English
    En,
    /// Brazilian Portuguese
    Pt,
}

pub(super) fn run(global: &mut Global, options: GraphArgs) -> Result<Exit, CliError> {
    let look = options.look();
    global.merge(options.global);
    let output = global.output();
    let targets = options.excluded.take_services(global, &options.arguments)?;
    let needs = Needs::Services(options.excluded.of(Selection::of(&targets, Operation::Show)));
    let (_, mut topology) = load_or_explain(global, &needs, &output)?;
    if !targets.is_empty() {
        topology.keep_only(&targets);
    }
    let Some(format) = options.format.or_else(|| GraphFormat::of_file(options.output.as_deref())) else {
        return Err(CliError::usage("the name of the file does not tell the picture's format")
            .help("give it the ending `.svg`, `.dot` or `.mmd`, or use `--format`"));
    };
    let picture = match format {
        GraphFormat::Dot => picture::dot(&topology, &look),
        GraphFormat::Mermaid => picture::mermaid(&topology, &look),
        GraphFormat::Svg => picture::svg(&topology, &look),
    };
    let Some(file) = options.output else {
        output.print(&picture)?;
        return Ok(Exit::Success);
    };
    match local_file::write(&file, &picture) {
        Ok(()) => Ok(Exit::Success),
        Err(error) => Err(CliError::usage(format!("cannot write `{}`: {error}", file.display()))),
    }
}

impl GraphArgs {
    fn look(&self) -> Look {
        let language = match self.lang {
            Language::En => picture::Language::English,
            Language::Pt => picture::Language::Portuguese,
        };
        let direction = self.direction.map(|direction| match direction {
            Direction::Right => picture::Direction::Right,
            Direction::Down => picture::Direction::Down,
        });
        Look { language, direction }
    }
}

impl GraphFormat {
    /// The format that a file's name asks for; dot where no file is named.
    fn of_file(file: Option<&Path>) -> Option<Self> {
        let Some(file) = file else { return Some(Self::Dot) };
        match file.extension().and_then(OsStr::to_str) {
            Some("svg") => Some(Self::Svg),
            Some("mmd" | "mermaid") => Some(Self::Mermaid),
            Some("dot" | "gv") => Some(Self::Dot),
            _ => None,
        }
    }
}
