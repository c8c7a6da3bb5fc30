//! In: a plan and an engine. Out: an engine that matches, and events.
//! Must not: decide what to do, or print.
//!
//! [`run`] owns the state of a run in one task: [`schedule`] says what may start, each step is a
//! future in that task, and waits hear of the engine's events through `watch`. What an `up` that stays
//! attached does about all that happens is decided in [`attached`].

pub mod attached;
mod call;
pub mod develop;
mod drive;
mod ends;
pub mod event;
mod last_look;
mod lines;
pub mod logs;
pub mod model_runner;
mod outcome;
mod plugin;
pub mod provider;
mod readiness;
mod refresh;
pub mod schedule;
mod state;
mod stopping;
mod subscription;
mod tail;
mod unused_successor;
mod wait;
mod watch;

pub use drive::{RunOptions, run};
pub use ends::{ContainerEnd, Ends};
pub use event::{Cause, End, Event, Failure};
pub use last_look::{LastLook, Meanwhile, last_look};
pub use lines::{LineEnds, Lines};
pub use outcome::{Counts, Doubt, Ended, Outcome, is_optional};
pub use refresh::refresh_running;
pub use schedule::Limits;
pub use stopping::{PendingStop, Stopping, going_on, now, settle, unfinished, was_asked_to_end};
pub use subscription::{Heard, PAUSES, subscription};
