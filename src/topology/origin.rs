//! In: a path of the model. Out: where its value was written, and whether it is literal text of the
//! topology. Must not: decide what is shown.
//!
//! The model addresses list elements by their purpose (`ports.80/tcp`, `volumes./data`), and knows
//! nothing of short forms and env files; the tree that was read does, and values of services know
//! their own places.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json};

use crate::document::{Node, Value, pair_named};
use crate::source::{Span, Spanned};
use crate::topology::attribute::{Attribute, Form};
use crate::topology::service::{ContainerFile, Mounts, Ports, Service};
use crate::topology::{Topology, secrecy};

/// The origin of a value of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where it was written; for a default, the key that it would be below.
    pub place: Span,
    /// Whether all of it is literal text of the topology: not from a variable, another file or the
    /// caller.
    pub is_literal: bool,
}

/// Entries of a mapping or a list by name.
pub type Entries<'value> = BTreeMap<String, &'value Json>;

/// The entries of a mapping; those of a list of mounts, ports, secrets or configs by their purpose.
pub fn entries(value: &Json) -> Option<Entries<'_>> {
    match value {
        Json::Object(map) => Some(map.iter().map(|(key, value)| (key.clone(), value)).collect()),
        Json::Array(items) => {
            let named = items.iter().map(|item| Some((entry_name(item.as_object()?)?, item)));
            let entries: Entries<'_> = named.collect::<Option<_>>()?;
            // With two of the same name, the whole list is more readable.
            (entries.len() == items.len()).then_some(entries)
        }
        _ => None,
    }
}

fn entry_name(item: &JsonMap<String, Json>) -> Option<String> {
    match (item.get("target"), item.get("source"), item.get("protocol")) {
        (Some(Json::Number(port)), _, Some(Json::String(protocol))) => Some(format!("{port}/{protocol}")),
        (Some(Json::String(name)), _, _) | (None, Some(Json::String(name)), _) => Some(name.clone()),
        _ => None,
    }
}

/// Attributes whose values are lists of words, each with its own origin.
const WORDS: &[&[&str]] = &[&["command"], &["entrypoint"], &["healthcheck", "test"]];

impl Topology {
    /// The origin of the value at a path of the model: `["services", "web", "ports", "80/tcp"]`.
    pub fn origin(&self, path: &[&str]) -> Origin {
        let Some((section, rest)) = path.split_first() else { return self.origin_of(self.root(), None) };
        if let ("services", [name, rest @ ..]) = (*section, rest)
            && let Some(service) = self.service(name)
        {
            return self.origin_in_service(name, service, service.key, rest);
        }
        match self.node_at(&[section]) {
            Some(node) => self.below(node, node.span, rest),
            // It is a default.
            None => Origin { place: self.root().span, is_literal: true },
        }
    }

    /// The key of the attribute that a removed value of a service was below; for a value that was
    /// not literal, the attribute that lists the files it could have come from.
    pub fn former_place(&self, path: &[&str], was_literal: bool) -> Span {
        let ["services", name, attribute, _] = path else { return self.origin(path).place };
        let files = match *attribute {
            "environment" => "env_file",
            "labels" => "label_file",
            _ => return self.origin(path).place,
        };
        let own = || Some(self.node_at(&path[..2])?.as_map()?.entry(attribute)?.0.span);
        let files = || Some(self.node_at(&["services", name, files])?.span);
        let place = if was_literal { own().or_else(files) } else { files().or_else(own) };
        place.unwrap_or_else(|| self.origin(path).place)
    }

    /// Whether a text of the topology contains the value of a variable.
    pub fn holds_variable(&self, place: Span) -> bool {
        self.filled.holds_variable(place)
    }

    /// Whether the value at a path contains this text literally, not from a variable.
    pub fn says(&self, text: &str, path: &[&str]) -> bool {
        self.filled.is_written(text, self.origin(path).place)
    }

    /// The paths, below an object, of values that are not literal text of the topology.
    pub fn from_elsewhere(&self, place: [&str; 2]) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        if let Some(node) = self.node_at(&place) {
            self.collect_filled(node, &mut Vec::new(), &mut paths);
        }
        let ["services", name] = place else { return paths };
        let Some(service) = self.service(name) else { return paths };
        for (attribute, pairs) in [("environment", &service.environment), ("labels", &service.labels)] {
            paths.retain(|path| path.first().is_none_or(|first| first != attribute));
            let elsewhere = pairs
                .0
                .iter()
                .filter(|(key, value)| !self.pair_origin(name, attribute, key, value).is_literal);
            paths.extend(elsewhere.map(|(key, _)| vec![attribute.to_owned(), key.clone()]));
        }
        paths
    }

    /// The values of variables and labels of services that are not literal text of the topology.
    pub fn pairs_from_elsewhere(&self) -> Vec<&str> {
        let mut values = Vec::new();
        for (name, service) in &self.services {
            for (attribute, pairs) in [("environment", &service.environment), ("labels", &service.labels)] {
                let elsewhere = pairs.0.iter().filter(|(key, value)| {
                    !self.pair_origin(name.as_str(), attribute, key, value).is_literal
                });
                values.extend(elsewhere.filter_map(|(_, value)| value.value.as_deref()));
            }
        }
        values
    }

    fn collect_filled(&self, node: &Node, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
        let are_words = is_words(path);
        let mut enter = |key: String, node: &Node| {
            path.push(key);
            self.collect_filled(node, path, paths);
            path.pop();
        };
        match &node.value {
            Value::Map(map) => map.entries.iter().for_each(|(key, node)| enter(key.text.clone(), node)),
            Value::List(items) if are_words => {
                items.iter().enumerate().for_each(|(index, item)| enter(index.to_string(), item));
            }
            _ if self.filled.holds_variable_below(node) => paths.push(path.clone()),
            _ => {}
        }
    }

    fn origin_in_service(&self, name: &str, service: &Service, key: Span, path: &[&str]) -> Origin {
        let tree = |path: &[&str]| match self.node_at(&["services", name]) {
            Some(node) => self.below(node, key, path),
            None => Origin { place: key, is_literal: true },
        };
        let [attribute, rest @ ..] = path else { return tree(path) };
        match (*attribute, rest) {
            ("environment", [variable]) if let Some(value) = service.environment.0.get(*variable) => {
                self.pair_origin(name, attribute, variable, value)
            }
            ("labels", [label]) if let Some(value) = service.labels.0.get(*label) => {
                self.pair_origin(name, attribute, label, value)
            }
            ("secrets" | "configs", [file, "content"]) => {
                let source = self.source_of(service, attribute, file);
                let place = source.map(|source| self.content_place(attribute, &source));
                Origin { place: place.unwrap_or_else(|| tree(path).place), is_literal: false }
            }
            ("ports" | "volumes" | "secrets" | "configs" | "devices", [element, rest @ ..]) => {
                let Some(place) = element_place(service, attribute, element) else { return tree(path) };
                let node = self.node_at(&["services", name, attribute]).and_then(Node::as_list);
                let node = node.and_then(|items| items.iter().find(|item| item.span == place));
                match node {
                    Some(node) => self.below(node, place, rest),
                    None => Origin { place, is_literal: !self.filled.holds_variable(place) },
                }
            }
            _ => tree(path),
        }
    }

    /// A variable or a label of a service, which may also come from a file.
    fn pair_origin(
        &self,
        service: &str,
        attribute: &str,
        key: &str,
        value: &Spanned<Option<String>>,
    ) -> Origin {
        let node = self.node_at(&["services", service, attribute]);
        let own = node.and_then(|node| match &node.value {
            Value::Map(map) => map.get(key).cloned(),
            Value::List(items) => pair_named(items, key),
            Value::Null | Value::Scalar(_) => None,
        });
        let is_literal = own.is_some_and(|own| match own.value {
            // The caller's value, if there is one; a label is empty.
            Value::Null => value.value.as_ref().is_none_or(String::is_empty),
            _ => !self.filled.holds_variable_below(&own),
        });
        Origin { place: value.span, is_literal }
    }

    /// The origin of what is at `path` below a node with its key at `key`.
    // The reader bounds how deep a tree is, so this may recurse.
    fn below(&self, node: &Node, key: Span, path: &[&str]) -> Origin {
        let Some((next, rest)) = path.split_first() else { return self.origin_of(node, Some(key)) };
        match &node.value {
            Value::Map(map) => match map.entry(next) {
                Some((key, child)) => self.below(child, key.span, rest),
                None => Origin { place: key, is_literal: true },
            },
            Value::List(items) => {
                let item = next.parse::<usize>().ok().and_then(|index| items.get(index));
                match (item, pair_named(items, next)) {
                    (Some(item), _) => self.below(item, item.span, rest),
                    (None, Some(pair)) => self.origin_of(&pair, Some(key)),
                    (None, None) => self.origin_of(node, Some(key)),
                }
            }
            Value::Null | Value::Scalar(_) => self.origin_of(node, Some(key)),
        }
    }

    fn origin_of(&self, node: &Node, key: Option<Span>) -> Origin {
        let place = key.map_or(node.span, |key| node.span.or(key));
        Origin { place, is_literal: !self.filled.holds_variable_below(node) }
    }

    /// The secret or config that a service mounts as this file.
    fn source_of(&self, service: &Service, attribute: &str, file: &str) -> Option<String> {
        fn find<K: AsRef<str> + Clone + From<String>>(
            files: &[Spanned<ContainerFile<K>>],
            file: &str,
        ) -> Option<String> {
            let named = files.iter().find(|known| names(&known.canonical(Form::Model), file))?;
            Some(named.source.value.as_ref().to_owned())
        }
        match attribute == Service::secrets {
            true => find(&service.secrets, file),
            false => find(&service.configs, file),
        }
    }

    /// Where the content of a secret or config is defined.
    fn content_place(&self, section: &str, key: &str) -> Span {
        let said = ["file", "environment", "content"].into_iter();
        let mut said = said.filter_map(|attribute| self.node_at(&[section, key, attribute]));
        said.next().map_or_else(|| self.place_of(&[section, key]), |node| node.span)
    }
}

impl Topology {
    /// Whether the value at a path is a command line, each of whose words has its own origin.
    pub fn has_words(&self, path: &[String]) -> bool {
        matches!(path, [section, _, rest @ ..] if section == "services" && is_words(rest))
    }
}

impl Topology {
    /// Whether a value is a word of a command line that the words around it mark as a secret.
    pub fn is_secret_word(&self, path: &[String]) -> bool {
        let Some((last, list)) = path.split_last().filter(|(_, list)| self.has_words(list)) else {
            return false;
        };
        let keys: Vec<&str> = list.iter().map(String::as_str).collect();
        let items = self.node_at(&keys).and_then(Node::as_list).unwrap_or_default();
        let words: Vec<&str> = items.iter().map(|item| item.as_text().unwrap_or_default()).collect();
        let index = last.parse().unwrap_or(usize::MAX);
        secrecy::secret_words(&words).get(index).copied().unwrap_or_default()
    }
}

fn is_words(path: &[String]) -> bool {
    WORDS.iter().any(|words| words.iter().eq(path.iter()))
}

fn names(item: &Json, name: &str) -> bool {
    item.as_object().and_then(entry_name).is_some_and(|known| known == name)
}

/// Where the element of a list with this name was written.
fn element_place(service: &Service, attribute: &str, element: &str) -> Option<Span> {
    fn find<T>(items: &[Spanned<T>], name: &str, model: impl Fn(&Spanned<T>) -> Json) -> Option<Span> {
        let is_meant = |item: &&Spanned<T>| match model(item) {
            Json::Array(items) => items.iter().any(|item| names(item, name)),
            item => names(&item, name),
        };
        items.iter().find(is_meant).map(|item| item.span)
    }
    match attribute {
        "ports" => find(&service.ports.0, element, |port| Ports(vec![port.clone()]).canonical(Form::Model)),
        "volumes" => {
            find(&service.volumes.0, element, |mount| Mounts(vec![mount.clone()]).canonical(Form::Model))
        }
        "secrets" => find(&service.secrets, element, |file| file.value.canonical(Form::Model)),
        "configs" => find(&service.configs, element, |file| file.value.canonical(Form::Model)),
        "devices" => find(&service.devices, element, |device| device.value.canonical(Form::Model)),
        _ => None,
    }
}
