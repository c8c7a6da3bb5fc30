//! Hooks must run something.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::service::Hook;

const EMPTY_HOOK_COMMAND: Code =
    code!("empty-hook-command", BAD_VALUE, "A hook has a command without words.");

pub(super) const RULE: Rule = Rule {
    codes: &[(EMPTY_HOOK_COMMAND, Severity::Error)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports hooks without a command.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        for (attribute, hooks) in [("post_start", &service.post_start), ("pre_stop", &service.pre_stop)] {
            hooks.iter().for_each(|hook| check_command(attribute, hook, hook.span, found));
        }
    }
}

fn check_command(attribute: &str, hook: &Hook, at: Span, found: &mut Diagnostics) {
    if hook.command.0.as_ref().is_some_and(Vec::is_empty) {
        found
            .error(EMPTY_HOOK_COMMAND, format!("`{attribute}` has a command without words"))
            .label(at, "nothing is run")
            .help("give it a command, or remove the element");
    }
}
