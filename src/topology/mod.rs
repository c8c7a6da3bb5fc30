//! In: the spanned tree. Out: a checked topology.
//! Must not: read files itself (env files are asked of the source stage), or know an engine.

pub mod attribute;
pub mod file;
pub mod model;
pub mod name;
pub mod network;
pub mod service;
pub mod value;
pub mod volume;

pub use network::Network;
pub use service::{Build, Mount, Service, ServiceNetwork};
pub use volume::Volume;
