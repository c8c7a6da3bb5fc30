//! In: containers. Out: what they printed and print, line by line, each under its name.
//! Must not: cut a line in two, or lose one when a container is restarted.
//!
//! [`show`] brings what was printed in the order of time; [`follow`] goes on with what is printed, and
//! lets containers join that are started later.

mod cutter;
mod follow;
mod heard;
mod hook_lines;
mod in_hand;
mod printer;
mod show;
mod tap;

pub use follow::{Company, Started, follow};
pub use heard::HeardOut;
pub use hook_lines::HookLines;
pub use in_hand::InHand;
pub use printer::{Outlet, Prefixes, Printer};
pub use show::show;

use crate::engine::LogChoice;
use crate::topology::name::ContainerName;
use cutter::BothLineEnds;

/// A container whose output is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The container.
    pub container: ContainerName,
    /// The name that its lines begin with: `gateway-1`.
    pub label: String,
    /// Which part of its output is wanted.
    pub choice: LogChoice,
    /// Where its output begins.
    pub begin: Begin,
    /// Whether it had ended before: that end is no news.
    pub has_ended: bool,
}

/// Where the output of a container begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Where the choice says, before now.
    Past,
    /// Now, by the engine's clock; with its next start when it does not run.
    Now,
}
