//! Exposed ports must be ports.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::topology::Topology;

const INVALID_EXPOSED_PORT: Code =
    code!("invalid-exposed-port", BAD_PORT, "An entry of `expose` is not a port.");

pub(super) const RULE: Rule = Rule {
    codes: &[(INVALID_EXPOSED_PORT, Severity::Error)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports invalid elements of `expose`.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        for exposed in &service.expose {
            if let Err(mistake) = &exposed.ports {
                let message = format!("`{}` cannot be exposed", exposed.value);
                let diagnostic = found.error(INVALID_EXPOSED_PORT, message);
                mistake.clone().explain(&exposed.to_string(), exposed.span, diagnostic);
            }
        }
    }
}
