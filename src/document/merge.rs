//! In: a tree and one that overrides it. Out: one tree, its values with the places of the winners.
//! Must not: look at files, or know an attribute by its name.
//!
//! The rules are those of the Compose specification, "Merge", as Compose's loader applies them: maps
//! merge, lists append, other values are replaced; attributes with a [`MergeRule`] differ.

use super::handling::Attributes;
use super::node::{Directive, Key, Map, Node, TakenAway, Value};
use super::short::{self, Pairs};
use crate::diagnostic::{Diagnostics, code};
use std::collections::HashMap;

/// How an attribute is merged, if not by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeRule {
    /// The override replaces it.
    Replace,
    /// `NAME=value` elements or a mapping, by name; null overrides too.
    Pairs,
    /// `name=address` elements or a mapping; a name may have several addresses.
    Addresses,
    /// A string or a list of strings: appended.
    Texts,
    /// Names or a mapping by name.
    Names,
    /// Service names or a mapping by name; a bare name means `condition: service_started`.
    Dependencies,
    /// A string is the `context`.
    Build,
    /// Merged if both have the same driver.
    Logging,
    /// Elements with the same subnet are merged, others appended.
    Subnets,
}

/// The most earlier places that a value remembers; the oldest are forgotten.
const HISTORY_LIMIT: usize = 64;

/// Carries out `!reset` and takes away the marks; `root` is what nothing comes before any more.
pub(super) fn settle(root: &mut Node) {
    root.directive = None;
    match &mut root.value {
        Value::Map(Map { entries, taken_away }) => {
            let resets = entries.extract_if(.., |(_, node)| node.directive == Some(Directive::Reset));
            taken_away.extend(resets.map(|(key, reset)| TakenAway::by_reset(key, reset)));
            entries.iter_mut().for_each(|(_, node)| settle(node));
        }
        Value::List(list) => list.iter_mut().for_each(settle),
        Value::Null | Value::Scalar(_) => {}
    }
}

/// Merges two trees of one topology.
pub(super) struct Merger<'a> {
    pub(super) attributes: &'a Attributes,
    /// Where both stand, from the root of the topology.
    pub(super) path: Vec<String>,
    pub(super) found: &'a mut Diagnostics,
}

impl Merger<'_> {
    /// `base` with what `over` says.
    pub(super) fn merge(&mut self, base: Node, over: Node) -> Node {
        if over.directive.is_some() {
            return drop_base(base, over);
        }
        let Some(directive) = base.directive else { return self.values(base, over) };
        // What `base` drops stays dropped, whatever `over` adds to it.
        let mut merged = match directive {
            Directive::Reset => replace(base, over),
            Directive::Override => self.values(base, over),
        };
        merged.directive = Some(Directive::Override);
        merged
    }

    fn values(&mut self, base: Node, over: Node) -> Node {
        // The rule of an attribute comes before its kind: `command:` with nothing resets the command.
        match self.attributes.at(&self.path).merge {
            Some(MergeRule::Replace) => replace(base, over),
            _ if matches!(over.value, Value::Null) => base,
            _ if matches!(base.value, Value::Null) => replace(base, over),
            Some(rule) => self.by_rule(rule, base, over),
            None => self.by_kind(base, over),
        }
    }

    fn by_kind(&mut self, base: Node, over: Node) -> Node {
        match (&base.value, &over.value) {
            (Value::Map(_), Value::Map(_)) => self.maps(base, over),
            (Value::List(_), Value::List(_)) => append(base, over),
            (Value::Map(_) | Value::List(_), _) => self.refuse(base, &over),
            _ => replace(base, over),
        }
    }

    fn by_rule(&mut self, rule: MergeRule, base: Node, over: Node) -> Node {
        match rule {
            MergeRule::Replace => replace(base, over),
            MergeRule::Pairs => self.pairs(base, over),
            MergeRule::Addresses => append_new(short::to_addresses(base), short::to_addresses(over)),
            MergeRule::Texts => append(short::to_list(base), short::to_list(over)),
            MergeRule::Names => self.by_kind(short::names_to_map(base), short::names_to_map(over)),
            MergeRule::Dependencies => {
                self.by_kind(short::dependencies_to_map(base), short::dependencies_to_map(over))
            }
            MergeRule::Build => self.by_kind(short::build_to_map(base), short::build_to_map(over)),
            MergeRule::Logging if has_other_driver(&base, &over) => replace(base, over),
            MergeRule::Logging => self.by_kind(base, over),
            MergeRule::Subnets => self.subnets(base, over),
        }
    }

    /// Entries of both, in the order of `base`, then those that `over` adds.
    fn maps(&mut self, mut base: Node, mut over: Node) -> Node {
        let (Value::Map(base_map), Value::Map(over_map)) = (&mut base.value, &mut over.value) else {
            return self.by_kind(base, over);
        };
        let mut entries = std::mem::take(&mut base_map.entries);
        let positions: HashMap<String, usize> =
            entries.iter().enumerate().map(|(position, (key, _))| (key.text.clone(), position)).collect();
        for (key, value) in std::mem::take(&mut over_map.entries) {
            match positions.get(&key.text) {
                Some(position) => {
                    let entry = &mut entries[*position];
                    let nothing = Node::new(entry.1.span, Value::Null);
                    let before = std::mem::replace(&mut entry.1, nothing);
                    self.path.push(key.text.clone());
                    let merged = self.merge(before, value);
                    self.path.pop();
                    *entry = (winning_key(entry.0.clone(), key, &merged), merged);
                }
                None => entries.push((key, value)),
            }
        }
        let mut taken_away = std::mem::take(&mut base_map.taken_away);
        taken_away.append(&mut over_map.taken_away);
        over.value = Value::Map(Map { entries, taken_away });
        replace(base, over)
    }

    /// Two lists stay a list; otherwise both become mappings.
    fn pairs(&mut self, base: Node, over: Node) -> Node {
        if let (Value::List(_), Value::List(_)) = (&base.value, &over.value) {
            return append(base, over);
        }
        match (short::pairs_to_map(base), short::pairs_to_map(over)) {
            (Pairs::Map(base), Pairs::Map(over)) => override_entries(base, over),
            // A value of the wrong kind is kept, for the attribute to report.
            (Pairs::Other(base), _) => base,
            (_, Pairs::Other(over)) => over,
        }
    }

    fn subnets(&mut self, base: Node, mut over: Node) -> Node {
        let (Value::List(base_list), Value::List(over_list)) = (&base.value, &mut over.value) else {
            return self.by_kind(base, over);
        };
        for element in over_list.iter_mut() {
            let Some(before) = base_list.iter().find(|before| same_subnet(before, element)) else { continue };
            let nothing = Node::new(element.span, Value::Null);
            let element_over = std::mem::replace(element, nothing);
            *element = self.by_kind(before.clone(), element_over);
        }
        replace(base, over)
    }

    fn refuse(&mut self, base: Node, over: &Node) -> Node {
        let path = self.path.join(".");
        self.found
            .error(
                code::BAD_OVERRIDE,
                format!("`{path}` is {} and cannot override {}", over.describe(), base.describe()),
            )
            .label(over.span, format!("this is {}", over.describe()))
            .label(base.span, format!("this is {}", base.describe()))
            .help(format!("write {} here too, or replace the other with `!override`", base.describe()));
        base
    }
}

/// `over`, with the places of the value that it replaced or merged.
fn replace(base: Node, mut over: Node) -> Node {
    let mut earlier = base.earlier;
    if earlier.len() >= HISTORY_LIMIT {
        earlier.remove(0);
    }
    earlier.push(base.span);
    earlier.append(&mut over.earlier);
    over.earlier = earlier;
    over
}

/// `over`, whose tag drops all of `base`.
fn drop_base(mut base: Node, mut over: Node) -> Node {
    if let Value::Map(dropped) = &mut base.value {
        over.drop_entries(std::mem::take(dropped));
    }
    replace(base, over)
}

/// The key of a merged collection is where it was first written, that of any other value where the
/// winner was.
fn winning_key(base: Key, over: Key, merged: &Node) -> Key {
    match merged.value {
        Value::Map(_) | Value::List(_) => base,
        Value::Null | Value::Scalar(_) => over,
    }
}

fn append(mut base: Node, mut over: Node) -> Node {
    if let (Value::List(elements), Value::List(added)) = (&mut base.value, &mut over.value) {
        elements.append(added);
        over.value = Value::List(std::mem::take(elements));
    }
    replace(base, over)
}

/// Appends the texts that are new.
fn append_new(base: Node, mut over: Node) -> Node {
    if let (Value::List(elements), Value::List(added)) = (&base.value, &mut over.value) {
        let known: std::collections::HashSet<&str> = elements.iter().filter_map(Node::as_text).collect();
        added.retain(|element| element.as_text().is_none_or(|text| !known.contains(text)));
    }
    append(base, over)
}

/// Entries of both, where null overrides as well.
fn override_entries(mut base: Node, mut over: Node) -> Node {
    if let (Value::Map(base_map), Value::Map(over_map)) = (&mut base.value, &mut over.value) {
        let mut entries = std::mem::take(&mut base_map.entries);
        let positions: HashMap<String, usize> =
            entries.iter().enumerate().map(|(position, (key, _))| (key.text.clone(), position)).collect();
        for (key, value) in std::mem::take(&mut over_map.entries) {
            match positions.get(&key.text) {
                Some(position) => {
                    let nothing = Node::new(value.span, Value::Null);
                    let before = std::mem::replace(&mut entries[*position].1, nothing);
                    entries[*position] = (key, replace(before, value));
                }
                None => entries.push((key, value)),
            }
        }
        over_map.entries = entries;
    }
    replace(base, over)
}

fn has_other_driver(base: &Node, over: &Node) -> bool {
    let driver = |node: &Node| node.as_map()?.get("driver")?.as_text().map(str::to_owned);
    matches!((driver(base), driver(over)), (Some(base), Some(over)) if base != over)
}

fn same_subnet(base: &Node, over: &Node) -> bool {
    let subnet = |node: &Node| node.as_map().and_then(|map| map.get("subnet")?.as_text().map(str::to_owned));
    subnet(base) == subnet(over)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Loaded, load_files};
    use super::*;

    fn merged(base: &str, over: &str) -> Loaded {
        let service = |text: &str| format!("services:\n  web:\n    {}\n", text.replace('\n', "\n    "));
        load_files(&[("compose.yaml", &service(base)), ("compose.override.yaml", &service(over))])
    }

    /// Merges two texts of a service, and shows the result.
    #[track_caller]
    fn check(base: &str, over: &str, expected: &str) {
        assert_eq!(
            merged(base, over).show_clean("services.web"),
            format!("{{{expected}}}"),
            "{base} / {over}"
        );
    }

    #[test]
    fn maps_merge_lists_append_and_scalars_are_replaced() {
        check(
            "image: a\ntty: true\nsecurity_opt: [x]",
            "image: b\nsecurity_opt: [y]\ninit: true",
            "image: b, tty: true, security_opt: [x, y], init: true",
        );
        check(
            "healthcheck: {interval: 1s, retries: 2}",
            "healthcheck: {retries: 3}",
            "healthcheck: {interval: 1s, retries: 3}",
        );
        check("image: a", "image:", "image: a");
    }

    #[test]
    fn commands_are_replaced_even_by_nothing() {
        check("command: [a, b]\nentrypoint: x", "command: c\nentrypoint: [y]", "command: c, entrypoint: [y]");
        check("command: a", "command:", "command: null");
        check("healthcheck: {test: [CMD, a]}", "healthcheck: {test: b}", "healthcheck: {test: b}");
        check("ulimits: {nofile: {soft: 1, hard: 2}}", "ulimits: {nofile: 3}", "ulimits: {nofile: 3}");
    }

    #[test]
    fn pairs_merge_by_name_in_either_form() {
        check(
            "environment: {A: 1, B: 1}",
            "environment: {A: 2, B: , C: 3}",
            "environment: {A: 2, B: null, C: 3}",
        );
        check("environment: [A=1, B=1]", "environment: [B=2, C]", "environment: [A=1, B=2, C]");
        check(
            "environment: {A: 1, B: 1}",
            "environment: [B=2, 'C=x=y', A]",
            "environment: {A: null, B: \"2\", C: \"x=y\"}",
        );
        check("labels: [a=1, b]", "labels: {b: 2}", "labels: {a: \"1\", b: 2}");
        check("build: {args: {A: 1}}", "build: {args: [A=2]}", "build: {args: {A: \"2\"}}");
    }

    #[test]
    fn short_forms_merge_with_long_ones() {
        check("build: .", "build: {target: x}", "build: {context: ., target: x}");
        check("build: {context: a, target: x}", "build: b", "build: {context: b, target: x}");
        check("networks: [a, b]", "networks: {b: {aliases: [x]}}", "networks: {a: null, b: {aliases: [x]}}");
        check(
            "depends_on: [a, b]",
            "depends_on: {b: {condition: service_healthy}}",
            "depends_on: {a: {condition: service_started, required: true}, b: {condition: service_healthy, required: true}}",
        );
        check("dns: 1.1.1.1", "dns: [8.8.8.8]", "dns: [1.1.1.1, 8.8.8.8]");
        check("env_file: a.env", "env_file: [{path: b.env}, a.env]", "env_file: [a.env, {path: b.env}]");
        check(
            "extra_hosts: {a: 1.1.1.1}",
            "extra_hosts: ['a=1.1.1.1', 'b=2.2.2.2']",
            "extra_hosts: [\"a=1.1.1.1\", \"b=2.2.2.2\"]",
        );
    }

    #[test]
    fn ports_and_volumes_are_unique() {
        check(
            "ports: ['8080:80', '443']",
            "ports: [{target: 80, published: 8080, mode: host}]",
            "ports: [{target: 80, published: 8080, mode: host}, \"443\"]",
        );
        check("volumes: ['a1:/x', /y]", "volumes: ['b1:/x:ro']", "volumes: [\"b1:/x:ro\", /y]");
    }

    #[test]
    fn logging_merges_only_under_one_driver() {
        let base = "logging: {driver: a, options: {x: 1}}";
        check(base, "logging: {driver: a, options: {y: 2}}", "logging: {driver: a, options: {x: 1, y: 2}}");
        check(base, "logging: {options: {y: 2}}", "logging: {driver: a, options: {x: 1, y: 2}}");
        check(base, "logging: {driver: b, options: {y: 2}}", "logging: {driver: b, options: {y: 2}}");
    }

    #[test]
    fn subnets_merge_by_subnet() {
        let ipam = |configs: &str| format!("networks: {{n: {{ipam: {{config: {configs}}}}}}}");
        let base = ipam("[{subnet: a, gateway: g}, {subnet: c}]");
        let loaded = load_files(&[
            ("compose.yaml", &base),
            ("compose.2.yaml", &ipam("[{subnet: a, ip_range: r}, {subnet: b}]")),
        ]);
        assert_eq!(
            loaded.show_clean("networks.n.ipam.config"),
            "[{subnet: a, gateway: g, ip_range: r}, {subnet: b}]"
        );
    }

    #[test]
    fn reset_drops_and_override_replaces() {
        check(
            "image: a\nports: ['1']\nenvironment: {A: 1, B: 1}",
            "ports: !reset []\nenvironment: {A: !reset null}",
            "image: a, environment: {B: 1}",
        );
        check("ports: ['1']\ncommand: a", "ports: !override ['2']\ncommand: !reset", "ports: [\"2\"]");
        check("image: a", "ports: !reset null\nexpose: !override [1]", "image: a, expose: [1]");
        let loaded = load_files(&[
            ("compose.yaml", "services: {a: {image: x}, b: {image: y}}"),
            ("compose.2.yaml", "services: {a: !reset {}}"),
        ]);
        assert_eq!(loaded.show_clean("services"), "{b: {image: y}}");
    }

    #[test]
    fn documents_of_one_file_merge_like_files() {
        let loaded = load_files(&[(
            "compose.yaml",
            "services: {a: {image: x}}\n---\nservices: {a: {tty: true}}\n---\n",
        )]);
        assert_eq!(loaded.show_clean("services.a"), "{image: x, tty: true}");
    }

    #[test]
    fn incompatible_kinds_are_refused() {
        let loaded = merged("healthcheck: {retries: 1}\ncap_add: [X]", "healthcheck: no\ncap_add: Y");
        assert_eq!(loaded.diagnostics(), [(code::BAD_OVERRIDE, "no"), (code::BAD_OVERRIDE, "Y")]);
        assert_eq!(loaded.show("services.web"), "{healthcheck: {retries: 1}, cap_add: [X]}");
    }

    #[test]
    fn the_winner_keeps_its_span_and_those_of_the_losers() {
        let loaded = merged("image: a\nenvironment: {A: old}", "image: b\nenvironment: [A=new]");
        let places = |path: &str| {
            let node = loaded.at(path).expect("a node");
            let earlier = node.earlier.iter().map(|span| loaded.sources.text(*span)).collect::<Vec<_>>();
            (loaded.sources.text(node.span), earlier)
        };
        assert_eq!(places("services.web.image"), ("b", vec!["a"]));
        assert_eq!(places("services.web.environment.A"), ("new", vec!["old"]));
    }
}
