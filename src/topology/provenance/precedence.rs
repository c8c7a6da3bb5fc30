//! Variables and labels of a service: what may set them, and what does.
//!
//! Compose Specification, "environment" and "env_file": `environment` wins over env files, of which
//! the last one wins, and they win over the image. A name without a value is taken from the caller.

use std::cell::RefCell;

use serde_json::Value as Json;

use super::path::spell;
use super::{
    Candidate, CandidateKind, Explanation, PathError, Subject, variables_of, without_value, written,
};
use crate::diagnostic::suggest;
use crate::document::{Node, Value, pair_named};
use crate::source::{EnvEntry, Environment, Origin, Sources, substitute, template_variables};
use crate::topology::Service;
use crate::topology::environment::{self, LinesOf};
use crate::topology::name::ServiceName;
use crate::topology::value::Pairs;

/// A variable or a label of a service.
pub(super) struct Precedence<'a> {
    service: &'a str,
    attribute: Attribute,
    name: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Environment,
    Labels,
}

/// The variable or label at `services.SERVICE.ATTRIBUTE.NAME`, if the path is of this form.
pub(super) fn precedence<'a>(service: &'a str, attribute: &str, name: &'a str) -> Option<Precedence<'a>> {
    let attribute = match attribute {
        "environment" => Attribute::Environment,
        "labels" => Attribute::Labels,
        _ => return None,
    };
    Some(Precedence { service, attribute, name })
}

const PASSES_ON: &str = "passes on the caller's value";

/// Candidates in groups, the strongest group first, and the strongest of each group first.
struct Groups {
    own: Vec<Candidate>,
    callers: Vec<Candidate>,
    lines: Vec<Candidate>,
}

impl Precedence<'_> {
    /// Every candidate.
    pub(super) fn explain(&self, subject: &mut Subject<'_>) -> Result<Explanation, PathError> {
        let value = self.value(subject);
        let own = self.own(&subject.document.root);
        let lines = self.lines(subject);
        let mut groups = self.groups(own.as_ref(), &lines, subject);
        if groups.is_empty() && value.is_none() {
            self.refuse_misspelled(subject)?;
        }
        let is_passed_on =
            self.is_variable() && own.as_ref().is_some_and(|node| matches!(node.value, Value::Null));
        match own {
            Some(_) => groups.mark_winner(is_passed_on),
            None => groups.mark_line(),
        }
        let variables = match own {
            Some(node) => variables_of(&node, subject),
            None => self.variables_of_file(&lines, subject),
        };
        let is_used = variables.iter().any(|(name, _)| name == self.name);
        if let Some(caller) = groups.callers.first_mut().filter(|_| !is_passed_on) {
            caller.note = Some(match is_used {
                true => format!("fills in `{}` above", self.name),
                false => "not passed on".to_owned(),
            });
        }
        Ok(Explanation {
            path: spell(&self.path()),
            keys: self.path().to_vec(),
            value: value.map(Json::from),
            candidates: groups.into_candidates(),
            variables: variables.into_iter().filter(|(name, _)| name != self.name).collect(),
            parts: Vec::new(),
            container_variable: self
                .is_variable()
                .then(|| (ServiceName::from(self.service), self.name.to_owned())),
            note: None,
        })
    }

    fn groups(&self, own: Option<&Node>, lines: &[EnvEntry], subject: &Subject<'_>) -> Groups {
        let (own_kind, line_kind) = match self.attribute {
            Attribute::Environment => (CandidateKind::Environment, CandidateKind::EnvFile),
            Attribute::Labels => (CandidateKind::Labels, CandidateKind::LabelFile),
        };
        let lines = lines.iter().filter(|line| line.name.value == self.name).rev();
        let included = own.and_then(|node| subject.document.environment(node.span.file));
        let caller = included.unwrap_or(subject.environment);
        Groups {
            own: match own {
                Some(node) => written(node, own_kind, subject.sources),
                None => without_value(&self.path(), &subject.document.root, own_kind, subject.sources),
            },
            callers: if self.is_variable() { candidates(self.name, caller) } else { Vec::new() },
            lines: lines.map(|line| line_candidate(line, line_kind, subject.sources)).collect(),
        }
    }

    /// The variables used by the last line that sets this one. They are looked up in the caller's
    /// environment, then in `environment`, then in earlier files, then in earlier lines of the same
    /// file.
    fn variables_of_file(&self, lines: &[EnvEntry], subject: &Subject<'_>) -> Vec<(String, Vec<Candidate>)> {
        let Some(last) = lines.iter().rposition(|line| line.name.value == self.name) else {
            return Vec::new();
        };
        let candidate = |line: &EnvEntry| line_candidate(line, CandidateKind::EnvFile, subject.sources);
        let mut variables = variables(&candidate(&lines[last]).text, subject.environment);
        for (name, candidates) in &mut variables {
            let other = Precedence { name, ..*self };
            let own = other.own(&subject.document.root);
            let own = own.map(|node| written(&node, CandidateKind::Environment, subject.sources));
            let file = lines[last].name.span.file;
            let before = lines[..last].iter().filter(|line| line.name.value == *name).rev();
            let (same, earlier): (Vec<_>, Vec<_>) = before.partition(|line| line.name.span.file == file);
            let set = own.into_iter().flatten().chain(earlier.into_iter().chain(same).map(candidate));
            let position =
                candidates.iter().take_while(|candidate| candidate.kind != CandidateKind::Default).count();
            candidates.splice(position..position, set);
            candidates.iter_mut().enumerate().for_each(|(index, candidate)| candidate.wins = index == 0);
        }
        variables
    }

    fn is_variable(&self) -> bool {
        self.attribute == Attribute::Environment
    }

    fn path(&self) -> [String; 4] {
        let attribute = if self.is_variable() { "environment" } else { "labels" };
        ["services", self.service, attribute, self.name].map(str::to_owned)
    }

    /// What the topology's own texts set.
    fn own(&self, root: &Node) -> Option<Node> {
        let path = self.path();
        let pairs = path[..3].iter().try_fold(root, |node, key| node.as_map()?.get(key))?;
        match &pairs.value {
            Value::Map(map) => map.get(self.name).cloned(),
            Value::List(elements) => pair_named(elements, self.name),
            Value::Null | Value::Scalar(_) => None,
        }
    }

    /// The lines of the service's files.
    fn lines(&self, subject: &mut Subject<'_>) -> Vec<EnvEntry> {
        let Some(service) = subject.before_env_files.service(self.service) else { return Vec::new() };
        let Subject { document, environment, sources, .. } = subject;
        let files = match self.attribute {
            Attribute::Environment => LinesOf::EnvFiles,
            Attribute::Labels => LinesOf::LabelFiles,
        };
        environment::file_lines(files, service, document, environment, sources)
    }

    /// The container's value.
    fn value(&self, subject: &Subject<'_>) -> Option<String> {
        self.pairs(subject.topology.service(self.service)?).0.get(self.name)?.value.clone()
    }

    fn pairs<'s>(&self, service: &'s Service) -> &'s Pairs {
        if self.is_variable() { &service.environment } else { &service.labels }
    }

    /// A name that nobody sets may be a misspelling of another one.
    fn refuse_misspelled(&self, subject: &Subject<'_>) -> Result<(), PathError> {
        let service = subject.topology.service(self.service);
        let known: Vec<String> =
            service.iter().flat_map(|service| self.pairs(service).0.keys().cloned()).collect();
        let Some(closest) = suggest::closest(self.name, known.iter().map(String::as_str)) else {
            return Ok(());
        };
        let [section, service, attribute, _] = self.path();
        let closest = spell(&[section, service, attribute, closest.to_owned()]);
        Err(PathError { path: spell(&self.path()), closest: Some(closest), known })
    }
}

impl Groups {
    fn is_empty(&self) -> bool {
        let Self { own, callers, lines } = self;
        own.is_empty() && callers.is_empty() && lines.is_empty()
    }

    /// The topology's own text wins, unless it passes on the caller's value.
    fn mark_winner(&mut self, is_passed_on: bool) {
        let Self { own, callers, lines: _ } = self;
        let Some(own) = own.first_mut().filter(|_| is_passed_on) else { return };
        own.wins = false;
        own.note = Some(match callers.is_empty() {
            true => "passes on the caller's value, which is not set".to_owned(),
            false => PASSES_ON.to_owned(),
        });
        if let Some(caller) = callers.first_mut() {
            caller.wins = true;
        }
    }

    /// The last line of the files wins, if the topology sets nothing or removes it.
    fn mark_line(&mut self) {
        let Self { own, callers: _, lines } = self;
        own.iter_mut().for_each(|taken_away| taken_away.wins = false);
        if let Some(line) = lines.first_mut() {
            line.wins = true;
        }
    }

    fn into_candidates(self) -> Vec<Candidate> {
        let Self { own, callers, lines } = self;
        own.into_iter().chain(callers).chain(lines).collect()
    }
}

fn line_candidate(line: &EnvEntry, kind: CandidateKind, sources: &Sources) -> Candidate {
    let EnvEntry { name, value } = line;
    let place = value.as_ref().map_or(name.span, |value| value.span);
    let note = value.is_none().then(|| PASSES_ON.to_owned());
    Candidate { kind, place: Some(place), text: sources.text(place).to_owned(), wins: false, note }
}

/// What sets a variable, the strongest first.
fn candidates(name: &str, environment: &Environment) -> Vec<Candidate> {
    let candidate = |variable: &crate::source::Variable| {
        let (kind, place) = match variable.origin {
            Origin::Process => (CandidateKind::Process, None),
            Origin::CommandLine => (CandidateKind::CommandLine, None),
            Origin::Fallback => (CandidateKind::Fallback, None),
            Origin::File(place) => (CandidateKind::Variables, Some(place)),
        };
        Candidate { kind, place, text: variable.value.clone(), wins: false, note: None }
    };
    environment.candidates(name).iter().map(candidate).collect()
}

/// The variables that a text uses, in order, each with what sets it.
pub(super) fn variables(text: &str, environment: &Environment) -> Vec<(String, Vec<Candidate>)> {
    let asked = RefCell::new(Vec::new());
    let lookup = |name: &str| {
        asked.borrow_mut().push(name.to_owned());
        environment.value(name)
    };
    substitute(text, &lookup, &mut 1_000_000);
    let mut variables: Vec<(String, Vec<Candidate>)> = Vec::new();
    for name in asked.into_inner() {
        if variables.iter().all(|(known, _)| *known != name) {
            let candidates = variable(text, &name, environment);
            variables.push((name, candidates));
        }
    }
    variables
}

/// What sets one variable of a text, and its default there.
fn variable(text: &str, name: &str, environment: &Environment) -> Vec<Candidate> {
    let mut candidates = candidates(name, environment);
    let used = template_variables(text).into_iter().find(|used| used.name == name && used.default.is_some());
    let mut counts = environment.get(name).is_some();
    if let Some(used) = used {
        let value = environment.value(name).unwrap_or_default();
        counts &= !(used.is_for_empty && value.is_empty());
        let default = used.default.unwrap_or_default();
        let candidate =
            Candidate { kind: CandidateKind::Default, place: None, text: default, wins: !counts, note: None };
        candidates.push(candidate);
    }
    if let Some(first) = candidates.first_mut().filter(|_| counts) {
        first.wins = true;
    }
    candidates
}
