//! `topo validate`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::load::{Loaded, load_for_check};
use crate::cli::output::{Output, counted, not_shown};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, code, github, json, junit, sarif};
use crate::source::{DEFAULT_NAMES, OVERRIDE_NAMES, Sources, Span};

/// Check topology files; every mistake is shown at its place.
///
/// Each file is checked by itself; with `-f`, the files are merged and checked as one. A folder stands
/// for the topologies in it.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 when nothing was found, 1 when something was, 2 when a file cannot be checked.\n\nExample:\n  topo validate topologies/*.yaml --format github"
)]
pub struct Options {
    /// Files and folders, `-` is standard input; the project's own topology when none is given
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
        // The program ends soon: to take a large topology apart piece by piece would take a tenth of its time.
        std::mem::forget(loaded.topology);
    }

    /// What was named cannot be checked; the others are.
    fn add_unreadable(&mut self, path: Option<&PathBuf>, read: (Sources, Diagnostics), format: Format) {
        let (sources, found) = read;
        let place = self.sources.absorb(sources);
        let mut found = found.moved(place);
        // People read the path in the words; programs look for a place.
        if let Some(path) = path.filter(|_| format != Format::Human) {
            let file = self.sources.add(path, "");
            found.for_each(|diagnostic| {
                if diagnostic.labels.is_empty() {
                    diagnostic.label(Span::new(file, 0, 0), "");
                }
            });
        }
        self.found.append(found);
        self.is_unreadable = true;
    }

    /// Everything that was found, once: several topologies may include the same file.
    fn findings(&self) -> Vec<&Diagnostic> {
        let mut said = HashSet::new();
        let mut findings = self.found.sorted();
        findings.retain(|diagnostic| {
            let place = diagnostic.span().map(|span| (&self.sources.get(span.file).path, span.range()));
            said.insert((place, diagnostic.code.name(), &diagnostic.message))
        });
        findings
    }
}

pub fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let global = global.merged(options.global.clone());
    let output = global.output();
    let mut checked = Checked::default();
    let files = topologies(&options.paths, &mut checked, options.format);
    for choice in choices(&global, files, options.paths.is_empty()) {
        match load_for_check(&choice, &output)? {
            Ok(loaded) => checked.add(loaded),
            Err(read) => checked.add_unreadable(choice.files.first(), read, options.format),
        }
    }
    let findings = checked.findings();
    output.print(&written(options.format, &checked.sources, &findings, &output));
    let count = |severity| findings.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(count);
    let [errors, warnings, _] = counts;
    if options.format == Format::Human && !options.quiet {
        output.complain(&not_shown(&checked.found));
        output.complain(&summary(checked.topologies, counts));
    }
    if checked.is_unreadable {
        return Ok(Exit::Usage);
    }
    let fails = errors > 0 || (options.strict && warnings > 0);
    Ok(if fails { Exit::Findings } else { Exit::Success })
}

/// One set of options for each topology that is checked.
fn choices(global: &Global, topologies: Vec<Vec<PathBuf>>, is_default: bool) -> Vec<Global> {
    if is_default {
        return vec![global.clone()];
    }
    let choice = |files: Vec<PathBuf>| {
        let mut choice = global.clone();
        choice.files.extend(files);
        choice
    };
    topologies.into_iter().map(choice).collect()
}

/// The files of each topology: a file is one by itself, a folder stands for those in it.
fn topologies(paths: &[PathBuf], checked: &mut Checked, format: Format) -> Vec<Vec<PathBuf>> {
    let mut topologies = Vec::new();
    for path in paths {
        if !path.is_dir() {
            topologies.push(vec![path.clone()]);
            continue;
        }
        let mut problem = Diagnostics::default();
        match topologies_in(path) {
            Ok(found) if !found.is_empty() => {
                topologies.extend(found);
                continue;
            }
            Ok(_) => problem
                .error(code::MISSING_FILE, format!("no topology is in `{}`", path.display()))
                .help("name files that end in `.yaml` or `.yml`"),
            Err(error) => problem
                .error(code::MISSING_FILE, format!("cannot read the folder `{}`: {error}", path.display())),
        };
        checked.add_unreadable(Some(path), (Sources::default(), problem), format);
    }
    topologies
}

/// The topologies of a folder, sorted by name; folders below it are not looked into. A file with a
/// default name is checked together with its override file.
fn topologies_in(folder: &Path) -> std::io::Result<Vec<Vec<PathBuf>>> {
    let entries = std::fs::read_dir(folder)?.flatten();
    let is_topology = |path: &PathBuf| {
        path.is_file() && path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
    };
    let paths = entries.map(|entry| entry.path()).filter(is_topology);
    let mut files: Vec<PathBuf> =
        paths.map(|path| path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)).collect();
    files.sort();
    let first_of = |names: &[&str]| {
        let mut named = names.iter().map(Path::new);
        named.find_map(|name| files.iter().find(|file| file.file_name() == Some(name.as_os_str())))
    };
    let (base, over) = (first_of(&DEFAULT_NAMES), first_of(&OVERRIDE_NAMES));
    let Some((base, over)) = base.zip(over) else {
        return Ok(files.into_iter().map(|file| vec![file]).collect());
    };
    let alone = files.iter().filter(|file| *file != over);
    let with_override =
        |file: &PathBuf| if file == base { vec![base.clone(), over.clone()] } else { vec![file.clone()] };
    Ok(alone.map(with_override).collect())
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

fn summary(files: usize, counts: [usize; 3]) -> String {
    if files == 0 {
        return format!("no topology was checked: {}\n", counted(counts));
    }
    let topologies = if files == 1 { "1 topology".to_owned() } else { format!("{files} topologies") };
    match counts {
        [0, 0, 0] => format!("{topologies}: nothing to complain about\n"),
        _ => format!("{topologies}: {}\n", counted(counts)),
    }
}
