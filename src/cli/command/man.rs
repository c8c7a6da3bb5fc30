//! `topo man`.

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;
use roff::{Roff, bold, roman};

use crate::cli::arguments::environment::{ONLY_IN_THE_ENVIRONMENT, VARIABLES, Variable};
use crate::cli::arguments::global::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::engine::local_file;

/// Write the manual pages of topo and its commands.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  topo man up | man -l -\n  topo man --output ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// The command whose page is printed; topo's own page when none is named
    command: Option<String>,
    /// Write every page into this directory
    #[arg(short, long, value_name = "DIRECTORY", conflicts_with = "command")]
    output: Option<PathBuf>,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: ManArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    let mut topo = crate::cli::command_line();
    topo.build();
    if let Some(folder) = &options.output {
        return write_all(&topo, folder);
    }
    let page = match &options.command {
        None => Some(Page::of(&topo, "topo")),
        Some(name) => topo.find_subcommand(name).map(|command| Page::of(command, &title(command))),
    };
    let Some(page) = page else {
        let names = topo.get_subcommands().map(Command::get_name);
        let name = options.command.unwrap_or_default();
        let help =
            crate::diagnostic::suggest::closest(&name, names).map(|name| format!("did you mean `{name}`?"));
        return Err(CliError::usage(format!("topo has no command `{name}`")).perhaps_help(help));
    };
    output.print(&page.text)?;
    Ok(Exit::Success)
}

/// A page of the manual.
struct Page {
    name: String,
    text: String,
}

impl Page {
    fn of(command: &Command, name: &str) -> Self {
        let topo = format!("topo {}", env!("CARGO_PKG_VERSION"));
        let is_topo = name == "topo";
        let mut last = match is_topo {
            true => vec![exit_status(), environment(), files()],
            false => examples(command).into_iter().collect(),
        };
        last.push(see_also(command, is_topo));
        let mut text = Vec::new();
        // `topo help` has no page of its own.
        let command = command.clone().disable_help_subcommand(true);
        let page = Man::new(command.clone()).title(name).section("1").source(topo).manual("topo");
        let rendered = page
            .render_title(&mut text)
            .and_then(|()| write_sections(&[name_section(&command, name), synopsis(&command)], &mut text))
            .and_then(|()| page.render_description_section(&mut text))
            .and_then(|()| page.render_options_section(&mut text))
            .and_then(|()| if is_topo { page.render_subcommands_section(&mut text) } else { Ok(()) })
            .and_then(|()| write_sections(&last, &mut text));
        rendered.expect("memory can be written to");
        // Each section comes with the definitions that the whole page needs once.
        let definitions = Roff::new().render();
        let text = String::from_utf8_lossy(&text).replace(&definitions, "");
        Self { name: format!("{name}.1"), text: definitions + &text }
    }
}

fn write_sections(sections: &[Roff], into: &mut Vec<u8>) -> std::io::Result<()> {
    sections.iter().try_for_each(|section| section.to_writer(into))
}

fn section(title: &str) -> Roff {
    let mut section = Roff::new();
    section.control("SH", [title]);
    section
}

/// One line, as `whatis` and `apropos` read it.
fn name_section(command: &Command, name: &str) -> Roff {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut letters = about.chars();
    let about = letters.next().map(|first| format!("{}{}", first.to_lowercase(), letters.as_str()));
    let mut section = section("NAME");
    section.text([roman(format!("{name} - {}", about.unwrap_or_default()))]);
    section
}

/// The usage of the help: clap_mangen's own lists every option, and says nothing of their values.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let mut synopsis = section("SYNOPSIS");
    for (index, line) in usage.trim_start_matches("Usage:").lines().enumerate() {
        if index > 0 {
            synopsis.control("br", []);
        }
        synopsis.text([roman(line.trim())]);
    }
    synopsis
}

fn exit_status() -> Roff {
    let mut status = section("EXIT STATUS");
    for (exit, meaning) in Exit::TABLE {
        term(&mut status, &exit.code().to_string(), meaning);
    }
    status.control("PP", []);
    status.text([roman(Exit::PASSED_ON)]);
    status
}

fn environment() -> Roff {
    let mut variables = section("ENVIRONMENT");
    for Variable { name, meaning } in VARIABLES {
        term(&mut variables, name, meaning);
    }
    let [one, other] = ONLY_IN_THE_ENVIRONMENT;
    let note =
        format!("Variables that begin with COMPOSE_ may be set in .env too, except for {one} and {other}.");
    variables.control("PP", []);
    variables.text([roman(note)]);
    variables
}

/// Files that topo finds without being told, and what they are.
const FILES: [(&str, &str); 4] = [
    (
        "compose.yaml, compose.yml, docker-compose.yaml, docker-compose.yml",
        "the topology, in this directory or above it",
    ),
    ("compose.override.yaml and the like", "merged into the topology beside it"),
    (".env", "variables for the topology, in the directory of its first file"),
    ("~/.docker/config.json", "registry accounts, contexts and proxies of the Docker CLI"),
];

fn files() -> Roff {
    let mut files = section("FILES");
    FILES.iter().for_each(|(file, meaning)| term(&mut files, file, meaning));
    files
}

fn term(section: &mut Roff, term: &str, meaning: &str) {
    section.control("TP", []);
    section.text([bold(term)]);
    section.text([roman(meaning)]);
}

/// The examples of the help, a line each.
fn examples(command: &Command) -> Option<Roff> {
    let help = command.get_after_help()?.to_string();
    let (_, lines) = help.split_once(":\n")?;
    let mut examples = section("EXAMPLES");
    examples.control("nf", []);
    lines.lines().for_each(|line| {
        examples.text([roman(line.trim_start())]);
    });
    examples.control("fi", []);
    Some(examples)
}

fn see_also(command: &Command, is_topo: bool) -> Roff {
    let others = match is_topo {
        true => {
            let commands = command.get_subcommands().filter(|command| command.get_name() != "help");
            commands.map(|command| format!("{}(1)", title(command))).chain(["docker(1)".to_owned()]).collect()
        }
        false => vec!["topo(1)".to_owned()],
    };
    let mut section = section("SEE ALSO");
    section.text([roman(others.join(", "))]);
    section
}

/// `topo-up`.
fn title(command: &Command) -> String {
    format!("topo-{}", command.get_name())
}

fn write_all(topo: &Command, folder: &Path) -> Result<Exit, CliError> {
    let commands = topo.get_subcommands().filter(|command| command.get_name() != "help");
    let pages = commands.map(|command| Page::of(command, &title(command)));
    for Page { name, text } in std::iter::once(Page::of(topo, "topo")).chain(pages) {
        let file = folder.join(name);
        let written = std::fs::create_dir_all(folder).and_then(|()| local_file::write(&file, &text));
        if let Err(error) = written {
            return Err(CliError::usage(format!("cannot write `{}`: {error}", file.display())));
        }
    }
    Ok(Exit::Success)
}
