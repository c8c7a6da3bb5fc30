//! AI models without an installed model runner.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::topology::Topology;

const MISSING_MODEL_RUNNER: Code = code!(
    "missing-model-runner",
    NOT_SUPPORTED,
    "A service uses a model, and Docker Model Runner is not installed."
);

pub(super) const RULE: Rule = Rule {
    codes: &[(MISSING_MODEL_RUNNER, Severity::Error)],
    group: Group::Compatibility,
    since: "0.1.0",
    check,
};

/// Reports each model of an active service as an error.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in &topology.services {
        for (model, binding) in &service.models.0 {
            found
                .error(
                    MISSING_MODEL_RUNNER,
                    format!(
                        "`{model}` needs Docker Model Runner, which is not \
                         installed"
                    ),
                )
                .label(binding.key, format!("`{name}` would run without its model"))
                .help(
                    "install its Docker CLI plugin, `docker model`; or serve the model yourself and set \
                       its address in `environment`",
                );
        }
    }
}
