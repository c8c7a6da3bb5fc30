//! The Docker Engine.
/// Placeholder.
pub struct Docker;
