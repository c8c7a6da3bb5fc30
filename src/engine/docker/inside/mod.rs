//! What goes into a container and comes out of it: commands, streams, files, images.
//!
//! | to change | look in |
//! |---|---|
//! | how a connection becomes output and input | [`stream`] |
//! | how a command is run in a container | [`exec`] |
//! | how a container's own process is talked to | [`attach`] |
//! | how an image or an archive is made of a container | [`commit`] |
//! | how files get into a container and out of it | [`files`] |
//! | how a container is run to its end before another one starts | [`to_end`] |

pub mod attach;
pub mod commit;
pub mod exec;
pub mod files;
pub mod stream;
pub mod to_end;

use crate::engine::attach::{END_IS_NOTED, output_ended_early};
