//! From here into a container.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use super::path::{Source, cannot_read, is_contents, split};
use super::{Copied, Copier};
use crate::cli::error::CliError;
use crate::cli::io::io_pump;
use crate::engine::archive::packing::{self, Archive, Owners, Pieces, Sending, Stopped};
use crate::engine::local_file::{self, special};
use crate::engine::{CopyFiles, EngineError, Kind, OtherKinds, Ownership};

/// A directory of the container, and the name that the first entry gets in it; contents get none.
struct Place {
    directory: String,
    name: String,
}

impl<E: CopyFiles> Copier<'_, E> {
    /// Copies into the container; what was done is said unless it was piped.
    pub(super) async fn copy_to(&self, source: &Source, to: &str) -> Result<Copied, CliError> {
        let (path, is_directory) = match source {
            Source::Input => {
                self.send(to, io_pump::reader()).await?;
                return Ok(Copied::default());
            }
            Source::File { path, .. } | Source::Stream { path, .. } => (path.clone(), false),
            Source::Directory { path, .. } | Source::Contents { path, .. } => (path.clone(), true),
        };
        let Place { directory, name } = self.place(source, is_directory, to).await?;
        let (tell, told) = mpsc::channel();
        let sent = self.send_packed(&directory, pack(source, name.clone(), BTreeSet::new(), tell)).await;
        let mut told: Vec<String> = told.try_iter().collect();
        if let Err(trouble) = sent {
            let is_refused = matches!(&trouble, CliError::Refused(error) if matches!(**error, EngineError::Refused { .. }));
            if !is_directory || !is_refused {
                return Err(trouble);
            }
            // A directory of the source may be a link in the container: what is in it goes through the link.
            // The engine takes a link's target from the directory that it unpacks to: that is the root now.
            let whole = format!("{}/{name}", directory.trim_matches('/')).trim_matches('/').to_owned();
            let mut linked = self.linked(source, &whole).await?;
            if linked.is_empty() {
                return Err(trouble);
            }
            if name.is_empty() {
                // What contents go into is there, and stays as it is.
                linked.insert(PathBuf::from(&whole));
            }
            let (tell, told_again) = mpsc::channel();
            self.send_packed("/", pack(source, whole, linked, tell)).await?;
            told = told_again.try_iter().collect();
        }
        let whole = format!("{}/{name}", directory.trim_end_matches('/'));
        let shown = if name.is_empty() { directory.as_str() } else { whole.as_str() };
        let words = Some(format!("{} to {}:{shown}", path.display(), self.container));
        Ok(Copied { words, left_out: told })
    }

    /// Where the files go, by what is there already.
    async fn place(&self, source: &Source, is_directory: bool, to: &str) -> Result<Place, CliError> {
        let mut to = to.to_owned();
        let mut there = self.engine.kind_of_path(self.container, &to).await?;
        if let Some(Kind::Link { target }) = there {
            there = self.engine.kind_of_path(self.container, &target).await?;
            to = target;
        }
        let in_directory = |path: &str| {
            let (directory, name) = split(path);
            Place { directory: directory.to_owned(), name: name.to_owned() }
        };
        let place = format!("`{to}` in {}", self.container);
        match there {
            Some(Kind::Directory) => Ok(Place { directory: to, name: source.name()? }),
            Some(Kind::File) if is_directory => {
                Err(CliError::failed(format!("a directory cannot replace a file: {place} is a file")))
            }
            Some(Kind::File) if to.ends_with('/') || is_contents(&to) => {
                Err(CliError::failed(format!("{place} is a file, not a directory")))
            }
            Some(Kind::File) => Ok(in_directory(&to)),
            Some(Kind::Link { .. } | Kind::Other) => {
                Err(CliError::failed(format!("{place} is neither a directory nor a file")))
            }
            None if !is_directory && to.ends_with('/') => Err(no_directory(&place)),
            None => Ok(in_directory(to.trim_end_matches("/."))),
        }
    }

    /// The directories of the source, by their names in the archive, that are links to directories in the container.
    async fn linked(&self, source: &Source, name: &str) -> Result<BTreeSet<PathBuf>, CliError> {
        let (Source::Directory { path, .. } | Source::Contents { path, .. }) = source else {
            return Ok(BTreeSet::new());
        };
        let (name, path) = (PathBuf::from(name), path.clone());
        let directories = local_file::blocking(move || Ok(directories_below(name, path))).await?;
        let linked = self.engine.linked_directories(self.container, directories).await?;
        Ok(linked.iter().filter_map(|path| path.strip_prefix('/')).map(PathBuf::from).collect())
    }

    async fn send_packed(&self, directory: &str, sending: Sending) -> Result<(), CliError> {
        let Sending { pieces, sent: _, producer } = sending;
        let sent = self.send(directory, pieces).await;
        // What went wrong here is the cause of what the engine says then.
        if let Ok(Err(error)) = producer.await {
            return Err(error.into());
        }
        sent
    }

    async fn send(&self, directory: &str, archive: Pieces) -> Result<(), CliError> {
        let ownership = if self.manner.keeps_owners { Ownership::OfContainer } else { Ownership::OfArchive };
        match self
            .engine
            .unpack_to_path(self.container, directory, archive, ownership, OtherKinds::Stay)
            .await
        {
            Err(EngineError::Refused { status: 404, .. }) => {
                Err(no_directory(&format!("`{directory}` in {}", self.container)))
            }
            other => Ok(other?),
        }
    }
}

/// A directory, by its name in the archive, and all that are in it, from the root of the container.
fn directories_below(name: PathBuf, path: PathBuf) -> Vec<String> {
    let mut directories = Vec::new();
    let mut ways = vec![(name, path)];
    while let Some((name, directory)) = ways.pop() {
        directories.extend(name.to_str().filter(|name| !name.is_empty()).map(|name| format!("/{name}")));
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                ways.push((name.join(entry.file_name()), entry.path()));
            }
        }
    }
    directories
}

fn no_directory(place: &str) -> CliError {
    let help = "name an existing directory, or create it: `topo exec SERVICE mkdir -p DIRECTORY`";
    CliError::failed(format!("there is no directory {place}")).help(help)
}

/// Starts to pack; the first entry gets `name`, and contents none. The directories that are links there already get
/// no entry of their own. What is left out is told.
fn pack(source: &Source, name: String, linked: BTreeSet<PathBuf>, tell: mpsc::Sender<String>) -> Sending {
    let (path, metadata) = match source {
        Source::Input => (PathBuf::new(), None),
        Source::File { path, metadata } | Source::Directory { path, metadata } => {
            (path.clone(), Some(metadata))
        }
        Source::Stream { path: _, content, metadata } => (content.path().to_owned(), Some(metadata)),
        Source::Contents { path, metadata } => (path.clone(), Some(metadata).filter(|_| !name.is_empty())),
    };
    let metadata = metadata.cloned();
    let pack = move |archive: &mut Archive| {
        let name = Path::new(&name);
        if let Some(metadata) = metadata.as_ref().filter(|_| !linked.contains(name)) {
            archive.add(name, &path, metadata)?;
        }
        if metadata.is_none_or(|metadata| metadata.is_dir()) {
            pack_directory(archive, name, &path, &linked, &tell)
        } else {
            Ok(())
        }
    };
    packing::send(Owners::Kept, pack, cannot_read)
}

fn pack_directory(
    archive: &mut Archive,
    name: &Path,
    directory: &Path,
    linked: &BTreeSet<PathBuf>,
    tell: &mpsc::Sender<String>,
) -> Result<(), Stopped> {
    let unreadable = |error| Stopped::unreadable(directory, error);
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (name, path) = (name.join(entry.file_name()), entry.path());
        let metadata = fs::symlink_metadata(&path).map_err(|error| Stopped::unreadable(&path, error))?;
        if let Some(what) = special(metadata.file_type()) {
            // Nobody listens any more when the copy has failed.
            let _ = tell.send(format!("`{}` is {what}", path.display()));
            continue;
        }
        if !linked.contains(&name) {
            archive.add(&name, &path, &metadata)?;
        }
        if metadata.is_dir() {
            pack_directory(archive, &name, &path, linked, tell)?;
        }
    }
    Ok(())
}
