//! In: a plan and an engine. Out: an engine that matches, and one event for all that happens.
//! Must not: decide what is to be done, or print.

pub mod event;
pub mod schedule;

pub use event::{Cause, End, Event, Failure};
