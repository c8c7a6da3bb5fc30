//! Loads a topology the way the commands do, for tests.

use std::path::{Path, PathBuf};

use topo::diagnostic::Diagnostics;
use topo::lint;
use topo::source::{self, Environment, FileChoice, FileSystem, Origin, Sources};
use topo::topology::{self, ResolveChoices, Topology};

/// What to load, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// The working directory of the command.
    pub directory: PathBuf,
    /// `-f`.
    pub files: Vec<PathBuf>,
    /// `--profile`.
    pub profiles: Vec<String>,
    /// The process environment.
    pub variables: Vec<(String, String)>,
    /// Whether to look for attributes that topo does not apply.
    pub is_for_running: bool,
    /// Texts that are not on disk, by their paths.
    pub overlay: Vec<(String, String)>,
}

/// The result.
pub(crate) struct Loaded {
    /// The texts.
    pub sources: Sources,
    /// `None` if there are errors.
    pub topology: Option<Topology>,
    /// As much of it as could be read.
    pub resolved: Option<Topology>,
    /// All diagnostics.
    pub found: Diagnostics,
}

impl Request {
    /// A request for one file, found in its directory, with only `HOME` in the environment.
    pub(crate) fn for_file(file: &Path) -> Self {
        Self {
            directory: file.parent().expect("a file in a directory").to_owned(),
            files: vec![PathBuf::from(file.file_name().expect("a file"))],
            variables: vec![("HOME".to_owned(), "/root".to_owned())],
            ..Self::default()
        }
    }

    /// The request of a golden topology: `topology.yaml`, with its `args`.
    pub(crate) fn for_case(case: &Path) -> Self {
        let mut request = Self::for_file(&case.join("topology.yaml"));
        if let Ok(arguments) = std::fs::read_to_string(case.join("args")) {
            if arguments.contains("-f ") {
                request.files.clear();
            }
            request.add_arguments(&arguments);
        }
        request
    }

    /// The files of this machine, with the overlay over them.
    fn file_system(&self) -> FileSystem {
        let files = FileSystem::new(&self.directory);
        self.overlay.iter().fold(files, |files, (path, text)| files.with_text(path, text.as_str()))
    }

    /// Adds command-line arguments: `NAME=value ... -f FILE --profile NAME --run`.
    pub(crate) fn add_arguments(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            let mut value = || words.next().expect("an option with a value").to_owned();
            match word {
                "-f" => self.files.push(value().into()),
                "--profile" => self.profiles.push(value()),
                "--run" => self.is_for_running = true,
                _ => {
                    let (name, value) = word.split_once('=').expect("NAME=value");
                    self.variables.push((name.to_owned(), value.to_owned()));
                }
            }
        }
    }
}

/// Loads and checks a topology.
pub(crate) fn load(request: &Request) -> Loaded {
    let choice = FileChoice {
        files: request.files.clone(),
        file_system: request.file_system(),
        ..FileChoice::default()
    };
    let process = Environment::from_pairs(request.variables.iter().cloned());
    let files = source::discover(&choice, process).unwrap_or_else(|error| panic!("{error}"));
    let source::Discovered { mut sources, files, project_directory, environment, .. } = files;
    let mut found = Diagnostics::default();
    let document = topo::topology::load(&mut sources, &files, &project_directory, &environment, &mut found);
    let name = environment.get(source::PROJECT_NAME);
    let is_given = name.is_some_and(|name| name.origin != Origin::Fallback);
    let name = name.map(|name| name.value.clone());
    let choices = ResolveChoices {
        name: name.clone().filter(|_| is_given),
        default_name: name.unwrap_or_default(),
        profiles: request.profiles.iter().cloned().collect(),
        directory: project_directory.clone(),
        ..ResolveChoices::default()
    };
    let topology = topology::resolve(&document, &environment, &choices, &mut sources, &mut found);
    if let Some(topology) = &topology {
        lint::check(topology, &mut found);
        match request.is_for_running {
            true => {
                lint::unsupported::check(topology, &mut found);
                lint::model::check(topology, &mut found);
            }
            false => lint::build_context::check(topology, &mut found),
        }
        lint::variable::explain_unset(topology, &sources, &mut found);
    }
    lint::variable::explain(&sources, &environment, &mut found);
    lint::alias::explain(&sources, &mut found);
    lint::brought_in::explain(&sources, &document, &mut found);
    lint::filled_value::conceal(&sources, &document, &environment, &mut found);
    let resolved = topology.clone();
    let topology = topology.filter(|_| !found.has_errors());
    Loaded { sources, topology, resolved, found }
}
