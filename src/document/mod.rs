//! In: texts and variables. Out: one tree in which every value knows its place.
//! Must not: know what an attribute means, beyond how it is merged.

mod extends;
mod gaps;
#[cfg(test)]
mod hostile;
mod include;
mod interpolate;
mod load;
mod merge;
mod node;
pub(crate) mod pattern;
mod scalar;
mod short;
#[cfg(test)]
mod testing;
mod unique;
mod unset;
mod yaml;

pub use gaps::Gaps;
pub use interpolate::{report_env_problems, report_label_file_problems};
pub use node::{Key, Map, Node, TakenAway, Value};
pub use scalar::{Kind, Scalar};
pub use short::pair_named;
pub use unique::Replaced;

use crate::diagnostic::Diagnostics;
use crate::source::{Environment, FileId, Sources, Span};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A topology as one tree: every file read, its variables filled in, overrides, `extends` and
/// `include` applied.
#[derive(Clone, Debug)]
pub struct Document {
    /// A [`Value::Map`]; empty when nothing could be read. Shared with the topology that is made of it,
    /// which says where each value stands: a copy would be as large as everything else together.
    pub root: Arc<Node>,
    /// What could not be read, which has been reported: what seems to be missing was perhaps there,
    /// and must not be reported as missing.
    pub gaps: Gaps,
    /// Elements of lists whose place a later element of the same list took.
    pub replaced: Vec<Replaced>,
    bases: HashMap<FileId, PathBuf>,
    environments: HashMap<FileId, Arc<Environment>>,
    named_at: HashMap<FileId, Span>,
    project_directory: PathBuf,
}

impl Document {
    /// The folder that relative paths written in `file` start from.
    pub fn base(&self, file: FileId) -> &Path {
        self.bases.get(&file).unwrap_or(&self.project_directory)
    }

    /// Where `extends` or `include` names this file, if it came in so.
    pub fn named_at(&self, file: FileId) -> Option<Span> {
        self.named_at.get(&file).copied()
    }

    /// The variables that the texts of `file` may use: an included file has its own.
    pub fn environment(&self, file: FileId) -> Option<&Environment> {
        self.environments.get(&file).map(Arc::as_ref)
    }
}

/// How a topology is loaded.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    /// Whether variables are filled in.
    pub interpolate: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { interpolate: true }
    }
}

/// Reads `files` and merges them in this order into one tree. Mistakes go to `found`.
pub fn load(
    sources: &mut Sources,
    files: &[FileId],
    project_directory: &Path,
    environment: &Environment,
    found: &mut Diagnostics,
) -> Document {
    load_with(sources, files, project_directory, environment, LoadOptions::default(), found)
}

/// [`load`], with choices.
pub fn load_with(
    sources: &mut Sources,
    files: &[FileId],
    project_directory: &Path,
    environment: &Environment,
    options: LoadOptions,
    found: &mut Diagnostics,
) -> Document {
    report_env_problems(environment.problems(), environment, found);
    let mut loader = load::Loader::new(sources, options, found);
    let (root, replaced) = loader.topology(files, project_directory, environment);
    Document {
        root: Arc::new(root),
        gaps: loader.gaps,
        replaced,
        bases: loader.bases,
        environments: loader.environments,
        named_at: loader.named_at,
        project_directory: project_directory.to_owned(),
    }
}
