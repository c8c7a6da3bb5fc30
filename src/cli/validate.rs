//! `topo validate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::load::{Loaded, load_for_check};
use crate::cli::output::{Output, not_shown};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, github, json, junit, sarif};
use crate::source::Sources;

/// Check topology files; every mistake is shown at its place.
///
/// Each file is checked by itself; with `-f`, the files are merged and checked as one. A folder stands
/// for the topologies in it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo validate topologies/*.yaml --format github")]
pub(super) struct Options {
    /// Files and folders; the project's own topology when none is given
    #[arg(value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// Print nothing but the findings
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    global: Global,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// JUnit XML
    Junit,
}

/// What was found in all topologies together.
#[derive(Default)]
struct Checked {
    topologies: usize,
    sources: Sources,
    found: Diagnostics,
    /// A file that was named cannot be read.
    is_unreadable: bool,
}

impl Checked {
    fn add(&mut self, loaded: Loaded) {
        let place = self.sources.absorb(loaded.sources);
        self.found.append(loaded.found.moved(place));
        self.topologies += 1;
    }
}

pub(super) fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let global = global.merged(options.global.clone());
    let output = Output::new(&global);
    let mut checked = Checked::default();
    for choice in choices(&global, &options.paths, &output)? {
        match load_for_check(&choice, &output)? {
            Ok(loaded) => checked.add(loaded),
            Err(found) => {
                checked.found.append(found);
                checked.is_unreadable = true;
            }
        }
    }
    let findings = checked.found.sorted();
    output.print(&written(options.format, &checked.sources, &findings, &output));
    let count = |severity| findings.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if options.format == Format::Human && !options.quiet {
        output.complain(&not_shown(&checked.found));
        output.complain(&summary(checked.topologies, errors, warnings));
    }
    if checked.is_unreadable {
        return Ok(Exit::Usage);
    }
    let fails = errors > 0 || (options.strict && warnings > 0);
    Ok(if fails { Exit::Findings } else { Exit::Success })
}

/// One set of options for each topology that is checked.
fn choices(global: &Global, paths: &[PathBuf], output: &Output) -> Result<Vec<Global>, Exit> {
    if paths.is_empty() {
        return Ok(vec![global.clone()]);
    }
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let found = topologies_in(path);
        if found.is_empty() {
            output.error(
                &format!("no topology is in `{}`", path.display()),
                Some("name files that end in `.yaml` or `.yml`"),
            );
            return Err(Exit::Usage);
        }
        files.extend(found);
    }
    let choice = |file: PathBuf| {
        let mut choice = global.clone();
        choice.files.push(file);
        choice
    };
    Ok(files.into_iter().map(choice).collect())
}

/// The topologies of a folder, sorted by name; folders below it are not looked into.
fn topologies_in(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_topology = |path: &PathBuf| {
        path.is_file() && path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_topology).collect();
    files.sort();
    files
}

fn written(format: Format, sources: &Sources, findings: &[&Diagnostic], output: &Output) -> String {
    match format {
        Format::Human => output.findings(sources, findings),
        Format::Json => json::json(sources, findings),
        Format::Sarif => sarif::sarif(sources, findings),
        Format::Github => github::github(sources, findings),
        Format::Junit => junit::junit(sources, findings),
    }
}

fn summary(files: usize, errors: usize, warnings: usize) -> String {
    let topologies = if files == 1 { "1 topology".to_owned() } else { format!("{files} topologies") };
    match (errors, warnings) {
        (0, 0) => format!("{topologies}: nothing to complain about\n"),
        _ => format!("{topologies}: {}\n", super::output::counted(errors, warnings)),
    }
}
