//! In: the name of a Docker CLI plugin. Out: its program. Must not: run it.

use std::path::PathBuf;
use std::time::Duration;

use crate::source::program::{Programs, is_executable};

/// The directories of Docker CLI plugins, besides the user's own.
const DIRECTORIES: &[&str] = &[
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
];

/// How long a plugin may take to answer a query.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// The program of `docker NAME`: the user's own, else the system's; nothing when it is not installed.
pub(super) fn find(name: &str, programs: &Programs) -> Option<PathBuf> {
    let own = programs.docker_config().map(|directory| directory.join("cli-plugins"));
    let directories = own.into_iter().chain(DIRECTORIES.iter().map(PathBuf::from));
    directories.map(|directory| directory.join(format!("docker-{name}"))).find(|path| is_executable(path))
}
