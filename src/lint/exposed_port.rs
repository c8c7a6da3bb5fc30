//! What is exposed is a port.

use crate::diagnostic::{Diagnostics, Severity, code};
use crate::lint::rule::{Group, Rule};
use crate::lint::services;
use crate::topology::Topology;
use crate::value::ValueError;

pub(super) const RULE: Rule =
    Rule { codes: &[(code::BAD_PORT, Severity::Error)], group: Group::Correctness, since: "0.1.0", check };

/// Finds entries of `expose` that are no ports.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        for exposed in &service.expose {
            if let Err(ValueError { reason, help }) = &exposed.ports {
                found
                    .error(code::BAD_PORT, format!("`{}` cannot be exposed", exposed.value))
                    .label(exposed.span, reason)
                    .help(help);
            }
        }
    }
}
