//! In: texts and variables. Out: one tree in which every value knows its place.
//! Must not: know an attribute by its name, but for those that bring in files and services.

mod extends;
mod handling;
#[cfg(test)]
mod hostile;
mod include;
mod interpolate;
mod load;
mod merge;
mod node;
mod part;
mod scalar;
mod short;
#[cfg(test)]
mod testing;
mod unique;
mod unparsed;
mod unset;
mod yaml;

pub use handling::{Attributes, Handling};
pub use interpolate::{report_env_problems, report_label_file_problems};
pub use merge::MergeRule;
pub use node::{Key, Map, Node, TakenAway, Value};
pub use scalar::{Kind, Scalar};
pub use short::pair_named;
pub use unique::{Identity, Replaced};
pub use unparsed::Unparsed;

use crate::diagnostic::Diagnostics;
use crate::source::{Environment, FileId, Sources, Span};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A topology as one tree: all files read and merged, with variables, `extends` and `include`
/// applied.
#[derive(Clone, Debug)]
pub struct Document {
    /// A [`Value::Map`]; empty when nothing could be read. Shared with the topology that is made
    /// from it, which needs the spans: a copy would be as large as everything else together.
    pub root: Arc<Node>,
    /// What could not be read, which has been reported: something missing may have been there, and
    /// must not be reported.
    pub unparsed: Unparsed,
    /// The topology's own files, without included ones, that may set the project's name in a part
    /// that could not be read.
    pub perhaps_named: Vec<FileId>,
    /// List elements that were overridden by a later element of the same list.
    pub replaced: Vec<Replaced>,
    /// Where services refer to what they extend, by service.
    pub extends: HashMap<String, Span>,
    bases: HashMap<FileId, PathBuf>,
    environments: HashMap<FileId, Arc<Environment>>,
    named_at: HashMap<FileId, Span>,
    filled: Arc<Filled>,
    project_directory: PathBuf,
}

/// The scalars with the value of a variable, and their texts as written.
#[derive(Clone, Debug, Default)]
pub struct Filled(BTreeMap<Span, Box<str>>);

impl Filled {
    /// Whether a text, or a part of it, has the value of a variable.
    pub fn holds_variable(&self, place: Span) -> bool {
        self.scalar_at(place).is_some()
    }

    /// The scalars and their texts as written, in the order of the files.
    pub fn scalars(&self) -> impl Iterator<Item = (Span, &str)> {
        self.0.iter().map(|(scalar, written)| (*scalar, &**written))
    }

    /// Whether the text is literally in the topology at a place, next to variables.
    pub fn is_written(&self, text: &str, place: Span) -> bool {
        self.scalar_at(place).is_none_or(|scalar| self.0[&scalar].contains(text))
    }

    /// The scalar with the value of a variable that a place is in, or contains.
    pub fn scalar_at(&self, place: Span) -> Option<Span> {
        // Scalars do not overlap: only the last one that begins before the end of this place can
        // contain it.
        let end = Span { start: place.end.max(place.start + 1), end: 0, ..place };
        let last = self.0.range(..end).next_back();
        last.map(|(scalar, _)| *scalar).filter(|scalar| scalar.file == place.file && scalar.end > place.start)
    }

    /// Whether a node, or anything below it, has the value of a variable.
    // The reader bounds how deep a tree is, so this may recurse.
    pub fn holds_variable_below(&self, node: &Node) -> bool {
        match &node.value {
            Value::Null => false,
            Value::Scalar(_) => self.holds_variable(node.span),
            Value::List(items) => items.iter().any(|item| self.holds_variable_below(item)),
            Value::Map(map) => map.entries.iter().any(|(_, value)| self.holds_variable_below(value)),
        }
    }
}

impl Document {
    /// Where variables were filled in.
    pub fn filled(&self) -> &Arc<Filled> {
        &self.filled
    }

    /// The directory that paths in `file` are relative to.
    pub fn base(&self, file: FileId) -> &Path {
        self.bases.get(&file).unwrap_or(&self.project_directory)
    }

    /// Where `extends` or `include` refers to this file, if it was loaded that way.
    pub fn named_at(&self, file: FileId) -> Option<Span> {
        self.named_at.get(&file).copied()
    }

    /// The variables for the texts of `file`: an included file has its own.
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

/// Reads `files` and merges them in this order into one tree. Mistakes go to `found`. `topology::load` is this
/// with the attributes of a topology.
pub fn load(
    sources: &mut Sources,
    files: &[FileId],
    project_directory: &Path,
    environment: &Environment,
    attributes: &Attributes,
    options: LoadOptions,
    found: &mut Diagnostics,
) -> Document {
    report_env_problems(environment.problems(), environment, found);
    let mut loader = load::Loader::new(sources, attributes, options, found);
    let (root, replaced) = loader.topology(files, project_directory, environment);
    Document {
        root: Arc::new(root),
        unparsed: loader.unparsed,
        perhaps_named: loader.perhaps_named,
        replaced,
        extends: loader.extends,
        bases: loader.bases,
        environments: loader.environments,
        named_at: loader.named_at,
        filled: Arc::new(Filled(loader.filled)),
        project_directory: project_directory.to_owned(),
    }
}
