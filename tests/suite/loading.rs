//! A topology loaded the way the commands load it, for tests.

use std::path::{Path, PathBuf};

use topo::diagnostic::Diagnostics;
use topo::source::{self, Environment, FileChoice, Origin, Sources};
use topo::topology::{self, ResolveChoices, Topology};
use topo::{document, lint};

/// What is loaded, and with what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// The folder that the command is given in.
    pub folder: PathBuf,
    /// `-f`.
    pub files: Vec<PathBuf>,
    /// `--profile`.
    pub profiles: Vec<String>,
    /// The process environment.
    pub variables: Vec<(String, String)>,
    /// Whether what topo does not apply is looked for too.
    pub is_for_running: bool,
}

/// What came of it.
pub(crate) struct Loaded {
    /// The texts.
    pub sources: Sources,
    /// Absent when there are errors.
    pub topology: Option<Topology>,
    /// Everything that was found.
    pub found: Diagnostics,
}

impl Request {
    /// A request for one file, found in its folder, with nothing but `HOME` in the environment.
    pub fn of_file(file: &Path) -> Self {
        Self {
            folder: file.parent().expect("a file in a folder").to_owned(),
            files: vec![PathBuf::from(file.file_name().expect("a file"))],
            variables: vec![("HOME".to_owned(), "/root".to_owned())],
            ..Self::default()
        }
    }

    /// The request of a golden topology: `topology.yaml`, and what its `args` say.
    pub fn of_case(case: &Path) -> Self {
        let mut request = Self::of_file(&case.join("topology.yaml"));
        if let Ok(arguments) = std::fs::read_to_string(case.join("args")) {
            if arguments.contains("-f ") {
                request.files.clear();
            }
            request.add_arguments(&arguments);
        }
        request
    }

    /// Adds what a line of command says: `NAME=value ... -f FILE --profile NAME --run`.
    pub fn add_arguments(&mut self, line: &str) {
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
        working_directory: request.folder.clone(),
        ..FileChoice::default()
    };
    let process = Environment::from_pairs(request.variables.iter().cloned());
    let files = source::discover(&choice, process).unwrap_or_else(|error| panic!("{error}"));
    let source::Discovered { mut sources, files, project_directory, environment, .. } = files;
    let mut found = Diagnostics::default();
    let document = document::load(&mut sources, &files, &project_directory, &environment, &mut found);
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
    let topology = topology.filter(|_| !found.has_errors());
    Loaded { sources, topology, found }
}
