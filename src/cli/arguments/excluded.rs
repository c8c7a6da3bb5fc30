//! `--exclude`: the services that a command leaves out of those that it would be about.

use std::collections::BTreeSet;

use clap::Args;

use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::io::output::Output;
use crate::cli::topology::load::{Selection, check_names};
use crate::cli::topology::project::Project;
use crate::cli::topology::services;
use crate::diagnostic::suggest::all_of;
use crate::engine::Observe;
use crate::plan::{self, UpChoices};
use crate::topology::Topology;
use crate::topology::name::ServiceName;

/// Services that are left out.
#[derive(Args, Clone, Debug, Default)]
pub struct Excluded {
    /// Exclude this service; may be repeated
    #[arg(long, value_name = "SERVICE")]
    exclude: Vec<ServiceName>,
}

impl Excluded {
    /// Their names.
    pub(crate) fn names(&self) -> &[ServiceName] {
        &self.exclude
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.exclude.is_empty()
    }

    /// The services among a command's arguments without those that are left out; files go to the options.
    /// Empty means all of them, and nothing else: to exclude every service that is named is a mistake.
    pub(crate) fn take_services(
        &self,
        global: &mut Global,
        arguments: &[String],
    ) -> Result<Vec<ServiceName>, CliError> {
        let named = global.take_services(arguments);
        let left: Vec<ServiceName> =
            named.iter().filter(|name| !self.exclude.contains(name)).cloned().collect();
        if left.is_empty() && !named.is_empty() {
            return Err(services::none_is_left());
        }
        Ok(left)
    }

    /// The part of a topology that is needed is without them.
    pub(crate) fn of(&self, selection: Selection) -> Selection {
        Selection { excluded: self.exclude.clone(), ..selection }
    }

    /// The services of a project that are meant: those that are named, or all but those that are left out.
    /// Without a topology they are known by what the engine has.
    pub(crate) fn services_of(
        &self,
        project: &Project,
        named: Vec<ServiceName>,
        output: &Output,
    ) -> Result<Vec<ServiceName>, CliError> {
        if self.is_empty() {
            return Ok(named);
        }
        let known = match &project.topology {
            Some(topology) => topology.services.keys().chain(topology.inactive.keys()).cloned().collect(),
            None => on_the_engine(project, output)?,
        };
        check_names(&self.exclude, &known)?;
        if !named.is_empty() {
            return Ok(named);
        }
        let left: Vec<ServiceName> = known.into_iter().filter(|name| !self.exclude.contains(name)).collect();
        if left.is_empty() { Err(services::none_is_left()) } else { Ok(left) }
    }

    /// The services of a topology that are meant: without a name, all that are left of it.
    pub(crate) fn services_in(&self, topology: &Topology, named: Vec<ServiceName>) -> Vec<ServiceName> {
        if self.is_empty() || !named.is_empty() {
            return named;
        }
        topology.services.keys().cloned().collect()
    }

    /// Says once who is started without what it depends on, because that is left out.
    pub(crate) fn warn_of_dependants(&self, topology: &Topology, choices: &UpChoices, output: &Output) {
        // Who leaves out what services depend on knows it.
        if choices.without_dependencies {
            return;
        }
        let brought_up = plan::services_in_order(topology, &choices.services, false);
        for excluded in &self.exclude {
            let waits = |name: &&ServiceName| {
                let dependency = topology.services.get(*name).and_then(|one| one.depends_on.0.get(excluded));
                dependency.is_some_and(|dependency| dependency.required)
            };
            let waiting: BTreeSet<&str> = brought_up.iter().filter(waits).map(ServiceName::as_str).collect();
            if !waiting.is_empty() {
                let depend = if waiting.len() == 1 { "depends" } else { "depend" };
                output.warning(&format!(
                    "{} {depend} on `{excluded}`, which is excluded: it is neither started nor waited for",
                    all_of(waiting),
                ));
            }
        }
    }
}

fn on_the_engine(project: &Project, output: &Output) -> Result<BTreeSet<ServiceName>, CliError> {
    let observed = session::block_on(async {
        let engine = connection::connect(output).await?;
        Ok(engine.observe(&project.query).await?)
    })?;
    Ok(observed.containers.iter().map(|container| container.service.clone()).collect())
}
