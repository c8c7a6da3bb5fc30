//! Archives that go to an engine and come from it.
//!
//! | to change | look in |
//! |---|---|
//! | how files of this machine become an archive | [`packing`] |
//! | how an archive becomes files | [`unpacking`] |

pub mod packing;
pub mod unpacking;
