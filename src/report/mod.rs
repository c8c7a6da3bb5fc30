//! In: a plan, and the events of its run. Out: words.
//! Must not: decide anything.

pub mod picture;
