//! Placeholder.
/// Placeholder.
pub struct FileChoice;
/// Placeholder.
pub struct Found;
/// Placeholder.
pub fn discover() {}
