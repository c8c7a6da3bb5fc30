//! AI models where nothing is installed that serves them.

use crate::diagnostic::{Diagnostics, code};
use crate::topology::Topology;

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
