//! In: the `develop` rules of services, and changed files. Out: what to do about them.
//! Must not: do it.
//!
//! | to change | look in |
//! |---|---|
//! | which change affects which service | [`rule`] |
//! | how changes are detected and debounced | [`notice`] |

pub mod notice;
pub mod rule;

pub use notice::{Changed, Notice};
pub use rule::{Pass, Rules};
