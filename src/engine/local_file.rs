//! In: a path to write to. Out: what exists there, and an open file. Must not: replace a device, a
//! named pipe or a socket, or write to a disk directly.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::EngineError;

/// What exists at a path, following symbolic links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing, or a dangling link.
    Nothing,
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A terminal, `/dev/null`, a pipe, a standard stream: it is written to directly.
    Stream,
    /// A disk or a socket, which is refused.
    Taken(&'static str),
}

/// Runs file operations on a blocking thread: a network file system may be slow.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| EngineError::System(error.to_string()))?
}

/// The maximum length of a chain of links, as in the kernel.
const LONGEST_CHAIN: usize = 40;

/// Looks up what exists at a path.
pub fn look(path: &Path) -> Standing {
    if standard_stream(path).is_some() {
        return Standing::Stream;
    }
    let Ok(metadata) = fs::metadata(path) else { return Standing::Nothing };
    let kind = metadata.file_type();
    match special(kind) {
        Some(word) if kind.is_block_device() || kind.is_socket() => Standing::Taken(word),
        Some(_) => Standing::Stream,
        None if kind.is_dir() => Standing::Directory,
        None => Standing::File,
    }
}

/// The name of a kind that is neither a file, a directory nor a link.
pub fn special(kind: fs::FileType) -> Option<&'static str> {
    if kind.is_block_device() || kind.is_char_device() {
        Some("a device")
    } else if kind.is_fifo() {
        Some("a named pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        None
    }
}

/// Opens a path for writing, and creates the file if missing. An existing file is truncated; it
/// keeps its permissions, its owner and its hard links.
///
/// # Errors
///
/// The path is a directory, a disk or a socket, or the system reports an error.
pub fn open(path: &Path) -> io::Result<File> {
    if let Some(stream) = standard_stream(path) {
        return stream;
    }
    match look(path) {
        Standing::Nothing | Standing::File => {
            OpenOptions::new().write(true).create(true).truncate(true).open(path)
        }
        Standing::Stream => OpenOptions::new().write(true).open(path),
        Standing::Directory => Err(io::ErrorKind::IsADirectory.into()),
        Standing::Taken(word) => Err(io::Error::other(format!("it is {word}"))),
    }
}

/// Writes a text to a path, as with [`open`].
///
/// # Errors
///
/// Those of [`open`], or the text cannot be written.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    io::Write::write_all(&mut open(path)?, text.as_bytes())
}

/// The end of a chain of links, whether it exists or not.
pub fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LONGEST_CHAIN {
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    path
}

/// Whether a path is an open file descriptor of this process: `/dev/stdin`, or `/dev/fd/63` of
/// `<(...)`.
pub fn is_open_file(path: &Path) -> bool {
    let mut path = path.to_owned();
    for _ in 0..LONGEST_CHAIN {
        if descriptor(&path).is_some() {
            return true;
        }
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    false
}

/// The standard stream of this process that a path leads to, such as `/dev/stdout`. Opening it by
/// path would truncate a file that a shell appends to, and fails for a socket.
fn standard_stream(path: &Path) -> Option<io::Result<File>> {
    let mut path = path.to_owned();
    for _ in 0..LONGEST_CHAIN {
        match descriptor(&path) {
            Some("1") => return Some(io::stdout().as_fd().try_clone_to_owned().map(File::from)),
            Some("2") => return Some(io::stderr().as_fd().try_clone_to_owned().map(File::from)),
            Some(_) => return None,
            None => {}
        }
        let target = fs::read_link(&path).ok()?;
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    None
}

/// The number of a file descriptor of this process: `/dev/fd/1`.
fn descriptor(path: &Path) -> Option<&str> {
    let own = PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    let directory = path.parent()?;
    let is_own =
        directory == Path::new("/proc/self/fd") || directory == Path::new("/dev/fd") || directory == own;
    path.file_name()?.to_str().filter(|_| is_own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    fn pipe(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn a_file_keeps_its_permissions_and_its_hard_links() {
        let directory = tempfile::tempdir().unwrap();
        let [secret, other, link] = ["secret", "other", "link"].map(|name| directory.path().join(name));
        fs::write(&secret, "a longer text").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        fs::hard_link(&secret, &other).unwrap();
        symlink("secret", &link).unwrap();
        write(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "new");
        assert_eq!(fs::metadata(&secret).unwrap().mode() & 0o777, 0o600);
        assert!(link.is_symlink());
    }

    #[test]
    fn a_dangling_link_creates_its_target() {
        let directory = tempfile::tempdir().unwrap();
        symlink("late", directory.path().join("link")).unwrap();
        write(&directory.path().join("link"), "x").unwrap();
        assert_eq!(fs::read_to_string(directory.path().join("late")).unwrap(), "x");
        assert!(directory.path().join("link").is_symlink());
    }

    #[test]
    fn a_pipe_is_written_to_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        pipe(&path);
        assert_eq!(look(&path), Standing::Stream);
        let reader = std::thread::spawn({
            let path = path.clone();
            move || {
                let mut text = String::new();
                File::open(path).unwrap().read_to_string(&mut text).unwrap();
                text
            }
        });
        write(&path, "through").unwrap();
        assert_eq!(reader.join().unwrap(), "through");
        assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
    }

    #[test]
    fn a_socket_and_a_directory_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        assert_eq!(write(&path, "x").unwrap_err().to_string(), "it is a socket");
        assert!(fs::metadata(&path).unwrap().file_type().is_socket());
        assert_eq!(write(directory.path(), "x").unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn a_link_to_a_standard_stream_is_that_stream() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("out");
        symlink("/proc/self/fd/1", &link).unwrap();
        for path in [link.as_path(), Path::new("/dev/stdout"), Path::new("/dev/fd/2")] {
            assert_eq!(look(path), Standing::Stream, "{}", path.display());
            assert!(standard_stream(path).unwrap().is_ok());
        }
        assert!(standard_stream(Path::new("/dev/null")).is_none());
    }
}
