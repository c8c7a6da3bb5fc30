//! What topo reads and prints, and does not apply when it runs the topology.
//!
//! Asked for by the commands that act: a topology that is only looked at may hold all of it.

use crate::diagnostic::{Diagnostics, code};
use crate::topology::Topology;
use crate::topology::service::Service;

/// Reports everything that active services say and topo would leave undone, and makes errors of what
/// they cannot run without.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    found.raise(code::MISSING_FILE);
    found.raise(code::REQUIRED_VARIABLE);
    for service in topology.services.values() {
        check_files(topology, service, found);
    }
}

/// External secrets and configs live in a cluster's store, which no single engine has.
fn check_files(topology: &Topology, service: &Service, found: &mut Diagnostics) {
    for (kind, files) in [("secret", &service.secrets), ("config", &service.configs)] {
        for file in files {
            let Some(source) = &file.source else { continue };
            let defined_at = match kind {
                "secret" => topology
                    .secrets
                    .get(&source.value)
                    .filter(|secret| secret.external.is_external)
                    .map(|secret| secret.key),
                _ => topology
                    .configs
                    .get(&source.value)
                    .filter(|config| config.external.is_external)
                    .map(|config| config.key),
            };
            let Some(defined_at) = defined_at else { continue };
            found
                .error(code::NOT_SUPPORTED, format!("{kind} `{}` is external", source.value))
                .label(source.span, "its content is not known here")
                .label(defined_at, "only a cluster keeps external ones")
                .help("give its content by `file:` or `environment:`");
        }
    }
}
