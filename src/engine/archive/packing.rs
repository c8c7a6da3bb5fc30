//! In: files on this machine. Out: a tar archive of them, streamed while it is written. Must not:
//! keep more than a few chunks in memory, or choose the files.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bytes::{Bytes, BytesMut};
use tar::{EntryType, Header};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::engine::EngineError;

/// The size of a chunk, in bytes.
pub const PIECE: usize = 128 * 1024;
/// How many chunks may wait to be sent.
const WAITING: usize = 4;

/// Chunks of an archive.
pub type Pieces = mpsc::Receiver<io::Result<Bytes>>;

/// An archive that is being sent.
pub struct Sending {
    /// The data for the engine.
    pub pieces: Pieces,
    /// The number of bytes sent so far, now and then.
    pub sent: mpsc::UnboundedReceiver<u64>,
    /// Ends when everything was sent, or with an error on this side.
    pub producer: JoinHandle<Result<(), EngineError>>,
}

/// Why an archive ends early.
pub enum Stopped {
    /// The receiver is gone: the request has failed and reports why.
    Unwanted,
    /// Something cannot be read.
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// Another error on this side.
    Trouble(EngineError),
}

/// Read errors become [`Stopped::Unreadable`] where they occur: what is left are write errors.
impl From<io::Error> for Stopped {
    fn from(_: io::Error) -> Self {
        Self::Unwanted
    }
}

impl From<EngineError> for Stopped {
    fn from(error: EngineError) -> Self {
        Self::Trouble(error)
    }
}

impl Stopped {
    /// `path` cannot be read.
    pub fn unreadable(path: &Path, error: io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), error }
    }
}

/// Whether an archive has the owners of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// The owners on this machine mean nothing in a container.
    LeftOut,
    /// They are kept.
    Kept,
}

/// An archive that is being written.
pub struct Archive {
    builder: tar::Builder<PieceWriter>,
    owners: Owners,
}

/// Starts packing, no faster than the archive is sent. `explain` describes what an unreadable file
/// means.
pub fn send(
    owners: Owners,
    pack: impl FnOnce(&mut Archive) -> Result<(), Stopped> + Send + 'static,
    explain: fn(&Path, &io::Error) -> EngineError,
) -> Sending {
    let (pieces, waiting) = mpsc::channel(WAITING);
    let (counts, sent) = mpsc::unbounded_channel();
    let producer = tokio::task::spawn_blocking(move || {
        let writer = PieceWriter { pieces, counts, piece: BytesMut::new(), sent: 0 };
        let mut archive = Archive { builder: tar::Builder::new(writer), owners };
        let packed = pack(&mut archive).and_then(|()| Ok(archive.builder.finish()?));
        let error = match packed {
            Ok(()) | Err(Stopped::Unwanted) => {
                // If the receiver is gone, the rest is not needed.
                let _ = archive.builder.get_mut().flush();
                return Ok(());
            }
            Err(Stopped::Unreadable { path, error }) => explain(&path, &error),
            Err(Stopped::Trouble(error)) => error,
        };
        archive.builder.get_mut().break_off();
        Err(error)
    });
    Sending { pieces: waiting, sent, producer }
}

impl Archive {
    /// Adds a path of this machine: a directory without its content, a link itself, or a file.
    /// Sockets, pipes and devices are left out: they mean nothing elsewhere.
    pub fn add(&mut self, name: &Path, on_disk: &Path, metadata: &Metadata) -> Result<(), Stopped> {
        if metadata.is_dir() {
            return self.add_directory(name, metadata);
        }
        if metadata.is_symlink() {
            return self.add_link(name, on_disk, metadata);
        }
        if metadata.is_file() { self.add_file(name, on_disk, metadata) } else { Ok(()) }
    }

    /// Adds a file with this text.
    pub fn add_text(&mut self, name: &str, text: &[u8]) -> Result<(), Stopped> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        Ok(self.builder.append_data(&mut header, name, text)?)
    }

    fn add_directory(&mut self, name: &Path, metadata: &Metadata) -> Result<(), Stopped> {
        let mut header = self.header(EntryType::Directory, metadata);
        header.set_size(0);
        // The empty last component makes the trailing slash of a directory.
        Ok(self.builder.append_data(&mut header, name.join(""), io::empty())?)
    }

    fn add_link(&mut self, name: &Path, on_disk: &Path, metadata: &Metadata) -> Result<(), Stopped> {
        let target = fs::read_link(on_disk).map_err(|error| Stopped::unreadable(on_disk, error))?;
        let mut header = self.header(EntryType::Symlink, metadata);
        header.set_size(0);
        Ok(self.builder.append_link(&mut header, name, target)?)
    }

    fn add_file(&mut self, name: &Path, on_disk: &Path, metadata: &Metadata) -> Result<(), Stopped> {
        let file = File::open(on_disk).map_err(|error| Stopped::unreadable(on_disk, error))?;
        let mut header = self.header(EntryType::Regular, metadata);
        header.set_size(metadata.len());
        let mut exact = Exact { file, left: metadata.len(), trouble: None };
        let added = self.builder.append_data(&mut header, name, &mut exact);
        match exact.trouble {
            Some(error) => Err(Stopped::unreadable(on_disk, error)),
            None => Ok(added?),
        }
    }

    fn header(&self, kind: EntryType, metadata: &Metadata) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(metadata.permissions().mode() & 0o7777);
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        header.set_mtime(modified.map_or(0, |time| time.as_secs()));
        if self.owners == Owners::Kept {
            header.set_uid(metadata.uid().into());
            header.set_gid(metadata.gid().into());
        }
        header
    }
}

/// Reads exactly as many bytes as the file's header says.
struct Exact {
    file: File,
    left: u64,
    trouble: Option<io::Error>,
}

impl Read for Exact {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = match self.file.read(&mut buffer[..most]) {
            Ok(0) => Err(io::Error::other("it was truncated while it was being sent")),
            other => other,
        };
        match count {
            Ok(count) => self.left -= count as u64,
            Err(ref error) => self.trouble = Some(io::Error::new(error.kind(), error.to_string())),
        }
        count
    }
}

/// Sends bytes in chunks, and blocks while too many are pending.
struct PieceWriter {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    counts: mpsc::UnboundedSender<u64>,
    piece: BytesMut,
    sent: u64,
}

impl PieceWriter {
    /// Ends the body with an error: a mere end would look like a complete archive.
    fn break_off(&self) {
        // Without a receiver, the request is over anyway.
        let _ = self.pieces.blocking_send(Err(io::ErrorKind::Interrupted.into()));
    }
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        self.sent += self.piece.len() as u64;
        let piece = self.piece.split().freeze();
        self.pieces.blocking_send(Ok(piece)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        // The count is optional.
        let _ = self.counts.send(self.sent);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let file = tempfile::tempfile().unwrap();
        let mut exact = Exact { file, left: 5, trouble: None };
        assert!(exact.read(&mut [0; 8]).is_err());
        assert_eq!(exact.trouble.unwrap().to_string(), "it was truncated while it was being sent");
    }
}
