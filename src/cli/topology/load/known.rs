//! What is known of a project that is to be looked at or taken down: its topology, or its name alone.

use crate::cli::arguments::global::Global;
use crate::cli::error::{CliError, Problem};
use crate::cli::topology::load::{self, Needs, Read, file_choice, refuse_project_name, refuse_unreadable};
use crate::document::LoadOptions;
use crate::source::{self, DiscoverError, Environment, FileChoice, NamedBy};
use crate::topology::name::{ProjectName, ServiceName};
use crate::topology::{self, Topology};

/// What is known of a project.
pub(crate) enum Known {
    /// Its topology; env files and contents of secrets were not read.
    Topology(Box<Topology>),
    /// Its name.
    Name {
        /// The name.
        name: ProjectName,
        /// Why there is no more, unless nobody spoke of a topology.
        unusable: Option<Unusable>,
    },
}

/// Why a topology cannot be used.
pub(crate) enum Unusable {
    /// It has mistakes.
    Mistakes,
    /// Files cannot be read.
    Unreadable(String),
}

/// Finds out what is known of the project that is meant.
pub(crate) fn known(global: &Global, targets: &[ServiceName]) -> Result<Known, CliError> {
    let name = given_name(global)?;
    let choice = file_choice(global)?;
    let error = match source::discover(&choice, Environment::of_process()) {
        Ok(found) => {
            let read = load::read_found(global, targets, LoadOptions::default(), &choice, found)?;
            return of_topology(read);
        }
        Err(error) => error,
    };
    match (name, &error) {
        (Some(name), DiscoverError::NothingFound { .. }) if global.files.is_empty() => {
            Ok(Known::Name { name, unusable: None })
        }
        (Some(name), DiscoverError::Unreadable { .. }) => {
            Ok(Known::Name { name, unusable: Some(Unusable::Unreadable(error.to_string())) })
        }
        (None, DiscoverError::Unreadable { named_by, .. }) if is_env_file(*named_by) => {
            without_env_files(global, targets, &choice, &error)
        }
        _ => Err(refuse_unreadable(&error, targets)),
    }
}

/// The name that an option or a variable gives the project.
pub(crate) fn given_name(global: &Global) -> Result<Option<ProjectName>, CliError> {
    if let Some(name) = &global.project_name {
        return match topology::is_project_name(name) {
            true => Ok(Some(ProjectName::new(name.clone()))),
            false => Err(refuse_project_name(name, "-p ")),
        };
    }
    let environment = source::surroundings(&global.files_meant(), Environment::of_process());
    let name = environment.value(source::PROJECT_NAME).filter(|name| !name.is_empty());
    match name.filter(|name| !topology::is_project_name(name)) {
        Some(name) => Err(refuse_project_name(name, &format!("{}=", source::PROJECT_NAME))),
        None => Ok(name.map(ProjectName::from)),
    }
}

fn of_topology(mut read: Read) -> Result<Known, CliError> {
    let stages = &mut read.choices.stages;
    (stages.env_files, stages.contents) = (false, false);
    let name = topology::name_in(&read.document, &read.choices, &read.sources, &read.found);
    let mut found = std::mem::take(&mut read.found);
    let topology = read.check(&Needs::EngineObjects, &mut found);
    read.hide_values(topology.as_ref());
    let loaded = read.loaded(topology, found);
    match (loaded.topology, name) {
        (Some(topology), _) => Ok(Known::Topology(Box::new(topology))),
        (None, Some(name)) => Ok(Known::Name { name, unusable: Some(Unusable::Mistakes) }),
        (None, None) => {
            let conclusion = Problem::new("the project's name cannot be determined because of these errors")
                .help("give its name with `-p NAME`");
            let (sources, found) = (Box::new(loaded.sources), Box::new(loaded.found));
            Err(CliError::Diagnostics { sources, found, conclusion: Some(conclusion) })
        }
    }
}

fn is_env_file(named_by: NamedBy) -> bool {
    matches!(named_by, NamedBy::EnvFileOption | NamedBy::EnvFileVariable)
}

/// An env file may name the project: without it, only a name in the topology itself is certain.
fn without_env_files(
    global: &Global,
    targets: &[ServiceName],
    choice: &FileChoice,
    error: &DiscoverError,
) -> Result<Known, CliError> {
    let choice = FileChoice { env_files: vec!["/dev/null".into()], ..choice.clone() };
    let found = source::discover(&choice, Environment::of_process());
    let found = found.map_err(|_| refuse_unreadable(error, targets))?;
    let mut read = load::read_found(global, targets, LoadOptions::default(), &choice, found)?;
    read.choices.default_name = String::new();
    let name = topology::name_in(&read.document, &read.choices, &read.sources, &read.found);
    let name = name.filter(|_| !topology::is_name_filled_in(&read.document, &read.sources));
    let name = name.ok_or_else(|| {
        CliError::usage(error.to_string())
            .help("it may name the project: without it, give the name with `-p NAME`")
    })?;
    Ok(Known::Name { name, unusable: Some(Unusable::Unreadable(error.to_string())) })
}
