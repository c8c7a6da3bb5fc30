//! The canonical form of a topology whose variables stay as they are written: `config --no-interpolate`.
//!
//! What holds a variable may be anything once it is filled in, so it is taken out before the rest is
//! read, and put back, as it was written, into the rest's canonical form. A reader that fills in the
//! variables of the result finds what it would have found in the topology's own files.

use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use crate::diagnostic::Diagnostics;
use crate::document::{Document, Map, Node, Value};
use crate::source::{Environment, substitute};
use crate::topology::attribute::{Attribute, Form, json_of};
use crate::topology::canonical::whole_service;
use crate::topology::{ResolveChoices, normal, paths, project_name, read};

/// Mappings that are taken out as a whole: some of their keys must be there, so a part of them cannot
/// be read.
const WHOLE: &[&str] = &["models.*", "services.*.depends_on", "services.*.provider", "services.*.ulimits.*"];

/// Lists of things that do not depend on each other's order: only those with variables are taken out.
const UNORDERED: &[&str] = &["services.*.volumes"];

/// What is filled in beside an attribute only as long as that one says nothing.
const FILLED_IN_BESIDE: &[(&str, &str)] = &[
    ("services.*.network_mode", "networks"),
    ("services.*.provider", "networks"),
    ("services.*.build.dockerfile_inline", "dockerfile"),
    ("networks.*.external", "name"),
    ("volumes.*.external", "name"),
    ("secrets.*.external", "name"),
    ("configs.*.external", "name"),
];

/// Something that holds a variable.
struct Cut {
    path: Vec<String>,
    value: Json,
    is_element: bool,
}

/// The canonical form of a document that was loaded without filling in its variables. Every service
/// is part of it, whatever its profiles are.
pub fn unfilled(
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
        // Other names are made of it.
        name.value = substitute(&name.value, &|name| environment.value(name), &mut 1_000).text;
    }
    let name = project_name(&sections, choices, document, found);
    paths::fill_in_contexts(&mut sections);
    if choices.stages.paths {
        paths::resolve(&mut sections, &rest, environment);
    }
    if choices.stages.defaults {
        normal::complete(&mut sections, &name, environment);
    }
    let mut model = sections.canonical(Form::Full);
    model["name"] = Json::from(name.as_str());
    for (name, service) in &sections.services {
        model["services"][name] = whole_service(&service.value, Form::Full);
    }
    for cut in cuts {
        take_back_defaults(&mut model, &cut.path, &document.root);
        put_back(&mut model, cut);
    }
    model
}

// The reader bounds how deep a tree is, so this may recurse.
fn cut_from(node: &mut Node, path: &mut Vec<String>, cuts: &mut Vec<Cut>) {
    let Value::Map(Map { entries }) = &mut node.value else { return };
    entries.retain_mut(|(key, child)| {
        path.push(key.text.clone());
        let is_kept = is_kept(child, path, cuts);
        path.pop();
        is_kept
    });
}

fn is_kept(node: &mut Node, path: &mut Vec<String>, cuts: &mut Vec<Cut>) -> bool {
    let is_opaque = path.last().is_some_and(|key| key.starts_with("x-"));
    // An argument of a build that has no value is a variable too.
    let is_callers = matches!(node.value, Value::Null) && matches(path, "services.*.build.args.*");
    if !is_callers && (is_opaque || *path == ["name"] || !has_variables(node)) {
        return true;
    }
    match &mut node.value {
        Value::Map(_) if !matches_any(path, WHOLE) => {
            cut_from(node, path, cuts);
            true
        }
        Value::List(elements) if matches_any(path, UNORDERED) => {
            let (cut, kept) = std::mem::take(elements).into_iter().partition(has_variables);
            *elements = kept;
            let cut: Vec<Node> = cut;
            cuts.extend(cut.iter().map(|element| Cut {
                path: path.clone(),
                value: json_of(element),
                is_element: true,
            }));
            true
        }
        _ => {
            cuts.push(Cut { path: path.clone(), value: json_of(node), is_element: false });
            false
        }
    }
}

fn has_variables(node: &Node) -> bool {
    match &node.value {
        Value::Null => false,
        Value::Scalar(scalar) => scalar.text.contains('$'),
        Value::List(elements) => elements.iter().any(has_variables),
        Value::Map(map) => map.entries.iter().any(|(_, child)| has_variables(child)),
    }
}

/// Takes away what was filled in because something that was taken out seemed to be missing.
fn take_back_defaults(model: &mut Json, path: &[String], root: &Node) {
    let Some((_, above)) = path.split_last() else { return };
    for (_, beside) in FILLED_IN_BESIDE.iter().filter(|(pattern, _)| matches(path, pattern)) {
        let node = above.iter().try_fold(root, |node, key| node.as_map()?.get(key));
        let is_written = node.and_then(|node| node.as_map()?.get(beside)).is_some();
        let object = above.iter().try_fold(&mut *model, |object, key| object.get_mut(key));
        if let (false, Some(Json::Object(object))) = (is_written, object) {
            object.remove(*beside);
        }
    }
}

fn put_back(model: &mut Json, Cut { path, value, is_element }: Cut) {
    let mut place = model;
    for key in path {
        if !place.is_object() {
            *place = Json::Object(JsonMap::new());
        }
        place = &mut place[key];
    }
    match place {
        Json::Array(elements) if is_element => elements.push(value),
        _ if is_element => *place = Json::Array(vec![value]),
        _ => *place = value,
    }
}

fn matches_any(path: &[String], patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| matches(path, pattern))
}

/// Whether a path is one of those that a pattern stands for; `*` is any key.
fn matches(path: &[String], pattern: &str) -> bool {
    let keys = pattern.split('.');
    keys.clone().count() == path.len() && keys.zip(path).all(|(wanted, key)| wanted == "*" || wanted == key)
}
