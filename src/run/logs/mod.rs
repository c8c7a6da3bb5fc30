//! In: containers. Out: what they printed and print, line by line, and what becomes of them meanwhile.
//! Must not: cut a line in two, lose one when a container is restarted, or print.
//!
//! [`read_past`] brings what was printed in the order of time; [`follow`] goes on with what is printed, and
//! lets containers join that are started later. What is read goes to a [`LogSink`] as a [`LogEvent`].
//!
//! | to change | look in |
//! |---|---|
//! | when a container is read, again or no more | [`follower`] |
//! | the loop that waits for engine, starts and readers of the output | [`follow`](mod@follow) |
//! | how a stream that breaks is read on | [`log_stream`] |
//! | how pieces become lines | [`line_cutter`] |
//! | when all of a container's output was shown | [`drain`] |

pub mod drain;
mod expected_exits;
mod follow;
pub mod follower;
mod hook_lines;
pub mod line_cutter;
pub mod log_stream;
mod past;
mod sink;

pub use drain::{LogDrain, Unreadable};
pub use expected_exits::{ComesBackAs, ExpectedExits};
pub use follow::{FollowContext, Started, follow};
pub use hook_lines::HookLines;
pub use line_cutter::{BothLineEnds, Line};
pub use past::read_past;
pub use sink::{Label, LogEvent, LogSink};

use crate::engine::LogChoice;
use crate::topology::name::ContainerName;

/// A container whose output is requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The container.
    pub container: ContainerName,
    /// The label of its lines: `gateway-1`.
    pub label: String,
    /// The requested part of its output.
    pub choice: LogChoice,
    /// Where its output begins.
    pub begin: Begin,
    /// Whether it had already exited, so that this exit is not reported.
    pub has_ended: bool,
}

/// Where the output of a container begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Before now, as requested.
    Past,
    /// Now, by the engine's clock; with its next start if it is not running.
    Now,
}
