//! Access to containers: commands, streams, files, images.
//!
//! | to change | look in |
//! |---|---|
//! | how a connection becomes output and input | [`stream`] |
//! | how a command is run in a container | [`exec`] |
//! | how to attach to a container's main process | [`attach`] |
//! | how an image or an archive is created from a container | [`commit`] |
//! | how files are copied from and to a container | [`files`] |
//! | how a container is run to completion before another one starts | [`to_end`] |

pub mod attach;
pub mod commit;
pub mod exec;
pub mod files;
pub mod stream;
pub mod to_end;

use crate::engine::attach::{END_IS_NOTED, output_ended_early};
