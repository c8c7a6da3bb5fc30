//! What is wrong with a text in a short form. Must not: know which form it is.

/// What is wrong, and what to type instead.
pub(super) struct Mistake {
    pub(super) reason: String,
    pub(super) help: String,
}

impl Mistake {
    pub(super) fn new(reason: impl Into<String>, help: impl Into<String>) -> Self {
        Self { reason: reason.into(), help: help.into() }
    }
}
