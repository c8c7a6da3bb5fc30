//! Helpers for the tests of this directory.

use super::{Document, Node, Value};
use crate::diagnostic::{Code, Diagnostics};
use crate::source::{Environment, Sources};
pub(super) use crate::topology::load;

/// A topology loaded from files in a temporary directory; `compose*.yaml` are merged in order.
pub(super) struct Loaded {
    pub(super) sources: Sources,
    pub(super) document: Document,
    pub(super) found: Diagnostics,
    pub(super) directory: tempfile::TempDir,
}

pub(super) fn load_files(files: &[(&str, &str)]) -> Loaded {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut sources = Sources::default();
    let mut ids = Vec::new();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(&path, text).expect("a file");
        if name.starts_with("compose") {
            ids.push(sources.read(&path).expect("a readable file"));
        }
    }
    let mut found = Diagnostics::default();
    let environment = Environment::from_pairs([("SET", "set")]);
    let document = load(&mut sources, &ids, directory.path(), &environment, &mut found);
    Loaded { sources, document, found, directory }
}

impl Loaded {
    /// The tree below a dotted path, in flow style.
    #[track_caller]
    pub(super) fn show(&self, path: &str) -> String {
        self.at(path).map_or_else(|| "nothing".to_owned(), show)
    }

    pub(super) fn at(&self, path: &str) -> Option<&Node> {
        let mut keys = path.split('.').filter(|key| !key.is_empty());
        keys.try_fold(&*self.document.root, |node, key| node.as_map()?.get(key))
    }

    /// The codes of the diagnostics, with the texts at their primary places.
    pub(super) fn diagnostics(&self) -> Vec<(Code, &str)> {
        let place = |diagnostic: &crate::diagnostic::Diagnostic| {
            diagnostic.span().map_or("", |span| self.sources.text(span))
        };
        self.found.sorted().into_iter().map(|diagnostic| (diagnostic.code, place(diagnostic))).collect()
    }

    /// Like [`Loaded::show`], for a topology without diagnostics.
    #[track_caller]
    pub(super) fn show_clean(&self, path: &str) -> String {
        assert!(self.found.is_empty(), "{:#?}", self.found.sorted());
        self.show(path)
    }
}

/// A tree in flow style, with its directives; plain scalars bare, others quoted.
pub(super) fn show(node: &Node) -> String {
    let directive = node.directive.map_or(String::new(), |directive| format!("!{directive:?} "));
    let value = match &node.value {
        Value::Null => "null".to_owned(),
        Value::Scalar(scalar) if scalar.is_plain => scalar.text.clone(),
        Value::Scalar(scalar) => format!("{:?}", scalar.text),
        Value::List(list) => format!("[{}]", list.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let entries = map.entries.iter().map(|(key, node)| format!("{}: {}", key.text, show(node)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    };
    directive + &value
}
