//! The canonical form of a topology with its variables left in place: `config --no-interpolate`.
//!
//! A value with variables may become anything, so it is cut out before the rest is read, and put
//! back as it was written into the rest's canonical form. Interpolating the result yields the same
//! as interpolating the topology's own files.
//!
//! As in Docker Compose, the rest also keeps its notation, such as `1m30s`, `64m` or a command
//! line, except for the attributes that are marked `long`.

use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use crate::diagnostic::Diagnostics;
use crate::document::{Document, Map, Node, Value};
use crate::source::{Environment, Span, substitute};
use crate::topology::Sections;
use crate::topology::attribute::{Attribute, Field, Form, Place, Shape, json_of};
use crate::topology::canonical::whole_service;
use crate::topology::service::Mounts;
use crate::topology::{ResolveChoices, normal, paths, project_name, read};

/// A part that stays as it was written.
struct Cut {
    path: Vec<String>,
    value: Json,
    /// Its index in the list at `path`, if it is an element.
    element: Option<usize>,
    /// Where it was written.
    at: Span,
}

impl Cut {
    fn new(path: &[String], node: &Node) -> Self {
        Self { path: path.to_vec(), value: json_of(node), element: None, at: node.span }
    }
}

/// The canonical form of a document that was loaded without interpolation. It includes every
/// service, whatever its profiles.
pub fn uninterpolated(
    document: &Document,
    environment: &Environment,
    choices: &ResolveChoices,
    found: &mut Diagnostics,
) -> Json {
    let mut rest = document.clone();
    let mut cuts = Vec::new();
    cut_from(Arc::make_mut(&mut rest.root), &mut Vec::new(), &mut cuts);
    let (mut sections, _) = read(&rest, found);
    if let Some(name) = &mut sections.name {
        // Other names are derived from it.
        name.value = substitute(&name.value, &|name| environment.value(name), &mut 1_000).text;
    }
    let name = project_name(&sections, choices, document, found);
    paths::fill_in_contexts(&mut sections);
    normal::unify(&mut sections);
    if choices.stages.paths {
        paths::resolve(&mut sections, &rest, environment);
    }
    if choices.stages.defaults {
        normal::complete(&mut sections, &name, environment);
    }
    let mut model = sections.canonical(Form::Full);
    model["name"] = Json::from(name.as_str());
    for (name, service) in &sections.services {
        model["services"][name.as_str()] = whole_service(&service.value, Form::Full);
    }
    for mut cut in cuts {
        if choices.stages.paths {
            complete_path(&mut cut, &rest);
        }
        complete_ports(&mut cut);
        take_back_defaults(&mut model, &cut.path, &document.root);
        put_back(&mut model, cut);
    }
    model
}

// The reader bounds how deep a tree is, so this may recurse.
fn cut_from(node: &mut Node, path: &mut Vec<String>, cuts: &mut Vec<Cut>) {
    let Value::Map(Map { entries, .. }) = &mut node.value else { return };
    entries.retain_mut(|(key, child)| {
        path.push(key.text.clone());
        let is_kept = is_kept(child, path, cuts);
        path.pop();
        is_kept
    });
}

/// Whether a value stays in the rest.
fn is_kept(node: &mut Node, path: &mut Vec<String>, cuts: &mut Vec<Cut>) -> bool {
    let is_opaque = path.last().is_some_and(|key| key.starts_with("x-"));
    if is_opaque || *path == ["name"] {
        return true;
    }
    // A build argument without a value is a variable too.
    let is_callers = matches!(node.value, Value::Null) && matches("services.*.build.args.*", path);
    if is_callers || has_variables(node) {
        return is_kept_in_part(node, path, cuts);
    }
    match &node.value {
        _ if is_long(node, path) => {}
        Value::Null => {}
        Value::Map(_) => cut_from(node, path, cuts),
        // It is read as well: other values are derived from it.
        _ => cuts.push(Cut::new(path, node)),
    }
    true
}

fn is_long(node: &Node, path: &[String]) -> bool {
    // The keys of a build are considered one by one.
    let is_mapped_build = matches!(node.value, Value::Map(_)) && matches("services.*.build", path);
    let is_device = matches("volumes.*.driver_opts.device", path);
    !is_mapped_build && (is_device || attribute_at(path).is_some_and(|attribute| attribute.is_long))
}

/// Cuts the parts with variables out of a value that has some.
fn is_kept_in_part(node: &mut Node, path: &mut Vec<String>, cuts: &mut Vec<Cut>) -> bool {
    match &mut node.value {
        Value::Map(_) if !is_whole(path) => {
            cut_from(node, path, cuts);
            true
        }
        Value::List(elements) if attribute_at(path).is_some_and(|list| list.is_read_one_by_one) => {
            let mut position = 0;
            elements.retain(|element| {
                let is_kept = !has_variables(element) || is_certain(element, path);
                if !is_kept {
                    cuts.push(Cut { element: Some(position), ..Cut::new(path, element) });
                }
                position += 1;
                is_kept
            });
            true
        }
        Value::Scalar(_) if matches("services.*.build", path) => {
            let mut cut = Cut::new(path, node);
            cut.path.push("context".to_owned());
            cuts.push(cut);
            node.value = Value::Map(Map::default());
            true
        }
        _ => {
            cuts.push(Cut::new(path, node));
            false
        }
    }
}

/// Whether a mapping is taken out as a whole: some of its keys must be there, so a part of it cannot be read.
fn is_whole(path: &[String]) -> bool {
    match Place::find(Sections::FIELDS, path) {
        Some(Place::Attribute(mapping)) => mapping.shape == Shape::Record && mapping.has_required_keys(),
        Some(Place::Entry(of)) => of.has_required_keys(),
        None => false,
    }
}

fn attribute_at(path: &[String]) -> Option<&'static Field> {
    match Place::find(Sections::FIELDS, path)? {
        Place::Attribute(attribute) => Some(attribute),
        Place::Entry(_) => None,
    }
}

/// Whether an element is a mount whose kind and directory do not depend on its variables.
fn is_certain(element: &Node, path: &[String]) -> bool {
    let begins_with_variable = |node: &Node| node.as_text().is_some_and(|text| text.starts_with('$'));
    let key = |key: &str| element.as_map().and_then(|mount| mount.get(key));
    let is_open = begins_with_variable(element)
        || key("source").is_some_and(begins_with_variable)
        || key("type").is_some_and(has_variables);
    let mut found = Diagnostics::default();
    let alone = Node::new(element.span, Value::List(vec![element.clone()]));
    !is_open
        && matches("services.*.volumes", path)
        && Mounts::decode(&alone, &mut found).is_some()
        && found.is_empty()
}

fn has_variables(node: &Node) -> bool {
    match &node.value {
        Value::Null => false,
        Value::Scalar(scalar) => scalar.text.contains('$'),
        Value::List(elements) => elements.iter().any(has_variables),
        Value::Map(map) => map.entries.iter().any(|(_, child)| has_variables(child)),
    }
}

/// Removes defaults that were added only because something that was cut out seemed to be missing.
fn take_back_defaults(model: &mut Json, path: &[String], root: &Node) {
    let Some((_, above)) = path.split_last() else { return };
    let Some(beside) = attribute_at(path).and_then(|attribute| attribute.instead_of) else { return };
    let node = above.iter().try_fold(root, |node, key| node.as_map()?.get(key));
    let is_written = node.and_then(|node| node.as_map()?.get(beside)).is_some();
    let object = above.iter().try_fold(model, |object, key| object.get_mut(key));
    if let (false, Some(Json::Object(object))) = (is_written, object) {
        object.remove(beside);
    }
}

/// Makes a path that is relative, whatever its variables are, absolute.
fn complete_path(cut: &mut Cut, document: &Document) {
    let Some(Place::Attribute(attribute) | Place::Entry(attribute)) =
        Place::find(Sections::FIELDS, &cut.path)
    else {
        return;
    };
    let text = match &mut cut.value {
        text @ Json::String(_) => Some(text).filter(|_| attribute.is_path),
        Json::Object(object) => {
            let path = attribute.elements.iter().find(|field| field.is_path);
            path.and_then(|path| object.get_mut(path.key))
        }
        _ => None,
    };
    if let Some(Json::String(text)) = text
        && (text.starts_with("./") || text.starts_with("../"))
    {
        *text = paths::join(document.base(cut.at.file), text);
    }
}

/// Adds the defaults of a long port.
fn complete_ports(cut: &mut Cut) {
    let Json::Array(ports) = &mut cut.value else { return };
    if matches("services.*.ports", &cut.path) {
        for port in ports.iter_mut().filter_map(Json::as_object_mut) {
            port.entry("mode").or_insert_with(|| "ingress".into());
            port.entry("protocol").or_insert_with(|| "tcp".into());
        }
    }
}

fn put_back(model: &mut Json, Cut { path, value, element, at: _ }: Cut) {
    let mut place = model;
    for key in path {
        if !place.is_object() {
            *place = Json::Object(JsonMap::new());
        }
        place = &mut place[key];
    }
    match (place, element) {
        (Json::Array(elements), Some(position)) => elements.insert(position.min(elements.len()), value),
        (place, Some(_)) => *place = Json::Array(vec![value]),
        (place, None) => *place = value,
    }
}

/// True when `path` is one that `pattern`, such as `services.*.ports`, stands for: `*` is any one key.
fn matches(pattern: &str, path: &[String]) -> bool {
    let keys = pattern.split('.');
    keys.clone().count() == path.len() && keys.zip(path).all(|(part, key)| part == "*" || part == key)
}
