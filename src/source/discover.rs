//! In: what the command line and the environment say. Out: the texts that make up the topology, its
//! project directory, and the variables that the texts may use. Must not: read a file twice, or
//! guess silently: errors list what was searched.
//!
//! The rules are those of Docker Compose 2.40: `-f`, else `COMPOSE_FILE`, else the first of
//! [`DEFAULT_NAMES`] in the working directory or above it, together with its override file.

use super::env::{Environment, Origin, Variable};
use super::{FileId, FileKind, FileSystem, ReadError, Remote, Sources};
use std::path::{Component, Path, PathBuf};

/// Default file names, in order of preference.
pub const DEFAULT_NAMES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// Override files that are merged over a default one in the same directory, in order of preference.
pub const OVERRIDE_NAMES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];
/// The variable that holds the project's name; texts may use it.
pub const PROJECT_NAME: &str = "COMPOSE_PROJECT_NAME";

/// What the user chose, as plain data.
#[derive(Clone, Debug, Default)]
pub struct FileChoice {
    /// Topology files, merged in this order; `-` is standard input. Empty: search for them.
    pub files: Vec<PathBuf>,
    /// The directory that relative paths start from. `None`: that of the first file.
    pub project_directory: Option<PathBuf>,
    /// Env files, later ones win. Empty: `COMPOSE_ENV_FILES`, else `.env` in the project directory.
    pub env_files: Vec<PathBuf>,
    /// The project's name, if it was given on the command line.
    pub project_name: Option<String>,
    /// What files are read from; relative paths on the command line start from its working directory.
    pub file_system: FileSystem,
}

/// The texts of a topology and their context.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// Every text that was loaded.
    pub sources: Sources,
    /// The topology's files, to be merged in this order; at least one.
    pub files: Vec<FileId>,
    /// The project directory, absolute.
    pub project_directory: PathBuf,
    /// Variables for the texts. `COMPOSE_PROJECT_NAME` is always among them: from the command line,
    /// the environment, or the directory's name, see [`Origin`].
    pub environment: Environment,
    /// Files with a default name that were ignored in favour of a preferred one.
    pub passed_over: Vec<PathBuf>,
}

/// Why no topology could be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// No file was named, and none was found.
    #[error("no topology file was found in `{}` or above it", .searched.display())]
    NothingFound {
        /// Where the search began.
        searched: PathBuf,
    },
    /// A file that was named cannot be read.
    #[error("{error}")]
    Unreadable {
        /// Who named it.
        named_by: NamedBy,
        /// The cause.
        error: ReadError,
    },
    /// `COMPOSE_DISABLE_ENV_FILE` is not a boolean.
    #[error("`COMPOSE_DISABLE_ENV_FILE` is `{0}`, which is neither true nor false")]
    BadSwitch(String),
}

/// Who named a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The command line names a topology file.
    CommandLine,
    /// `COMPOSE_FILE` names a topology file.
    Variable,
    /// `--env-file`.
    EnvFileOption,
    /// `COMPOSE_ENV_FILES`.
    EnvFileVariable,
    /// Nobody: a file with this name is always looked for.
    ItsName,
}

/// Finds and reads the files of a topology. `process` is topo's own environment.
pub fn discover(choice: &FileChoice, process: Environment) -> Result<Discovered, DiscoverError> {
    let mut search = Search::new(choice, process);
    let uses_default = search.add_env_files()?;
    search.find_files()?;
    // Again, as in Compose: the first `.env` may have set `COMPOSE_FILE`, which may lead to
    // another.
    if uses_default {
        search.add_default_env_file()?;
    }
    search.finish()
}

/// The variables of `process` and of the env files that can be read, for what must be known before
/// a topology is looked for.
pub fn surroundings(choice: &FileChoice, process: Environment) -> Environment {
    let mut search = Search::new(choice, process);
    // Unreadable files are reported when the topology is loaded.
    let _ = search.add_env_files();
    search.environment
}

/// The directory's name as a project name: lower case, only letters, digits, `-` and `_`, beginning
/// with a letter or digit; empty when nothing is left.
pub fn normalised_project_name(name: &str) -> String {
    let is_allowed = |character: &char| matches!(character, 'a'..='z' | '0'..='9' | '_' | '-');
    let allowed: String = name.to_lowercase().chars().filter(is_allowed).collect();
    allowed.trim_start_matches(['_', '-']).to_owned()
}

struct Search<'a> {
    choice: &'a FileChoice,
    sources: Sources,
    environment: Environment,
    /// Topology files: where they are, how they are shown, who named them.
    files: Vec<Named>,
    /// The `.env` file that was read because of its name.
    default_env_file: Option<PathBuf>,
    passed_over: Vec<PathBuf>,
}

struct Named {
    path: PathBuf,
    shown: PathBuf,
    by: NamedBy,
}

impl<'a> Search<'a> {
    fn new(choice: &'a FileChoice, environment: Environment) -> Self {
        let files = choice.files.iter().map(|file| Named {
            path: choice.absolute(file),
            shown: file.clone(),
            by: NamedBy::CommandLine,
        });
        let files = files.collect();
        Self {
            choice,
            sources: Sources::new(choice.file_system.clone()),
            environment,
            files,
            default_env_file: None,
            passed_over: Vec::new(),
        }
    }

    /// Returns whether the default one is to be read.
    fn add_env_files(&mut self) -> Result<bool, DiscoverError> {
        let named = self.named_env_files();
        let uses_default = named.is_empty() && !self.default_env_file_is_disabled()?;
        for file in named {
            self.add_named_env_file(&file)?;
        }
        if uses_default {
            self.add_default_env_file()?;
        }
        Ok(uses_default)
    }

    fn named_env_files(&self) -> Vec<PathBuf> {
        if !self.choice.env_files.is_empty() {
            return self.choice.env_files.clone();
        }
        let named = self.environment.value("COMPOSE_ENV_FILES").unwrap_or_default();
        named.split(',').filter(|name| !name.is_empty()).map(PathBuf::from).collect()
    }

    fn default_env_file_is_disabled(&self) -> Result<bool, DiscoverError> {
        match self.environment.value("COMPOSE_DISABLE_ENV_FILE") {
            None | Some("0" | "f" | "F" | "false" | "False" | "FALSE") => Ok(false),
            Some("1" | "t" | "T" | "true" | "True" | "TRUE") => Ok(true),
            Some(other) => Err(DiscoverError::BadSwitch(other.to_owned())),
        }
    }

    fn add_named_env_file(&mut self, file: &Path) -> Result<(), DiscoverError> {
        let named_by = match self.choice.env_files.is_empty() {
            true => NamedBy::EnvFileVariable,
            false => NamedBy::EnvFileOption,
        };
        let path = self.choice.absolute(file);
        let file = self.read(&path, file, named_by)?;
        self.sources.mark_env_file(file);
        self.environment.add_file(&self.sources, file);
        Ok(())
    }

    fn add_default_env_file(&mut self) -> Result<(), DiscoverError> {
        let path = self.project_directory().join(".env");
        let there = self.choice.file_system.kind(&path);
        if matches!(there, None | Some(FileKind::Directory)) || self.default_env_file.as_ref() == Some(&path)
        {
            return Ok(());
        }
        let shown = self.choice.file_system.shown(&path);
        let file = self.read(&path, &shown, NamedBy::ItsName)?;
        self.sources.mark_env_file(file);
        self.environment.add_weak_file(&self.sources, file, &[]);
        self.default_env_file = Some(path);
        Ok(())
    }

    fn read(&mut self, path: &Path, shown: &Path, named_by: NamedBy) -> Result<FileId, DiscoverError> {
        self.sources.read_as(path, shown).map_err(|error| {
            let remote = shown.to_str().and_then(Remote::parse);
            let error = match (error, remote) {
                (ReadError::Missing(_), Some(remote)) => ReadError::Remote(shown.to_owned(), remote),
                (error, _) => error,
            };
            DiscoverError::Unreadable { named_by, error }
        })
    }

    fn find_files(&mut self) -> Result<(), DiscoverError> {
        if self.files.is_empty() {
            self.files = self.files_from_environment();
        }
        if self.files.is_empty() {
            self.files = self.default_files()?;
        }
        Ok(())
    }

    fn files_from_environment(&self) -> Vec<Named> {
        let listed = self.environment.value("COMPOSE_FILE").unwrap_or_default();
        let separator = match self.environment.value("COMPOSE_PATH_SEPARATOR") {
            None | Some("") if cfg!(windows) => ";",
            None | Some("") => ":",
            Some(separator) => separator,
        };
        let named = listed.split(separator).filter(|name| !name.is_empty()).map(PathBuf::from);
        named
            .map(|file| Named { path: self.choice.absolute(&file), shown: file, by: NamedBy::Variable })
            .collect()
    }

    fn default_files(&mut self) -> Result<Vec<Named>, DiscoverError> {
        let searched = self.project_directory();
        for directory in searched.ancestors() {
            let mut files = self.first_of(directory, &DEFAULT_NAMES);
            if !files.is_empty() {
                files.extend(self.first_of(directory, &OVERRIDE_NAMES));
                return Ok(files);
            }
        }
        Err(DiscoverError::NothingFound { searched })
    }

    /// The first of `names` that exists in `directory`; the others are recorded as passed over.
    fn first_of(&mut self, directory: &Path, names: &[&str]) -> Vec<Named> {
        let choice = self.choice;
        let file_system = &choice.file_system;
        let mut there = names.iter().map(|name| directory.join(name)).filter(|path| file_system.exists(path));
        let Some(path) = there.next() else { return Vec::new() };
        let passed_over: Vec<PathBuf> = there.map(|path| file_system.shown(&path)).collect();
        self.passed_over.extend(passed_over);
        vec![Named { shown: file_system.shown(&path), path, by: NamedBy::ItsName }]
    }

    /// The project directory, judging by the files known so far.
    fn project_directory(&self) -> PathBuf {
        if let Some(directory) = &self.choice.project_directory {
            return self.choice.absolute(directory);
        }
        let first = self.files.iter().find(|file| file.path != Path::new("-"));
        let directory = first.and_then(|file| file.path.parent()).map(Path::to_owned);
        directory.unwrap_or_else(|| self.choice.absolute(Path::new("")))
    }

    fn finish(mut self) -> Result<Discovered, DiscoverError> {
        let project_directory = self.project_directory();
        let mut files = Vec::new();
        for Named { path, shown, by } in std::mem::take(&mut self.files) {
            files.push(self.read(&path, &shown, by)?);
        }
        self.name_project(&project_directory);
        let Self { sources, environment, passed_over, .. } = self;
        Ok(Discovered { sources, files, project_directory, environment, passed_over })
    }

    fn name_project(&mut self, project_directory: &Path) {
        let directory = project_directory.file_name().unwrap_or_default().to_string_lossy();
        let fallback = |value: String| Variable { value, origin: Origin::Fallback };
        self.environment.add_fallback(PROJECT_NAME, fallback(normalised_project_name(&directory)));
        self.environment
            .add_fallback("PWD", fallback(self.choice.file_system.working_directory().display().to_string()));
        if let Some(name) = &self.choice.project_name {
            self.environment
                .add_first(PROJECT_NAME, Variable { value: name.clone(), origin: Origin::CommandLine });
        }
    }
}

impl FileChoice {
    /// A path as given, made absolute, without `.` and `..`; `-` is kept.
    fn absolute(&self, path: &Path) -> PathBuf {
        self.file_system.absolute(path)
    }
}

/// The path without `.` and `..`; symbolic links are not resolved.
pub fn cleaned(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(cleaned.components().next_back(), Some(Component::Normal(_))) =>
            {
                cleaned.pop();
            }
            Component::ParentDir if cleaned.has_root() => {}
            other => cleaned.push(other),
        }
    }
    cleaned
}

#[cfg(test)]
mod tests;
