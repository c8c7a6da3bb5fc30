//! In: the `develop` rules of services, and files that change. Out: what is to be done about it.
//! Must not: do it.
//!
//! | to change | look in |
//! |---|---|
//! | which change concerns which service | [`rule`] |
//! | how changes are noticed, and how long a burst of them is waited for | [`notice`] |

pub mod notice;
pub mod rule;

pub use notice::{Changed, Notice};
pub use rule::{Pass, Rules};
