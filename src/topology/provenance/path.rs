//! Paths: `services.web.labels."com.example.role"`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::PathError;
use crate::diagnostic::suggest;
use crate::document::{Node, Value, pair_named};
use crate::topology::{Topology, schema};

/// What is at a path.
pub(super) struct Found<'a> {
    /// The keys from the root on.
    pub(super) path: Vec<String>,
    /// The value in the canonical form.
    pub(super) value: Option<&'a Json>,
    /// The node in the tree.
    pub(super) node: Option<Cow<'a, Node>>,
    /// If the tree has none: the nearest node above it, and its path.
    pub(super) nearest: Option<(Vec<String>, Cow<'a, Node>)>,
}

/// A key that does not exist.
pub(super) struct Unknown {
    /// The keys before it, which exist.
    pub(super) before: Vec<String>,
    /// The key.
    pub(super) key: String,
    /// The keys after it.
    pub(super) further: Vec<String>,
    /// The keys that exist at its place.
    known: BTreeSet<String>,
}

/// Looks up a path in the tree and in the canonical form. Names of variables and labels are not
/// checked: a variable that the topology does not set may be set elsewhere.
pub(super) fn find<'a>(asked: &str, root: &'a Node, model: &'a Json) -> Result<Found<'a>, Unknown> {
    let keys = split(asked);
    let mut found =
        Found { path: Vec::new(), value: Some(model), node: Some(Cow::Borrowed(root)), nearest: None };
    let mut rest = keys.as_slice();
    while !rest.is_empty() {
        let length = match found.path.as_slice() {
            [services, _] if services == "services" && rest.len() > 1 && is_pairs(&rest[0].text) => 1,
            [services, _, pairs] if services == "services" && is_pairs(pairs) => rest.len(),
            _ => found.longest_key(rest),
        };
        if length == 0 {
            let known = found.known();
            return Err(Unknown {
                before: found.path,
                key: rest[0].text.clone(),
                further: rest[1..].iter().map(|key| key.text.clone()).collect(),
                known,
            });
        }
        found.step(&joined(&rest[..length]));
        rest = &rest[length..];
    }
    Ok(found)
}

/// Attributes whose keys are free names.
fn is_pairs(attribute: &str) -> bool {
    attribute == "environment" || attribute == "labels"
}

impl Found<'_> {
    /// How many of the next parts form one existing key; keys may contain dots.
    fn longest_key(&self, rest: &[Asked]) -> usize {
        let quoted = rest.iter().position(|key| key.is_quoted).unwrap_or(rest.len()).max(1);
        (1..=quoted).rev().find(|length| self.has(&joined(&rest[..*length]))).unwrap_or(0)
    }

    fn has(&self, key: &str) -> bool {
        self.value.is_some_and(|value| child_value(value, key).is_some())
            || self.node.as_ref().is_some_and(|node| child_node(node, key).is_some())
    }

    fn step(&mut self, key: &str) {
        self.value = self.value.and_then(|value| child_value(value, key));
        if let Some(node) = self.node.take() {
            match node {
                Cow::Borrowed(node) => self.node = child_node(node, key),
                Cow::Owned(ref owned) => {
                    self.node = child_node(owned, key).map(|child| Cow::Owned(child.into_owned()));
                }
            }
            if self.node.is_none() {
                self.nearest = Some((self.path.clone(), node));
            }
        }
        self.path.push(key.to_owned());
    }

    fn known(&self) -> BTreeSet<String> {
        let of_value = self.value.and_then(Json::as_object).into_iter().flat_map(|object| object.keys());
        let map = self.node.as_ref().and_then(|node| node.as_map());
        let of_node = map.into_iter().flat_map(|map| map.entries.iter().map(|(key, _)| &key.text));
        of_value.chain(of_node).cloned().collect()
    }
}

impl Unknown {
    /// The error for this unknown key.
    pub(super) fn mistake(self, topology: &Topology) -> PathError {
        let Self { before, key, known, further, .. } = self;
        let below = |key: &str| spell(&[before.as_slice(), &[key.to_owned()]].concat());
        let is_service = before.is_empty() && topology.service(&key).is_some();
        let closest = match is_service {
            true => Some(spell(&[&["services".to_owned(), key.clone()], further.as_slice()].concat())),
            false => suggest::closest(&key, known.iter().map(String::as_str)).map(below),
        };
        PathError { path: below(&key), closest, known: known.into_iter().collect() }
    }
}

fn child_value<'a>(value: &'a Json, key: &str) -> Option<&'a Json> {
    match value {
        Json::Object(object) => object.get(key),
        Json::Array(elements) => {
            let is_it = |element: &&Json| {
                element.as_str() == Some(key) || NAMES.iter().any(|name| text_of(&element[*name]) == key)
            };
            index(key).and_then(|index| elements.get(index)).or_else(|| elements.iter().find(is_it))
        }
        _ => None,
    }
}

/// Keys that identify the elements of a list.
const NAMES: [&str; 5] = ["target", "source", "name", "path", "subnet"];

fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn child_node<'a>(node: &'a Node, key: &str) -> Option<Cow<'a, Node>> {
    match &node.value {
        Value::Map(map) => map.get(key).map(Cow::Borrowed),
        Value::List(elements) => {
            let found = index(key).and_then(|index| elements.get(index));
            let found = found.or_else(|| elements.iter().find(|element| is_named(element, key)));
            found.map(Cow::Borrowed).or_else(|| pair_named(elements, key).map(Cow::Owned))
        }
        Value::Null | Value::Scalar(_) => None,
    }
}

fn index(key: &str) -> Option<usize> {
    key.parse().ok()
}

/// Whether an element of a list has this name: `8080:80` is `80`, `data:/data` is `/data`.
fn is_named(element: &Node, key: &str) -> bool {
    match &element.value {
        Value::Scalar(scalar) => scalar.text == key || scalar.text.split(':').any(|part| part == key),
        Value::Map(map) => NAMES.iter().any(|name| map.get(name).and_then(Node::as_text) == Some(key)),
        Value::Null | Value::List(_) => false,
    }
}

/// One key of a path as given.
struct Asked {
    text: String,
    is_quoted: bool,
}

fn joined(keys: &[Asked]) -> String {
    keys.iter().map(|key| key.text.as_str()).collect::<Vec<_>>().join(".")
}

/// Splits a path at its dots; a quoted part is one key, and `[0]` is `.0`.
fn split(path: &str) -> Vec<Asked> {
    let mut keys = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (text, is_quoted, after) = next_key(rest);
        if is_quoted || !text.is_empty() {
            keys.push(Asked { text: text.to_owned(), is_quoted });
        }
        rest = after;
    }
    keys
}

fn next_key(path: &str) -> (&str, bool, &str) {
    let quote = path.chars().next().filter(|letter| *letter == '"' || *letter == '\'');
    if let Some((text, after)) = quote.and_then(|quote| path[1..].split_once(quote)) {
        return (text, true, after);
    }
    let end = path.find(['.', '[', ']']).unwrap_or(path.len());
    let after = path.get(end + 1..).unwrap_or_default();
    (&path[..end], false, after)
}

/// A path as text that [`find`] reads back.
pub(super) fn spell(keys: &[String]) -> String {
    let spelled = |key: &String| match key.contains(['.', '[', ']']) {
        true => format!("\"{key}\""),
        false => key.clone(),
    };
    keys.iter().map(spelled).collect::<Vec<_>>().join(".")
}

/// The schema's description of a path, if it is known.
pub(super) fn description(path: &[String]) -> Option<String> {
    let schema = schema();
    let mut places = vec![&schema];
    for key in path {
        places = places.into_iter().flat_map(|place| resolved(place, &schema)).collect();
        places = places.into_iter().filter_map(|place| below(place, key)).collect();
    }
    places.into_iter().find_map(|place| place["description"].as_str()).map(str::to_owned)
}

/// The alternatives that a schema allows.
fn resolved<'a>(place: &'a Json, schema: &'a Json) -> Vec<&'a Json> {
    let mut forms: Vec<&Json> = place["anyOf"].as_array().into_iter().flatten().collect();
    forms.push(place);
    let target = |form: &'a Json| {
        let name = form["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/definitions/"));
        name.map_or(form, |name| &schema["definitions"][name])
    };
    forms.into_iter().map(target).collect()
}

fn below<'a>(place: &'a Json, key: &str) -> Option<&'a Json> {
    let property = place["properties"].get(key);
    property.or_else(|| place.get("additionalProperties").filter(|any| any.is_object()))
}

/// A sentence as it continues after a colon.
pub(super) fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    if sentence.chars().nth(1).is_some_and(char::is_uppercase) {
        return sentence.to_owned();
    }
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(path: &str) -> Vec<String> {
        split(path).into_iter().map(|key| key.text).collect()
    }

    #[test]
    fn a_path_is_split_at_dots_outside_quotes() {
        assert_eq!(keys("services.web.ports[0].target"), ["services", "web", "ports", "0", "target"]);
        assert_eq!(keys("a.\"b.c\".d"), ["a", "b.c", "d"]);
        assert_eq!(keys("a.['b.c'].''"), ["a", "b.c", ""]);
        assert_eq!(keys("a.\"open"), ["a", "\"open"]);
        assert_eq!(keys("..ä."), ["ä"]);
    }

    #[test]
    fn a_spelled_path_is_read_back() {
        let path = ["services", "web.1", "labels", "a[b]"].map(str::to_owned);
        assert_eq!(keys(&spell(&path)), path);
    }

    #[test]
    fn the_schema_describes_attributes_at_any_depth() {
        let path = |path: &str| keys(path);
        assert!(description(&path("services.web.restart")).is_some());
        assert!(description(&path("services.web.healthcheck.interval")).is_some());
        assert!(description(&path("services.web.build.context")).is_some());
        assert_eq!(description(&path("services.web.restrat")), None);
    }
}
