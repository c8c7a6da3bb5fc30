//! Out of a container, to here.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};

use super::path::{Target, is_contents, split};
use super::{Copied, Copier};
use crate::cli::error::CliError;
use crate::engine::archive::packing::Owners;
use crate::engine::archive::unpacking::{Failure, Place, unpack};
use crate::engine::local_file::{self, Standing};
use crate::engine::{CopyFiles, EngineError, Kind};

impl<E: CopyFiles> Copier<'_, E> {
    /// Copies out of the container; what was done is said unless it was piped.
    pub(super) async fn copy_from(&self, from: &str, to: &Target) -> Result<Copied, CliError> {
        let (name, path, kind) = self.look(from).await?;
        let Target::Path(to) = to else {
            let archive = self.engine.archive_of_path(self.container, &path).await?;
            write_out(archive).await?;
            return Ok(Copied::default());
        };
        if kind == Kind::Other {
            let message = format!("`{path}` in {} is a device, a pipe or a socket", self.container);
            return Err(CliError::failed(message).help("files, directories and links are copied"));
        }
        let place = if kind == Kind::Directory {
            let contents = Some(name).filter(|name| !is_contents(from) && !name.is_empty());
            Place::Directory(directory_for(contents.as_deref(), to)?)
        } else {
            Place::File(file_for(&name, to)?)
        };
        // What is in a directory, so that the directory can have any name here.
        let wanted = match kind {
            Kind::Directory => format!("{}/.", path.trim_end_matches("/.").trim_end_matches('/')),
            _ => path,
        };
        let archive = self.engine.archive_of_path(self.container, &wanted).await?;
        let owners = if self.manner.keeps_owners { Owners::Kept } else { Owners::LeftOut };
        let (Place::Directory(written) | Place::File(written)) = place.clone();
        let left_out = unpack(archive, place, owners).await.map_err(unwritten)?;
        let words = Some(format!("{}:{from} to {}", self.container, written.display()));
        Ok(Copied { words, left_out: left_out.iter().map(ToString::to_string).collect() })
    }

    /// What is copied: the name that it keeps, where it is, and what it is.
    async fn look(&self, from: &str) -> Result<(String, String, Kind), CliError> {
        let name = split(from.trim_end_matches("/.")).1.to_owned();
        let nothing = |path: &str| CliError::failed(format!("there is no `{path}` in {}", self.container));
        let kind = self.engine.kind_of_path(self.container, from).await?;
        match kind.ok_or_else(|| nothing(from))? {
            Kind::Link { target } if self.manner.follows_link => {
                let kind = self.engine.kind_of_path(self.container, &target).await?;
                let kind = kind.ok_or_else(|| nothing(&target))?;
                Ok((name, target, kind))
            }
            Kind::File if from.ends_with('/') || is_contents(from) => {
                Err(CliError::failed(format!("`{from}` in {} is a file, not a directory", self.container)))
            }
            kind => Ok((name, from.to_owned(), kind)),
        }
    }
}

/// Where a directory goes: into one that is there, or to a new one. Contents have no name.
fn directory_for(name: Option<&str>, to: &Path) -> Result<PathBuf, CliError> {
    if to.is_dir() {
        let directory = name.map_or_else(|| to.to_owned(), |name| to.join(name));
        return match directory.symlink_metadata() {
            Ok(metadata) if !metadata.is_dir() && !directory.is_dir() => {
                Err(no_place_for_directory(&directory))
            }
            _ => Ok(directory),
        };
    }
    if to.symlink_metadata().is_ok() {
        return Err(no_place_for_directory(to));
    }
    has_parent(to)?;
    Ok(to.to_owned())
}

/// Where a file goes: into a directory, in another's place, or to a new one.
fn file_for(name: &str, to: &Path) -> Result<PathBuf, CliError> {
    let path = if to.is_dir() { to.join(name) } else { to.to_owned() };
    match local_file::look(&path) {
        Standing::Directory => {
            let message = format!("a file cannot replace the directory `{}`", path.display());
            return Err(CliError::failed(message));
        }
        Standing::Taken(what) => {
            return Err(CliError::failed(format!("`{}` is {what}, which is not replaced", path.display())));
        }
        Standing::Nothing | Standing::File | Standing::Stream => {}
    }
    let ends_as_directory = to.as_os_str().as_encoded_bytes().ends_with(b"/");
    if ends_as_directory && !to.is_dir() {
        return Err(no_directory(to));
    }
    // What a link leads to is written, not the link.
    has_parent(&local_file::target(&path))?;
    Ok(path)
}

fn has_parent(path: &Path) -> Result<(), CliError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match parent {
        Some(parent) if !parent.is_dir() => Err(no_directory(parent)),
        _ => Ok(()),
    }
}

fn no_directory(path: &Path) -> CliError {
    CliError::failed(format!("there is no directory `{}`", path.display()))
}

fn no_place_for_directory(path: &Path) -> CliError {
    CliError::failed(format!("a directory cannot replace a file: `{}` is a file", path.display()))
}

async fn write_out(
    mut archive: impl Stream<Item = Result<Bytes, EngineError>> + Unpin,
) -> Result<(), CliError> {
    let mut out = io::stdout();
    while let Some(piece) = archive.try_next().await? {
        out.write_all(&piece).map_err(CliError::unwritten)?;
    }
    out.flush().map_err(CliError::unwritten)
}

fn unwritten(failure: Failure) -> CliError {
    match failure {
        Failure::Engine(error) => error.into(),
        Failure::File(error) if error.kind() == io::ErrorKind::BrokenPipe => CliError::NoReader,
        Failure::File(error) => CliError::failed(error.to_string()),
    }
}
