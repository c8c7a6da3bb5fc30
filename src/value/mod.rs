//! In: the text of one value. Out: its parts, typed. Each grammar has a file, and no other module
//! looks for its prefixes and separators. Must not: know which attribute a value belongs to, or
//! report anything.
//!
//! Values of a single text accept every text (`From<String>`), also a wrong one, which a rule then
//! reports, and display it as it was written.

pub mod build_context;
pub mod device;
pub mod image;
pub mod mount;
pub mod name;
pub mod pair;
pub mod path;
pub mod port;
pub mod security_option;
pub mod sharing;
pub mod subnet;
pub mod tmpfs;

use std::fmt;

/// What is wrong with a text, and what to type instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// What is wrong, worded as a label.
    pub reason: String,
    /// What to type instead.
    pub help: String,
}

impl ValueError {
    /// An error with this reason and help.
    pub fn new(reason: impl Into<String>, help: impl Into<String>) -> Self {
        Self { reason: reason.into(), help: help.into() }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}
