//! In: containers. Out: what they printed and print, line by line, each under its name.
//! Must not: cut a line in two, or lose one when a container is restarted.
//!
//! [`show`] brings what was printed in the order of time; [`follow`] goes on with what is printed, and
//! lets containers join that are started later.

mod cutter;
mod follow;
mod printer;
mod show;

pub use follow::{Company, follow};
pub use printer::{Prefixes, Printer};
pub use show::show;

use crate::engine::LogChoice;
use crate::topology::name::ContainerName;

/// A container whose output is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The container.
    pub container: ContainerName,
    /// The name that its lines begin with: `gateway-1`.
    pub label: String,
    /// Which part of its output is wanted.
    pub choice: LogChoice,
}
