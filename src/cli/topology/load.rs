//! From options to a topology: source, document, topology, lint.

mod known;
mod needs;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::redaction;
use crate::cli::error::CliError;
use crate::cli::io::output::Output;
use crate::cli::process;
use crate::cli::topology::services;
use crate::cli::topology::unreadable;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, LoadOptions};
use crate::lint::{self, profile::Chosen};
use crate::run::model_runner::ModelRunner;
use crate::source::{self, DiscoverError, Environment, FileChoice, FileSystem, Origin, Sources};
use crate::topology::name::ServiceName;
use crate::topology::{self, Host, Redactor, ResolveChoices, Separator, Stages, Topology};
pub(crate) use known::{Known, Unusable, given_name, known};
pub(crate) use needs::{Needs, Operation, Selection};

/// A topology, and what is needed to speak of it.
pub(crate) struct Loaded {
    /// Its texts.
    pub sources: Sources,
    /// The topology; absent when it has errors.
    pub topology: Option<Topology>,
    /// What was found.
    pub found: Diagnostics,
    /// The variables that the texts may use.
    pub environment: Environment,
    /// How many files were named, or found, to be merged.
    pub merged_files: usize,
    passed_over: Vec<PathBuf>,
}

/// The variable with the platform of services that name none.
const PLATFORM: &str = "DOCKER_DEFAULT_PLATFORM";

/// The texts of a topology as one tree, and what is needed to make more of it.
pub(crate) struct Read {
    /// The texts.
    pub sources: Sources,
    /// The tree.
    pub document: Document,
    /// The variables that the texts may use.
    pub environment: Environment,
    /// How the tree becomes a topology.
    pub choices: ResolveChoices,
    /// What was found.
    pub found: Diagnostics,
    /// What the profiles were chosen for.
    chosen: Chosen,
    /// Files that another file was preferred to.
    passed_over: Vec<PathBuf>,
}

/// Loads a topology; a file that cannot be read ends the program.
fn load(global: &Global, needs: &Needs) -> Result<Loaded, CliError> {
    let mut read = read_silently(global, needs.named(), LoadOptions::default())?;
    let mut found = std::mem::take(&mut read.found);
    let topology = read.check(needs, &mut found);
    read.hide_values(topology.as_ref());
    Ok(read.loaded(topology, found))
}

/// Reads a topology's texts; a file that cannot be read ends the program.
pub(crate) fn read(
    global: &Global,
    targets: &[ServiceName],
    options: LoadOptions,
    output: &Output,
) -> Result<Read, CliError> {
    let read = read_silently(global, targets, options)?;
    warn_of_passed_over(&read.passed_over, output);
    Ok(read)
}

fn warn_of_passed_over(files: &[PathBuf], output: &Output) {
    for file in files {
        output.warning(&format!("`{}` is ignored: another file is preferred", file.display()));
    }
}

/// [`read`] without a word about files that are passed over.
fn read_silently(global: &Global, targets: &[ServiceName], options: LoadOptions) -> Result<Read, CliError> {
    let choice = file_choice(global)?;
    let found_files = source::discover(&choice, Environment::of_process());
    let found_files = found_files.map_err(|error| refuse_unreadable(&error, targets))?;
    read_found(global, targets, options, &choice, found_files)
}

fn refuse_unreadable(error: &DiscoverError, targets: &[ServiceName]) -> CliError {
    CliError::usage(error.to_string()).perhaps_help(help(error, targets))
}

/// What to do when the files of a topology cannot be read; a word that stands for a service may have been
/// meant as a topology.
fn help(error: &DiscoverError, targets: &[ServiceName]) -> Option<String> {
    let is_topology_expected = matches!(error, DiscoverError::NothingFound { .. });
    let mut words = targets.iter().filter(|_| is_topology_expected);
    words.find_map(|word| services::meant_instead(word.as_str(), &[])).or_else(|| unreadable::help(error))
}

/// Loads a topology to say what is wrong with it; that a file cannot be read is a finding too. `chosen` says
/// whether other topologies are checked with the same options.
pub(crate) fn load_for_check(
    global: &Global,
    chosen: Chosen,
    output: &Output,
) -> Result<Result<Loaded, (Sources, Diagnostics)>, CliError> {
    let choice = file_choice(global)?;
    match source::discover(&choice, Environment::of_process()) {
        Ok(found_files) => {
            let mut read = read_found(global, &[], LoadOptions::default(), &choice, found_files)?;
            warn_of_passed_over(&read.passed_over, output);
            read.chosen = chosen;
            Ok(Ok(read.checked(&Needs::Everything)))
        }
        Err(error) => Ok(Err(unreadable::finding(&error))),
    }
}

fn read_found(
    global: &Global,
    targets: &[ServiceName],
    options: LoadOptions,
    choice: &FileChoice,
    found_files: source::Discovered,
) -> Result<Read, CliError> {
    let source::Discovered { mut sources, files, project_directory, environment, passed_over } = found_files;
    let mut found = Diagnostics::default();
    let document =
        topology::load_with(&mut sources, &files, &project_directory, &environment, options, &mut found);
    let (name, default_name) = project_names(&environment);
    check_project_name(name.as_deref().filter(|_| global.project_name.is_none()))?;
    let choices = ResolveChoices {
        name,
        default_name,
        profiles: profiles(global, &environment),
        targets: targets.to_vec(),
        directory: project_directory,
        files: files.iter().map(|file| project_file(&sources, *file, choice)).collect(),
        platform: None,
        separator: separator(global, &environment),
        stages: Stages::default(),
        host: host(),
    };
    let chosen = profiles_are_for(global, &environment);
    Ok(Read { sources, document, environment, choices, found, chosen, passed_over })
}

/// The words by which COMPOSE_COMPATIBILITY is on, as in Docker Compose.
const ON: &[&str] = &["1", "t", "true", "y", "yes", "on"];

fn separator(global: &Global, environment: &Environment) -> Separator {
    let is_on = |value: &str| ON.contains(&value.to_ascii_lowercase().as_str());
    match global.compatibility || environment.value("COMPOSE_COMPATIBILITY").is_some_and(is_on) {
        true => Separator::Underscore,
        false => Separator::Hyphen,
    }
}

impl Read {
    /// The topology, checked by every rule that it is to be checked by.
    pub(crate) fn checked(mut self, needs: &Needs) -> Loaded {
        let mut found = std::mem::take(&mut self.found);
        let topology = self.check(needs, &mut found);
        self.loaded(topology, found)
    }

    fn loaded(self, topology: Option<Topology>, found: Diagnostics) -> Loaded {
        let Self { sources, environment, choices, passed_over, .. } = self;
        let merged_files = choices.files.len();
        Loaded { sources, topology, found, environment, merged_files, passed_over }
    }

    /// From now on, words of the engine are shown without the values that the topology has from elsewhere.
    fn hide_values(&self, topology: Option<&Topology>) {
        if let Some(topology) = topology {
            redaction::hide(Redactor::for_topology(topology, &self.document, &self.environment));
        }
    }

    /// The checked topology, after saying what was found in it; errors end the program.
    pub(crate) fn explained(&mut self, needs: &Needs, output: &Output) -> Result<Topology, CliError> {
        let mut found = std::mem::take(&mut self.found);
        let topology = self.check(needs, &mut found);
        self.hide_values(topology.as_ref());
        // What was found in a topology that was not meant would come before the word that is at fault.
        if let Some(topology) = &topology {
            check_targets(topology, needs.named())?;
        }
        output.checked(&self.sources, &found)?;
        topology.ok_or_else(|| CliError::diagnostics(&self.sources, found))
    }

    /// What was found in the texts is in `found` already.
    fn check(&mut self, needs: &Needs, found: &mut Diagnostics) -> Option<Topology> {
        if needs.is_to_act() {
            self.fill_in_platform();
        }
        let whole = self.document.clone();
        let mut checked = Diagnostics::default();
        let topology = self.check_document(&whole, needs, &mut checked);
        if let (Needs::Services(selection), Some(topology)) = (needs, &topology)
            && selection.is_partial()
            && (found.has_errors() || checked.has_errors())
        {
            let needed = selection.part(topology);
            let part = whole.part(|path| needed.holds(path));
            let mut in_part = Diagnostics::default();
            self.check_document(&part, needs, &mut in_part);
            needs::forgive_texts(&whole, &part, found);
            needs::forgive(&mut checked, in_part);
        }
        found.append(checked);
        if let Some(topology) = &topology {
            lint::variable::explain_unset(topology, &self.sources, found);
        }
        lint::variable::explain(&self.sources, &self.environment, found);
        lint::alias::explain(&self.sources, found);
        lint::brought_in::explain(&self.sources, &self.document, found);
        lint::filled_value::conceal(&self.sources, &self.document, &self.environment, found);
        topology.filter(|_| !found.has_errors())
    }

    fn check_document(
        &mut self,
        document: &Document,
        needs: &Needs,
        found: &mut Diagnostics,
    ) -> Option<Topology> {
        let topology =
            topology::resolve(document, &self.environment, &self.choices, &mut self.sources, found)?;
        if self.choices.stages.consistency {
            lint::check(&topology.scaled(&needs.scale()), found);
            lint::profile::check(&topology, &self.choices.profiles, self.chosen, found);
        }
        match needs.is_to_act() {
            true => {
                lint::unsupported::check(&topology, found);
                if ModelRunner::find(&process::programs()).is_none() {
                    lint::model::check(&topology, found);
                }
            }
            // What a run builds is known once it is planned, and is required then.
            false if self.choices.stages.consistency => lint::build_context::check(&topology, found),
            false => {}
        }
        Some(topology)
    }

    /// Makes services that name no platform run on the one that the environment names.
    pub(crate) fn fill_in_platform(&mut self) {
        self.choices.platform = self.environment.value(PLATFORM).map(str::to_owned);
    }

    /// The topology as far as `choices.stages` go.
    pub(crate) fn topology(&mut self, found: &mut Diagnostics) -> Option<Topology> {
        topology::resolve(&self.document, &self.environment, &self.choices, &mut self.sources, found)
    }
}

/// Loads a topology and says what was found in it; what stands in the way of the command ends the program.
pub(crate) fn load_or_explain(
    global: &Global,
    needs: &Needs,
    output: &Output,
) -> Result<(Loaded, Topology), CliError> {
    let mut loaded = load(global, needs)?;
    warn_of_passed_over(&loaded.passed_over, output);
    if let Some(topology) = &loaded.topology {
        check_targets(topology, needs.named())?;
    }
    output.checked(&loaded.sources, &loaded.found)?;
    let topology = loaded.topology.take();
    let mut topology =
        topology.ok_or_else(|| CliError::diagnostics(&loaded.sources, loaded.found.clone()))?;
    leave_out(&mut topology, needs.excluded())?;
    Ok((loaded, topology))
}

/// Leaves out what is excluded; every name must be there, and something must be left.
pub(crate) fn leave_out(topology: &mut Topology, excluded: &[ServiceName]) -> Result<(), CliError> {
    let known = topology.services.keys().chain(topology.inactive.keys()).cloned().collect();
    check_names(excluded, &known)?;
    topology.deactivate(excluded);
    if topology.services.is_empty() && !excluded.is_empty() {
        return Err(services::none_is_left());
    }
    Ok(())
}

/// Every name must be one of those that are known.
pub(crate) fn check_names(names: &[ServiceName], known: &BTreeSet<ServiceName>) -> Result<(), CliError> {
    let Some(unknown) = names.iter().find(|name| !known.contains(*name)) else { return Ok(()) };
    let known: Vec<String> = known.iter().map(ServiceName::to_string).collect();
    Err(services::unknown(unknown.as_str(), &known))
}

/// Every service that was named on the command line must be there.
pub(crate) fn check_targets(topology: &Topology, targets: &[ServiceName]) -> Result<(), CliError> {
    let unknown = targets.iter().find(|target| !topology.services.contains_key(*target));
    let Some(unknown) = unknown else { return Ok(()) };
    if let Some(inactive) = topology.inactive.get(unknown) {
        let profiles: Vec<&str> = inactive.profiles.iter().map(|profile| profile.as_str()).collect();
        let help = format!("add `--profile {}`", profiles.join("` or `--profile "));
        return Err(CliError::usage(format!("`{unknown}` is only active with a profile")).help(help));
    }
    let names = topology.services.keys().chain(topology.inactive.keys());
    let names: Vec<String> = names.map(ServiceName::to_string).collect();
    Err(services::unknown(unknown.as_str(), &names))
}

fn file_choice(global: &Global) -> Result<FileChoice, CliError> {
    let working_directory = std::env::current_dir()
        .map_err(|error| CliError::usage(format!("cannot determine the working directory: {error}")))?;
    if let Some(name) = global.project_name.as_ref().filter(|name| !topology::is_project_name(name)) {
        return Err(refuse_project_name(name, "-p "));
    }
    Ok(FileChoice {
        files: global.files.clone(),
        project_directory: global.project_directory.clone(),
        env_files: global.env_files.clone(),
        project_name: global.project_name.clone(),
        file_system: FileSystem::new(working_directory),
    })
}

/// A name that a variable gives.
fn check_project_name(name: Option<&str>) -> Result<(), CliError> {
    let Some(name) = name.filter(|name| !topology::is_project_name(name)) else { return Ok(()) };
    Err(refuse_project_name(name, &format!("{}=", source::PROJECT_NAME)))
}

/// `before` is what stands before the name where it is given.
fn refuse_project_name(name: &str, before: &str) -> CliError {
    let similar = topology::project_name_like(name);
    let help = Some(format!("write `{before}{similar}`")).filter(|_| !similar.is_empty());
    CliError::usage(format!("a project cannot be named `{name}`")).perhaps_help(help)
}

/// The name that is given from outside, and the one that the directory gives.
fn project_names(environment: &Environment) -> (Option<String>, String) {
    let variable = environment.get(source::PROJECT_NAME);
    let value = variable.map(|variable| variable.value.clone()).unwrap_or_default();
    match variable.map(|variable| variable.origin) {
        Some(Origin::Fallback) | None => (None, value),
        Some(_) => (Some(value), String::new()),
    }
}

/// Where the engine is that would run the topology.
fn host() -> Host {
    if connection::is_here() { Host::This } else { Host::Other }
}

/// The profiles that options choose, else a variable.
pub(crate) fn profiles(global: &Global, environment: &Environment) -> BTreeSet<String> {
    if !global.profiles.is_empty() {
        return global.profiles.iter().cloned().collect();
    }
    let listed = environment.value("COMPOSE_PROFILES").unwrap_or_default();
    listed.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// An env file that is read belongs to the topology; a variable of the shell is there for all of them.
fn profiles_are_for(global: &Global, environment: &Environment) -> Chosen {
    let origin = environment.get("COMPOSE_PROFILES").map(|variable| variable.origin);
    match global.profiles.is_empty() && !matches!(origin, Some(Origin::File(_))) {
        true => Chosen::ForSeveral,
        false => Chosen::ForThis,
    }
}

fn project_file(sources: &Sources, file: source::FileId, choice: &FileChoice) -> PathBuf {
    choice.file_system.working_directory().join(&sources.get(file).path)
}
