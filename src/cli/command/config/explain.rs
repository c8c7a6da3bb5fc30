//! `topo config explain`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::output::Output;
use crate::cli::topology::load;
use crate::diagnostic::{Diagnostics, suggest};
use crate::document::LoadOptions;
use crate::engine::Images;
use crate::plan::spec;
use crate::source::{Sources, Span};
use crate::topology::Topology;
use crate::topology::provenance::{self, Candidate, CandidateKind, Explanation, Part, PathError, Subject};
use crate::topology::secrecy::HIDDEN_VALUES;
use crate::value::image::ImageReference;

/// Show where a value comes from: every value that was considered, the strongest first, with its place.
///
/// For a variable of a container these are `environment`, the environment of topo, `.env` and
/// `--env-file`, each line of `env_file`, and the image. A key that holds dots may be quoted.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo config explain services.web.environment.DEBUG")]
pub(super) struct ConfigExplainArgs {
    /// Topology files, and at last what is explained, such as `services.web.ports[0]`
    #[arg(value_name = "FILE|PATH", required = true)]
    arguments: Vec<String>,
    /// Output format
    #[arg(long, value_name = "text|json", hide_possible_values = true, default_value = "text")]
    format: ConfigExplainFormat,
    /// Show values that come from variables or look like secrets
    #[arg(long)]
    show_values: bool,
    #[command(flatten)]
    global: Global,
}

/// How an explanation is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ConfigExplainFormat {
    /// For people
    Text,
    /// One JSON document
    Json,
}

/// How long the engine may take to say what an image sets.
const ENGINE_LIMIT: Duration = Duration::from_secs(5);

pub(super) fn run(global: &mut Global, options: ConfigExplainArgs) -> Result<Exit, CliError> {
    let ConfigExplainArgs { mut arguments, format, show_values, global: own } = options;
    let path = arguments.pop().unwrap_or_default();
    global.merge(own);
    global.files.extend(arguments.into_iter().map(PathBuf::from));
    let output = global.output();
    let mut read = load::read(global, &[], LoadOptions::default(), &output)?;
    // What is not active can be explained all the same.
    read.choices.profiles = BTreeSet::from(["*".to_owned()]);
    read.choices.stages.consistency = false;
    let mut found = std::mem::take(&mut read.found);
    let topology = read.topology(&mut found);
    let topology = topology.filter(|_| !found.has_errors());
    let topology = topology.ok_or_else(|| CliError::diagnostics(&read.sources, found))?;
    read.choices.stages.env_files = false;
    let mut found = Diagnostics::default();
    let before_env_files = read.topology(&mut found);
    let before_env_files = before_env_files.ok_or_else(|| CliError::diagnostics(&read.sources, found))?;
    let mut subject = Subject {
        document: &read.document,
        environment: &read.environment,
        topology: &topology,
        before_env_files: &before_env_files,
        sources: &mut read.sources,
    };
    let explained = provenance::explain(&path, &mut subject).map_err(nothing_there)?;
    let mut explained = with_image(explained, &topology, output);
    let is_hidden = !show_values && provenance::conceal(&mut explained, &topology);
    output.print(&match format {
        ConfigExplainFormat::Text => text(&explained, &read.sources) + &hint(is_hidden),
        ConfigExplainFormat::Json => format!("{:#}\n", data(&explained, &read.sources, is_hidden)),
    })?;
    Ok(Exit::Success)
}

fn hint(is_hidden: bool) -> String {
    if is_hidden { format!("\n{HIDDEN_VALUES}\n") } else { String::new() }
}

fn nothing_there(mistake: PathError) -> CliError {
    let PathError { path, closest, known } = mistake;
    let help = match closest {
        Some(closest) => Some(format!("did you mean `{closest}`?")),
        None if known.is_empty() => None,
        None => Some(format!("write one of {}", suggest::one_of(known.iter().map(String::as_str)))),
    };
    CliError::usage(format!("nothing is at `{path}`")).perhaps_help(help)
}

/// The last rung of a container's variable: its image, as far as the engine knows it.
fn with_image(mut explained: Explanation, topology: &Topology, output: Output) -> Explanation {
    let Some((service, name)) = &explained.container_variable else { return explained };
    let Some(known) = topology.services.get(service) else { return explained };
    let image = spec::image_name(topology, service, known);
    let answer = session::block_on(async {
        let asked = async { Ok(connection::open(output).await?.image_variables(&image).await?) };
        session::within(Some(ENGINE_LIMIT), Instant::now(), asked).await
    });
    let mut candidate =
        Candidate { kind: CandidateKind::Image, place: None, text: String::new(), wins: false, note: None };
    match answer {
        Err(_) => candidate.note = Some(unknown(&image, "no engine answers")),
        Ok(None) => candidate.note = Some(unknown(&image, "the engine does not have it")),
        Ok(Some(variables)) => {
            let prefix = format!("{name}=");
            match variables.iter().find_map(|variable| variable.strip_prefix(&prefix)) {
                None => candidate.note = Some(format!("`{image}` does not set it")),
                Some(value) => {
                    candidate.text = value.to_owned();
                    candidate.note = Some(format!("`{image}`"));
                    candidate.wins = !known.environment.0.contains_key(name);
                }
            }
        }
    }
    if candidate.wins {
        explained.value = Some(Json::from(candidate.text.as_str()));
    }
    explained.candidates.push(candidate);
    explained
}

fn unknown(image: &ImageReference, why: &str) -> String {
    format!("`{image}` is not known: {why}")
}

fn text(explained: &Explanation, sources: &Sources) -> String {
    let Explanation { path, keys: _, value, candidates, variables, parts, container_variable: _, note } =
        explained;
    let mut text = match value {
        None => format!("{path} is not set\n"),
        Some(Json::Null) => format!("{path} is empty\n"),
        Some(Json::String(value)) => format!("{path}: {}\n", in_one_line(value)),
        Some(Json::Object(_) | Json::Array(_)) => format!("{path}\n"),
        Some(value) => format!("{path}: {value}\n"),
    };
    if let Some(note) = note {
        text += &format!("  {note}\n");
    }
    text += &table(candidates.iter().map(|candidate| row(candidate, sources)).collect());
    for (name, candidates) in variables {
        let state = if candidates.is_empty() { " is not set" } else { "" };
        text += &format!("\n{name}, which is used there{state}\n");
        text += &table(candidates.iter().map(|candidate| row(candidate, sources)).collect());
    }
    if !parts.is_empty() {
        text += "\nwhat it is made of\n";
    }
    text + &table(parts.iter().map(|part| part_row(part, sources)).collect())
}

fn row(candidate: &Candidate, sources: &Sources) -> [String; 4] {
    let wins = if candidate.wins { "wins" } else { "" };
    let place = candidate.place.map(|place| place_of(place, sources)).unwrap_or_default();
    let note = candidate.note.as_ref().map(|note| format!("({note})"));
    let text = in_one_line(&candidate.text);
    let text = [Some(text).filter(|text| !text.is_empty()), note].into_iter().flatten();
    [wins.to_owned(), candidate.kind.word().to_owned(), place, text.collect::<Vec<_>>().join(" ")]
}

fn part_row(part: &Part, sources: &Sources) -> [String; 4] {
    let Part { path, value, place, is_literal: _ } = part;
    [String::new(), path.clone(), place_of(*place, sources), in_one_line(value)]
}

fn place_of(place: Span, sources: &Sources) -> String {
    let (line, column) = sources.position(place);
    format!("{}:{line}:{column}", sources.get(place.file).path.display())
}

/// Lines of columns, each as wide as its widest cell; empty columns are left out.
fn table(rows: Vec<[String; 4]>) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..4).map(width).collect();
    let line = |row: &[String; 4]| {
        let cells = row.iter().zip(&widths).filter(|(_, width)| **width > 0);
        let cells: Vec<String> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("  {}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// The most characters that are shown of a text.
const SHOWN: usize = 80;

fn in_one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

fn data(explained: &Explanation, sources: &Sources, is_hidden: bool) -> Json {
    let Explanation { path, keys: _, value, candidates, variables, parts, container_variable: _, note } =
        explained;
    let all = |candidates: &[Candidate]| {
        candidates.iter().map(|candidate| rung_data(candidate, sources)).collect::<Vec<_>>()
    };
    let variables = variables.iter().map(|(name, candidates)| (name.clone(), Json::from(all(candidates))));
    let part = |part: &Part| {
        let Part { path, value, place, is_literal: _ } = part;
        json!({ "path": path, "value": value, "place": place_data(*place, sources) })
    };
    json!({
        "path": path,
        "value": value,
        "hidden": is_hidden,
        "note": note,
        "rungs": all(candidates),
        "variables": variables.collect::<serde_json::Map<_, _>>(),
        "parts": parts.iter().map(part).collect::<Vec<_>>(),
    })
}

fn rung_data(candidate: &Candidate, sources: &Sources) -> Json {
    let Candidate { kind, place, text, wins, note } = candidate;
    json!({
        "kind": kind.word(),
        "place": place.map(|place| place_data(place, sources)),
        "text": text,
        "wins": wins,
        "note": note,
    })
}

fn place_data(place: Span, sources: &Sources) -> Json {
    let (line, column) = sources.position(place);
    json!({ "path": sources.get(place.file).path, "line": line, "column": column })
}
