//! In: a tree with errors. Out: the tree that was probably meant, where keys are one level too high
//! or too deep. Must not: touch a tree in which every key is known at its place.
//!
//! One wrong indentation makes every key below it wrong: it is reported once, and the keys are read
//! where they belong, so that their own errors are found too.

use crate::diagnostic::{Diagnostics, code, suggest};
use crate::document::{Key, Map, Node, Value};
use crate::topology::Sections;
use crate::topology::service::Service;

/// Moves keys to where they belong; `None` when all are in place.
pub(super) fn mend(root: &Node, found: &mut Diagnostics) -> Option<Node> {
    let mut repaired = root.clone();
    let Value::Map(top) = &mut repaired.value else { return None };
    let mut is_changed = gather_services(top, found);
    let mut sections = Vec::new();
    if let Some(Node { value: Value::Map(services), .. }) = top.get_mut("services") {
        sections = take_sections(services, found);
        is_changed |= !sections.is_empty() | gather_attributes(services, found);
        is_changed |= free_services(services, found);
        for (_, service) in &mut services.entries {
            if let Value::Map(service) = &mut service.value {
                is_changed |= gather_values(service, found);
            }
        }
    }
    sections.into_iter().for_each(|section| add_section(top, section));
    is_changed.then_some(repaired)
}

type Entry = (Key, Node);

/// `web:` next to `services:`, or without any.
fn gather_services(top: &mut Map, found: &mut Diagnostics) -> bool {
    let holder = top.entry("services").map(|(key, node)| (key.clone(), node.value.clone()));
    if !matches!(holder, None | Some((_, Value::Null | Value::Map(_)))) {
        return false;
    }
    let is_misspelt = |key: &Key| suggest::closest(&key.text, ["services"]).is_some();
    if holder.is_none() && top.entries.iter().any(|(key, _)| is_misspelt(key)) {
        return false;
    }
    let is_service = |(key, node): &Entry| {
        let is_known = Sections::FIELDS.iter().any(|field| field.key == key.text);
        !is_known && !key.text.starts_with("x-") && looks_like_service(node)
    };
    let services: Vec<Entry> = top.entries.extract_if(.., |entry| is_service(entry)).collect();
    let Some((first, _)) = services.first() else { return false };
    match &holder {
        Some((above, _)) => report_beside(&services, above, found),
        None => {
            let name = &first.text;
            found
                .error(code::UNKNOWN_ATTRIBUTE, format!("the service `{name}` is at the top level"))
                .label(first.span, "no `services:` above it")
                .help(format!("write `services:` above it, and indent it:\n\nservices:\n  {name}:"));
        }
    }
    let key = holder.map_or_else(|| Key { text: "services".to_owned(), span: first.span }, |(key, _)| key);
    put_below(top, key, services);
    true
}

/// `networks:` and the like, indented like a service.
fn take_sections(services: &mut Map, found: &mut Diagnostics) -> Vec<Entry> {
    let is_section = |(key, node): &Entry| {
        let Value::Map(map) = &node.value else { return false };
        let is_resource =
            |(key, node): &Entry| !is_attribute(key) && matches!(node.value, Value::Null | Value::Map(_));
        ["configs", "models", "networks", "secrets", "volumes"].contains(&key.text.as_str())
            && !map.entries.is_empty()
            && map.entries.iter().all(is_resource)
    };
    let sections: Vec<Entry> = services.entries.extract_if(.., |entry| is_section(entry)).collect();
    for (key, _) in &sections {
        found
            .error(code::UNKNOWN_ATTRIBUTE, format!("`{}` is among the services", key.text))
            .label(key.span, "indented as a service")
            .help(format!("move it to the left: `{}:` belongs beside `services:`", key.text));
    }
    sections
}

fn add_section(top: &mut Map, (key, section): Entry) {
    match (top.get_mut(&key.text).map(|known| &mut known.value), section.value) {
        (Some(Value::Map(known)), Value::Map(added)) => known.entries.extend(added.entries),
        (_, value) => top.entries.push((key, Node::new(section.span, value))),
    }
}

/// `image:` next to `web:` instead of below it.
fn gather_attributes(services: &mut Map, found: &mut Diagnostics) -> bool {
    let mut kept: Vec<Entry> = Vec::with_capacity(services.entries.len());
    let mut is_changed = false;
    let mut entries = std::mem::take(&mut services.entries).into_iter().peekable();
    while let Some(entry) = entries.next() {
        let is_owner = matches!(entry.1.value, Value::Null | Value::Map(_));
        kept.push(entry);
        let mut attributes = Vec::new();
        while let Some(attribute) = entries.next_if(|next| is_owner && is_lone_attribute(next)) {
            attributes.push(attribute);
        }
        if let Some((owner, _)) = kept.last().filter(|_| !attributes.is_empty()) {
            let owner = owner.clone();
            report_beside(&attributes, &owner, found);
            let mut map = Map::from_entries(kept);
            put_below(&mut map, owner, attributes);
            kept = map.entries;
            is_changed = true;
        }
    }
    services.entries = kept;
    is_changed
}

/// A service's attribute that cannot be a service itself.
fn is_lone_attribute((key, node): &Entry) -> bool {
    is_attribute(key)
        && match &node.value {
            Value::Null => false,
            Value::List(_) | Value::Scalar(_) => true,
            Value::Map(_) => !looks_like_service(node),
        }
}

/// `db:` below `web:` instead of next to it.
fn free_services(services: &mut Map, found: &mut Diagnostics) -> bool {
    let mut freed = Vec::new();
    for (owner, service) in &mut services.entries {
        let Value::Map(service) = &mut service.value else { continue };
        let is_service = |(key, node): &Entry| {
            let holds = |key| node.as_map().is_some_and(|map| map.get(key).is_some());
            !is_attribute(key) && !key.text.starts_with("x-") && (holds("image") || holds("build"))
        };
        for (key, node) in service.entries.extract_if(.., |entry| is_service(entry)) {
            found
                .error(code::UNKNOWN_ATTRIBUTE, format!("`{}` is inside `{}`", key.text, owner.text))
                .label(key.span, format!("indented as an attribute of `{}`", owner.text))
                .label(owner.span, "the service around it")
                .help(format!("indent `{}:` like `{}:`", key.text, owner.text));
            freed.push((key, node));
        }
    }
    let is_changed = !freed.is_empty();
    let is_new = |(key, _): &Entry| services.get(&key.text).is_none();
    let freed: Vec<Entry> = freed.into_iter().filter(is_new).collect();
    services.entries.extend(freed);
    is_changed
}

/// Whether an attribute is a mapping with keys.
fn is_holder(key: &Key) -> bool {
    Service::FIELDS.iter().any(|field| field.key == key.text && field.shape.has_keys())
}

/// `NAME: value` next to an empty `environment:` instead of below it.
fn gather_values(service: &mut Map, found: &mut Diagnostics) -> bool {
    let is_unknown = |(key, _): &Entry| !is_attribute(key) && !key.text.starts_with("x-");
    let mut holder = None;
    let mut values: Vec<(Key, Vec<Entry>)> = Vec::new();
    let mut kept = Vec::with_capacity(service.entries.len());
    for entry in std::mem::take(&mut service.entries) {
        if let Some(above) = holder.as_ref().filter(|_| is_unknown(&entry)) {
            match values.last_mut().filter(|(last, _)| last == above) {
                Some((_, below)) => below.push(entry),
                None => values.push((Key::clone(above), vec![entry])),
            }
            continue;
        }
        let (key, node) = &entry;
        let is_empty = is_holder(key) && matches!(node.value, Value::Null);
        holder = is_empty.then(|| key.clone());
        kept.push(entry);
    }
    service.entries = kept;
    let is_changed = !values.is_empty();
    for (above, below) in values {
        report_beside(&below, &above, found);
        put_below(service, above, below);
    }
    is_changed
}

fn looks_like_service(node: &Node) -> bool {
    node.as_map().is_some_and(|map| map.entries.iter().any(|(key, _)| is_attribute(key)))
}

fn is_attribute(key: &Key) -> bool {
    Service::FIELDS.iter().any(|field| field.key == key.text)
}

/// Puts entries below a key of `map`, which is added if missing.
fn put_below(map: &mut Map, key: Key, below: Vec<Entry>) {
    let Some((first, last)) = below.first().zip(below.last()) else { return };
    let span = first.0.span.to(last.1.span.or(last.0.span));
    match map.get_mut(&key.text) {
        Some(Node { value: Value::Map(known), .. }) => {
            let is_new = |(key, _): &Entry| known.get(&key.text).is_none();
            let new: Vec<Entry> = below.into_iter().filter(is_new).collect();
            known.entries.extend(new);
        }
        Some(node) => *node = Node::new(span, Value::Map(Map::from_entries(below))),
        None => map.entries.push((key, Node::new(span, Value::Map(Map::from_entries(below))))),
    }
}

/// How many keys are labelled at most.
const MARKED: usize = 10;

fn report_beside(entries: &[Entry], above: &Key, found: &mut Diagnostics) {
    let Some(((first, _), others)) = entries.split_first() else { return };
    let above_text = &above.text;
    let diagnostic = found
        .error(code::UNKNOWN_ATTRIBUTE, format!("`{}` is beside `{above_text}`, not below it", first.text));
    diagnostic.label(first.span, format!("indented like `{above_text}`"));
    for (key, _) in others.iter().take(MARKED) {
        diagnostic.label(key.span, "this one too");
    }
    diagnostic.label(above.span, "ends before this");
    let which = if others.is_empty() { "it" } else { "them" };
    diagnostic.help(format!("indent {which} by two spaces more than `{above_text}:`"));
}
