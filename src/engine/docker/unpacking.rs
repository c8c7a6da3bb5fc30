//! In: an archive as it comes from the engine. Out: its files on this machine.
//! Must not: hold more of it in memory than a few pieces, or write outside the folder that was named.

use std::error::Error;
use std::fs::{self, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use tar::{Entry, EntryType};
use tokio::sync::mpsc;

use crate::engine::EngineError;
use crate::engine::docker::packing::Owners;

/// How many pieces may wait to be written.
const WAITING: usize = 4;

/// Where an archive goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its entries go into this folder, which is made when it is missing.
    Folder(PathBuf),
    /// Its only entry becomes this file.
    File(PathBuf),
}

/// Writes an archive's files, no faster than it comes and no slower.
pub async fn unpack(
    mut archive: impl Stream<Item = Result<Bytes, EngineError>> + Unpin,
    place: Place,
    owners: Owners,
) -> Result<(), EngineError> {
    let (pieces, waiting) = mpsc::channel(WAITING);
    let writing = tokio::task::spawn_blocking(move || write(waiting, &place, owners));
    let mut cut_off = None;
    while let Some(piece) = archive.next().await {
        let piece = piece.map_err(|error| {
            cut_off = Some(error);
            io::Error::from(io::ErrorKind::UnexpectedEof)
        });
        // The writer ends before the archive does when something is in its way.
        if pieces.send(piece).await.is_err() {
            break;
        }
    }
    drop(pieces);
    let written = writing.await.unwrap_or_else(|panic| Err(EngineError::Other(panic.to_string())));
    cut_off.map_or(written, Err)
}

fn write(
    waiting: mpsc::Receiver<io::Result<Bytes>>,
    place: &Place,
    owners: Owners,
) -> Result<(), EngineError> {
    let mut archive = tar::Archive::new(Pieces { waiting, piece: Bytes::new() });
    archive.set_preserve_ownerships(owners == Owners::Kept);
    let written = match place {
        Place::Folder(folder) => write_folder(&mut archive, folder),
        Place::File(path) => write_file(&mut archive, path),
    };
    written.map_err(|error| EngineError::Other(chain(&error)))
}

fn write_folder(archive: &mut tar::Archive<Pieces>, folder: &Path) -> io::Result<()> {
    let is_new = !folder.exists();
    if is_new {
        fs::create_dir(folder).map_err(|error| about(folder, &error))?;
    }
    // Folders get their permissions last: one that may not be written to still gets its files.
    let mut folders = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        match entry.header().entry_type() {
            EntryType::Directory => {
                make_folder(&entry, folder)?;
                folders.push(entry);
            }
            EntryType::Link => {
                // The library makes room for a file or a symbolic link, but not for a hard link.
                remove_file(&entry, folder);
                entry.unpack_in(folder)?;
            }
            _ => drop(entry.unpack_in(folder)?),
        }
    }
    for mut entry in folders.into_iter().rev() {
        let is_root = entry.path()?.components().all(|part| part == std::path::Component::CurDir);
        if is_root && is_new {
            fs::set_permissions(folder, Permissions::from_mode(entry.header().mode()? & 0o777))?;
        }
        entry.unpack_in(folder)?;
    }
    Ok(())
}

fn make_folder(entry: &Entry<'_, Pieces>, folder: &Path) -> io::Result<()> {
    let path = folder.join(entry.path()?);
    let is_taken = path.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) && !path.is_dir();
    if is_taken { Err(io::Error::other(format!("`{}` is no folder", path.display()))) } else { Ok(()) }
}

fn remove_file(entry: &Entry<'_, Pieces>, folder: &Path) {
    // Whether the place is free is seen when the link is made.
    let is_plain =
        |path: &Path| path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if let Ok(path) = entry.path()
        && is_plain(&path)
        && folder.join(&path).symlink_metadata().is_ok_and(|metadata| metadata.is_file())
    {
        let _ = fs::remove_file(folder.join(path));
    }
}

fn write_file(archive: &mut tar::Archive<Pieces>, path: &Path) -> io::Result<()> {
    let mut entries = archive.entries()?;
    let mut entry = entries.next().ok_or_else(|| io::Error::other("the engine sent nothing"))??;
    entry.unpack(path).map(drop)
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot make `{}`: {error}", path.display()))
}

/// An error and what is behind it, in one line.
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

/// Reads what is sent piece by piece.
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
