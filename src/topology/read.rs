//! In: the spanned tree. Out: the sections of a topology. Must not: add defaults, or compare
//! sections with each other.

use std::sync::Arc;

use super::{Sections, Service, indentation, partial, service};
use crate::diagnostic::{Diagnostics, code, suggest};
use crate::document::{Document, Key, Kind, Map, Node, Replaced, Value};
use crate::source::Span;

/// The sections, and the tree that they were read from: the document's, with its indentation
/// corrected.
pub(super) fn read(document: &Document, found: &mut Diagnostics) -> (Sections, Arc<Node>) {
    let mut root = Arc::clone(&document.root);
    let Some(map) = document.root.as_map() else { return (Sections::default(), root) };
    if map.get("services").is_some_and(|services| service::port::refuse_too_many(services, found)) {
        return (Sections::default(), root);
    }
    let mut decoded = Diagnostics::default();
    let mut sections = decode(document, map, &mut decoded);
    if decoded.has_errors() || sections.services.is_empty() {
        let mut moved = Diagnostics::default();
        if let Some(repaired) = indentation::mend(&root, &mut moved) {
            decoded = moved;
            sections = decode(document, repaired.as_map().unwrap_or(map), &mut decoded);
            root = Arc::new(repaired);
        }
    }
    found.append(decoded);
    check_top(&sections, &root, found);
    (sections, root)
}

fn decode(document: &Document, map: &Map, found: &mut Diagnostics) -> Sections {
    if let (Some((version, _)), Some(_), None) =
        (map.entry("apiVersion"), map.get("kind"), map.get("services"))
    {
        found
            .error(code::UNKNOWN_ATTRIBUTE, "this is a file for Kubernetes, not a topology")
            .label(version.span, "Kubernetes begins its files like this")
            .help("name a file that has `services`");
        return Sections::default();
    }
    let mut decoded = Diagnostics::default();
    let sections = Sections::decode_map(map, &mut decoded);
    decode_replaced(document, &mut decoded);
    partial::forget_missing(&document.unparsed, &mut decoded);
    if sections.services.is_empty() && document.unparsed.is_none() {
        miss_services(document, map, &mut decoded);
    }
    found.append(decoded);
    sections
}

/// Checks that the keys of a topology's sections are valid names.
fn check_top(sections: &Sections, root: &Node, found: &mut Diagnostics) {
    let Some(map) = root.as_map() else { return };
    if let Some((key, version)) = map.entry("version") {
        check_version(key, version, found);
    }
    for (name, service) in &sections.services {
        check_name("service", name.as_str(), service.key, found);
    }
    let named = [
        (
            "network",
            sections.networks.iter().map(|(name, entry)| (name.as_str(), entry.key)).collect::<Vec<_>>(),
        ),
        ("volume", sections.volumes.iter().map(|(name, entry)| (name.as_str(), entry.key)).collect()),
        ("secret", sections.secrets.iter().map(|(name, entry)| (name.as_str(), entry.key)).collect()),
        ("config", sections.configs.iter().map(|(name, entry)| (name.as_str(), entry.key)).collect()),
        ("model", sections.models.iter().map(|(name, entry)| (name.as_str(), entry.key)).collect()),
    ];
    for (kind, entries) in named {
        for (name, span) in entries {
            check_name(kind, name, span, found);
        }
    }
}

/// The Compose Specification has no versions; Docker Compose still refuses one that is not a
/// string.
fn check_version(key: &Key, version: &Node, found: &mut Diagnostics) {
    let message = "`version` no longer has any effect";
    let kind = version.as_scalar().map(|version| version.kind());
    if matches!(kind, Some(Kind::Int(_) | Kind::Float(_))) {
        found
            .warning(code::OBSOLETE, format!("{message}, and Docker Compose refuses a number"))
            .label(version.span, "read as a number")
            .help("remove the line")
            .remove_lines(key.span.to(version.span));
        return;
    }
    found
        .note(code::OBSOLETE, message)
        .label(key.span, "may be removed")
        .remove_lines(key.span.to(version.span));
}

/// Reports errors in elements of a service's lists that were overridden.
fn decode_replaced(document: &Document, found: &mut Diagnostics) {
    for Replaced { path, node } in &document.replaced {
        let [section, _, attribute] = path.as_slice() else { continue };
        if section == "services" {
            let key = Key { text: attribute.clone(), span: node.span };
            let list = Node::new(node.span, Value::List(vec![node.clone()]));
            Service::decode_map(&Map::from_entries(vec![(key, list)]), found);
        }
    }
}

/// As in Compose, an empty topology and one with an empty `services` are refused; a mapping without
/// services may be part of a topology.
fn miss_services(document: &Document, map: &Map, found: &mut Diagnostics) {
    let message = "the topology has no services";
    let services = map.entry("services");
    let is_null = services.is_some_and(|(_, services)| matches!(services.value, Value::Null));
    if services.is_some_and(|(_, services)| !is_null && services.as_map().is_none()) {
        // Its wrong type was reported.
        return;
    }
    if let Some((_, services)) = services.filter(|_| is_null) {
        // One diagnostic is enough.
        found.retain(|diagnostic| diagnostic.span() != Some(services.span));
    }
    let is_misspelt = |(key, _): &(Key, Node)| suggest::closest(&key.text, ["services"]).is_some();
    if services.is_none() && map.entries.iter().any(is_misspelt) {
        // The key that was meant was reported.
        return;
    }
    let diagnostic = match is_null || map.entries.is_empty() {
        true => found.error(code::EMPTY_TOPOLOGY, message),
        false => found.warning(code::EMPTY_TOPOLOGY, message),
    };
    match services {
        Some((key, _)) => diagnostic.label(key.span, "nothing is below it"),
        None => diagnostic.label(document.root.span, "`services` is missing"),
    };
    diagnostic.help("add a service:\n\nservices:\n  web:\n    image: nginx");
}

/// Compose Specification: names are made of letters, digits, `.`, `_` and `-`.
fn check_name(kind: &str, name: &str, span: Span, found: &mut Diagnostics) {
    if name.is_empty() || !name.chars().all(is_name_letter) {
        found
            .error(code::BAD_NAME, format!("a {kind} cannot be named `{name}`"))
            .label(span, "letters, digits, `.`, `_` and `-` are allowed")
            .help(name_like(name));
    }
}

fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "._-".contains(letter)
}

/// A valid name close to one with other characters.
fn name_like(name: &str) -> String {
    let similar = suggest::similar(name, is_name_letter);
    if similar.is_empty() { "write a name such as `web`".to_owned() } else { format!("write `{similar}`") }
}
