//! `topo validate`.

mod folder;

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::arguments::global::Global;
use crate::cli::arguments::settings::variable;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::output::{Output, counted, not_shown};
use crate::cli::topology::load::{self, Loaded, load_for_check};
use crate::diagnostic::fix::{self, Edit};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, code, github, json, junit, sarif};
use crate::lint::profile::{self, Chosen};
use crate::source::{Environment, Sources, Span};
use folder::topologies_below;

/// Check topology files and show every mistake at its place.
///
/// Each file is checked by itself; with `-f`, the files are merged and checked as one. A directory stands for
/// the topologies in it and in its subdirectories: files that declare services or are called compose*.yaml.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 when nothing was found, 1 when something was, 2 when a file cannot be checked.\n\nExample:\n  topo validate . --format github"
)]
pub(crate) struct ValidateArgs {
    /// Files and directories, `-` is standard input; the project's own topology when none is given
    #[arg(value_name = "FILE|DIRECTORY")]
    paths: Vec<PathBuf>,
    /// Format of the diagnostics
    #[arg(long, value_enum, default_value_t)]
    format: ValidateFormat,
    /// Treat warnings as errors
    #[arg(long)]
    strict: bool,
    /// Print only the diagnostics
    #[arg(short, long)]
    quiet: bool,
    /// Apply the fixes that are certain to the files
    #[arg(long)]
    fix: bool,
    /// With `--fix`: also apply guesses, such as the closest known name
    #[arg(long, requires = "fix")]
    unsafe_fixes: bool,
    #[command(flatten)]
    global: Global,
}

/// Format of the diagnostics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ValidateFormat {
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
    /// How many files were named, or found by their names; what they include is part of them.
    files: usize,
    sources: Sources,
    found: Diagnostics,
    /// A file that was named cannot be read.
    is_unreadable: bool,
    /// The profiles of all topologies.
    profiles: BTreeSet<String>,
}

impl Checked {
    fn add(&mut self, loaded: Loaded) {
        let place = self.sources.absorb(loaded.sources);
        self.found.append(loaded.found.moved(place));
        self.files += loaded.merged_files;
        let profiles = loaded.topology.iter().flat_map(|topology| topology.profiles());
        self.profiles.extend(profiles.map(str::to_owned));
        // The program ends soon: to take a large topology apart piece by piece would take a tenth of its time.
        std::mem::forget(loaded.topology);
    }

    /// What was named cannot be checked; the others are.
    fn add_unreadable(
        &mut self,
        path: Option<&PathBuf>,
        read: (Sources, Diagnostics),
        format: ValidateFormat,
    ) {
        let (sources, found) = read;
        let place = self.sources.absorb(sources);
        let mut found = found.moved(place);
        // People read the path in the words; programs look for a place.
        if let Some(path) = path.filter(|_| format != ValidateFormat::Human) {
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

pub(super) fn run(global: &mut Global, options: ValidateArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    let output = global.output();
    if options.fix && options.paths.iter().any(|path| path == Path::new("-")) {
        return Err(CliError::usage("standard input cannot be fixed").help("name a file"));
    }
    let checked = check(global, &options, &output)?;
    let (checked, fixed) = match options.fix {
        true => apply_fixes(checked, global, &options, &output)?,
        false => (checked, Fixes::default()),
    };
    let findings = checked.findings();
    output.print(&match (options.format, options.strict) {
        // People are told in the last line; a program that reads of no error must not find a failed command.
        (ValidateFormat::Human, _) | (_, false) => {
            written(options.format, &checked.sources, &findings, &output)
        }
        (format, true) => {
            let raised: Vec<Diagnostic> = findings.iter().map(|diagnostic| raised(diagnostic)).collect();
            written(format, &checked.sources, &raised.iter().collect::<Vec<_>>(), &output)
        }
    })?;
    let count = |severity| findings.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(count);
    let [errors, warnings, _] = counts;
    if options.format == ValidateFormat::Human && !options.quiet {
        output.complain(&not_shown(&checked.found));
        output.complain(&summary(checked.files, counts, options.strict));
        output.complain(&said_of_fixes(&fixed, &checked.sources, &findings, &options));
    }
    if checked.is_unreadable {
        return Ok(Exit::Usage);
    }
    let fails = errors > 0 || (options.strict && warnings > 0);
    Ok(if fails { Exit::Findings } else { Exit::Success })
}

fn check(global: &Global, options: &ValidateArgs, output: &Output) -> Result<Checked, CliError> {
    let mut checked = Checked::default();
    let files = topologies(&options.paths, &mut checked, options.format);
    let choices = choices(global, files, options.paths.is_empty());
    let chosen = if choices.len() == 1 { Chosen::ForThis } else { Chosen::ForSeveral };
    for choice in choices {
        match load_for_check(&choice, chosen, output)? {
            Ok(loaded) => checked.add(loaded),
            Err(read) => checked.add_unreadable(choice.files.first(), read, options.format),
        }
    }
    if chosen == Chosen::ForSeveral && !checked.is_unreadable {
        let chosen = load::profiles(global, &Environment::of_process());
        profile::check_of_several(&checked.profiles, &chosen, &mut checked.found);
    }
    Ok(checked)
}

/// How often what was fixed is checked again: one fix may uncover, or have waited for, another.
const ROUNDS: usize = 10;

/// What was done to the files.
#[derive(Default)]
struct Fixes {
    /// How many mistakes were fixed.
    count: usize,
    /// A line for each edit.
    edits: Vec<String>,
}

/// Applies fixes until there are no more: what is found then, and what was fixed.
fn apply_fixes(
    mut checked: Checked,
    global: &Global,
    options: &ValidateArgs,
    output: &Output,
) -> Result<(Checked, Fixes), CliError> {
    let mut fixes = Fixes::default();
    for _ in 0..ROUNDS {
        let fixed = fix::apply(&checked.sources, &checked.findings(), options.unsafe_fixes);
        if fixed.count == 0 {
            break;
        }
        for (path, text) in &fixed.texts {
            write(path, text, &checked.sources)
                .map_err(|error| CliError::usage(format!("cannot fix `{}`: {error}", path.display())))?;
        }
        fixes.count += fixed.count;
        fixes.edits.extend(fixed.edits.iter().map(|edit| edit_line(edit, &checked.sources)));
        checked = check(global, options, output)?;
    }
    Ok((checked, fixes))
}

/// Writes a file anew that still is as it was read.
fn write(path: &Path, text: &str, sources: &Sources) -> io::Result<()> {
    let read = sources.files().map(|(_, file)| file).find(|file| file.path == path);
    match read.filter(|file| fs::read(path).is_ok_and(|present| present == file.encoded(&file.text))) {
        Some(file) => fs::write(path, file.encoded(text)),
        None => Err(io::Error::other("it has changed since it was read")),
    }
}

/// ``shop.yaml:3:5: `imagee` -> `image` ``
fn edit_line(edit: &Edit, sources: &Sources) -> String {
    let (line, column) = sources.position(edit.span);
    let path = sources.get(edit.span.file).path.display();
    let old = in_one_line(sources.text(edit.span));
    match in_one_line(&edit.text) {
        new if new.is_empty() && old.is_empty() => format!("{path}:{line}:{column}: tabs -> spaces"),
        new if new.is_empty() => format!("{path}:{line}:{column}: removed `{old}`"),
        new => format!("{path}:{line}:{column}: `{old}` -> `{new}`"),
    }
}

/// A text for a line of a report: not more than 60 characters of it.
fn in_one_line(text: &str) -> String {
    let line = text.trim().split('\n').map(str::trim).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// What was fixed, or what `--fix` would do.
fn said_of_fixes(
    fixed: &Fixes,
    sources: &Sources,
    findings: &[&Diagnostic],
    options: &ValidateArgs,
) -> String {
    let safe = fix::apply(sources, findings, false).count;
    let mut text: String = fixed.edits.iter().map(|edit| format!("{edit}\n")).collect();
    match (options.fix, safe) {
        (true, _) => text += &format!("{} fixed\n", fixed.count),
        (false, 0) => {}
        (false, count) => text += &format!("`--fix` fixes {count} of them\n"),
    }
    let is_guess = |found: &&&Diagnostic| found.fix.as_ref().is_some_and(|fix| !fix.is_safe);
    let guesses: Vec<&Diagnostic> = findings.iter().filter(is_guess).copied().collect();
    let which = if options.fix { "--unsafe-fixes" } else { "--fix --unsafe-fixes" };
    let more = if safe > 0 && !options.fix { "more " } else { "" };
    match fix::apply(sources, &guesses, true).count {
        0 => {}
        1 => text += &format!("1 {more}fix is a guess: `{which}` applies it\n"),
        count => text += &format!("{count} {more}fixes are guesses: `{which}` applies them\n"),
    }
    text
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

/// The files of each topology: a file is one by itself, a directory stands for those in it and below it.
fn topologies(paths: &[PathBuf], checked: &mut Checked, format: ValidateFormat) -> Vec<Vec<PathBuf>> {
    let mut topologies = Vec::new();
    for path in paths {
        if !path.is_dir() {
            topologies.push(vec![path.clone()]);
            continue;
        }
        let mut problem = Diagnostics::default();
        match topologies_below(path) {
            Ok(found) if !found.is_empty() => {
                topologies.extend(found);
                continue;
            }
            Ok(_) => problem
                .error(code::MISSING_FILE, format!("no topology found in `{}` or below it", path.display()))
                .help("name a file, such as `topo validate shop.yaml`: in a directory, those that declare `services` count"),
            Err(error) => problem
                .error(code::MISSING_FILE, format!("cannot read the directory `{}`: {error}", path.display())),
        };
        checked.add_unreadable(Some(path), (Sources::default(), problem), format);
    }
    topologies
}

/// A warning as the error that `--strict` takes it for.
fn raised(diagnostic: &Diagnostic) -> Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Warning => Severity::Error,
        other => other,
    };
    Diagnostic { severity, ..diagnostic.clone() }
}

fn written(format: ValidateFormat, sources: &Sources, findings: &[&Diagnostic], output: &Output) -> String {
    match format {
        ValidateFormat::Human => output.findings(sources, findings),
        ValidateFormat::Json => json::json(sources, findings),
        ValidateFormat::Sarif => sarif::sarif(sources, findings, repository().as_deref()),
        ValidateFormat::Github => github::github(sources, findings, repository().as_deref()),
        ValidateFormat::Junit => junit::junit(sources, findings),
    }
}

/// The root of the repository that the working directory is in: code hosts know files by their paths from there.
fn repository() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let workspace = variable("GITHUB_WORKSPACE").map(PathBuf::from).filter(|root| here.starts_with(root));
    workspace.or_else(|| here.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned))
}

fn summary(files: usize, counts: [usize; 3], is_strict: bool) -> String {
    let counted = counted(counts);
    let strict = match (is_strict, counts) {
        (true, [_, 1, _]) => " (--strict: the warning counts as an error)",
        (true, [_, warnings, _]) if warnings > 1 => " (--strict: warnings count as errors)",
        _ => "",
    };
    if files == 0 {
        return format!("no file was checked: {counted}{strict}\n");
    }
    let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
    match counts {
        [0, 0, 0] => format!("{files} checked: no problems found\n"),
        _ => format!("{files} checked: {counted}{strict}\n"),
    }
}
