//! In: the spanned tree. Out: a checked topology.
//! Must not: read files, or know an engine.

pub mod name;

/// Placeholder.
#[derive(Clone, Debug)]
pub struct Service;
/// Placeholder.
#[derive(Clone, Debug)]
pub struct Build {
    /// c
    pub context: Option<crate::source::Spanned<String>>,
}
/// Placeholder.
#[derive(Clone, Debug)]
pub struct Mount;
/// Placeholder.
#[derive(Clone, Debug)]
pub struct Network;
/// Placeholder.
#[derive(Clone, Debug)]
pub struct Volume;
/// Placeholder.
#[derive(Clone, Debug)]
pub struct ServiceNetwork;
