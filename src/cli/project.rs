//! A project to look at or to take down: by its topology, or by its name alone.

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::load::{Purpose, check_targets, load};
use crate::cli::output::Output;
use crate::plan;
use crate::plan::observed::Query;
use crate::source::{self, Environment, FileChoice};
use crate::topology::Topology;
use crate::topology::name::{ProjectName, ServiceName};

/// A project to look at or to take down: its topology may be missing when its name is given.
pub struct Project {
    /// What the engine is asked for.
    pub query: Query,
    /// The topology, when there is one.
    pub topology: Option<Topology>,
}

/// Finds a project by its topology, or by `-p` alone where no topology is found, or one with mistakes.
pub fn project(global: &Global, targets: &[ServiceName], output: &Output) -> Result<Project, Exit> {
    if let Some(name) = &global.project_name
        && global.files.is_empty()
        && !has_topology(global)
    {
        let query = Query::of_project(ProjectName::new(name.clone()));
        return Ok(Project { query, topology: None });
    }
    let loaded = load(global, targets, Purpose::Look, output)?;
    match (loaded.topology, &global.project_name) {
        (Some(topology), _) => {
            check_targets(&topology, targets, output)?;
            Ok(Project { query: plan::query(&topology), topology: Some(topology) })
        }
        // What is there can be looked at and taken down all the same.
        (None, Some(name)) if global.files.is_empty() => {
            output.warning("the topology has mistakes, which `topo validate` shows: what belongs to the project is told by labels alone");
            Ok(Project { query: Query::of_project(ProjectName::new(name.clone())), topology: None })
        }
        (None, _) => {
            output.diagnostics(&loaded.sources, &loaded.found);
            Err(Exit::Findings)
        }
    }
}

fn has_topology(global: &Global) -> bool {
    // A file of variables that is not there is a mistake, and no reason to do without the topology.
    let choice = FileChoice { env_files: Vec::new(), ..global.files_meant() };
    source::discover(&choice, Environment::of_process()).is_ok()
}
