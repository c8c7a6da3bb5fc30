//! `topo cp`.

mod from;
mod path;
mod to;

use clap::Args;
use futures_util::{StreamExt, stream};

use crate::cli::arguments::global::Global;
use crate::cli::arguments::settings::ProgressForm;
use crate::cli::engine::connection;
use crate::cli::engine::inside::{self, Wanted};
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::output::Output;
use crate::cli::topology::project::project_name;
use crate::plan::observed::ObservedContainer;
use crate::topology::name::{ContainerName, ServiceName};
use path::{ContainerPath, CopyEnd};

/// Copy files into or out of a container.
///
/// One end is `SERVICE:PATH`, the other a local path, or `-` for an archive on standard input or output. A
/// file is copied into a directory or overwrites another file. A directory is copied into a directory;
/// `DIRECTORY/.` copies only its content. An existing local file keeps its permissions (without `--archive`),
/// and pipes and devices are written to, not replaced. The container need not be running. Without `--index`,
/// files are copied into all containers of a service, or out of the first one.
#[derive(Args, Debug)]
#[command(
    override_usage = "topo cp [OPTIONS] [FILE] <SERVICE:PATH> <PATH|->\n       topo cp [OPTIONS] [FILE] <PATH|-> <SERVICE:PATH>",
    after_help = "Examples:\n  topo cp db:/docker-entrypoint-initdb.d ./tables\n  \
                  tar -c public | topo cp - web:/srv"
)]
pub(crate) struct CpArgs {
    /// A topology file, what is copied, and where it goes
    #[arg(value_name = "FILE|FROM|TO")]
    arguments: Vec<String>,
    /// Keep the owners of files; without it, files in a container belong to the container's user
    #[arg(short, long)]
    archive: bool,
    /// Follow symbolic links instead of copying them
    #[arg(short = 'L', long)]
    follow_link: bool,
    /// The container with this number, if the service has several
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Include containers of `topo run`
    #[arg(long, conflicts_with = "index")]
    all: bool,
    #[command(flatten)]
    global: Global,
}

/// What became of a copy.
#[derive(Debug, Default)]
struct Copied {
    /// From where to where; nothing when it was piped.
    words: Option<String>,
    /// What was not copied, and why.
    left_out: Vec<String>,
}

/// How many paths are named that were left out.
const MOST_NAMED: usize = 10;

impl Copied {
    /// What was not copied, as far as it is named.
    fn problems(&self) -> impl Iterator<Item = CliError> {
        let named = self.left_out.iter().take(MOST_NAMED).map(|path| format!("not copied: {path}"));
        let more = self.left_out.len().saturating_sub(MOST_NAMED);
        named.chain((more > 0).then(|| format!("not copied: {more} more"))).map(CliError::failed)
    }
}

/// How files are copied.
#[derive(Clone, Copy, Debug)]
struct CopySettings {
    keeps_owners: bool,
    follows_link: bool,
}

/// One container that files are copied to or from.
struct Copier<'a, E> {
    engine: &'a E,
    container: &'a ContainerName,
    manner: CopySettings,
}

pub(super) fn run(global: &mut Global, options: CpArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    let output = global.output();
    let (from, to) = ends(global, &options.arguments)?;
    let wrong = |message: &str, help: &str| Err(CliError::usage(message).help(help));
    match (CopyEnd::read(from), CopyEnd::read(to)) {
        (CopyEnd::Container(from), CopyEnd::Here(to)) => {
            let Some(to) = path::Target::read(to) else {
                return wrong(
                    "an archive cannot be written to a terminal",
                    "name a directory, or use a pipe",
                );
            };
            copy(global, &options, &from, &CopyDirection::From(to), &output)
        }
        (CopyEnd::Here(from), CopyEnd::Container(to)) => {
            let source = path::Source::read(from, options.follow_link)?;
            copy(global, &options, &to, &CopyDirection::To(Box::new(source)), &output)
        }
        (CopyEnd::Container(_), CopyEnd::Container(_)) => wrong(
            "files are not copied between services",
            "copy them here first, or write `topo cp A:PATH - | topo cp - B:PATH`",
        ),
        (CopyEnd::Here(_), CopyEnd::Here(_)) => {
            wrong("neither end names a service", "write the end in the container as `SERVICE:PATH`")
        }
    }
}

/// The last two arguments; what stands before them are files.
fn ends<'a>(global: &mut Global, arguments: &'a [String]) -> Result<(&'a str, &'a str), CliError> {
    let Some((before, [from, to])) = arguments.split_last_chunk::<2>() else {
        let help = "one is `SERVICE:PATH`, the other a path here, or `-`";
        return Err(CliError::usage("two ends are needed: what is copied, and where it goes").help(help));
    };
    if let Some(other) = global.take_files(before).first() {
        return Err(CliError::usage(format!("`{other}` is not a topology file"))
            .help("name one source and one destination"));
    }
    Ok((from, to))
}

enum CopyDirection {
    From(path::Target),
    To(Box<path::Source>),
}

/// How many containers are copied to at once.
const AT_ONCE: usize = 8;

impl CopyDirection {
    fn at_once(&self) -> usize {
        match self {
            // What is read once has one reader.
            Self::To(source) if matches!(**source, path::Source::Stream { .. } | path::Source::Input) => 1,
            Self::To(_) | Self::From(_) => AT_ONCE,
        }
    }
}

fn copy(
    global: &Global,
    options: &CpArgs,
    place: &ContainerPath,
    direction: &CopyDirection,
    output: &Output,
) -> Result<Exit, CliError> {
    let service = ServiceName::from(place.service.as_str());
    let project = project_name(global, &service, output)?;
    let manner = CopySettings { keeps_owners: options.archive, follows_link: options.follow_link };
    session::block_on(async {
        let engine = connection::connect(output).await?;
        let about = (&project, &service);
        let first = inside::container(&engine, global, about, options.index, Wanted::Any).await?;
        let containers = match (direction, options.index) {
            (CopyDirection::To(_), None) => {
                let found = inside::containers(&engine, &project, &service).await?;
                found.into_iter().filter(|container| options.all || !container.is_one_off).collect()
            }
            _ => vec![first],
        };
        check(&containers, direction)?;
        let is_quiet = global.progress == Some(ProgressForm::Quiet);
        let copies = containers.iter().map(|container| {
            let copier = Copier { engine: &engine, container: &container.name, manner };
            async move {
                match direction {
                    CopyDirection::From(target) => copier.copy_from(&place.path, target).await,
                    CopyDirection::To(source) => copier.copy_to(source, &place.path).await,
                }
            }
        });
        let mut copies = stream::iter(copies).buffered(direction.at_once());
        let (mut failed, mut exit) = (Vec::new(), Exit::Success);
        while let Some(copied) = copies.next().await {
            match copied {
                Ok(copied) => {
                    if let Some(words) = copied.words.as_ref().filter(|_| !is_quiet) {
                        output.remark(&format!("copied {words}"));
                    }
                    failed.extend(copied.problems());
                    if !copied.left_out.is_empty() && exit == Exit::Success {
                        exit = Exit::Failed;
                    }
                }
                Err(error) => {
                    exit = error.exit();
                    failed.push(error);
                }
            }
        }
        if failed.is_empty() { Ok(exit) } else { Err(CliError::Several(failed, exit)) }
    })
}

fn check(containers: &[ObservedContainer], direction: &CopyDirection) -> Result<(), CliError> {
    let is_piped = matches!(direction, CopyDirection::To(source) if matches!(**source, path::Source::Input));
    if is_piped && containers.len() > 1 {
        return Err(CliError::usage("standard input can only be copied into one container")
            .help("choose it by `--index NUMBER`"));
    }
    if containers.is_empty() {
        return Err(
            CliError::failed("there are only containers of `topo run`").help("include them with `--all`")
        );
    }
    Ok(())
}
