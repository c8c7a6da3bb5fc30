//! Services that other programs run: they are told what to do before and after the engine is.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::cli::error::CliError;
use crate::cli::io::interrupt;
use crate::cli::io::output::Output;
use crate::cli::process;
use crate::cli::topology::models;
use crate::plan;
use crate::run::provider::{Order, Provided, Variables};
use crate::topology::name::ServiceName;
use crate::topology::service::Provider;
use crate::topology::{Service, Topology};

/// Has the providers' services brought up that are meant, and the models of the others; those that depend on
/// them get their variables. The first SIGINT or SIGTERM ends the program that is at it.
pub(crate) async fn bring_up(
    topology: &mut Topology,
    services: &[ServiceName],
    without_dependencies: bool,
    output: &Output,
) -> Result<(), CliError> {
    for name in plan::services_in_order(topology, services, without_dependencies) {
        let Some(provider) = provider(topology, &name) else { continue };
        let variables = tokio::select! { biased;
            called = call(topology, (&name, &provider), Order::Up, output) => called?,
            () = interrupt::asked_to_end() => return Err(interrupted(&name, output)),
        };
        give(topology, &name, &variables, output);
    }
    models::bring_up(topology, services, without_dependencies, output).await
}

/// Has the providers' services taken down or stopped, those first that depend on others. One that is at it
/// when `cancel` is triggered is ended.
pub(crate) async fn end(
    topology: &Topology,
    services: &[ServiceName],
    order: Order,
    output: &Output,
    cancel: &CancellationToken,
) -> Result<(), CliError> {
    for name in plan::services_in_order(topology, services, true).into_iter().rev() {
        let Some(provider) = provider(topology, &name) else { continue };
        tokio::select! { biased;
            called = call(topology, (&name, &provider), order, output) => called?,
            () = cancel.cancelled() => return Err(interrupted(&name, output)),
        };
    }
    Ok(())
}

fn interrupted(service: &ServiceName, output: &Output) -> CliError {
    output.warning(&format!(
        "the provider of `{service}` was interrupted, and may have done only part of its work"
    ));
    CliError::Interrupted
}

/// A plan is made without running anything.
pub(crate) fn warn_of_variables(topology: &Topology, output: &Output) {
    for name in set_variables(topology) {
        output.warning(&format!("what the provider of `{name}` sets is not known before it runs"));
    }
}

/// A plan that is to be carried out later must know what it creates.
pub(crate) fn require_none(topology: &Topology) -> Result<(), CliError> {
    let Some(name) = set_variables(topology).next() else { return Ok(()) };
    let message = format!(
        "the plan cannot be stored: the variables that the provider of `{name}` sets are not known before \
         it runs"
    );
    let help = format!("leave out its dependants, as in `--exclude {name}`, or plan without `-o`");
    Err(CliError::usage(message).help(help))
}

/// The providers whose variables other services get.
fn set_variables(topology: &Topology) -> impl Iterator<Item = &ServiceName> {
    let waits = |other: &Service, name| other.depends_on.0.contains_key(name);
    let sets = move |name| topology.services.values().any(|other| waits(&other.value, name));
    let provided = topology.services.iter().filter(|(_, service)| service.provider.is_some());
    provided.map(|(name, _)| name).filter(move |name| sets(*name))
}

fn provider(topology: &Topology, name: &ServiceName) -> Option<Provider> {
    Some(topology.services.get(name)?.provider.as_ref()?.value.clone())
}

async fn call(
    topology: &Topology,
    (service, provider): (&ServiceName, &Provider),
    order: Order,
    output: &Output,
) -> Result<Variables, CliError> {
    let programs = process::programs();
    let provided = Provided { project: &topology.name, service, provider, programs: &programs };
    let mut say = |words: &str| output.remark(&format!("{service}: {words}"));
    provided
        .call(order, &mut say)
        .await
        .map_err(|error| CliError::failed(format!("the provider of `{service}` failed: {error}")))
}

fn give(topology: &mut Topology, provided: &ServiceName, variables: &Variables, output: &Output) {
    for (name, service) in &mut topology.services {
        let Some(dependency) = service.depends_on.0.get(provided) else { continue };
        let at = dependency.key;
        let environment = &mut Arc::make_mut(&mut service.value).environment;
        for (variable, value) in variables.named(provided) {
            if environment.set(&variable, value, at) {
                output.warning(&format!("the provider of `{provided}` sets `{variable}` of `{name}` again"));
            }
        }
    }
}
