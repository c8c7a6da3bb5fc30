//! Archives sent to an engine and received from it.
//!
//! | to change | look in |
//! |---|---|
//! | how files of this machine become an archive | [`packing`] |
//! | how an archive becomes files | [`unpacking`] |

pub mod packing;
pub mod unpacking;
