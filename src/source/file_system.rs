//! In: paths. Out: what stands there, on disk or in texts that are not on disk.
//! Must not: ask the process for its working directory, or change a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{FileType, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{FILE_LIMIT, ReadError, cleaned};

/// What the files of a topology are read from: this machine's disk and, over it, texts that are not on disk,
/// such as what an editor has not saved.
///
/// The default one is the disk as it is; it does not know the working directory, and shows paths as they are.
#[derive(Clone, Debug, Default)]
pub struct FileSystem {
    working_directory: PathBuf,
    /// By absolute paths without `.` and `..`.
    overlay: Arc<BTreeMap<PathBuf, Arc<str>>>,
}

impl FileSystem {
    /// The disk, seen from a working directory.
    pub fn new(working_directory: impl Into<PathBuf>) -> Self {
        Self { working_directory: cleaned(&working_directory.into()), overlay: Arc::default() }
    }

    /// Has `text` read in place of what is on disk at `path`, whether or not something is there. `-` is standard
    /// input.
    pub fn with_text(mut self, path: impl AsRef<Path>, text: impl Into<Arc<str>>) -> Self {
        let path = self.absolute(path.as_ref());
        Arc::make_mut(&mut self.overlay).insert(path, text.into());
        self
    }

    /// The directory that relative paths start from.
    pub fn working_directory(&self) -> &Path {
        &self.working_directory
    }

    /// A path from the root on, without `.` and `..`; `-`, which is standard input, stays.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        if path == Path::new("-") {
            return path.to_owned();
        }
        cleaned(&self.working_directory.join(path))
    }

    /// A path as people like to see it: from the working directory on when it is below it.
    pub fn shown(&self, path: &Path) -> PathBuf {
        if self.working_directory.as_os_str().is_empty() {
            return path.to_owned();
        }
        match path.strip_prefix(&self.working_directory) {
            Ok(rest) if rest.as_os_str().is_empty() => PathBuf::from("."),
            Ok(rest) => rest.to_owned(),
            Err(_) => path.to_owned(),
        }
    }

    /// Whether something is at a path.
    pub fn exists(&self, path: &Path) -> bool {
        self.kind(path).is_some()
    }

    /// Whether a file is at a path.
    pub fn is_file(&self, path: &Path) -> bool {
        self.kind(path) == Some(FileKind::File)
    }

    /// Whether a directory is at a path.
    pub fn is_directory(&self, path: &Path) -> bool {
        self.kind(path) == Some(FileKind::Directory)
    }

    /// What is at a path, links followed. Nothing is opened.
    pub fn kind(&self, path: &Path) -> Option<FileKind> {
        if self.has_text(path) {
            return Some(FileKind::File);
        }
        let on_disk =
            std::fs::metadata(self.on_disk(path)).ok().map(|metadata| FileKind::of(metadata.file_type()));
        on_disk.or_else(|| self.has_text_below(path).then_some(FileKind::Directory))
    }

    /// Names of what is directly in a directory, in their order; those that are not UTF-8 are left out.
    pub fn names_in(&self, directory: &Path) -> Vec<String> {
        let entries = self.on_disk(directory).read_dir().into_iter().flatten().flatten();
        let on_disk = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: BTreeSet<String> = on_disk.collect();
        let directory = self.absolute(directory);
        let below = self.overlay.keys().filter_map(|path| path.strip_prefix(&directory).ok());
        names.extend(below.filter_map(|rest| Some(rest.iter().next()?.to_str()?.to_owned())));
        names.into_iter().collect()
    }

    /// The bytes of a regular file of at most [`FILE_LIMIT`] bytes that no place in it is shown of. What the
    /// shell hands over is refused: the engine, which mounts the file, does not have it.
    ///
    /// # Errors
    ///
    /// It is missing, unreadable, not a regular file, or too large.
    pub fn bytes(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        match self.text(path) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None if is_handed_over(path) => Err(ReadError::NotAFile(path.to_owned())),
            None => read_regular(&self.on_disk(path), &self.shown(path)),
        }
    }

    /// Whether [`FileSystem::bytes`] would take a path. Nothing is opened: a FIFO would wait for its writer.
    ///
    /// # Errors
    ///
    /// Those of [`FileSystem::bytes`].
    pub fn check(&self, path: &Path) -> Result<(), ReadError> {
        if self.has_text(path) {
            return Ok(());
        }
        let shown = self.shown(path);
        let metadata = std::fs::metadata(self.on_disk(path)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => ReadError::Missing(shown.clone()),
            _ => ReadError::Io { path: shown.clone(), error },
        })?;
        match metadata.len() {
            _ if is_null_device(&metadata) => Ok(()),
            _ if is_handed_over(path) || !metadata.is_file() => Err(ReadError::NotAFile(shown)),
            length if length > FILE_LIMIT => Err(ReadError::TooLarge(shown)),
            _ => Ok(()),
        }
    }

    /// What a topology's file holds: `-` is standard input, and the null device an empty file.
    pub(super) fn read(&self, path: &Path, shown: &Path) -> Result<Vec<u8>, ReadError> {
        match self.text(path) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None if path == Path::new("-") => read_bounded(path, std::io::stdin().lock()),
            None if is_handed_over(path) => read_handed_over(path, shown),
            None => read_regular(&self.on_disk(path), shown),
        }
    }

    fn text(&self, path: &Path) -> Option<&Arc<str>> {
        if self.overlay.is_empty() { None } else { self.overlay.get(&self.absolute(path)) }
    }

    fn has_text(&self, path: &Path) -> bool {
        self.text(path).is_some()
    }

    fn has_text_below(&self, path: &Path) -> bool {
        !self.overlay.is_empty() && {
            let directory = self.absolute(path);
            self.overlay.keys().any(|path| path.starts_with(&directory) && *path != directory)
        }
    }

    /// The path that the system is asked for. `..` after a link is left to the system.
    fn on_disk(&self, path: &Path) -> PathBuf {
        self.working_directory.join(path)
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device of characters.
    CharacterDevice,
    /// A device of blocks.
    BlockDevice,
    /// A pipe, a socket.
    Other,
}

impl FileKind {
    fn of(file_type: FileType) -> Self {
        match file_type {
            _ if file_type.is_file() => Self::File,
            _ if file_type.is_dir() => Self::Directory,
            _ if file_type.is_char_device() => Self::CharacterDevice,
            _ if file_type.is_block_device() => Self::BlockDevice,
            _ => Self::Other,
        }
    }
}

/// Reads a file that is no text of the topology, such as the content of a secret.
///
/// # Errors
///
/// It is missing, unreadable, not a regular file, or has no end.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, ReadError> {
    if is_handed_over(path) { read_handed_over(path, path) } else { read_regular(path, path) }
}

fn read_handed_over(path: &Path, shown: &Path) -> Result<Vec<u8>, ReadError> {
    let open = std::fs::File::open(path);
    read_bounded(shown, open.map_err(|error| ReadError::Io { path: shown.to_owned(), error })?)
}

fn read_regular(path: &Path, shown: &Path) -> Result<Vec<u8>, ReadError> {
    let io = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => ReadError::Missing(shown.to_owned()),
        _ => ReadError::Io { path: shown.to_owned(), error },
    };
    // Asked before opening: opening a FIFO would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(io)?;
    if is_null_device(&metadata) {
        return Ok(Vec::new());
    }
    if !metadata.is_file() {
        return Err(ReadError::NotAFile(shown.to_owned()));
    }
    // Some files of `/proc` and `/sys` have no end, and wait for more.
    let without_waiting = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(without_waiting).open(path).map_err(io)?;
    read_bounded(shown, file)
}

/// What the shell hands over by number (`<(command)`) is open already, and is no regular file.
fn is_handed_over(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path == Path::new("/dev/stdin")
}

/// `/dev/null`, which is the customary way to name no file: the memory devices' third node on Linux
/// (`Documentation/admin-guide/devices.txt`, "1 char").
fn is_null_device(metadata: &Metadata) -> bool {
    let device = metadata.rdev();
    metadata.file_type().is_char_device() && (rustix::fs::major(device), rustix::fs::minor(device)) == (1, 3)
}

fn read_bounded(path: &Path, reader: impl Read) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    reader.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock => ReadError::NotAFile(path.to_owned()),
        _ => ReadError::Io { path: path.to_owned(), error },
    })?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(ReadError::TooLarge(path.to_owned()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_over_what_is_on_disk() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("saved"), "old").unwrap();
        std::fs::create_dir(directory.path().join("directory")).unwrap();
        let files = FileSystem::new(directory.path())
            .with_text("saved", "new")
            .with_text("./new/../new/deep/file", "é")
            .with_text("directory/file", "");
        let path = |name: &str| directory.path().join(name);
        assert_eq!(files.bytes(&path("saved")).unwrap(), b"new");
        assert_eq!(files.bytes(Path::new("new/deep/file")).unwrap(), "é".as_bytes());
        assert_eq!(files.kind(&path("new/deep/file")), Some(FileKind::File));
        assert_eq!(files.kind(&path("new/deep")), Some(FileKind::Directory));
        assert_eq!(files.kind(&path("new")), Some(FileKind::Directory));
        assert_eq!(files.kind(&path("ne")), None);
        assert_eq!(files.names_in(directory.path()), ["directory", "new", "saved"]);
        assert_eq!(files.names_in(&path("directory")), ["file"]);
        assert!(files.check(&path("saved")).is_ok());
        assert!(
            matches!(files.check(&path("new")), Err(ReadError::Missing(path)) if path == Path::new("new"))
        );
        assert_eq!(std::fs::read(path("saved")).unwrap(), b"old");
    }

    #[test]
    fn paths_are_shown_from_the_working_directory_on() {
        let files = FileSystem::new("/srv");
        let shown = |path: &str| files.shown(Path::new(path)).display().to_string();
        assert_eq!(["/srv/a/b", "/srv", "/srv2", "a"].map(shown), ["a/b", ".", "/srv2", "a"]);
        assert_eq!(files.absolute(Path::new("../a/./b")), Path::new("/a/b"));
        assert_eq!(files.absolute(Path::new("-")), Path::new("-"));
        assert_eq!(FileSystem::default().shown(Path::new("/a")), Path::new("/a"));
    }
}
