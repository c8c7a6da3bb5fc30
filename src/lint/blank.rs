//! Leading and trailing blanks of paths and names of variables, which become a part of them and are
//! hardly ever meant.

use crate::diagnostic::{Code, Diagnostics, Severity, code};
use crate::document::{Node, Value};
use crate::lint::rule::{Group, Rule, code as code_of_rule};
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::value::is_as_written;
use crate::value::path;

/// Values that keep blanks at their ends; `*` matches any key and each element.
const WHOLE: &[&str] = &[
    "configs.*.environment",
    "configs.*.file",
    "secrets.*.environment",
    "secrets.*.file",
    "services.*.build",
    "services.*.build.additional_contexts.*",
    "services.*.build.context",
    "services.*.build.dockerfile",
    "services.*.build.secrets.*.target",
    "services.*.configs.*.target",
    "services.*.credential_spec.file",
    "services.*.develop.watch.*.path",
    "services.*.develop.watch.*.target",
    "services.*.devices.*.source",
    "services.*.devices.*.target",
    "services.*.env_file",
    "services.*.env_file.*",
    "services.*.env_file.*.path",
    "services.*.label_file",
    "services.*.label_file.*",
    "services.*.secrets.*.target",
    "services.*.security_opt.*",
    "services.*.volumes.*.source",
    "services.*.volumes.*.target",
    "services.*.working_dir",
];

/// Values in parts, separated by colons.
const IN_PARTS: &[&str] = &["services.*.devices.*", "services.*.tmpfs", "services.*.tmpfs.*"];

/// Diagnostics that a blank may cause, because something does not exist or is invalid.
const CONSEQUENCES: &[Code] = &[
    code::BAD_MOUNT,
    code::BAD_VALUE,
    code::MISSING_FILE,
    code::MISSING_SOURCE,
    code::REQUIRED_VARIABLE,
    code::UNKNOWN_VOLUME,
];

const SURROUNDING_SPACE: Code =
    code_of_rule!("surrounding-space", YAML_PITFALL, "A value begins or ends with a space.");

pub(super) const RULE: Rule = Rule {
    codes: &[(SURROUNDING_SPACE, Severity::Warning)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

const MESSAGE: &str = "this value begins or ends with a space";

/// Reports blanks at the ends of values. Runs after the rules that report the consequences, to
/// improve their help.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    let Some(root) = topology.node_at(&[]) else { return };
    for (patterns, mend) in [(WHOLE, whole as fn(&str) -> String), (IN_PARTS, path::trimmed_parts)] {
        for pattern in patterns {
            let keys: Vec<&str> = pattern.split('.').collect();
            visit(root, &keys, &mut |node| check_value(node, mend, found));
        }
    }
}

fn whole(text: &str) -> String {
    text.trim().to_owned()
}

/// Calls `look` for each text that matches a pattern.
fn visit(node: &Node, keys: &[&str], look: &mut impl FnMut(&Node)) {
    match (keys, &node.value) {
        ([], Value::Scalar(_)) => look(node),
        (["*", rest @ ..], Value::List(items)) => items.iter().for_each(|item| visit(item, rest, look)),
        ([key, rest @ ..], Value::Map(map)) => {
            let is_meant = |name: &str| *key == "*" || *key == name;
            let entries = map.entries.iter().filter(|(name, _)| is_meant(&name.text));
            entries.for_each(|(_, value)| visit(value, rest, look));
        }
        _ => {}
    }
}

fn check_value(node: &Node, mend: fn(&str) -> String, found: &mut Diagnostics) {
    let Some(text) = node.as_text().filter(|text| !text.trim().is_empty()) else { return };
    let repaired = mend(text);
    if repaired == text {
        return;
    }
    let help = match is_as_written(node) {
        true => format!("remove the space: `{repaired}`"),
        // A value from a variable may be secret.
        false => "remove the space, here or in the value of the variable".to_owned(),
    };
    if !advise(node.span, &help, found) {
        found.warning(SURROUNDING_SPACE, MESSAGE).label(node.span, "the space is part of it").help(help);
    }
}

/// The help for blanks at the ends of the value at a place, if any were found: without them, the
/// file may exist.
pub(super) fn reported_help(at: Span, found: &mut Diagnostics) -> Option<String> {
    let mut help = None;
    found.for_each(|diagnostic| {
        if diagnostic.code == SURROUNDING_SPACE && diagnostic.span() == Some(at) {
            help = diagnostic.help.clone();
        }
    });
    help
}

/// Replaces the help of diagnostics about the consequences, if there are any.
fn advise(at: Span, help: &str, found: &mut Diagnostics) -> bool {
    let mut is_told = false;
    found.for_each(|diagnostic| {
        // The label of a missing file is at the element that refers to it.
        let is_about =
            |span: Span| span == at || (diagnostic.code.kind() == code::MISSING_SOURCE && span.contains(at));
        if CONSEQUENCES.contains(&diagnostic.code.kind()) && diagnostic.span().is_some_and(is_about) {
            diagnostic.help(help);
            is_told = true;
        }
    });
    is_told
}
