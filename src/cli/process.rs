//! In: what topo was started with. Out: the same as plain data.
//!
//! Nothing below `cli` asks the process for its environment or its working directory: an editor that drives
//! the loader has others.

use crate::source::program::Programs;
use crate::source::{Environment, FileSystem};

impl Environment {
    /// The environment that topo was started with; what is not UTF-8 is left out.
    pub(crate) fn of_process() -> Self {
        Self::from_pairs(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }
}

/// The files of this machine, seen from the working directory.
pub(crate) fn file_system() -> FileSystem {
    FileSystem::new(std::env::current_dir().unwrap_or_default())
}

/// Where programs are found that topo runs.
pub(crate) fn programs() -> Programs {
    Programs::of(|name| std::env::var_os(name))
}
