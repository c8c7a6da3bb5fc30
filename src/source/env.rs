//! Placeholder.
/// Placeholder.
pub struct Environment;
/// Placeholder.
pub struct Origin;
/// Placeholder.
pub struct Variable;
/// Placeholder.
pub fn parse_env_file() {}
