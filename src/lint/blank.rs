//! Blanks at the ends of paths and names of variables: a part of them, which hardly anybody means.

use crate::diagnostic::{Code, Diagnostics, Severity, code};
use crate::document::{Node, Value};
use crate::lint::rule::{Group, Rule, code as code_of_rule};
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::value::is_as_written;
use crate::value::path;

/// Values of which blanks at the ends become a part; `*` stands for any key and for each element.
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

/// Values in parts, with a colon between two.
const IN_PARTS: &[&str] = &["services.*.devices.*", "services.*.tmpfs", "services.*.tmpfs.*"];

/// What is found where a blank leads to something that is not there, or cannot be.
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

/// Finds blanks at the ends of values. Comes after what finds their consequences, to say what to do about those.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
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

/// Calls `look` for each text that a pattern stands for.
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
        // What a variable brought in may be secret.
        false => "remove the space, here or in the value of the variable".to_owned(),
    };
    if !advise(node.span, &help, found) {
        found.warning(SURROUNDING_SPACE, MESSAGE).label(node.span, "the space is a part of it").help(help);
    }
}

/// The help for blanks at the ends of the value at a place, where they were found: what is not there because of
/// them is there once they are taken away.
pub fn told(at: Span, found: &mut Diagnostics) -> Option<String> {
    let mut help = None;
    found.for_each(|diagnostic| {
        if diagnostic.code == SURROUNDING_SPACE && diagnostic.span() == Some(at) {
            help = diagnostic.help.clone();
        }
    });
    help
}

/// Puts the help in the place of that of the consequences, if there are any.
fn advise(at: Span, help: &str, found: &mut Diagnostics) -> bool {
    let mut is_told = false;
    found.for_each(|diagnostic| {
        // What is not there is marked with the element that names it.
        let is_about =
            |span: Span| span == at || (diagnostic.code.kind() == code::MISSING_SOURCE && span.contains(at));
        if CONSEQUENCES.contains(&diagnostic.code.kind()) && diagnostic.span().is_some_and(is_about) {
            diagnostic.help(help);
            is_told = true;
        }
    });
    is_told
}
