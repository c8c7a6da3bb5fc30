//! Container names must be unique.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostics, Severity, code, suggest};
use crate::lint::rule::{Group, Rule, code as code_of_rule};
use crate::lint::services;
use crate::lint::shared_text::{self, Claim};
use crate::source::{Span, Spanned};
use crate::topology::Topology;
use crate::topology::name::ServiceName;

const INVALID_CONTAINER_NAME: Code =
    code_of_rule!("invalid-container-name", BAD_NAME, "A container cannot have this name.");

pub(super) const RULE: Rule = Rule {
    codes: &[(code::NAME_CLASH, Severity::Error), (INVALID_CONTAINER_NAME, Severity::Error)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports names that the engine refuses, and names that two containers would have.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        let Some(name) = &service.container_name else { continue };
        check_letters(name, found);
        let replicas = service.replicas();
        if replicas > 1 {
            let deployed = service.deploy.as_ref().and_then(|deploy| deploy.replicas.as_ref());
            let count = service.scale.as_ref().or(deployed).map_or(name.span, |count| count.span);
            found
                .error(
                    code::NAME_CLASH,
                    format!("{replicas} containers cannot all be named `{}`", name.value),
                )
                .label(name.span, "one name")
                .label(count, format!("{replicas} containers"))
                .help("remove `container_name`, or run one container");
        }
    }
    check_twice(topology, found);
}

/// The engine's pattern: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
fn check_letters(name: &Spanned<String>, found: &mut Diagnostics) {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    let begins_well = name.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    if begins_well && name.len() > 1 && name.chars().all(is_allowed) {
        return;
    }
    let similar = suggest::similar(name, is_allowed);
    let similar = similar.trim_start_matches(['_', '.', '-']);
    let diagnostic =
        found.error(INVALID_CONTAINER_NAME, format!("a container cannot be named `{}`", name.value));
    diagnostic.label(
        name.span,
        "two or more letters, digits, `_`, `.` and `-`, beginning with a letter or a digit",
    );
    if similar.len() > 1 {
        diagnostic.perhaps_replace(name, similar);
    }
    let similar = if similar.len() > 1 { similar } else { "web-1" };
    diagnostic.help(format!("write a name such as `{similar}`"));
}

fn check_twice(topology: &Topology, found: &mut Diagnostics) {
    let mut taken: BTreeMap<String, (&ServiceName, Span)> = BTreeMap::new();
    for (name, service) in topology.services.iter().filter(|(_, service)| service.container_name.is_none()) {
        // With more replicas, the number alone makes the names differ.
        for number in 1..=service.replicas().min(100) {
            taken.insert(
                [topology.name.as_str(), name.as_str(), &number.to_string()]
                    .join(topology.separator.as_str()),
                (name, service.key),
            );
        }
    }
    for (key, service) in topology.services.iter().filter(|(_, service)| service.replicas() > 0) {
        let Some(name) = &service.container_name else { continue };
        let this = (key, name.span);
        let Some(earlier) = taken.insert(name.value.clone(), this) else { continue };
        let (first, second) = if earlier.1 <= this.1 { (earlier, this) } else { (this, earlier) };
        let claims = [(second, "one of them"), (first, "the other")].map(|((service, at), words)| Claim {
            service,
            at,
            words: words.to_owned(),
        });
        let diagnostic =
            found.error(code::NAME_CLASH, format!("two containers would be named `{}`", name.value));
        shared_text::show(topology, claims, diagnostic);
        diagnostic.help("remove a `container_name`, or write another name");
    }
}
