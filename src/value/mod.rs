//! In: the text of one value. Out: its parts, typed. Each grammar has a file, and no other module
//! looks for its prefixes and separators. Must not: know which attribute a value belongs to, or
//! decide that something is reported.
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

use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// What is wrong with a text, and what to type instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// What is wrong, worded as a label.
    pub reason: String,
    /// What to type instead.
    pub help: String,
    /// The whole text that the help says to type, where it says one.
    pub instead: Option<String>,
}

impl ValueError {
    /// An error with this reason and help.
    pub fn new(reason: impl Into<String>, help: impl Into<String>) -> Self {
        Self { reason: reason.into(), help: help.into(), instead: None }
    }

    /// A mistake for this reason; `instead` is to be written.
    pub fn mended(reason: impl Into<String>, instead: impl Into<String>) -> Self {
        let instead = instead.into();
        Self::new(reason, format!("write `{instead}`")).instead(instead)
    }

    /// The same mistake, with the whole text that its help says to type.
    pub fn instead(self, instead: impl Into<String>) -> Self {
        Self { instead: Some(instead.into()), ..self }
    }

    /// Has `diagnostic` say why `text`, which stands at `at`, is wrong, and what to type instead.
    pub fn explain(self, text: &str, at: Span, diagnostic: &mut Diagnostic) {
        let Self { reason, help, instead } = self;
        diagnostic.label(at, reason).help(help);
        if let Some(instead) = instead {
            diagnostic.perhaps_write(text, instead);
        }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}
