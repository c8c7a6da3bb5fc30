//! In: the services of one document. Out: the same, each merged with what it extends. Must not:
//! recurse along a chain, read a file twice, or follow a cycle.
//!
//! Compose Specification, "extends": the base is another service of the same document or of another
//! file, over which the extending service is merged. Paths stay relative to the directory of the
//! file that they were written in, since they keep their span.

use super::load::{Loader, Scope};
use super::merge;
use super::node::{Directive, Key, Map, Node, Value};
use super::scalar::Kind;
use crate::diagnostic::{Diagnostics, Severity, code, suggest};
use crate::source::{FileId, Span, cleaned};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Services that can be extended, by file.
#[derive(Default)]
pub(super) struct Pools {
    pools: Vec<Pool>,
    /// Extended files, and the number of the scope whose variables were filled in.
    by_path: HashMap<(PathBuf, usize), usize>,
}

struct Pool {
    /// The file's path for display.
    file: PathBuf,
    services: Vec<(Key, Node)>,
    by_name: HashMap<String, usize>,
    /// Whether a service is resolved, or extends nothing.
    is_done: Vec<bool>,
}

/// A service of a pool.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct At {
    pool: usize,
    service: usize,
}

/// The value of `extends`.
struct Reference {
    service: String,
    service_span: Span,
    file: Option<(String, Span)>,
}

/// Resolves `extends` of each service of a document.
pub(super) fn apply(tree: &mut Node, file: FileId, scope: &Scope, loader: &mut Loader<'_>) {
    let Value::Map(root) = &mut tree.value else { return };
    let Some(Node { value: Value::Map(services), .. }) = root.get_mut("services") else { return };
    if !services.entries.iter().any(|(_, service)| extended(service).is_some()) {
        return;
    }
    let path = loader.sources.get(file).path.clone();
    let pool = loader.pools.add(path, std::mem::take(&mut services.entries));
    for service in 0..loader.pools.pools[pool].services.len() {
        resolve(At { pool, service }, scope, loader);
    }
    services.entries = std::mem::take(&mut loader.pools.pools[pool].services);
}

/// Follows the chain of a service up to one that is resolved, then merges back down.
fn resolve(start: At, scope: &Scope, loader: &mut Loader<'_>) {
    let mut chain: Vec<At> = Vec::new();
    let mut places: Vec<Span> = Vec::new();
    let mut seen: HashSet<At> = HashSet::new();
    let mut next = Some(start);
    let mut is_cut = false;
    while let Some(at) = next.filter(|at| !loader.pools.is_done(*at)) {
        if !seen.insert(at) {
            let first = chain.iter().position(|link| *link == at).unwrap_or_default();
            report_cycle(&chain[first..], &places[first..], loader);
            next = None;
            is_cut = true;
            break;
        }
        chain.push(at);
        let errors = loader.found.count(Severity::Error);
        let reference = loader.pools.take_reference(at, loader.found);
        places.extend(reference.as_ref().map(|reference| reference.service_span));
        if let Some(reference) = reference.as_ref().filter(|_| at.pool == start.pool) {
            loader.extends.insert(loader.pools.name(at).0, reference.service_span);
        }
        next = reference.as_ref().and_then(|reference| target(at, reference, scope, loader));
        let is_refused = loader.found.count(Severity::Error) > errors;
        is_cut = next.is_none() && (reference.is_some() || is_refused);
    }
    is_cut |= next.is_some_and(|base| loader.unparsed.without_base.contains(&loader.pools.name(base).0));
    if is_cut {
        let names = chain.iter().map(|at| loader.pools.name(*at).0);
        loader.unparsed.without_base.extend(names);
    }
    let mut base = next;
    for at in chain.into_iter().rev() {
        if let Some(base) = base {
            extend(at, base, loader);
        }
        loader.pools.pools[at.pool].is_done[at.service] = true;
        base = Some(at);
    }
}

/// The service that is referred to; reports a missing one.
fn target(at: At, reference: &Reference, scope: &Scope, loader: &mut Loader<'_>) -> Option<At> {
    let pool = match &reference.file {
        Some((path, span)) => pool_of(path, *span, scope, loader)?,
        None => at.pool,
    };
    if let Some(service) = loader.pools.pools[pool].by_name.get(&reference.service) {
        return Some(At { pool, service: *service });
    }
    report_missing(at, reference, pool, loader);
    None
}

fn pool_of(path: &str, span: Span, scope: &Scope, loader: &mut Loader<'_>) -> Option<usize> {
    if loader.refuses_remote(path, code::BAD_EXTENDS, span) {
        return None;
    }
    let base = loader.bases.get(&span.file).unwrap_or(&scope.directory);
    let path = cleaned(&base.join(path));
    if let Some(pool) = loader.pools.by_path.get(&(path.clone(), scope.number)) {
        return Some(*pool);
    }
    let file = loader.open(&path, span)?;
    let trees = loader.read(file, path.parent().unwrap_or(Path::new("/")));
    let merged = loader.merge_plainly(trees, scope);
    let services = merged.map(services_of).unwrap_or_default();
    let shown = loader.sources.get(file).path.clone();
    let pool = loader.pools.add(shown, services);
    loader.pools.by_path.insert((path, scope.number), pool);
    Some(pool)
}

fn services_of(tree: Node) -> Vec<(Key, Node)> {
    let Value::Map(root) = tree.value else { return Vec::new() };
    let services = root.entries.into_iter().find(|(key, _)| key.text == "services").map(|(_, node)| node);
    match services.filter(|node| !is_reset(node)).map(|node| node.value) {
        Some(Value::Map(services)) => services.entries,
        _ => Vec::new(),
    }
}

/// Whether a node has nothing but a `!reset`, which only drops values of earlier files.
fn is_reset(node: &Node) -> bool {
    node.directive == Some(Directive::Reset)
}

/// Merges a service over a copy of its base.
fn extend(at: At, base: At, loader: &mut Loader<'_>) {
    let (name, span) = loader.pools.name(at);
    let nodes = count(loader.pools.node(base));
    if !loader.take_copies(nodes, span) {
        return;
    }
    let mut copy = loader.pools.node(base).clone();
    // Overrides of other files within the base do not affect the service that extends it.
    merge::settle(&mut copy);
    let service = &mut loader.pools.pools[at.pool].services[at.service].1;
    let nothing = Node::new(service.span, Value::Null);
    let over = std::mem::replace(service, nothing);
    let merged = loader.merger(vec!["services".to_owned(), name]).merge(copy, over);
    loader.pools.pools[at.pool].services[at.service].1 = merged;
}

impl Pools {
    fn add(&mut self, file: PathBuf, services: Vec<(Key, Node)>) -> usize {
        let is_done: Vec<bool> = services.iter().map(|(_, service)| is_reset(service)).collect();
        let there = services.iter().enumerate().filter(|(index, _)| !is_done[*index]);
        let by_name = there.map(|(index, (key, _))| (key.text.clone(), index)).collect();
        self.pools.push(Pool { file, services, by_name, is_done });
        self.pools.len() - 1
    }

    fn is_done(&self, at: At) -> bool {
        self.pools[at.pool].is_done[at.service]
    }

    fn node(&self, at: At) -> &Node {
        &self.pools[at.pool].services[at.service].1
    }

    fn name(&self, at: At) -> (String, Span) {
        let key = &self.pools[at.pool].services[at.service].0;
        (key.text.clone(), key.span)
    }

    /// Removes `extends` from a service and returns its value.
    fn take_reference(&mut self, at: At, found: &mut Diagnostics) -> Option<Reference> {
        let Value::Map(service) = &mut self.pools[at.pool].services[at.service].1.value else { return None };
        let position = service.entries.iter().position(|(key, _)| key.text == "extends")?;
        let (key, extends) = service.entries.remove(position);
        let (name, _) = self.name(at);
        if is_reset(&extends) {
            return None;
        }
        reference(&name, &key, &extends, found)
    }
}

fn extended(service: &Node) -> Option<&Node> {
    service.as_map()?.get("extends")
}

fn reference(name: &str, key: &Key, extends: &Node, found: &mut Diagnostics) -> Option<Reference> {
    match &extends.value {
        Value::Scalar(scalar) if scalar.kind() == Kind::Text => {
            Some(Reference { service: scalar.text.clone(), service_span: extends.span, file: None })
        }
        Value::Map(map) => long_reference(name, key, map, found),
        Value::Scalar(_) | Value::Null | Value::List(_) => {
            let message = format!("`extends` is the name of a service, not {}", extends.describe());
            refuse(key, extends, message, found);
            None
        }
    }
}

fn refuse(key: &Key, value: &Node, message: String, found: &mut Diagnostics) {
    let only = value.as_list().filter(|items| items.len() == 1).and_then(|items| items[0].as_text());
    let help = match &value.value {
        Value::List(_) if only.is_some() && key.text == "extends" => {
            format!("write `extends: {}`", only.unwrap_or_default())
        }
        Value::Scalar(scalar) => format!("quote it: `\"{}\"`", scalar.text),
        _ => "write `extends: name`, or `extends: {file: other.yaml, service: name}`".to_owned(),
    };
    let diagnostic = found.error(code::WRONG_TYPE, message);
    diagnostic.label(value.span.or(key.span), format!("this is {}", value.describe())).help(help);
    match (&value.value, only) {
        (Value::Scalar(scalar), _) => {
            diagnostic.perhaps_replace(&scalar.text, format!("\"{}\"", scalar.text));
        }
        (Value::List(_), Some(only)) if key.text == "extends" => {
            diagnostic.perhaps_write_value(value.span, only);
        }
        _ => {}
    }
}

fn long_reference(name: &str, extends: &Key, map: &Map, found: &mut Diagnostics) -> Option<Reference> {
    let mut service = None;
    let mut file = None;
    for (key, value) in &map.entries {
        let slot = match key.text.as_str() {
            "service" => &mut service,
            "file" => &mut file,
            _ => {
                report_unknown(key, found);
                continue;
            }
        };
        match &value.value {
            Value::Scalar(scalar) if scalar.kind() == Kind::Text => {
                *slot = Some((scalar.text.clone(), value.span));
            }
            Value::Null if key.text == "file" => {}
            _ => {
                let message = format!("`{}` is a string, not {}", key.text, value.describe());
                refuse(key, value, message, found);
                return None;
            }
        }
    }
    let Some((service, service_span)) = service else {
        found
            .error(code::MISSING_ATTRIBUTE, "`extends` needs the name of a service")
            .label(extends.span, "has no `service`")
            .help(format!("add the name of a service there, such as `service: {name}`"));
        return None;
    };
    Some(Reference { service, service_span, file })
}

fn report_unknown(key: &Key, found: &mut Diagnostics) {
    if key.text.starts_with("x-") {
        return;
    }
    let known = ["service", "file"];
    found
        .error(code::UNKNOWN_ATTRIBUTE, format!("`extends` has no attribute `{}`", key.text))
        .label(key.span, "not known here")
        .did_you_mean(&key.text, suggest::closest(&key.text, known), || {
            format!("`extends` has {}", suggest::one_of(known))
        });
}

fn report_missing(at: At, reference: &Reference, pool: usize, loader: &mut Loader<'_>) {
    let (name, _) = loader.pools.name(at);
    let Pool { file, services, .. } = &loader.pools.pools[pool];
    let wanted = &reference.service;
    let names = || services.iter().map(|(key, _)| key.text.as_str());
    let elsewhere = named_file(wanted).filter(|_| reference.file.is_none()).map(|(path, service)| {
        let service = service.unwrap_or(&name);
        format!("for a service of another file, write `extends: {{file: {path}, service: {service}}}`")
    });
    let closest = suggest::closest(wanted, names());
    let otherwise = || match services.is_empty() {
        true => "the file has no services".to_owned(),
        false => format!("services there: {}", suggest::one_of(names().take(10))),
    };
    let message = format!("`{name}` extends `{wanted}`, which is not a service in `{}`", file.display());
    let diagnostic = loader.found.error(code::BAD_EXTENDS, message);
    diagnostic.label(reference.service_span, "no such service");
    match elsewhere {
        Some(help) => diagnostic.help(help),
        None => diagnostic.did_you_mean(wanted, closest, otherwise),
    };
}

/// The file in a text, and the service in it: `./base.yaml`, `base.yaml:web`.
fn named_file(text: &str) -> Option<(&str, Option<&str>)> {
    let end = [".yaml", ".yml"].iter().find_map(|ending| Some(text.find(ending)? + ending.len()))?;
    let (path, rest) = text.split_at(end);
    let service = rest.trim_start_matches([':', '#', ' ']);
    (rest.is_empty() || service.len() < rest.len())
        .then_some((path, Some(service).filter(|name| !name.is_empty())))
}

fn report_cycle(circle: &[At], places: &[Span], loader: &mut Loader<'_>) {
    let mut names: Vec<String> = circle.iter().map(|at| format!("`{}`", loader.pools.name(*at).0)).collect();
    names.extend(names.first().cloned());
    let message = format!("services extend each other in a cycle: {}", names.join(" → "));
    let diagnostic = loader.found.error(code::BAD_EXTENDS, message);
    for (place, pair) in places.iter().zip(names.windows(2)).take(10) {
        diagnostic.label(*place, format!("{} extends {}", pair[0], pair[1]));
    }
    diagnostic.help("move what they share into a service that extends none of them");
}

fn count(node: &Node) -> usize {
    match &node.value {
        Value::Null | Value::Scalar(_) => 1,
        Value::List(list) => 1 + list.iter().map(count).sum::<usize>(),
        Value::Map(map) => 1 + map.entries.iter().map(|(_, node)| count(node)).sum::<usize>(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Loaded, load_files};
    use super::*;

    fn one(text: &str) -> Loaded {
        load_files(&[("compose.yaml", text)])
    }

    #[test]
    fn a_service_is_merged_over_its_base_through_a_chain() {
        let loaded = one(
            "services: {c: {extends: {service: b}, tty: true}, b: {extends: a, image: b}, a: {image: a, environment: {A: 1}}}",
        );
        assert_eq!(loaded.show_clean("services.c"), "{image: b, environment: {A: 1}, tty: true}");
        assert_eq!(loaded.show_clean("services.a"), "{image: a, environment: {A: 1}}");
    }

    #[test]
    fn paths_of_another_file_start_from_its_directory() {
        let loaded = load_files(&[
            (
                "compose.yaml",
                "services: {web: {extends: {file: common/base.yaml, service: base}, env_file: own.env}}",
            ),
            (
                "common/base.yaml",
                "services: {base: {extends: {file: ../deep/root.yaml, service: root}, env_file: base.env}}",
            ),
            ("deep/root.yaml", "services: {root: {image: '${SET}', env_file: root.env}}"),
        ]);
        assert_eq!(
            loaded.show_clean("services.web"),
            "{image: \"set\", env_file: [root.env, base.env, own.env]}"
        );
        let files = loaded.at("services.web.env_file").and_then(Node::as_list).expect("a list");
        let bases = files.iter().map(|file| loaded.document.base(file.span.file).to_owned());
        let directory = loaded.directory.path();
        assert_eq!(
            bases.collect::<Vec<_>>(),
            [directory.join("deep"), directory.join("common"), directory.to_owned()]
        );
    }

    #[test]
    fn tags_of_the_service_apply_to_its_base_and_other_files() {
        let loaded = load_files(&[
            ("compose.yaml", "services: {web: {ports: ['1'], image: x}}"),
            (
                "compose.2.yaml",
                "services: {base: {ports: ['2'], command: b, tty: !reset}, web: {extends: base, ports: !override ['3'], command: !reset}}",
            ),
        ]);
        assert_eq!(loaded.show_clean("services.web"), "{ports: [\"3\"], image: x}");
        assert_eq!(loaded.show("services.base"), "{ports: [\"2\"], command: b}");
    }

    #[test]
    fn a_reset_service_cannot_be_extended() {
        let loaded = one("services: {a: !reset {image: a}, b: {extends: a}}");
        assert_eq!(loaded.diagnostics(), [(code::BAD_EXTENDS, "a")]);
        let loaded = load_files(&[
            ("compose.yaml", "services: {b: {extends: {file: base.yaml, service: a}}}"),
            ("base.yaml", "services: !reset {a: {image: a}}"),
        ]);
        assert_eq!(loaded.diagnostics(), [(code::BAD_EXTENDS, "a")]);
        let loaded = one("services: {a: !reset {extends: nowhere}, b: {image: b, extends: !reset nowhere}}");
        assert_eq!(loaded.show_clean("services"), "{b: {image: b}}");
    }

    #[test]
    fn tags_in_merge_keys_and_in_each_document_apply() {
        let loaded = load_files(&[
            ("compose.yaml", "services: {web: {extends: {file: web.yaml, service: web}}}"),
            (
                "web.yaml",
                "x-d: &d {command: !reset null, ports: !override ['2']}\nservices: {web: {extends: base, <<: *d, ports: ['3']}, base: {image: x, command: c, ports: ['1'], user: a}}\n---\nservices: {web: {user: !reset null}}\n---\nservices: {web: {tty: true}}",
            ),
        ]);
        assert_eq!(loaded.show_clean("services.web"), "{image: x, ports: [\"3\"], tty: true}");
    }

    #[test]
    fn a_cycle_is_reported() {
        let loaded = one("services: {a: {extends: b}, b: {extends: {service: c}}, c: {extends: b}}");
        assert_eq!(loaded.diagnostics(), [(code::BAD_EXTENDS, "c")]);
        assert_eq!(
            loaded.found.sorted()[0].message,
            "services extend each other in a cycle: `b` → `c` → `b`"
        );
        let loaded = one("services: {a: {extends: {file: compose.yaml, service: a}}}");
        assert_eq!(loaded.diagnostics().len(), 1);
    }

    #[test]
    fn an_invalid_base_is_reported_at_its_reference() {
        let loaded = one("services: {web: {extends: bas}, base: {}}");
        assert_eq!(loaded.diagnostics(), [(code::BAD_EXTENDS, "bas")]);
        assert_eq!(loaded.found.sorted()[0].help.as_deref(), Some("did you mean `base`?"));
        assert_eq!(
            one("services: {a: {extends: {file: no.yaml, service: a}}}").diagnostics(),
            [(code::MISSING_FILE, "no.yaml")]
        );
        assert_eq!(
            one("services: {a: {extends: {file: 'https://x/y.yaml', service: a}}}").diagnostics()[0].0,
            code::BAD_EXTENDS
        );
        assert_eq!(one("services: {a: {extends: {}}}").diagnostics(), [(code::MISSING_ATTRIBUTE, "extends")]);
        assert_eq!(one("services: {a: {extends: []}}").diagnostics(), [(code::WRONG_TYPE, "[]")]);
        assert_eq!(
            one("services: {a: {extends: {service: b, fil: x}}, b: {}}").diagnostics(),
            [(code::UNKNOWN_ATTRIBUTE, "fil")]
        );
    }

    #[test]
    fn long_chains_and_growing_ones_are_bounded() {
        let links = (1..5_000).map(|n| format!("  s{n}: {{extends: s{}}}\n", n - 1));
        let loaded = one(&format!("services:\n  s0: {{image: x}}\n{}", links.collect::<String>()));
        assert_eq!(loaded.show_clean("services.s4999"), "{image: x}");
        let links = (1..2_000).map(|n| format!("  s{n}: {{extends: s{}, labels: [l{n}]}}\n", n - 1));
        let loaded = one(&format!("services:\n  s0: {{image: x}}\n{}", links.collect::<String>()));
        assert!(loaded.diagnostics().iter().all(|(found, _)| *found == code::TOO_LARGE));
        assert!(loaded.found.has_errors());
    }
}
