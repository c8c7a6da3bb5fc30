//! In: a path that the user named for something to be written to. Out: what is there, and a file to write
//! to. Must not: replace a device, a named pipe or a socket, or write to a disk past its file system.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::EngineError;

/// What is at a path; of a symbolic link, what it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing, or a link that leads to nothing.
    Nothing,
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A terminal, `/dev/null`, a pipe, a standard stream: it takes what is written to it.
    Stream,
    /// A disk or a socket: nothing is written to it, and it stays.
    Taken(&'static str),
}

/// Works on files where that holds nobody up: a directory on a server may take its time.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| EngineError::Other(error.to_string()))?
}

/// How many links may lead to one another, as in the kernel.
const LONGEST_CHAIN: usize = 40;

/// Looks at what is at a path.
pub fn look(path: &Path) -> Standing {
    if standard_stream(path).is_some() {
        return Standing::Stream;
    }
    let Ok(metadata) = fs::metadata(path) else { return Standing::Nothing };
    let kind = metadata.file_type();
    match special(kind) {
        Some(word) if kind.is_block_device() || kind.is_socket() => Standing::Taken(word),
        Some(_) => Standing::Stream,
        None if kind.is_dir() => Standing::Folder,
        None => Standing::File,
    }
}

/// What something is called that is neither a file, a folder nor a link.
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

/// Opens what is at a path to be written to, and makes a file where nothing is. A file is emptied first; it
/// keeps its permissions, its owner and its other names.
///
/// # Errors
///
/// The path names a folder, a disk or a socket, or the system refuses.
pub fn open(path: &Path) -> io::Result<File> {
    if let Some(stream) = standard_stream(path) {
        return stream;
    }
    match look(path) {
        Standing::Nothing | Standing::File => {
            OpenOptions::new().write(true).create(true).truncate(true).open(path)
        }
        Standing::Stream => OpenOptions::new().write(true).open(path),
        Standing::Folder => Err(io::ErrorKind::IsADirectory.into()),
        Standing::Taken(word) => Err(io::Error::other(format!("it is {word}"))),
    }
}

/// Writes a text to what is at a path, as [`open`] has it.
///
/// # Errors
///
/// As of [`open`], or the text cannot be written.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    io::Write::write_all(&mut open(path)?, text.as_bytes())
}

/// What a chain of links leads to, whether it is there or not.
pub fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LONGEST_CHAIN {
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    path
}

/// Whether a path is that of an open file of this process: `/dev/stdin`, or `/dev/fd/63` of `<(...)`.
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

/// The program's own standard stream, where a path leads to it: `/dev/stdout`. To open it by its path would
/// empty the file that a shell appends to, and fails for a socket.
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

/// The number of one of this process's open files: `/dev/fd/1`.
fn descriptor(path: &Path) -> Option<&str> {
    let own = PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    let folder = path.parent()?;
    let is_own = folder == Path::new("/proc/self/fd") || folder == Path::new("/dev/fd") || folder == own;
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
    fn a_file_keeps_its_permissions_and_its_other_names() {
        let folder = tempfile::tempdir().unwrap();
        let [secret, other, link] = ["secret", "other", "link"].map(|name| folder.path().join(name));
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
    fn a_link_to_nothing_makes_what_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        symlink("late", folder.path().join("link")).unwrap();
        write(&folder.path().join("link"), "x").unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("late")).unwrap(), "x");
        assert!(folder.path().join("link").is_symlink());
    }

    #[test]
    fn a_pipe_is_written_to_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
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
    fn a_socket_and_a_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        assert_eq!(write(&path, "x").unwrap_err().to_string(), "it is a socket");
        assert!(fs::metadata(&path).unwrap().file_type().is_socket());
        assert_eq!(write(folder.path(), "x").unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn a_link_to_a_standard_stream_is_that_stream() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("out");
        symlink("/proc/self/fd/1", &link).unwrap();
        for path in [link.as_path(), Path::new("/dev/stdout"), Path::new("/dev/fd/2")] {
            assert_eq!(look(path), Standing::Stream, "{}", path.display());
            assert!(standard_stream(path).unwrap().is_ok());
        }
        assert!(standard_stream(Path::new("/dev/null")).is_none());
    }
}
