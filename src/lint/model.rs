//! AI models where nothing is installed that serves them.

use crate::diagnostic::{Diagnostics, Severity, code};
use crate::lint::rule::{Group, Rule};
use crate::topology::Topology;

pub(super) const RULE: Rule = Rule {
    codes: &[(code::NOT_SUPPORTED, Severity::Error)],
    group: Group::Compatibility,
    since: "0.1.0",
    check,
};

/// Makes an error of each model that an active service uses.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in &topology.services {
        for (model, binding) in &service.models.0 {
            found
                .error(code::NOT_SUPPORTED, format!("`{model}` needs Docker Model Runner, which is not there"))
                .label(binding.key, format!("`{name}` would run without its model"))
                .help("install its plugin of the Docker CLI, `docker model`; or serve the model by itself and give `environment` its address");
        }
    }
}
