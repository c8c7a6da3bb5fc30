//! Where the values of a topology come from: which texts set them, in which order, and which one
//! won.
//!
//! In: a path, and everything that was read. Out: candidates, the strongest first. Must not: ask an
//! engine; the caller adds that a variable may come from the image.

mod conceal;
mod part;
mod path;
mod precedence;

use serde_json::Value as Json;

use crate::document::{Document, Node, TakenAway, Value};
use crate::source::{Environment, Sources, Span};
use crate::topology::attribute::Form;
use crate::topology::name::ServiceName;
use crate::topology::{Resources, Topology};
pub use conceal::conceal;
pub use part::Part;
use path::{Found, Unknown};

/// Everything that was read.
pub struct Subject<'a> {
    /// The tree.
    pub document: &'a Document,
    /// The variables that texts may use.
    pub environment: &'a Environment,
    /// The topology.
    pub topology: &'a Topology,
    /// The topology before its env files were read.
    pub before_env_files: &'a Topology,
    /// The texts; files that are read again are added.
    pub sources: &'a mut Sources,
}

/// The origin of a value.
#[derive(Debug)]
pub struct Explanation {
    /// The path, spelled out.
    pub path: String,
    /// The same, key by key.
    pub keys: Vec<String>,
    /// The value in the canonical form; `None` when it is not set.
    pub value: Option<Json>,
    /// The texts that set it, the strongest first.
    pub candidates: Vec<Candidate>,
    /// The variables that the winning text uses, each with its candidates.
    pub variables: Vec<(String, Vec<Candidate>)>,
    /// The elements of a mapping or a list.
    pub parts: Vec<Part>,
    /// The service whose image may set the value, when it is a variable of a container.
    pub container_variable: Option<(ServiceName, String)>,
    /// A remark: a sentence without a full stop.
    pub note: Option<String>,
}

/// A text that sets a value.
#[derive(Debug)]
pub struct Candidate {
    /// What kind of text it is: `environment`, `env_file`...
    pub kind: CandidateKind,
    /// Where it was written; `None` when it is in no file.
    pub place: Option<Span>,
    /// The text as it is written.
    pub text: String,
    /// Whether it won.
    pub wins: bool,
    /// A remark.
    pub note: Option<String>,
}

/// The kinds of texts that can set a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateKind {
    /// The topology's own text.
    Written,
    /// `environment` of a service.
    Environment,
    /// `labels` of a service.
    Labels,
    /// The environment that topo was started with.
    Process,
    /// An option.
    CommandLine,
    /// `.env`, or a file that `--env-file` or `include` names.
    Variables,
    /// A line of a service's `env_file`.
    EnvFile,
    /// A line of a service's `label_file`.
    LabelFile,
    /// The image of a service.
    Image,
    /// The default in `${NAME:-default}`.
    Default,
    /// A default of topo.
    Fallback,
}

impl CandidateKind {
    /// Its name in the output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Written => "topology",
            Self::Environment => "environment",
            Self::Labels => "labels",
            Self::Process => "process environment",
            Self::CommandLine => "command line",
            Self::Variables => ".env",
            Self::EnvFile => "env_file",
            Self::LabelFile => "label_file",
            Self::Image => "image",
            Self::Default => "default",
            Self::Fallback => "filled in",
        }
    }
}

/// Why a path cannot be explained.
#[derive(Debug, PartialEq, Eq)]
pub struct PathError {
    /// The first part that does not exist, with the path before it.
    pub path: String,
    /// The path that was probably meant.
    pub closest: Option<String>,
    /// The keys that exist there.
    pub known: Vec<String>,
}

/// Explains the value at a path such as `services.web.environment.DEBUG`.
pub fn explain(asked: &str, subject: &mut Subject<'_>) -> Result<Explanation, PathError> {
    let model = subject.topology.canonical(Form::Full, Resources::All);
    let found = match path::find(asked, &subject.document.root, &model) {
        Ok(found) => found,
        Err(unknown) => return explain_unset(unknown, subject),
    };
    if let [section, service, pairs, name] = found.path.as_slice()
        && section == "services"
        && let Some(precedence) = precedence::precedence(service, pairs, name)
    {
        return precedence.explain(subject);
    }
    Ok(explain_written(&found, subject))
}

/// A path that is not set may still be known: an attribute without a value.
fn explain_unset(unknown: Unknown, subject: &Subject<'_>) -> Result<Explanation, PathError> {
    let path: Vec<String> = unknown.before.iter().chain([&unknown.key]).cloned().collect();
    let candidates = without_value(&path, &subject.document.root, CandidateKind::Written, subject.sources);
    let description = path::description(&path).filter(|_| unknown.further.is_empty());
    if description.is_none() && candidates.is_empty() {
        return Err(unknown.mistake(subject.topology));
    }
    let description = description.unwrap_or_default();
    let sentence = description.split('\n').next().unwrap_or_default().trim_end_matches('.');
    let note = Some(path::lower_first(sentence)).filter(|note| !note.is_empty());
    let keys = path;
    let path = path::spell(&keys);
    let (variables, parts) = Default::default();
    Ok(Explanation { path, keys, value: None, candidates, variables, parts, container_variable: None, note })
}

fn explain_written(found: &Found<'_>, subject: &Subject<'_>) -> Explanation {
    let Found { path, value, node, nearest } = found;
    let sources = &*subject.sources;
    let mut candidates =
        node.as_ref().map_or_else(Vec::new, |node| written(node, CandidateKind::Written, sources));
    let mut note = None;
    if let (None, Some((above, node))) = (node, nearest) {
        candidates = written(node, CandidateKind::Written, sources);
        match &node.value {
            Value::Scalar(_) | Value::List(_) => {
                note = Some(format!("`{}` is written in its short form", path::spell(above)));
            }
            Value::Null | Value::Map(_) if taken_away(path, &subject.document.root).is_some() => {
                candidates = without_value(path, &subject.document.root, CandidateKind::Written, sources);
            }
            Value::Null | Value::Map(_) => {
                candidates = implied(path, subject.topology, sources);
                note = Some("not written anywhere: a default of the Compose Specification".to_owned());
            }
        }
    }
    let variables = node.as_ref().map_or_else(Vec::new, |node| variables_of(node, subject));
    let value = value.cloned().or_else(|| node.as_deref().and_then(scalar));
    let parts = node.as_ref().map_or_else(Vec::new, |node| part::parts(path, node, subject.topology));
    let keys = path.clone();
    let path = path::spell(path);
    Explanation { path, keys, value, candidates, variables, parts, container_variable: None, note }
}

/// The element that removed the value at a path, or a value above it.
fn taken_away<'n>(path: &[String], root: &'n Node) -> Option<&'n TakenAway> {
    let mut node = root;
    for key in path {
        let map = node.as_map()?;
        if let Some(taken) = map.taken_away(key) {
            return Some(taken);
        }
        node = map.get(key)?;
    }
    None
}

/// The text that removed the value at a path, then those that had set it.
fn without_value(path: &[String], root: &Node, kind: CandidateKind, sources: &Sources) -> Vec<Candidate> {
    let Some(TakenAway { key: _, tag, place, earlier }) = taken_away(path, root) else { return Vec::new() };
    let candidate = |place: &Span, text: &str, note: Option<&str>| Candidate {
        kind,
        place: Some(*place),
        text: text.to_owned(),
        wins: note.is_some(),
        note: note.map(str::to_owned),
    };
    let winner = candidate(place, tag, Some("removes what other files set"));
    let others = earlier.iter().rev().map(|place| candidate(place, sources.text(*place), None));
    std::iter::once(winner).chain(others).collect()
}

/// The link, namespace or volume that implies a dependency.
fn implied(path: &[String], topology: &Topology, sources: &Sources) -> Vec<Candidate> {
    let [section, service, attribute, name, ..] = path else { return Vec::new() };
    if section != "services" || attribute != "depends_on" {
        return Vec::new();
    }
    let dependency = topology.service(service).and_then(|service| service.depends_on.0.get(name.as_str()));
    let candidate = |place| Candidate {
        kind: CandidateKind::Fallback,
        place: Some(place),
        text: sources.text(place).to_owned(),
        wins: false,
        note: None,
    };
    dependency.map(|dependency| candidate(dependency.span)).into_iter().collect()
}

fn scalar(node: &Node) -> Option<Json> {
    node.as_text().map(Json::from)
}

/// The text of a node, then those that it overrode, the last one first.
fn written(node: &Node, kind: CandidateKind, sources: &Sources) -> Vec<Candidate> {
    // Collections are merged: none of them wins as a whole.
    let is_scalar = matches!(node.value, Value::Scalar(_) | Value::Null);
    let mut places = vec![node.span];
    for place in node.earlier.iter().rev() {
        if !places.contains(place) {
            places.push(*place);
        }
    }
    let candidate = |(index, place): (usize, Span)| Candidate {
        kind,
        place: Some(place),
        text: if is_scalar { sources.text(place).to_owned() } else { String::new() },
        wins: is_scalar && index == 0,
        note: None,
    };
    places.into_iter().enumerate().map(candidate).collect()
}

/// The variables that a text uses.
fn variables_of(node: &Node, subject: &Subject<'_>) -> Vec<(String, Vec<Candidate>)> {
    if !matches!(node.value, Value::Scalar(_)) {
        return Vec::new();
    }
    let environment = subject.document.environment(node.span.file).unwrap_or(subject.environment);
    precedence::variables(subject.sources.text(node.span), environment)
}
