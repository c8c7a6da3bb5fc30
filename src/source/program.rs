//! In: the name of a program. Out: its executable file, found the way Docker's own programs find
//! theirs. Must not: run it.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where programs are looked for.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    path: OsString,
    docker_config: Option<PathBuf>,
}

impl Programs {
    /// What the variables of an environment say: `PATH`, `DOCKER_CONFIG` and `HOME`. An empty variable counts as
    /// unset.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = variable("PATH").unwrap_or_default();
        let directory = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let docker_config = directory("DOCKER_CONFIG").or_else(|| Some(directory("HOME")?.join(".docker")));
        Self { path, docker_config }
    }

    /// The directory of the Docker CLI's configuration, which its plugins may be in.
    pub fn docker_config(&self) -> Option<&Path> {
        self.docker_config.as_deref()
    }

    /// Finds a program in the PATH of the environment; a path is returned as it is.
    ///
    /// As in Go's `exec.LookPath`, files that are not executable are skipped, and a program in a
    /// directory that PATH names relative to the working directory (`.`, an empty entry) is refused:
    /// otherwise whoever owns the working directory would choose the program.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when no directory has it, [`ErrorKind::PermissionDenied`] when only a
    /// relative one has.
    pub fn find(&self, name: &str) -> io::Result<PathBuf> {
        find_in(name, &self.path)
    }
}

fn find_in(name: &str, path: &OsStr) -> io::Result<PathBuf> {
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    let directories = std::env::split_paths(path).map(|directory| match directory.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => directory,
    });
    let found = directories.map(|directory| directory.join(name)).find(|file| is_executable(file));
    match found {
        Some(file) if file.is_absolute() => Ok(file),
        Some(file) => Err(io::Error::new(
            ErrorKind::PermissionDenied,
            format!(
                "it is only found as `{}`, by a relative directory in the PATH: programs in the working \
                 directory are not run by their names alone",
                file.display()
            ),
        )),
        None => Err(io::Error::new(ErrorKind::NotFound, "it is not in the PATH")),
    }
}

/// Whether it is a regular file with an execute bit.
pub fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(directory: &Path, name: &str, mode: u32) {
        std::fs::create_dir_all(directory).unwrap();
        std::fs::write(directory.join(name), "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(directory.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn files_that_are_not_executable_are_skipped() {
        let directory = tempfile::tempdir().unwrap();
        let [plain, directories, real] =
            ["plain", "directories", "real"].map(|name| directory.path().join(name));
        file(&plain, "prog", 0o644);
        std::fs::create_dir_all(directories.join("prog")).unwrap();
        file(&real, "prog", 0o755);
        let path = std::env::join_paths([&plain, &directories, &real]).unwrap();
        assert_eq!(find_in("prog", &path).unwrap(), real.join("prog"));
        assert_eq!(find_in("other", &path).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(find_in("./prog", &path).unwrap(), Path::new("./prog"), "a path says where it is");
    }

    #[test]
    fn a_program_in_the_working_directory_is_not_found_by_its_name() {
        // Tests run in the package's directory: a file there stands in for one planted by somebody
        // else.
        let directory = tempfile::tempdir_in(".").unwrap();
        let name = directory.path().file_name().unwrap().to_str().unwrap().to_owned();
        file(directory.path(), "prog", 0o755);
        let real = tempfile::tempdir().unwrap();
        file(real.path(), "prog", 0o755);
        let path = |directories: &str| format!("{directories}:{}", real.path().display());
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
