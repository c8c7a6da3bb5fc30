//! Options that every command takes, before or after its name.

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::settings::{self, ColorChoice, ProgressForm, Settings, UnparsedVariables};
use crate::cli::arguments::typed::TypedLine;
use crate::cli::io::output::Output;
use crate::cli::process;
use crate::diagnostic::Diagnostics;
use crate::report::Commands;
use crate::source::{self, Environment, FileChoice};
use crate::topology::name::ServiceName;

/// Options that every command takes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Topology file; several are merged in this order, `-` is standard input
    #[arg(short, long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Project name (default: `name` in the file, else the directory's name)
    #[arg(short, long, value_name = "NAME")]
    pub project_name: Option<String>,
    /// Profile to activate; `*` means all
    #[arg(long = "profile", value_name = "NAME")]
    pub profiles: Vec<String>,
    /// File with variables for the topology, instead of `.env`
    #[arg(long = "env-file", value_name = "FILE")]
    pub env_files: Vec<PathBuf>,
    /// Directory that relative paths start from (default: that of the first file)
    #[arg(long, value_name = "DIRECTORY")]
    pub project_directory: Option<PathBuf>,
    /// How progress is shown: live lines, one line per event, JSON lines, or only failures
    #[arg(long, value_name = "auto|tty|plain|json|quiet", hide_possible_values = true)]
    pub progress: Option<ProgressForm>,
    /// When to use colours; NO_COLOR is respected
    #[arg(long, value_name = "auto|always|never", hide_possible_values = true)]
    pub color: Option<ColorChoice>,
    /// The word of Docker Compose: `never` means `--color never --progress plain`
    #[arg(long, value_name = "auto|always|never", hide = true)]
    pub ansi: Option<ColorChoice>,
    /// Separate the parts of container and image names by `_` instead of `-`, as Docker Compose 1 did
    #[arg(long)]
    pub compatibility: bool,
    /// Maximum number of concurrent engine calls; -1 leaves it to topo
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub parallel: Option<i32>,
    /// What variables of the environment decide
    #[arg(skip)]
    pub settings: Settings,
    /// The command line as it was typed.
    #[arg(skip)]
    pub typed: TypedLine,
    /// Whether what says which topology is meant was typed before the command's name.
    #[arg(skip)]
    pub stands_first: bool,
}

impl Global {
    /// Whether a person may read what is said besides progress: neither a program does, nor was silence
    /// asked for.
    pub fn is_shown(&self) -> bool {
        !matches!(self.progress, Some(ProgressForm::Json | ProgressForm::Quiet))
    }

    /// Joins what stood before the command's name with what stood after it; the latter wins. What
    /// neither says, the environment may.
    pub fn merge(&mut self, after: Global) {
        *self = std::mem::take(self).joined(after);
        self.fill_in();
    }

    /// Where words go, and how they look there.
    pub fn output(&self) -> Output {
        Output::new(self.color.unwrap_or_default(), &self.settings)
    }

    /// Fills in what no option said. What cannot be understood is told and passed over.
    fn fill_in(&mut self) {
        let environment = self.surroundings();
        let mut unparsed = UnparsedVariables::default();
        let ansi = self.ansi.or_else(|| settings::ansi(&environment, &mut unparsed));
        self.color = self.color.or(ansi);
        self.progress = self.progress.or_else(|| settings::progress(&mut unparsed));
        // Live lines are made of control characters as colours are.
        let is_plain = ansi == Some(ColorChoice::Never);
        self.progress = self.progress.or(is_plain.then_some(ProgressForm::Plain));
        self.parallel = self.parallel.or_else(|| settings::parallel(&environment, &mut unparsed));
        self.settings = Settings::of(&environment, &mut unparsed);
        let output = self.output();
        unparsed.0.iter().for_each(|words| output.warning(words));
    }

    /// The variables that topo was started with, and those of `.env`.
    fn surroundings(&self) -> Environment {
        source::surroundings(&self.files_meant(), Environment::of_process())
    }

    /// The files that are meant, whatever the project's name.
    pub(crate) fn files_meant(&self) -> FileChoice {
        FileChoice {
            files: self.files.clone(),
            project_directory: self.project_directory.clone(),
            env_files: self.env_files.clone(),
            project_name: None,
            file_system: process::file_system(),
        }
    }

    fn joined(self, after: Global) -> Global {
        let join = |mut before: Vec<PathBuf>, after: Vec<PathBuf>| {
            before.extend(after);
            before
        };
        Global {
            stands_first: self.stands_first || !self.choosing_words(FilesAs::Options).is_empty(),
            files: join(self.files, after.files),
            project_name: after.project_name.or(self.project_name),
            profiles: [self.profiles, after.profiles].concat(),
            env_files: join(self.env_files, after.env_files),
            project_directory: after.project_directory.or(self.project_directory),
            progress: after.progress.or(self.progress),
            color: after.color.or(self.color),
            ansi: after.ansi.or(self.ansi),
            parallel: after.parallel.or(self.parallel),
            compatibility: after.compatibility || self.compatibility,
            settings: Settings::default(),
            typed: self.typed,
        }
    }

    /// Takes the arguments that name files out of a command's arguments: those that end in `.yaml` or
    /// `.yml`. The others are services.
    pub fn take_files(&mut self, arguments: &[String]) -> Vec<String> {
        let (files, services): (Vec<&String>, Vec<&String>) =
            arguments.iter().partition(|argument| is_topology_file(argument));
        self.files.extend(files.into_iter().map(PathBuf::from));
        services.into_iter().cloned().collect()
    }

    /// The services among a command's arguments; files are taken as by [`Global::take_files`].
    pub fn take_services(&mut self, arguments: &[String]) -> Vec<ServiceName> {
        self.take_files(arguments).into_iter().map(ServiceName::from).collect()
    }

    /// The words to type for one more command about the same topology, in the order in which this one was
    /// typed: `topo down topologies/a.yaml`, `topo -p shop down`.
    pub fn command(&self, command: &str) -> String {
        self.commands().line(command)
    }

    /// What goes on with a command that failed: the line that was typed, or the command alone where another one
    /// called for it.
    pub fn resume(&self, command: &str) -> String {
        self.typed.again(command).unwrap_or_else(|| self.command(command))
    }

    /// How other commands about the same topology are typed.
    pub fn commands(&self) -> Commands {
        let files = if self.stands_first { FilesAs::Options } else { FilesAs::Arguments };
        let words = self.choosing_words(files);
        // A word that a shell cannot be given as it is, one with a NUL, is no file's name either.
        let words = words.iter().map(|word| shlex::try_quote(word).unwrap_or(word.into()));
        let words = words.map(|word| word.into_owned()).collect::<Vec<String>>().join(" ");
        let program = self.typed.program.name().to_owned();
        match (self.stands_first, words.is_empty()) {
            (true, false) => Commands { before: format!("{program} {words}"), after: String::new() },
            (true, true) | (false, _) => Commands { before: program, after: words },
        }
    }

    /// Makes the commands in helps say which topology is meant.
    pub fn name_topology(&self, found: &mut Diagnostics) {
        let commands = self.commands();
        found.rewrite_helps(|help| commands.filled_in(help));
    }

    /// The words that say which topology is meant.
    fn choosing_words(&self, files: FilesAs) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for file in self.files.iter().map(|file| file.display().to_string()) {
            let is_known_by_its_end = files == FilesAs::Arguments && is_topology_file(&file);
            words.extend((!is_known_by_its_end).then(|| "-f".to_owned()));
            words.push(file);
        }
        let shown = |path: &PathBuf| path.display().to_string();
        let options = (self.project_name.iter().map(|name| ("-p", name.clone())))
            .chain(self.profiles.iter().map(|profile| ("--profile", profile.clone())))
            .chain(self.env_files.iter().map(|file| ("--env-file", shown(file))))
            .chain(self.project_directory.iter().map(|folder| ("--project-directory", shown(folder))));
        words.extend(options.flat_map(|(name, value)| [name.to_owned(), value]));
        words.extend(self.compatibility.then(|| "--compatibility".to_owned()));
        words
    }

    /// What `--quiet` of a command means: failures only.
    pub fn quieten_if(&mut self, is_quiet: bool) {
        if is_quiet {
            self.progress = Some(ProgressForm::Quiet);
        }
    }
}

/// How files are written on a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FilesAs {
    /// Without `-f` where their names say that they are topologies.
    Arguments,
    /// With `-f`.
    Options,
}

/// Whether an argument names a file and not a service.
pub(crate) fn is_topology_file(argument: &str) -> bool {
    argument.ends_with(".yaml") || argument.ends_with(".yml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_end_like_a_topology_are_files() {
        let mut global = Global::default();
        let arguments = ["a/compose.yaml", "web", "b.yml"].map(str::to_owned);
        assert_eq!(global.take_files(&arguments), ["web"]);
        assert_eq!(global.files, [PathBuf::from("a/compose.yaml"), PathBuf::from("b.yml")]);
    }

    #[test]
    fn an_option_after_the_command_wins_and_files_add_up() {
        let before = Global { files: vec!["a".into()], project_name: Some("x".into()), ..Global::default() };
        let after = Global { files: vec!["b".into()], project_name: Some("y".into()), ..Global::default() };
        let merged = before.joined(after);
        assert_eq!(merged.files, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(merged.project_name.as_deref(), Some("y"));
    }

    #[test]
    fn one_more_command_has_the_order_of_words_of_this_one() {
        let shop =
            || Global { files: vec!["a b.yaml".into()], project_name: Some("x".into()), ..Global::default() };
        let after = Global::default().joined(shop());
        assert_eq!(after.command("down -v"), "topo down -v 'a b.yaml' -p x");
        let before = shop().joined(Global::default());
        assert_eq!(before.command("down -v"), "topo -f 'a b.yaml' -p x down -v");
    }
}
