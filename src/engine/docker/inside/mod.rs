//! What goes into a container and comes out of it: commands, streams, files, images.
//!
//! | to change | look in |
//! |---|---|
//! | how a connection becomes output and input | [`stream`] |
//! | how a command is run in a container | [`exec`] |
//! | how a container's own process is talked to | [`attach`] |
//! | how an image or an archive is made of a container | [`commit`] |
//! | how files get into a container and out of it | [`files`] |
//! | how a container's files are kept up to date | [`sync`] |
//! | how a command of the topology is run in a container | [`hook`] |
//! | how a container is run to its end before another one starts | [`to_end`] |

use std::time::Duration;

use crate::engine::EngineError;

pub mod attach;
pub mod commit;
pub mod exec;
pub mod files;
pub mod hook;
pub mod stream;
pub mod sync;
pub mod to_end;

/// How long an engine may need to note that a process has ended whose output it has ended. Docker notes it
/// before, other engines may do so just after.
const END_IS_NOTED: Duration = Duration::from_millis(100);

/// The output of a process ended, and the process runs on.
fn output_ended_early() -> EngineError {
    EngineError::Disconnected("the output ended before the process did".to_owned())
}

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// How many lines it shows.
    pub rows: u16,
    /// How many characters fit into a line.
    pub columns: u16,
}
