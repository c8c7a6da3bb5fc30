//! AI models: they are ready before the services that use them, which learn their names and their address.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::cli::io::interrupt;
use crate::cli::io::output::Output;
use crate::cli::process;
use crate::plan;
use crate::run::model_runner::ModelRunner;
use crate::topology::Topology;
use crate::topology::name::{ModelKey, ServiceName};

/// Has the models got and configured that the services use which are meant; those get their variables.
pub(crate) async fn bring_up(
    topology: &mut Topology,
    services: &[ServiceName],
    without_dependencies: bool,
    output: &Output,
) -> Result<(), CliError> {
    let users = users(topology, services, without_dependencies);
    let Some(runner) = ModelRunner::find(&process::programs()).filter(|_| !users.is_empty()) else {
        return Ok(());
    };
    let failed = |error: String| {
        let help = "try it by hand: `docker model status`";
        CliError::failed(format!("Docker Model Runner failed: {error}")).help(help)
    };
    let used: BTreeSet<&ModelKey> =
        users.iter().flat_map(|name| topology.services[name].models.0.keys()).collect();
    for (key, model) in topology.models.iter().filter(|(key, _)| used.contains(key)) {
        let mut say = |words: &str| output.remark(&format!("{key}: {words}"));
        tokio::select! { biased;
            prepared = runner.prepare(&model.value, &mut say) => prepared.map_err(failed)?,
            () = interrupt::asked_to_end() => {
                output.warning(&format!("pulling the model `{key}` was interrupted"));
                return Err(CliError::Interrupted);
            }
        }
    }
    let endpoint = tokio::select! { biased;
        endpoint = runner.endpoint() => endpoint.map_err(failed)?,
        () = interrupt::asked_to_end() => {
            output.warning("the request for the address of the models was interrupted");
            return Err(CliError::Interrupted);
        }
    };
    give(topology, &users, &endpoint, output);
    Ok(())
}

/// Gives services the variables of their models as they are; a plan is made without getting any.
pub(crate) async fn look_up(
    topology: &mut Topology,
    services: &[ServiceName],
    without_dependencies: bool,
    output: &Output,
) {
    let users = users(topology, services, without_dependencies);
    let Some(runner) = ModelRunner::find(&process::programs()).filter(|_| !users.is_empty()) else { return };
    match runner.endpoint().await {
        Ok(endpoint) => give(topology, &users, &endpoint, output),
        Err(error) => output.warning(&format!("the address of the models is not known yet: {error}")),
    }
}

/// The services that use models, of those that are meant.
fn users(topology: &Topology, services: &[ServiceName], without_dependencies: bool) -> Vec<ServiceName> {
    let meant = plan::services_in_order(topology, services, without_dependencies);
    let uses = |name: &ServiceName| topology.services.get(name).is_some_and(|one| !one.models.0.is_empty());
    meant.into_iter().filter(uses).collect()
}

fn give(topology: &mut Topology, users: &[ServiceName], endpoint: &str, output: &Output) {
    let Topology { services, models, .. } = topology;
    for (name, service) in services.iter_mut().filter(|(name, _)| users.contains(name)) {
        let service = Arc::make_mut(&mut service.value);
        for (key, binding) in &service.models.0 {
            let Some(artifact) = models.get(key).and_then(|model| model.model.as_ref()) else { continue };
            let variable = |chosen: &Option<String>, what: &str| {
                let prefix = || key.as_str().to_uppercase().replace('-', "_");
                chosen.clone().unwrap_or_else(|| format!("{}_{what}", prefix()))
            };
            let given = [
                (variable(&binding.model_var, "MODEL"), artifact.as_str()),
                (variable(&binding.endpoint_var, "URL"), endpoint),
            ];
            for (variable, value) in given {
                if service.environment.set(&variable, value, binding.key) {
                    output.warning(&format!("the model `{key}` sets `{variable}` of `{name}` again"));
                }
            }
        }
    }
}
