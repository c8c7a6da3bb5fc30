//! `topo export`.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use futures_util::{Stream, TryStreamExt};

use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::inside::{self, Wanted};
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::signals::Signals;
use crate::cli::io::terminal;
use crate::cli::topology::project::project_name;
use crate::engine::local_file::{self, Standing};
use crate::engine::{Capture, EngineError};

/// Export a container's files as a tar archive.
///
/// The content of volumes is not included.
#[derive(Args, Debug)]
#[command(
    override_usage = "topo export [OPTIONS] [FILE] <SERVICE>",
    after_help = "Example:\n  topo export web | tar -t | head"
)]
pub(crate) struct ExportArgs {
    /// A topology file, and the service
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "ARCHIVE")]
    output: Option<PathBuf>,
    /// The container with this number, if the service has several
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: ExportArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    let service = inside::only_service(global, "export", &options.arguments)?;
    if options.output.is_none() && terminal::is_output() {
        return Err(CliError::usage("an archive cannot be written to a terminal")
            .help("write `-o ARCHIVE.tar`, or use a pipe"));
    }
    let project = project_name(global, &service, &output)?;
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let about = (&project, &service);
        let container = inside::container(&engine, global, about, options.index, Wanted::Any).await?;
        let archive = engine.export(&container.name).await?;
        let written = match &options.output {
            None => write(archive, &mut io::stdout()).await.map(|()| Exit::Success),
            Some(path) => write_file(archive, path).await,
        };
        written.map_err(|problem| match (problem, &options.output) {
            (ExportProblem::Engine(error), _) => error.into(),
            (ExportProblem::File(error), None) => CliError::unwritten(error),
            (ExportProblem::File(error), Some(path)) => match error.kind() {
                io::ErrorKind::BrokenPipe => CliError::NoReader,
                _ => CliError::failed(format!("cannot write `{}`: {error}", path.display())),
            },
        })
    })
}

/// Why an archive is not complete.
enum ExportProblem {
    Engine(EngineError),
    File(io::Error),
}

impl From<io::Error> for ExportProblem {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

async fn write(
    mut archive: impl Stream<Item = Result<Bytes, EngineError>> + Unpin,
    to: &mut impl Write,
) -> Result<(), ExportProblem> {
    while let Some(piece) = archive.try_next().await.map_err(ExportProblem::Engine)? {
        to.write_all(&piece)?;
    }
    Ok(to.flush()?)
}

/// A file is there only when it is complete; a device or a pipe is written to. A signal may end it.
async fn write_file(
    archive: impl Stream<Item = Result<Bytes, EngineError>> + Unpin,
    path: &Path,
) -> Result<Exit, ExportProblem> {
    let there = match local_file::look(path) {
        Standing::Nothing => None,
        Standing::File => Some(fs::metadata(path)?),
        Standing::Stream | Standing::Directory | Standing::Taken(_) => {
            return write(archive, &mut local_file::open(path)?).await.map(|()| Exit::Success);
        }
    };
    // What a link leads to is written, not the link.
    let path = local_file::target(path);
    let directory =
        path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let everybody = fs::Permissions::from_mode(0o666);
    let mut partial = tempfile::Builder::new().permissions(everybody).tempfile_in(directory)?;
    if let Some(there) = there {
        partial.as_file().set_permissions(there.permissions())?;
    }
    // What is not kept removes itself.
    tokio::select! {
        written = write(archive, &mut partial) => written?,
        received = inside::end_asked_for(Signals::listen()) => return Ok(inside::exit_of_signal(received)),
    }
    partial.persist(path).map_err(|error| error.error)?;
    Ok(Exit::Success)
}
