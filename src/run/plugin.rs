//! In: the name of a plugin of the Docker CLI. Out: its program.
//! Must not: run it.

use std::path::PathBuf;
use std::time::Duration;

use crate::source::program::{Programs, is_executable};

/// Where plugins of the Docker CLI are, besides the user's own folder.
const FOLDERS: &[&str] = &[
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
];

/// How long a program may take to answer a question: what it is, what it has.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// The program of `docker NAME`: the user's own, else the system's; nothing when it is not installed.
pub fn find(name: &str, programs: &Programs) -> Option<PathBuf> {
    let own = programs.docker_config().map(|folder| folder.join("cli-plugins"));
    let folders = own.into_iter().chain(FOLDERS.iter().map(PathBuf::from));
    folders.map(|folder| folder.join(format!("docker-{name}"))).find(|path| is_executable(path))
}
