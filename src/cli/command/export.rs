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
use crate::cli::exit::Exit;
use crate::cli::io::signals::{Received, Signals};
use crate::cli::io::terminal;
use crate::cli::topology::project::project_name;
use crate::engine::local_file::{self, Standing};
use crate::engine::{Capture, EngineError};

/// Export a container's files as a tar archive.
///
/// What is in volumes is not part of it.
#[derive(Args, Debug)]
#[command(
    override_usage = "topo export [OPTIONS] [FILE] <SERVICE>",
    after_help = "Example:\n  topo export web | tar -t | head"
)]
pub(crate) struct ExportArgs {
    /// A topology file, and the service
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Write to this file in place of the standard output
    #[arg(short, long, value_name = "ARCHIVE")]
    output: Option<PathBuf>,
    /// The container with this number, where the service has several
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: Global, options: ExportArgs) -> Result<Exit, Exit> {
    let mut global = global.merged(options.global);
    let output = global.output();
    let service = inside::only_service(&mut global, "export", &options.arguments, &output)?;
    if options.output.is_none() && terminal::is_output() {
        output.error("an archive is nothing for a terminal", Some("write `-o ARCHIVE.tar`, or use a pipe"));
        return Err(Exit::Usage);
    }
    let project = project_name(&global, &service, &output)?;
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let about = (&project, &service);
        let container =
            inside::container(&engine, &global, about, options.index, Wanted::Any, &output).await?;
        let archive = engine.export(&container.name).await;
        let archive = archive.map_err(|error| session::refused(&error, &output))?;
        let written = match &options.output {
            None => write(archive, &mut io::stdout()).await,
            Some(path) => write_file(archive, path).await,
        };
        match written {
            Ok(()) => Ok(Exit::Success),
            Err(ExportProblem::NoReader) => Ok(inside::EXIT_WITHOUT_READER),
            Err(ExportProblem::Engine(error)) => Err(session::refused(&error, &output)),
            Err(ExportProblem::Left(received)) => Err(inside::exit_of_signal(received)),
            Err(ExportProblem::File(error)) => {
                let Some(path) = &options.output else { return Err(output.unwritable(&error)) };
                output.error(&format!("cannot write `{}`: {error}", path.display()), None);
                Err(Exit::Failed)
            }
        }
    })
}

/// Why an archive is not complete.
enum ExportProblem {
    Engine(EngineError),
    File(io::Error),
    NoReader,
    Left(Received),
}

impl From<io::Error> for ExportProblem {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::NoReader } else { Self::File(error) }
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

/// A file is there only when it is complete; a device or a pipe is written to.
async fn write_file(
    archive: impl Stream<Item = Result<Bytes, EngineError>> + Unpin,
    path: &Path,
) -> Result<(), ExportProblem> {
    let there = match local_file::look(path) {
        Standing::Nothing => None,
        Standing::File => Some(fs::metadata(path)?),
        Standing::Stream | Standing::Directory | Standing::Taken(_) => {
            return write(archive, &mut local_file::open(path)?).await;
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
        received = inside::end_asked_for(Signals::listen()) => return Err(ExportProblem::Left(received)),
    }
    partial.persist(path).map_err(|error| error.error)?;
    Ok(())
}
