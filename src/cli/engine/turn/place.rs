//! In: the environment. Out: the file that runs of one project lock.
//! Must not: know what is written into it, or fail for good: without such a file runs go on, and say so.

use std::env::VarError;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file that can be locked.
pub(super) struct Opened {
    /// The file.
    pub(super) file: File,
    /// Where it is.
    pub(super) path: PathBuf,
    /// Whether this process has the lock now.
    pub(super) is_locked: bool,
}

/// Opens the file of this name in the first folder where files can be locked, and tries to lock it.
///
/// # Errors
///
/// There is no such folder; with what stood in the way of the one that was meant.
pub(super) fn open(name: &str, variable: &dyn Fn(&str) -> Result<String, VarError>) -> io::Result<Opened> {
    let mut first_error = None;
    for folder in folders(variable) {
        match open_in(&folder, name) {
            Ok(opened) => return Ok(opened),
            Err(error) => {
                let error = io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

/// Tries to lock a file; false when another process has the lock.
pub(super) fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether a file is still the one of this path: somebody who tidies up may have removed it meanwhile.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(own), Ok(other)) = (file.metadata(), path.metadata()) else { return false };
    (own.dev(), own.ino()) == (other.dev(), other.ino())
}

/// The best folder first: that of the user's session, which is gone with it, then that for state (XDG Base
/// Directory Specification), then one among the temporary files.
fn folders(variable: &dyn Fn(&str) -> Result<String, VarError>) -> Vec<PathBuf> {
    let user = rustix::process::getuid().as_raw();
    let absolute = |name: &str| variable(name).ok().map(PathBuf::from).filter(|path| path.is_absolute());
    let session = absolute("XDG_RUNTIME_DIR").or_else(|| {
        // A job of cron has no variable for it, and takes turns with a shell that has.
        let usual = PathBuf::from(format!("/run/user/{user}"));
        is_own(&usual, user).then_some(usual)
    });
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    let temporary = std::env::temp_dir().join(format!("topo-{user}"));
    let own = [session, state].into_iter().flatten().map(|folder| folder.join("topo"));
    own.chain([temporary]).collect()
}

fn is_own(folder: &Path, user: u32) -> bool {
    folder.symlink_metadata().is_ok_and(|it| it.is_dir() && it.uid() == user)
}

fn open_in(folder: &Path, name: &str) -> io::Result<Opened> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // Where everybody may make folders, somebody else may have made this one.
    if !is_own(folder, rustix::process::getuid().as_raw()) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "it is not a directory that belongs to this user",
        ));
    }
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    let no_waiting = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(no_waiting);
    let file = options.open(&path)?;
    let is_locked = try_lock(&file)?;
    Ok(Opened { file, path, is_locked })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn open_with(variables: &[(&str, &Path)], name: &str) -> io::Result<Opened> {
        let variables: BTreeMap<&str, String> =
            variables.iter().map(|(name, path)| (*name, path.display().to_string())).collect();
        open(name, &|name| variables.get(name).cloned().ok_or(VarError::NotPresent))
    }

    #[test]
    fn one_has_the_lock_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let variables = [("XDG_RUNTIME_DIR", folder.path())];
        let first = open_with(&variables, "shop.lock").unwrap();
        assert!(first.is_locked && is_at(&first.file, &first.path));
        assert!(!open_with(&variables, "shop.lock").unwrap().is_locked);
        assert!(open_with(&variables, "blog.lock").unwrap().is_locked);
        std::fs::remove_file(&first.path).unwrap();
        assert!(!is_at(&first.file, &first.path));
        drop(first);
        assert!(open_with(&variables, "shop.lock").unwrap().is_locked);
    }

    #[test]
    fn a_folder_that_cannot_be_used_gives_way_to_the_next() {
        let (odd, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let wanted = home.path().join(".local/state/topo/shop.lock");
        // What is no folder, what is not there and cannot be made, and what has a folder in the file's place.
        std::fs::write(odd.path().join("topo"), "").unwrap();
        std::fs::create_dir_all(odd.path().join("deep/topo/shop.lock")).unwrap();
        for session in [odd.path().to_owned(), PathBuf::from("/proc/none"), odd.path().join("deep")] {
            let opened = open_with(&[("XDG_RUNTIME_DIR", &session), ("HOME", home.path())], "shop.lock");
            assert_eq!(opened.unwrap().path, wanted, "{}", session.display());
        }
        let relative = Path::new("runtime");
        let opened = open_with(&[("XDG_RUNTIME_DIR", relative), ("HOME", home.path())], "shop.lock");
        assert_eq!(opened.unwrap().path, wanted);
    }

    #[test]
    fn without_a_home_there_is_a_folder_among_temporary_files() {
        let name = format!("test-{}.lock", std::process::id());
        let opened = open_with(&[("XDG_RUNTIME_DIR", Path::new("/proc/none"))], &name).unwrap();
        assert!(opened.is_locked && opened.path.starts_with(std::env::temp_dir()));
        std::fs::remove_file(opened.path).unwrap();
    }
}
