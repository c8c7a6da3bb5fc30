//! A project to look at or to take down. Its name and what the engine has are enough: a topology that is
//! missing, or that has mistakes, does not stand in the way.

use crate::cli::arguments::global::Global;
use crate::cli::engine::inside;
use crate::cli::error::CliError;
use crate::cli::io::output::Output;
use crate::cli::topology::load::{self, Known, Unusable, check_targets};
use crate::plan;
use crate::plan::observed::Query;
use crate::topology::Topology;
use crate::topology::name::{ProjectName, ServiceName};

/// A project to look at or to take down.
pub struct Project {
    /// What the engine is asked for.
    pub query: Query,
    /// The topology, when there is one that can be used; env files and contents of secrets were not read.
    pub topology: Option<Topology>,
}

/// Finds a project by its topology; by its name alone where there is none, or one with mistakes, which is said.
pub(crate) fn project(
    global: &Global,
    targets: &[ServiceName],
    output: &Output,
) -> Result<Project, CliError> {
    match load::known(global, targets)? {
        Known::Topology(topology) => {
            check_targets(&topology, targets)?;
            // Whether containers are as they are to be, or could be made, is not asked.
            let query = Query { settings: false, processors: false, ..plan::query(&topology) };
            Ok(Project { query, topology: Some(*topology) })
        }
        Known::Name { name, unusable } => {
            if let Some(unusable) = unusable {
                output.warning(&doing_without(&unusable, &name, global));
            }
            Ok(Project { query: Query::of_project(name), topology: None })
        }
    }
}

/// The name of the project that a command about one of its services is about. A name that is given is not
/// looked for in a topology.
pub(crate) fn project_name(
    global: &Global,
    service: &ServiceName,
    output: &Output,
) -> Result<ProjectName, CliError> {
    if global.files.is_empty()
        && let Some(name) = load::given_name(global)?
    {
        return Ok(name);
    }
    let Project { query, topology } = project(global, std::slice::from_ref(service), output)?;
    if let Some(topology) = topology {
        inside::refuse_provided(global, &topology, service)?;
    }
    Ok(query.project)
}

fn doing_without(unusable: &Unusable, name: &ProjectName, global: &Global) -> String {
    let why = match unusable {
        Unusable::Mistakes => {
            format!("the topology has errors, which `{}` shows", global.command("validate"))
        }
        Unusable::Unreadable(error) => error.clone(),
    };
    format!("{why}: using the labels of project `{name}` on the engine instead")
}
