//! Attributes that topo reads and prints, but does not apply when it runs the topology.
//!
//! Only commands that act apply this rule: a topology that is only shown may contain all of it.

use crate::diagnostic::{Diagnostics, Severity, code};
use crate::lint::rule::{Group, Rule};
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::service::{ContainerFile, Service};

pub(super) const RULE: Rule = Rule {
    codes: &[(code::NOT_SUPPORTED, Severity::Error)],
    group: Group::Compatibility,
    since: "0.1.0",
    check,
};

/// Warns about attributes of active services that topo ignores, and reports those that they cannot
/// run without as errors.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    found.raise(code::MISSING_FILE);
    found.raise(code::REQUIRED_VARIABLE);
    for service in topology.services.values() {
        check_files(topology, service, found);
    }
}

/// External secrets and configs are stored in a cluster, which a single engine does not have.
fn check_files(topology: &Topology, service: &Service, found: &mut Diagnostics) {
    for ContainerFile { source, .. } in service.secrets.iter().map(|file| &file.value) {
        let secret = topology.secrets.get(&source.value).filter(|secret| secret.external.is_external);
        refuse("secret", source.value.as_str(), source.span, secret.map(|secret| secret.key), found);
    }
    for ContainerFile { source, .. } in service.configs.iter().map(|file| &file.value) {
        let config = topology.configs.get(&source.value).filter(|config| config.external.is_external);
        refuse("config", source.value.as_str(), source.span, config.map(|config| config.key), found);
    }
}

/// Refuses an external one at its use, if there is a place for it.
fn refuse(kind: &str, key: &str, at: Span, is_external_at: Option<Span>, found: &mut Diagnostics) {
    let Some(defined_at) = is_external_at else { return };
    found
        .error(code::NOT_SUPPORTED, format!("{kind} `{key}` is external"))
        .label(at, "its content is not known here")
        .label(defined_at, "only a cluster stores external ones")
        .help("give its content by `file:` or `environment:`");
}
