//! In: a merged tree. Out: the same without list elements that a later one overrides. Must not:
//! report anything; an element whose identity cannot be read is kept for its attribute to refuse.
//!
//! As in Compose's loader, the later element replaces the earlier one: `"8080:80"` is the same port
//! as `{published: 8080, target: 80}`.

use super::handling::Attributes;
use super::node::{Map, Node, Value};
use crate::value::device::ShortDevice;
use crate::value::mount;
use crate::value::pair::Pair;
use crate::value::port::PortParts;
use std::collections::HashMap;

/// What makes two elements of a list the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The text up to `=`.
    Name,
    /// The whole text.
    Text,
    /// The path of an env file.
    EnvFile,
    /// Host address, published port, target port and protocol.
    Port,
    /// The path in the container.
    VolumeTarget,
    /// The device in the container.
    DeviceTarget,
    /// The path in the container, by default the source's name below this directory.
    FileTarget(&'static str),
}

/// An element whose place a later one of the same list took.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// The path of the list.
    pub path: Vec<String>,
    /// The element.
    pub node: Node,
}

/// Removes what is redefined from every list below `root`; returns what another element of the same
/// list redefines. What another file replaces is not returned: it is meant to be.
pub(super) fn enforce(root: &mut Node, attributes: &Attributes) -> Vec<Replaced> {
    let mut replaced = Vec::new();
    visit(root, attributes, &mut Vec::new(), &mut replaced);
    replaced
}

// No deeper than the attributes that are known.
fn visit<'n>(node: &'n mut Node, known: &Attributes, path: &mut Vec<&'n str>, replaced: &mut Vec<Replaced>) {
    match &mut node.value {
        Value::Map(Map { entries, .. }) => {
            for (key, value) in entries {
                let Some(known) = known.below(&key.text) else { continue };
                path.push(&key.text);
                visit(value, known, path, replaced);
                path.pop();
            }
        }
        Value::List(list) if list.len() > 1 => {
            if let Some(identity) = known.handling.unique {
                let within = node.span;
                let mut lost = keep_last(list, identity);
                let is_of_this_list = |lost: &Node| {
                    lost.span.file == within.file
                        && lost.span.start >= within.start
                        && lost.span.end <= within.end
                };
                lost.retain(is_of_this_list);
                replaced.extend(lost.into_iter().map(|node| {
                    let path = path.iter().map(|key| (*key).to_owned()).collect();
                    Replaced { path, node }
                }));
            }
        }
        Value::List(_) | Value::Null | Value::Scalar(_) => {}
    }
}

/// Keeps the last element of each identity and returns the others.
fn keep_last(list: &mut Vec<Node>, identity: Identity) -> Vec<Node> {
    let mut replaced = Vec::new();
    let mut kept: Vec<Node> = Vec::with_capacity(list.len());
    let mut positions: HashMap<String, usize> = HashMap::new();
    for mut element in std::mem::take(list) {
        let Some(key) = key(&element, identity) else {
            kept.push(element);
            continue;
        };
        match positions.get(&key) {
            Some(position) => {
                let before = &mut kept[*position];
                element.earlier.insert(0, before.span);
                replaced.push(std::mem::replace(before, element));
            }
            None => {
                positions.insert(key, kept.len());
                kept.push(element);
            }
        }
    }
    *list = kept;
    replaced
}

fn key(element: &Node, identity: Identity) -> Option<String> {
    match &element.value {
        Value::Scalar(scalar) => text_key(&scalar.text, identity),
        Value::Map(map) => map_key(map, identity),
        Value::Null | Value::List(_) => None,
    }
}

fn text_key(text: &str, identity: Identity) -> Option<String> {
    Some(match identity {
        Identity::Name => Pair::split(text).name.to_owned(),
        Identity::Text | Identity::EnvFile => text.to_owned(),
        Identity::Port => PortParts::split(text).identity(),
        Identity::VolumeTarget => mount::target_of(text).to_owned(),
        Identity::DeviceTarget => ShortDevice::parse(text).ok()?.target.to_owned(),
        Identity::FileTarget(directory) => format!("{directory}/{text}"),
    })
}

fn map_key(map: &Map, identity: Identity) -> Option<String> {
    let text = |name: &str| map.get(name).and_then(Node::as_text);
    match identity {
        Identity::Name | Identity::Text => None,
        Identity::EnvFile => text("path").map(str::to_owned),
        Identity::VolumeTarget | Identity::DeviceTarget => text("target").map(str::to_owned),
        Identity::FileTarget(directory) => text("target").map_or_else(
            || Some(format!("{directory}/{}", text("source")?)),
            |target| Some(target.to_owned()),
        ),
        Identity::Port => {
            let [host_ip, published, protocol] = ["host_ip", "published", "protocol"].map(text);
            Some(PortParts { host_ip, published, target: text("target")?, protocol }.identity())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::load_files;
    use super::*;

    /// The texts, or targets, of the remaining elements of a service's list.
    fn kept(attribute: &str, list: &str) -> Vec<String> {
        let text = format!("services: {{web: {{{attribute}: {list}}}}}");
        let loaded = load_files(&[("compose.yaml", &text)]);
        let list = loaded.at(&format!("services.web.{attribute}")).and_then(Node::as_list).expect("a list");
        list.iter().map(|element| loaded.sources.text(element.span).to_owned()).collect()
    }

    #[test]
    fn the_later_element_replaces_the_earlier_one() {
        assert_eq!(kept("environment", "[A=1, B=1, A=2, B]"), ["A=2", "B"]);
        assert_eq!(kept("volumes", "[aa:/x, /y, {target: /x}, bb:/y:ro]"), ["{target: /x}", "bb:/y:ro"]);
        assert_eq!(kept("devices", "[/dev/a, /dev/b:/dev/a:rw]"), ["/dev/b:/dev/a:rw"]);
        assert_eq!(
            kept("secrets", "[a, {source: b, target: /run/secrets/a}]"),
            ["{source: b, target: /run/secrets/a}"]
        );
        assert_eq!(kept("env_file", "[a, b, {path: a}]"), ["{path: a}", "b"]);
        assert_eq!(kept("expose", "[80, '80', 81]"), ["'80'", "81"]);
    }

    #[test]
    fn ports_are_the_same_in_short_and_long_form() {
        let same = ["8080:80", "'0.0.0.0:8080:80/tcp'", "{target: 80, published: '8080'}"];
        assert_eq!(kept("ports", &format!("[{}]", same.join(", "))), [same[2]]);
        let different = ["80", "8080:80", "127.0.0.1:8080:80", "8080:80/udp", "8081:80", "'[::1]:8080:80'"];
        assert_eq!(kept("ports", &format!("[{}]", different.join(", "))), different);
    }

    #[test]
    fn command_words_may_repeat() {
        assert_eq!(kept("command", "[echo, a, a]"), ["echo", "a", "a"]);
    }
}
