//! The variables that texts may use: the process environment, then env files.

mod file;

pub use file::{
    EnvEntry, EnvFile, EnvFormat, EnvProblem, EnvProblemKind, parse_env_file, parse_env_file_over,
};

use super::{FileId, Sources, Span};
use std::collections::BTreeMap;

/// A variable's value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The value, without quotes, escapes and variables.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a variable comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The environment that topo was started with.
    Process,
    /// The value at this place of an env file.
    File(Span),
    /// An option, such as `--project-name`; wins over everything.
    CommandLine,
    /// A default for a variable that nobody sets, such as the directory's name for the project.
    Fallback,
}

/// Every variable, with all candidates for its value.
///
/// The process environment wins over env files, a later env file over an earlier one, a later line
/// over an earlier one.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The candidates of each name, the one that wins first.
    variables: BTreeMap<String, Vec<Variable>>,
    problems: Vec<EnvProblem>,
}

impl Environment {
    /// These variables, as if the process had them.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in pairs {
            let variable = Variable { value: value.into(), origin: Origin::Process };
            environment.variables.insert(name.into(), vec![variable]);
        }
        environment
    }

    /// The variable with this name, if it is set.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)?.first()
    }

    /// The value of the variable with this name, if it is set.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(|variable| variable.value.as_str())
    }

    /// Every candidate for this name, the one that wins first.
    pub fn candidates(&self, name: &str) -> &[Variable] {
        self.variables.get(name).map_or(&[], Vec::as_slice)
    }

    /// The names of all variables, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Lines of env files that could not be read, and variables that they refer to in vain.
    pub fn problems(&self) -> &[EnvProblem] {
        &self.problems
    }

    /// Adds the variables of a `.env` file, which win over those of earlier files. Its values may
    /// refer to variables, looked up in this order: the process environment, its own earlier lines,
    /// earlier files.
    pub fn add_file(&mut self, sources: &Sources, file: FileId) {
        self.take_file(sources, file, |known| !matches!(known, Origin::File(_)));
    }

    /// Adds the variables of a `.env` file that are set nowhere but in the files `over`. Its values
    /// may refer to variables, looked up in this order: what is set elsewhere, its own earlier
    /// lines, the files `over`.
    pub fn add_weak_file(&mut self, sources: &Sources, file: FileId, over: &[FileId]) {
        self.take_file(
            sources,
            file,
            |known| !matches!(known, Origin::File(span) if span.file == file || over.contains(&span.file)),
        );
    }

    /// `is_stronger` says which origins win over `file`.
    fn take_file(&mut self, sources: &Sources, file: FileId, is_stronger: impl Fn(Origin) -> bool) {
        let is_strong = |variable: &&Variable| is_stronger(variable.origin);
        let weak = self.variables.iter().filter_map(|(name, candidates)| {
            let variable = candidates.first().filter(|variable| !is_strong(variable))?;
            Some((name.clone(), variable.value.clone()))
        });
        let strong = |name: &str| self.get(name).filter(is_strong).map(|variable| variable.value.as_str());
        let EnvFile { entries, problems } =
            parse_env_file_over(sources, file, EnvFormat::DotEnv, &strong, weak.collect());
        for EnvEntry { name, value } in entries {
            // A bare name keeps the value that the variable already has.
            let Some(value) = value.filter(|value| value.span != name.span) else { continue };
            let candidates = self.variables.entry(name.value).or_default();
            // The `.env` of an included file may be that of the whole project, read before.
            let is_it = |known: &Variable| match known.origin {
                Origin::File(place) => is_stronger(known.origin) && sources.is_same_place(place, value.span),
                _ => false,
            };
            if candidates.iter().any(is_it) {
                continue;
            }
            let position = candidates.iter().take_while(|known| is_stronger(known.origin)).count();
            candidates.insert(position, Variable { value: value.value, origin: Origin::File(value.span) });
        }
        self.problems.extend(problems);
    }

    /// Adds variables from another environment's files whose names are missing here.
    pub fn add_missing_from(&mut self, other: &Environment) {
        for (name, candidates) in &other.variables {
            self.variables.entry(name.clone()).or_insert_with(|| candidates.clone());
        }
    }

    /// Adds a candidate that wins over all others.
    pub fn add_first(&mut self, name: &str, variable: Variable) {
        self.variables.entry(name.to_owned()).or_default().insert(0, variable);
    }

    /// Adds a candidate for a variable that is unset or empty.
    pub fn add_fallback(&mut self, name: &str, variable: Variable) {
        let candidates = self.variables.entry(name.to_owned()).or_default();
        if candidates.first().is_none_or(|first| first.value.is_empty()) {
            candidates.insert(0, variable);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(texts: &[&str]) -> (Sources, Environment) {
        let mut sources = Sources::default();
        let mut environment = Environment::from_pairs([("SHELL_ONE", "shell")]);
        for text in texts {
            let file = sources.add(".env", *text);
            environment.add_file(&sources, file);
        }
        (sources, environment)
    }

    #[test]
    fn the_process_wins_then_the_last_file_and_its_last_line() {
        let (sources, environment) = environment(&["SHELL_ONE=1\nA=1\nB=1", "A=2\nA=3"]);
        assert_eq!(environment.value("SHELL_ONE"), Some("shell"));
        assert_eq!(environment.value("B"), Some("1"));
        let places = environment.candidates("A").iter().map(|candidate| match candidate.origin {
            Origin::File(span) => (candidate.value.as_str(), sources.position(span)),
            other => panic!("{other:?}"),
        });
        assert_eq!(places.collect::<Vec<_>>(), [("3", (2, 3)), ("2", (1, 3)), ("1", (2, 3))]);
    }

    #[test]
    fn values_use_the_process_then_their_own_file_then_earlier_ones() {
        let (_, environment) = environment(&["A=1\nB=1", "SHELL_ONE=x\nA=2\nC=$SHELL_ONE$A$B"]);
        assert_eq!(environment.value("C"), Some("shell21"));
    }

    #[test]
    fn a_weak_file_only_sets_what_is_unset() {
        let (mut sources, mut environment) = environment(&["A=1"]);
        let file = sources.add(".env", "A=2\nB=$A\nB=3$A");
        environment.add_weak_file(&sources, file, &[]);
        assert_eq!((environment.value("A"), environment.value("B")), (Some("1"), Some("31")));
    }

    #[test]
    fn a_fallback_replaces_an_empty_value() {
        let mut environment = Environment::from_pairs([("A", ""), ("B", "b")]);
        for name in ["A", "B", "C"] {
            environment.add_fallback(name, Variable { value: "x".to_owned(), origin: Origin::Fallback });
        }
        assert_eq!(["A", "B", "C"].map(|name| environment.value(name)), [Some("x"), Some("b"), Some("x")]);
    }
}
