//! `topo man`.

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::engine::local_file;

/// Write the manual: a page for topo and one for each command.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  topo man up | man -l -\n  topo man --output ~/.local/share/man/man1")]
pub struct Options {
    /// The command whose page is printed; topo's own page when none is named
    command: Option<String>,
    /// Write every page into this folder
    #[arg(short, long, value_name = "FOLDER", conflicts_with = "command")]
    output: Option<PathBuf>,
    #[command(flatten)]
    global: Global,
}

pub fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let output = global.merged(options.global).output();
    let mut topo = crate::cli::command_line();
    topo.build();
    if let Some(folder) = &options.output {
        return write_all(&topo, folder, &output);
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
        output.error(&format!("topo has no command `{name}`"), help.as_deref());
        return Err(Exit::Usage);
    };
    output.print(&page.text);
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
        let page = Man::new(command.clone()).title(name).section("1").source(topo).manual("topo");
        let mut text = Vec::new();
        page.render(&mut text).expect("memory can be written to");
        let text = with_usage(&String::from_utf8_lossy(&text), command);
        Self { name: format!("{name}.1"), text }
    }
}

/// The synopsis is the usage of the help: one of every option by its name would say nothing of values.
fn with_usage(page: &str, command: &Command) -> String {
    const SYNOPSIS: &str = ".SH SYNOPSIS\n";
    let usage = command.clone().render_usage().to_string();
    let lines = usage.trim_start_matches("Usage:").lines().map(|line| line.trim().replace('-', "\\-"));
    let usage = lines.collect::<Vec<_>>().join("\n.br\n");
    let Some((before, rest)) = page.split_once(SYNOPSIS) else { return page.to_owned() };
    let behind = rest.find("\n.SH ").unwrap_or(rest.len());
    format!("{before}{SYNOPSIS}{usage}{}", &rest[behind..])
}

/// `topo-up`.
fn title(command: &Command) -> String {
    format!("topo-{}", command.get_name())
}

fn write_all(topo: &Command, folder: &Path, output: &Output) -> Result<Exit, Exit> {
    let commands = topo.get_subcommands().filter(|command| command.get_name() != "help");
    let pages = commands.map(|command| Page::of(command, &title(command)));
    for Page { name, text } in std::iter::once(Page::of(topo, "topo")).chain(pages) {
        let file = folder.join(name);
        let written = std::fs::create_dir_all(folder).and_then(|()| local_file::write(&file, &text));
        if let Err(error) = written {
            output.error(&format!("cannot write `{}`: {error}", file.display()), None);
            return Err(Exit::Usage);
        }
    }
    Ok(Exit::Success)
}
