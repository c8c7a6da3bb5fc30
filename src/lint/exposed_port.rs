//! Exposed ports must be ports.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::topology::Topology;
use crate::value::ValueError;

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
            if let Err(ValueError { reason, help }) = &exposed.ports {
                found
                    .error(INVALID_EXPOSED_PORT, format!("`{}` cannot be exposed", exposed.value))
                    .label(exposed.span, reason)
                    .help(help);
            }
        }
    }
}
