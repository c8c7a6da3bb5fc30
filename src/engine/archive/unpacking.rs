//! In: an archive streamed from the engine. Out: its files on this machine, and what was left out.
//! Must not: keep more than a few chunks in memory, write outside the given directory, or replace a
//! device, a named pipe or a socket.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use tar::{Entry, EntryType};
use tokio::sync::mpsc;

use crate::engine::EngineError;
use crate::engine::archive::packing::Owners;
use crate::engine::local_file::{self, Standing, special};

/// How many chunks may wait to be written.
const WAITING: usize = 4;

/// Where an archive is unpacked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its entries go into this directory, which is created if missing.
    Directory(PathBuf),
    /// Its only entry becomes this file, or is written to the existing stream.
    File(PathBuf),
}

/// An entry that was not written, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It is neither a file, a directory nor a link.
    Special {
        /// Its path in the archive.
        entry: PathBuf,
        /// Its kind: `a device`.
        what: &'static str,
    },
    /// Its path leads out of the archive: `../x`.
    Outside {
        /// The path in the archive.
        entry: PathBuf,
    },
    /// Something that must not be replaced is in its place.
    Occupied {
        /// The path on this machine.
        place: PathBuf,
        /// Its kind: `a device`.
        what: &'static str,
    },
    /// A link on this machine, in place of a directory, leads out of the given directory.
    Behind {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
}

impl fmt::Display for LeftOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Special { entry, what } => write!(formatter, "`{}` is {what}", entry.display()),
            Self::Outside { entry } => write!(formatter, "`{}` leads out of the directory", entry.display()),
            Self::Occupied { place, what } => {
                write!(formatter, "`{}` is {what} here, which is not replaced", place.display())
            }
            Self::Behind { link, target } => write!(
                formatter,
                "`{}` is a link here that leads out of the directory, to `{}`",
                link.display(),
                target.display()
            ),
        }
    }
}

/// Why an archive could not be unpacked.
#[derive(Debug)]
pub enum Failure {
    /// The engine ended the stream early.
    Engine(EngineError),
    /// An error on this machine.
    File(io::Error),
}

/// Writes an archive's files as it arrives. Returns what was left out.
///
/// # Errors
///
/// The engine ends the stream early, or a file cannot be written.
pub async fn unpack(
    mut archive: impl Stream<Item = Result<Bytes, EngineError>> + Unpin,
    place: Place,
    owners: Owners,
) -> Result<BTreeSet<LeftOut>, Failure> {
    let (pieces, waiting) = mpsc::channel(WAITING);
    let writing = tokio::task::spawn_blocking(move || write(waiting, &place, owners));
    let mut cut_off = None;
    while let Some(piece) = archive.next().await {
        let piece = piece.map_err(|error| {
            cut_off = Some(error);
            io::Error::from(io::ErrorKind::UnexpectedEof)
        });
        // The writer ends before the archive if something goes wrong.
        if pieces.send(piece).await.is_err() {
            break;
        }
    }
    drop(pieces);
    let written = writing.await.unwrap_or_else(|panic| Err(io::Error::other(panic.to_string())));
    match cut_off {
        Some(error) => Err(Failure::Engine(error)),
        None => written.map_err(|error| Failure::File(io::Error::new(error.kind(), chain(&error)))),
    }
}

fn write(
    waiting: mpsc::Receiver<io::Result<Bytes>>,
    place: &Place,
    owners: Owners,
) -> io::Result<BTreeSet<LeftOut>> {
    let mut archive = tar::Archive::new(Pieces { waiting, piece: Bytes::new() });
    archive.set_preserve_ownerships(owners == Owners::Kept);
    match place {
        Place::Directory(directory) => write_directory(&mut archive, directory, owners),
        Place::File(path) => write_file(&mut archive, path, owners),
    }
}

fn write_directory(
    archive: &mut tar::Archive<Pieces>,
    root: &Path,
    owners: Owners,
) -> io::Result<BTreeSet<LeftOut>> {
    let is_new = !root.exists();
    if is_new {
        fs::create_dir(root).map_err(|error| about(root, &error))?;
    }
    let whole = root.canonicalize().map_err(|error| about(root, &error))?;
    let mut directory = Directory { root, whole, owners, left_out: BTreeSet::new() };
    // Permissions of directories are set last, so that read-only ones still get their files.
    let mut directories = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let Some(place) = directory.place_of(&entry)? else { continue };
        if entry.header().entry_type() != EntryType::Directory {
            directory.write(&mut entry, &place)?;
        } else if place == root {
            directories.extend(is_new.then_some((entry, place)));
        } else if directory.make(&place)? {
            directories.push((entry, place));
        }
    }
    for (mut entry, place) in directories.into_iter().rev() {
        if place == root {
            fs::set_permissions(root, Permissions::from_mode(entry.header().mode()? & 0o777))?;
        }
        entry.unpack_in(root)?;
    }
    Ok(directory.left_out)
}

/// A directory that the entries of an archive are written to.
struct Directory<'a> {
    /// As given.
    root: &'a Path,
    /// Without symbolic links.
    whole: PathBuf,
    owners: Owners,
    left_out: BTreeSet<LeftOut>,
}

impl Directory<'_> {
    /// Where an entry is written; `None` if it is left out.
    fn place_of(&mut self, entry: &Entry<'_, Pieces>) -> io::Result<Option<PathBuf>> {
        let path = entry.path()?;
        let path = path.strip_prefix(".").unwrap_or(&path).to_owned();
        let mut place = self.root.to_owned();
        for part in path.components() {
            match part {
                Component::Normal(name) => {
                    // The parent is inside the directory; the target itself may be replaced.
                    if let Some(behind) = self.leads_out(&place) {
                        self.left_out.insert(behind);
                        return Ok(None);
                    }
                    place.push(name);
                }
                Component::ParentDir => {
                    self.left_out.insert(LeftOut::Outside { entry: path });
                    return Ok(None);
                }
                Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
            }
        }
        let what = match entry.header().entry_type() {
            EntryType::Char | EntryType::Block => Some("a device"),
            EntryType::Fifo => Some("a named pipe"),
            _ => None,
        };
        if let Some(what) = what {
            self.left_out.insert(LeftOut::Special { entry: path, what });
            return Ok(None);
        }
        if let Some(what) = occupant(&place) {
            self.left_out.insert(LeftOut::Occupied { place, what });
            return Ok(None);
        }
        Ok(Some(place))
    }

    /// A link in place of a directory that leads out of the root.
    fn leads_out(&self, place: &Path) -> Option<LeftOut> {
        if place == self.root || !place.is_symlink() {
            return None;
        }
        let target = place.canonicalize().ok()?;
        (!target.starts_with(&self.whole)).then(|| LeftOut::Behind { link: place.to_owned(), target })
    }

    /// Creates a directory; false if it already exists, in which case it keeps its permissions, or
    /// is left out.
    fn make(&mut self, place: &Path) -> io::Result<bool> {
        if let Some(behind) = self.leads_out(place) {
            self.left_out.insert(behind);
            return Ok(false);
        }
        if place.is_dir() {
            return Ok(self.owners == Owners::Kept);
        }
        if place.symlink_metadata().is_ok() {
            return Err(io::Error::other(format!("`{}` is not a directory", place.display())));
        }
        fs::create_dir_all(place).map_err(|error| about(place, &error))?;
        Ok(true)
    }

    fn write(&mut self, entry: &mut Entry<'_, Pieces>, place: &Path) -> io::Result<()> {
        let there = place.symlink_metadata().ok();
        if there.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(io::Error::other(format!(
                "a file cannot replace the directory `{}`",
                place.display()
            )));
        }
        let is_file = there.as_ref().is_some_and(fs::Metadata::is_file);
        match entry.header().entry_type() {
            EntryType::Link => {
                let original = entry.link_name()?.map(|name| self.root.join(name));
                // The original of the hard link was left out.
                if let Some((original, what)) =
                    original.and_then(|path| Some((path.clone(), occupant(&path)?)))
                {
                    self.left_out.insert(LeftOut::Occupied { place: original, what });
                    return Ok(());
                }
                // The library replaces existing files for a file or a symbolic link, but not for a
                // hard link.
                if is_file {
                    fs::remove_file(place).map_err(|error| about(place, &error))?;
                }
            }
            EntryType::Symlink | EntryType::XGlobalHeader => {}
            // Other names of a file may belong to somebody else, or to other files of the archive.
            _ if there.is_some_and(|there| there.is_file() && there.nlink() == 1)
                && overwrite(entry, place, self.owners)? =>
            {
                return Ok(());
            }
            _ => {}
        }
        entry.unpack_in(self.root).map(drop)
    }
}

/// What must not be replaced at a path, or where a link at the path leads.
fn occupant(place: &Path) -> Option<&'static str> {
    let kind = place.symlink_metadata().ok()?.file_type();
    if !kind.is_symlink() {
        return special(kind);
    }
    special(fs::metadata(place).ok()?.file_type()).map(|_| "a link to a device, a pipe or a socket")
}

/// Writes an entry into an existing file, which keeps its permissions unless owners are kept too;
/// false if the file is not writable, in which case it may be replaced.
fn overwrite(entry: &mut Entry<'_, Pieces>, place: &Path, owners: Owners) -> io::Result<bool> {
    let mut file = match OpenOptions::new().write(true).truncate(true).open(place) {
        Ok(file) => file,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ExecutableFileBusy
            ) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(about(place, &error)),
    };
    io::copy(entry, &mut file).map_err(|error| about(place, &error))?;
    if owners == Owners::Kept {
        let header = entry.header();
        let [user, group] = [header.uid()?, header.gid()?].map(|id| u32::try_from(id).ok());
        fchown(&file, user, group).map_err(|error| about(place, &error))?;
        file.set_permissions(Permissions::from_mode(header.mode()? & 0o777))?;
    }
    file.set_modified(UNIX_EPOCH + Duration::from_secs(entry.header().mtime()?))?;
    Ok(true)
}

fn write_file(
    archive: &mut tar::Archive<Pieces>,
    path: &Path,
    owners: Owners,
) -> io::Result<BTreeSet<LeftOut>> {
    let mut entries = archive.entries()?;
    let mut entry = entries.next().ok_or_else(|| io::Error::other("the engine sent nothing"))??;
    let is_link = entry.header().entry_type() == EntryType::Symlink;
    match local_file::look(path) {
        Standing::Stream if !is_link => {
            let mut stream = local_file::open(path).map_err(|error| about(path, &error))?;
            // A reader that is gone is recognised by the kind of the error.
            io::copy(&mut entry, &mut stream)?;
            return Ok(BTreeSet::new());
        }
        Standing::Stream | Standing::Taken(_) => {
            let what = occupant(path).unwrap_or("a stream");
            return Ok(BTreeSet::from([LeftOut::Occupied { place: path.to_owned(), what }]));
        }
        Standing::File if !is_link && overwrite(&mut entry, path, owners)? => {}
        Standing::File | Standing::Directory | Standing::Nothing => {
            entry.unpack(local_file::target(path)).map(drop)?;
        }
    }
    Ok(BTreeSet::new())
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write `{}`: {error}", path.display()))
}

/// An error with its sources, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        behind = error.source();
    }
    text
}

/// Reads from a channel of chunks.
struct Pieces {
    waiting: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.waiting.blocking_recv() {
                None => return Ok(0),
                Some(piece) => self.piece = piece?,
            }
        }
        let count = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
