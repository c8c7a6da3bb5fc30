//! In: the name of a program. Out: the file that runs, as Docker's own programs find theirs.
//! Must not: run it.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Finds a program in the PATH of the environment; a path stays as it is.
///
/// As in Go's `exec.LookPath`, what cannot be executed hides nothing, and a program in a folder that the PATH
/// names relative to the working folder (`.`, an empty entry) is not run: whoever owns the working folder
/// would choose the program.
///
/// # Errors
///
/// [`ErrorKind::NotFound`] when no folder has it, [`ErrorKind::PermissionDenied`] when only such a relative one has.
pub fn find(name: &str) -> io::Result<PathBuf> {
    find_in(name, std::env::var_os("PATH").unwrap_or_default().as_os_str())
}

fn find_in(name: &str, path: &OsStr) -> io::Result<PathBuf> {
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    let folders = std::env::split_paths(path).map(|folder| match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder,
    });
    let found = folders.map(|folder| folder.join(name)).find(|file| is_executable(file));
    match found {
        Some(file) if file.is_absolute() => Ok(file),
        Some(file) => Err(io::Error::new(
            ErrorKind::PermissionDenied,
            format!(
                "it is only found as `{}`, by a relative directory in the PATH: what lies in the working directory \
                 is not run by its name alone",
                file.display()
            ),
        )),
        None => Err(io::Error::new(ErrorKind::NotFound, "it is not in the PATH")),
    }
}

/// Whether it is a file that somebody may execute.
pub fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, name: &str, mode: u32) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(name), "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_cannot_be_executed_hides_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let [plain, folders, real] = ["plain", "directories", "real"].map(|name| folder.path().join(name));
        file(&plain, "prog", 0o644);
        std::fs::create_dir_all(folders.join("prog")).unwrap();
        file(&real, "prog", 0o755);
        let path = std::env::join_paths([&plain, &folders, &real]).unwrap();
        assert_eq!(find_in("prog", &path).unwrap(), real.join("prog"));
        assert_eq!(find_in("other", &path).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(find_in("./prog", &path).unwrap(), Path::new("./prog"), "a path says where it is");
    }

    #[test]
    fn what_lies_in_the_working_folder_is_not_run_by_its_name() {
        // The working folder of tests is the package's: a file of it stands in for one that somebody left there.
        let folder = tempfile::tempdir_in(".").unwrap();
        let name = folder.path().file_name().unwrap().to_str().unwrap().to_owned();
        file(folder.path(), "prog", 0o755);
        let real = tempfile::tempdir().unwrap();
        file(real.path(), "prog", 0o755);
        let path = |folders: &str| format!("{folders}:{}", real.path().display());
        for relative in [name.clone(), format!("./{name}")] {
            let error = find_in("prog", path(&relative).as_ref()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{relative}");
            assert!(error.to_string().contains("relative directory in the PATH"), "{error}");
        }
        for harmless in [".", "", "nowhere"] {
            assert_eq!(find_in("prog", path(harmless).as_ref()).unwrap(), real.path().join("prog"));
        }
    }
}
