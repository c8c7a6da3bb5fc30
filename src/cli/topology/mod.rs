//! From the options to a topology: which files, what of them a command needs, and what is brought up before it.

pub(super) mod declared;
pub(super) mod load;
pub(super) mod models;
pub(super) mod project;
pub(super) mod provide;
pub(super) mod services;
pub(super) mod unreadable;
