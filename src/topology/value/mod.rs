//! Values that many attributes share: one file each.

pub mod bytes;
pub mod command;
pub mod duration;
pub mod pairs;
pub mod pitfall;
pub mod scalar;
pub mod strings;
pub mod words;

pub use bytes::{ByteSize, SwapLimit};
pub use command::{Command, is_as_written, is_operator, is_substitution, passed_on, runs_code, written};
pub use duration::Duration;
pub use pairs::{HostMap, Options, Pairs};
pub use scalar::{Decimal, Flag, Integer, Loose, Opaque};
pub use strings::{OneOrMany, WordList};
