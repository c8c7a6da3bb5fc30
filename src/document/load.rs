//! In: files. Out: one tree. The order of the stages is that of Compose's loader: for each document
//! of each file, variables, then `include`, then `extends`, then the merge into the preceding ones.
//! Must not: stop at a file that cannot be read.

use super::extends::Pools;
use super::handling::Attributes;
use super::interpolate::interpolate;
use super::merge::{self, Merger};
use super::node::{Map, Node, Value};
use super::unique::{self, Replaced};
use super::unparsed::may_name;
use super::{LoadOptions, Unparsed, extends, include, unset, yaml};
use crate::diagnostic::{Code, Diagnostics, code};
use crate::source::{
    Environment, FileId, Origin, PROJECT_NAME, ReadError, Remote, Sources, Span, Variable,
    normalised_project_name, substitute,
};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most nodes of all files together.
const TOTAL_NODE_LIMIT: usize = 2_000_000;
/// The most nodes that `extends` may copy: they grow quadratically with a chain in which each
/// service adds something, and each node takes some 250 bytes.
const COPIED_NODE_LIMIT: usize = 500_000;
/// The most files that `include` and `extends` may read.
const FILE_COUNT_LIMIT: usize = 1_000;

/// A topology that is being loaded.
pub(super) struct Loader<'a> {
    pub(super) sources: &'a mut Sources,
    pub(super) found: &'a mut Diagnostics,
    attributes: &'a Attributes,
    options: LoadOptions,
    /// The directory that relative paths of a file are relative to.
    pub(super) bases: HashMap<FileId, PathBuf>,
    /// The variables of each file.
    pub(super) environments: HashMap<FileId, Arc<Environment>>,
    /// Where `extends` and `include` refer to the files that they load.
    pub(super) named_at: HashMap<FileId, Span>,
    /// Scalars with the value of a variable.
    pub(super) filled: BTreeMap<Span, Box<str>>,
    /// Where services refer to what they extend.
    pub(super) extends: HashMap<String, Span>,
    /// What could not be read.
    pub(super) unparsed: Unparsed,
    /// The topology's own files that may set the project's name in a part that could not be read.
    pub(super) perhaps_named: Vec<FileId>,
    pub(super) pools: Pools,
    nodes_left: usize,
    copies_left: usize,
    files_left: usize,
    scopes: usize,
}

/// What the files of one topology, or of one `include`, share.
pub(super) struct Scope {
    pub(super) environment: Arc<Environment>,
    /// The project directory.
    pub(super) directory: PathBuf,
    /// Files that are being loaded: this one, the one that includes it, and so on.
    pub(super) chain: Vec<PathBuf>,
    /// Identifies the scope: another one may have other variables.
    pub(super) number: usize,
}

impl<'a> Loader<'a> {
    pub(super) fn new(
        sources: &'a mut Sources,
        attributes: &'a Attributes,
        options: LoadOptions,
        found: &'a mut Diagnostics,
    ) -> Self {
        Self {
            sources,
            found,
            attributes,
            options,
            bases: HashMap::new(),
            environments: HashMap::new(),
            named_at: HashMap::new(),
            filled: BTreeMap::new(),
            extends: HashMap::new(),
            unparsed: Unparsed::default(),
            perhaps_named: Vec::new(),
            pools: Pools::default(),
            nodes_left: TOTAL_NODE_LIMIT,
            copies_left: COPIED_NODE_LIMIT,
            files_left: FILE_COUNT_LIMIT,
            scopes: 0,
        }
    }

    /// The whole topology, always a mapping, and the list elements that were overridden.
    pub(super) fn topology(
        &mut self,
        files: &[FileId],
        directory: &Path,
        environment: &Environment,
    ) -> (Node, Vec<Replaced>) {
        let mut read = Vec::with_capacity(files.len());
        for file in files {
            read.push((*file, self.read(*file, directory)));
            if std::mem::take(&mut self.unparsed.name) {
                self.perhaps_named.push(*file);
            }
        }
        let mut environment = environment.clone();
        name_project(&mut environment, read.iter().flat_map(|(_, trees)| trees));
        let paths = files.iter().map(|file| self.absolute(*file)).collect();
        let scope = self.scope(environment, directory.to_owned(), paths);
        let merged = self.merge_all(read, &scope);
        let mut root = merged.unwrap_or_else(|| {
            let file = files.first().copied().unwrap_or_else(|| self.sources.add("-", ""));
            Node::new(Span::new(file, 0, 0), Value::Map(Map::default()))
        });
        let replaced = unique::enforce(&mut root, self.attributes);
        unset::remove(&mut root, self.attributes);
        (root, replaced)
    }

    pub(super) fn scope(
        &mut self,
        environment: Environment,
        directory: PathBuf,
        chain: Vec<PathBuf>,
    ) -> Scope {
        self.scopes += 1;
        Scope { environment: Arc::new(environment), directory, chain, number: self.scopes }
    }

    /// The documents of a loaded file that are mappings, before any processing.
    pub(super) fn read(&mut self, file: FileId, base: &Path) -> Vec<Node> {
        self.bases.insert(file, base.to_owned());
        let read = yaml::read(file, &self.sources.get(file).text, self.found);
        self.sources.set_comments(file, read.comments);
        self.unparsed.add(read.unparsed);
        if !self.take_nodes(read.nodes, Span::new(file, 0, 0)) {
            self.unparsed.name |= may_name(&self.sources.get(file).text);
            return Vec::new();
        }
        let mut trees = read.documents;
        trees.retain(|tree| {
            let is_map = matches!(tree.value, Value::Map(_));
            if !is_map {
                self.unparsed.lines = true;
                self.unparsed.name |= may_name(&self.sources.get(file).text);
                refuse_root(tree, self.found);
            }
            is_map
        });
        trees
    }

    /// Merges the documents of several files, each with its includes and bases.
    pub(super) fn merge_all(&mut self, read: Vec<(FileId, Vec<Node>)>, scope: &Scope) -> Option<Node> {
        let mut merged: Option<Node> = None;
        for (file, trees) in read {
            for mut tree in trees {
                self.fill_in(&mut tree, scope);
                include::apply(&mut tree, scope, self);
                extends::apply(&mut tree, file, scope, self);
                merged = Some(self.merge_two(merged, tree));
            }
        }
        merged
    }

    /// Merges the documents of one file without applying their tags, which stay in the tree: those
    /// of a service apply to the service that it extends, which is not known yet.
    pub(super) fn merge_plainly(&mut self, trees: Vec<Node>, scope: &Scope) -> Option<Node> {
        let mut merged: Option<Node> = None;
        for mut tree in trees {
            self.fill_in(&mut tree, scope);
            merged = Some(match merged {
                Some(before) => self.merger(Vec::new()).merge(before, tree),
                None => tree,
            });
        }
        merged
    }

    /// Merges what stands at a path.
    pub(super) fn merger(&mut self, path: Vec<String>) -> Merger<'_> {
        Merger { attributes: self.attributes, path, found: self.found }
    }

    fn fill_in(&mut self, tree: &mut Node, scope: &Scope) {
        self.environments.insert(tree.span.file, Arc::clone(&scope.environment));
        if self.options.interpolate {
            interpolate(tree, self.sources, &scope.environment, &mut self.filled, self.found);
        }
    }

    fn merge_two(&mut self, before: Option<Node>, tree: Node) -> Node {
        let mut merged = match before {
            Some(before) => self.merger(Vec::new()).merge(before, tree),
            None => tree,
        };
        merge::settle(&mut merged);
        merged
    }

    /// Reads the file in the text at `span`; reports an unreadable one.
    pub(super) fn open(&mut self, path: &Path, span: Span) -> Option<FileId> {
        let Some(files_left) = self.files_left.checked_sub(1) else {
            self.too_large(span, "the topology has more than 1,000 files");
            return None;
        };
        self.files_left = files_left;
        let shown = self.sources.file_system().shown(path);
        match self.sources.read_as(path, &shown) {
            Ok(file) => {
                self.named_at.insert(file, span);
                Some(file)
            }
            Err(error) => {
                report_unreadable(&error, span, self.found);
                None
            }
        }
    }

    /// The whole path of a file.
    pub(super) fn absolute(&self, file: FileId) -> PathBuf {
        self.sources.file_system().absolute(&self.sources.get(file).path)
    }

    /// Counts nodes that are read; false if there are too many.
    pub(super) fn take_nodes(&mut self, nodes: usize, span: Span) -> bool {
        let Some(nodes_left) = self.nodes_left.checked_sub(nodes) else {
            self.too_large(span, "the topology has more than 2,000,000 values");
            return false;
        };
        self.nodes_left = nodes_left;
        true
    }

    /// Reports a reference to another machine. True if it is one.
    pub(super) fn refuses_remote(&mut self, path: &str, code: Code, span: Span) -> bool {
        let Some(remote) = Remote::parse(path) else { return false };
        let error = ReadError::Remote(PathBuf::from(path), remote);
        self.found.error(code, error.to_string()).label(span, "a remote reference").help(remote.help(path));
        true
    }

    /// Counts nodes that `extends` copies; false if there are too many.
    pub(super) fn take_copies(&mut self, nodes: usize, span: Span) -> bool {
        let Some(copies_left) = self.copies_left.checked_sub(nodes) else {
            self.too_large(span, "`extends` copies more than 500,000 values");
            return false;
        };
        self.copies_left = copies_left;
        self.take_nodes(nodes, span)
    }

    fn too_large(&mut self, span: Span, message: &str) {
        self.unparsed.rest = true;
        self.found
            .error(code::TOO_LARGE, message)
            .label(span, "the limit is reached here")
            .help("include or extend less");
    }
}

/// Defines the project's name as a variable for texts: that of the last document with a `name`,
/// unless the command line or the environment sets it.
fn name_project<'n>(environment: &mut Environment, trees: impl Iterator<Item = &'n Node>) {
    if environment
        .get(PROJECT_NAME)
        .is_some_and(|known| known.origin != Origin::Fallback && !known.value.is_empty())
    {
        return;
    }
    let names = trees.filter_map(|tree| tree.as_map()?.get("name")?.as_text());
    let Some(name) = names.filter(|name| !name.is_empty()).last() else { return };
    // Problems are reported when the whole text is interpolated.
    let filled = substitute(name, &|name| environment.value(name), &mut 1_000);
    let value = normalised_project_name(&filled.text);
    environment.add_first(PROJECT_NAME, Variable { value, origin: Origin::Fallback });
}

fn refuse_root(tree: &Node, found: &mut Diagnostics) {
    let text = tree.as_text().unwrap_or_default();
    let help = if text.starts_with("FROM ") {
        "this looks like a Dockerfile: name it below a service, `build: {context: ., dockerfile: FILE}`"
    } else if text.starts_with("docker run") || text.starts_with("podman run") {
        "write what the command line says as a service:\n\nservices:\n  web:\n    image: nginx\n    ports: [\"8080:80\"]"
    } else {
        "begin with `services:`"
    };
    found
        .error(code::WRONG_TYPE, format!("a topology is a mapping, not {}", tree.describe()))
        .label(tree.span, format!("this is {}", tree.describe()))
        .help(help);
}

fn report_unreadable(error: &ReadError, span: Span, found: &mut Diagnostics) {
    let code = match error {
        ReadError::NotUtf8 { .. } => code::BAD_ENCODING,
        _ => code::MISSING_FILE,
    };
    let help = match error {
        ReadError::Missing(_) => {
            "paths start from the directory of the project, or of the file that is extended"
        }
        ReadError::NotAFile(_) | ReadError::Remote(..) => "name a file",
        ReadError::NotUtf8 { .. } => "save it as UTF-8",
        ReadError::TooLarge(_) | ReadError::Io { .. } => "name another file, or correct it",
    };
    found.error(code, error.to_string()).label(span, "named here").help(help);
}
