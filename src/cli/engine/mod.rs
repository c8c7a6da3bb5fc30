//! Commands that talk to the engine: the session, and what several of them share.

pub(super) mod carry_out;
pub(super) mod connection;
pub(super) mod control;
pub(super) mod converge;
pub(super) mod creation;
pub(super) mod inside;
pub(super) mod plan_file;
pub(crate) mod preflight;
pub(super) mod redaction;
pub(super) mod session;
pub(super) mod turn;
