//! In: a document that includes others. Out: the same, with their services and resources. Must not:
//! include a file into itself, or accept two definitions of one name.
//!
//! Compose Specification, "include": each entry is a separate topology, with its own directory and
//! env files; its definitions are copied and cannot be overridden here.

use super::interpolate::report_env_problems;
use super::load::{Loader, Scope};
use super::node::{Key, Map, Node, Value};
use super::scalar::Kind;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, code, suggest};
use crate::source::{Environment, FileId, FileKind, Span, Spanned, cleaned};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The sections that are copied from an included topology.
const SECTIONS: [&str; 6] = ["services", "volumes", "networks", "secrets", "configs", "models"];
/// How deep includes may be nested.
const DEPTH_LIMIT: usize = 50;

/// One entry of `include`.
#[derive(Default)]
struct Entry {
    /// The first one is the topology, the others override it.
    paths: Vec<Spanned<String>>,
    project_directory: Option<Spanned<String>>,
    env_files: Vec<Spanned<String>>,
}

/// Copies into `tree` what it includes.
pub(super) fn apply(tree: &mut Node, scope: &Scope, loader: &mut Loader<'_>) {
    let Value::Map(root) = &mut tree.value else { return };
    let Some(position) = root.entries.iter().position(|(key, _)| key.text == "include") else { return };
    let (key, include) = root.entries.remove(position);
    let errors = loader.found.count(Severity::Error);
    let entries = entries(&key, &include, loader.found);
    // The refused entry would have defined services.
    loader.unparsed.definitions |= loader.found.count(Severity::Error) > errors;
    for entry in entries {
        if let Some(included) = load(&entry, scope, loader) {
            import(root, included, &entry, loader.found);
        }
    }
}

fn entries(key: &Key, include: &Node, found: &mut Diagnostics) -> Vec<Entry> {
    match &include.value {
        Value::Null => Vec::new(),
        Value::List(list) => list.iter().filter_map(|element| entry(element, found)).collect(),
        Value::Scalar(_) | Value::Map(_) => {
            found
                .error(code::WRONG_TYPE, format!("`include` is a list, not {}", include.describe()))
                .label(include.span.or(key.span), format!("this is {}", include.describe()))
                .help("put each file on a line of its own, after `- `");
            Vec::new()
        }
    }
}

fn entry(element: &Node, found: &mut Diagnostics) -> Option<Entry> {
    let Value::Map(map) = &element.value else {
        return Some(Entry { paths: vec![text("include", element, found)?], ..Entry::default() });
    };
    let mut entry = Entry::default();
    for (key, value) in &map.entries {
        match key.text.as_str() {
            "path" => entry.paths = texts("path", value, found)?,
            "env_file" => entry.env_files = texts("env_file", value, found)?,
            "project_directory" => entry.project_directory = directory(value, found)?,
            extension if extension.starts_with("x-") => {}
            _ => report_unknown(key, found),
        }
    }
    if entry.paths.is_empty() {
        found
            .error(code::MISSING_ATTRIBUTE, "an entry of `include` needs a path")
            .label(element.span, "has no `path`")
            .help("add `path: other.yaml`");
        return None;
    }
    Some(entry)
}

/// A string or a list of strings; empty if the value is.
fn texts(name: &str, node: &Node, found: &mut Diagnostics) -> Option<Vec<Spanned<String>>> {
    match &node.value {
        Value::Null => Some(Vec::new()),
        Value::List(list) => list.iter().map(|element| text(name, element, found)).collect(),
        Value::Scalar(_) | Value::Map(_) => Some(vec![text(name, node, found)?]),
    }
}

/// The value of `project_directory`, a string, which Docker Compose allows to be a number.
fn directory(node: &Node, found: &mut Diagnostics) -> Option<Option<Spanned<String>>> {
    match (&node.value, node.as_text()) {
        (Value::Null, _) => Some(None),
        (_, Some(text)) => Some(Some(Spanned::new(text.to_owned(), node.span))),
        _ => {
            refuse("project_directory", "one path", "name one directory", node, found);
            None
        }
    }
}

fn text(name: &str, node: &Node, found: &mut Diagnostics) -> Option<Spanned<String>> {
    match &node.value {
        Value::Scalar(scalar) if scalar.kind() == Kind::Text => {
            Some(Spanned::new(scalar.text.clone(), node.span))
        }
        Value::Scalar(scalar) => {
            refuse(name, "paths", &format!("quote it: `\"{}\"`", scalar.text), node, found)
                .perhaps_replace(&scalar.text, format!("\"{}\"", scalar.text));
            None
        }
        Value::Null | Value::List(_) | Value::Map(_) => {
            refuse(name, "paths", "name a file", node, found);
            None
        }
    }
}

fn refuse<'found>(
    name: &str,
    needed: &str,
    help: &str,
    node: &Node,
    found: &'found mut Diagnostics,
) -> &'found mut Diagnostic {
    found
        .error(code::WRONG_TYPE, format!("`{name}` takes {needed}, not {}", node.describe()))
        .label(node.span, format!("this is {}", node.describe()))
        .help(help)
}

/// The topology of an entry; reports a missing one.
fn load(entry: &Entry, scope: &Scope, loader: &mut Loader<'_>) -> Option<Node> {
    let first = entry.paths.first()?;
    let base = loader.bases.get(&first.span.file).unwrap_or(&scope.directory).clone();
    let paths: Vec<(PathBuf, Span)> =
        entry.paths.iter().map(|path| (cleaned(&base.join(&path.value)), path.span)).collect();
    if entry.paths.iter().any(|path| loader.refuses_remote(path, code::BAD_INCLUDE, path.span)) {
        loader.unparsed.definitions = true;
        return None;
    }
    let main = &paths.first()?.0;
    if scope.chain.contains(main) || scope.chain.len() >= DEPTH_LIMIT {
        report_cycle(main, first.span, scope, loader);
        return None;
    }
    let directory = match &entry.project_directory {
        Some(directory) => cleaned(&base.join(&directory.value)),
        None => main.parent().unwrap_or(Path::new("/")).to_owned(),
    };
    let environment = environment(entry, &base, &directory, scope, loader);
    let chain = scope.chain.iter().cloned().chain([main.clone()]).collect();
    let inner = loader.scope(environment, directory, chain);
    let read = paths.iter().filter_map(|(path, span)| {
        let Some(file) = loader.open(path, *span) else {
            loader.unparsed.definitions = true;
            return None;
        };
        Some((file, loader.read(file, &inner.directory)))
    });
    let read: Vec<(FileId, Vec<Node>)> = read.collect();
    loader.merge_all(read, &inner)
}

/// The variables of the including topology, then those of the entry's env files.
fn environment(
    entry: &Entry,
    base: &Path,
    directory: &Path,
    scope: &Scope,
    loader: &mut Loader<'_>,
) -> Environment {
    let mut environment = Environment::clone(&scope.environment);
    let known_problems = environment.problems().len();
    let mut files: Vec<FileId> = Vec::new();
    let default = directory.join(".env");
    let there = loader.sources.file_system().kind(&default);
    let is_there = entry.env_files.is_empty() && !matches!(there, None | Some(FileKind::Directory));
    let default = is_there.then_some(default);
    let named = entry.env_files.iter().map(|file| (cleaned(&base.join(&file.value)), file.span));
    let place = entry.paths.first().map(|path| path.span);
    let paths: Vec<(PathBuf, Span)> = named.chain(default.zip(place)).collect();
    for (path, span) in paths {
        if let Some(file) = loader.open(&path, span) {
            files.push(file);
            loader.sources.mark_env_file(file);
            environment.add_weak_file(loader.sources, file, &files);
        }
    }
    report_env_problems(&environment.problems()[known_problems..], &environment, loader.found);
    environment
}

/// Copies the sections of an included topology into one that includes it.
fn import(root: &mut Map, included: Node, entry: &Entry, found: &mut Diagnostics) {
    let Value::Map(Map { entries, taken_away: _ }) = included.value else { return };
    for (key, section) in entries {
        let Value::Map(section_map) = &section.value else { continue };
        if !SECTIONS.contains(&key.text.as_str()) {
            continue;
        }
        match root.get_mut(&key.text) {
            None => root.entries.push((key, section)),
            Some(Node { value: Value::Map(own), .. }) => {
                import_section(own, section_map, &key.text, entry, found)
            }
            Some(own) if matches!(own.value, Value::Null) => *own = section,
            // Not a mapping, which is reported when sections are read.
            Some(_) => {}
        }
    }
}

fn import_section(own: &mut Map, included: &Map, section: &str, entry: &Entry, found: &mut Diagnostics) {
    let known: HashMap<String, usize> =
        own.entries.iter().enumerate().map(|(position, (key, _))| (key.text.clone(), position)).collect();
    for (key, node) in &included.entries {
        let Some(position) = known.get(&key.text) else {
            own.entries.push((key.clone(), node.clone()));
            continue;
        };
        let (own_key, own_node) = &own.entries[*position];
        if !is_same(own_node, node) {
            report_conflict(section, own_key, key, entry, found);
        }
    }
}

/// Whether two nodes are equal apart from their spans.
fn is_same(first: &Node, second: &Node) -> bool {
    match (&first.value, &second.value) {
        (Value::Null, Value::Null) => true,
        (Value::Scalar(first), Value::Scalar(second)) => first.text == second.text,
        (Value::List(first), Value::List(second)) => {
            first.len() == second.len()
                && first.iter().zip(second).all(|(first, second)| is_same(first, second))
        }
        (Value::Map(first), Value::Map(second)) => {
            let has =
                |(key, node): &(Key, Node)| second.get(&key.text).is_some_and(|other| is_same(node, other));
            first.entries.len() == second.entries.len() && first.entries.iter().all(has)
        }
        _ => false,
    }
}

fn report_unknown(key: &Key, found: &mut Diagnostics) {
    let known = ["path", "project_directory", "env_file"];
    found
        .error(code::UNKNOWN_ATTRIBUTE, format!("an entry of `include` has no attribute `{}`", key.text))
        .label(key.span, "not known here")
        .did_you_mean(&key.text, suggest::closest(&key.text, known), || {
            format!("an entry has {}", suggest::one_of(known))
        });
}

fn report_cycle(main: &Path, span: Span, scope: &Scope, loader: &mut Loader<'_>) {
    loader.unparsed.definitions = true;
    let start = scope.chain.iter().position(|path| path == main).unwrap_or_default();
    let names = scope.chain[start..].iter().map(PathBuf::as_path).chain([main]);
    let file_system = loader.sources.file_system();
    let names: Vec<String> = names.map(|path| format!("`{}`", file_system.shown(path).display())).collect();
    let message = match scope.chain.contains(&main.to_owned()) {
        true => format!("files include each other in a cycle: {}", names.join(" → ")),
        false => "includes nest deeper than 50 files".to_owned(),
    };
    loader
        .found
        .error(code::BAD_INCLUDE, message)
        .label(span, "included here again")
        .help("move what they share into a file of its own");
}

fn report_conflict(section: &str, own: &Key, included: &Key, entry: &Entry, found: &mut Diagnostics) {
    let place = entry.paths.first().map(|path| path.span);
    let diagnostic = found.error(
        code::BAD_INCLUDE,
        format!("`{section}.{}` is defined here and, differently, in an included file", own.text),
    );
    diagnostic.label(own.span, "defined here");
    diagnostic.label(included.span, "and here");
    if let Some(place) = place {
        diagnostic.label(place, "included here");
    }
    diagnostic.help(
        "rename one of them; to override an included file, give `path` a list: the file, then its override",
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::load_files;
    use super::*;

    #[test]
    fn an_included_topology_has_its_own_directory_and_variables() {
        let loaded = load_files(&[
            ("compose.yaml", "include: [sub/compose.yaml]\nservices: {web: {image: x}}"),
            (
                "sub/compose.yaml",
                "name: ignored\nservices: {db: {image: '$IMAGE-$SET', env_file: db.env}}\nvolumes: {data: }",
            ),
            ("sub/.env", "IMAGE=own\nSET=lost"),
        ]);
        assert_eq!(
            loaded.show_clean(""),
            "{services: {web: {image: x}, db: {image: \"own-set\", env_file: db.env}}, volumes: {data: null}}"
        );
        let file = loaded.at("services.db.env_file").expect("an env file").span.file;
        assert_eq!(loaded.document.base(file), loaded.directory.path().join("sub"));
    }

    #[test]
    fn the_long_form_overrides_and_changes_the_directory() {
        let loaded = load_files(&[
            (
                "compose.yaml",
                "include:\n- path: [a/base.yaml, a/over.yaml]\n  project_directory: .\n  env_file: [one.env, two.env]",
            ),
            ("a/base.yaml", "services: {db: {image: $A, env_file: x.env}}"),
            ("a/over.yaml", "services: {db: {command: $B}}"),
            ("one.env", "A=1\nB=1"),
            ("two.env", "B=2"),
        ]);
        assert_eq!(loaded.show_clean("services.db"), "{image: \"1\", env_file: x.env, command: \"2\"}");
        let file = loaded.at("services.db.env_file").expect("an env file").span.file;
        assert_eq!(loaded.document.base(file), loaded.directory.path());
    }

    #[test]
    fn empty_values_count_as_absent() {
        let loaded = load_files(&[
            (
                "compose.yaml",
                "include: [{path: sub/a.yaml, project_directory: , env_file: , x-note: {a: b}}]",
            ),
            ("sub/a.yaml", "services: {web: {image: $IMAGE}}"),
            ("sub/.env", "IMAGE=own"),
        ]);
        assert_eq!(loaded.show_clean("services"), "{web: {image: \"own\"}}");
    }

    #[test]
    fn included_services_can_be_extended() {
        let loaded = load_files(&[
            ("compose.yaml", "include: [base.yaml]\nservices: {web: {extends: base, tty: true}}"),
            ("base.yaml", "services: {base: {extends: root}, root: {image: x}}"),
        ]);
        assert_eq!(loaded.show_clean("services.web"), "{image: x, tty: true}");
    }

    #[test]
    fn a_file_may_be_included_twice_but_names_must_not_conflict() {
        let diamond = [
            ("compose.yaml", "include: [a.yaml, b.yaml]"),
            ("a.yaml", "include: [c.yaml]"),
            ("b.yaml", "include: [c.yaml]"),
            ("c.yaml", "services: {db: {image: x}}"),
        ];
        assert_eq!(load_files(&diamond).show_clean("services"), "{db: {image: x}}");
        let loaded = load_files(&[
            ("compose.yaml", "include: [a.yaml]\nservices: {db: {image: y}}"),
            ("a.yaml", "services: {db: {image: x}}"),
        ]);
        assert_eq!(loaded.diagnostics(), [(code::BAD_INCLUDE, "db")]);
        assert_eq!(loaded.found.sorted()[0].labels.len(), 3);
    }

    #[test]
    fn a_cycle_is_reported() {
        let loaded = load_files(&[
            ("compose.yaml", "include: [a.yaml]"),
            ("a.yaml", "include: [b.yaml]"),
            ("b.yaml", "include: [a.yaml]"),
        ]);
        assert_eq!(loaded.diagnostics(), [(code::BAD_INCLUDE, "a.yaml")]);
        let message = &loaded.found.sorted()[0].message;
        assert!(
            message.matches("a.yaml").count() == 2 && message.matches("b.yaml").count() == 1,
            "{message}"
        );
        assert_eq!(load_files(&[("compose.yaml", "include: [compose.yaml]")]).diagnostics().len(), 1);
    }

    #[test]
    fn exponential_includes_are_bounded() {
        let name = |level: usize| format!("{level}.yaml");
        let text = |level: usize| format!("include: [{0}, {0}]", name(level + 1));
        let files: Vec<(String, String)> = (0..40).map(|level| (name(level), text(level))).collect();
        let mut files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        files.extend([("compose.yaml", "include: [0.yaml]"), ("40.yaml", "services: {a: {image: x}}")]);
        let loaded = load_files(&files);
        assert!(loaded.found.has_errors() && loaded.sources.files().count() < 1_100);
    }

    #[test]
    fn an_invalid_include_is_reported_at_its_entry() {
        let diagnostics = |text: &str| {
            let loaded = load_files(&[("compose.yaml", text)]);
            let [(code, place)] = loaded.diagnostics()[..] else {
                panic!("{text}: {:?}", loaded.diagnostics())
            };
            (code, place.to_owned())
        };
        let expect = |code, place: &str| (code, place.to_owned());
        assert_eq!(diagnostics("include: [no.yaml]"), expect(code::MISSING_FILE, "no.yaml"));
        assert_eq!(diagnostics("include: [oci://x/y]"), expect(code::BAD_INCLUDE, "oci://x/y"));
        assert_eq!(diagnostics("include: a.yaml"), expect(code::WRONG_TYPE, "a.yaml"));
        assert_eq!(diagnostics("include: [[{}]]"), expect(code::WRONG_TYPE, "[{}]"));
        assert_eq!(diagnostics("include: [{env_file: x}]"), expect(code::MISSING_ATTRIBUTE, "{env_file: x}"));
        let wrong = |attribute: &str, place| {
            let text = format!("include: [{{path: compose.yaml, {attribute}}}]");
            assert_eq!(diagnostics(&text), expect(code::WRONG_TYPE, place), "{attribute}");
        };
        wrong("project_directory: [x]", "[x]");
        wrong("project_directory: {a: b}", "{a: b}");
        wrong("env_file: {a: b}", "{a: b}");
        wrong("env_file: [[x]]", "[x]");
        wrong("env_file: 1", "1");
        assert_eq!(diagnostics("include: [{path: }]").0, code::MISSING_ATTRIBUTE);
        assert_eq!(diagnostics("include: [~]"), expect(code::WRONG_TYPE, "~"));
        assert_eq!(diagnostics("include: [true]"), expect(code::WRONG_TYPE, "true"));
        assert_eq!(diagnostics("include: [{path: []}]").0, code::MISSING_ATTRIBUTE);
    }
}
