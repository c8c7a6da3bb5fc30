//! The variables that texts may use: the process environment, then env files.

mod file;

pub use file::{EnvEntry, EnvFile, EnvFormat, EnvProblem, EnvProblemKind, parse_env_file};

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
}

/// Every variable, with all candidates for its value.
///
/// The process environment wins over env files, a later env file over an earlier one, a later line
/// over an earlier one.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The candidates of a name, the one that wins first.
    variables: BTreeMap<String, Vec<Variable>>,
    problems: Vec<EnvProblem>,
}

impl Environment {
    /// The environment that topo was started with; what is not UTF-8 is left out.
    pub fn of_process() -> Self {
        Self::from_pairs(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

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

    /// Lines of env files that could not be read, and variables that they lack.
    pub fn problems(&self) -> &[EnvProblem] {
        &self.problems
    }

    /// Adds what a `.env` file sets. Its values may use the process environment, earlier files and
    /// its own earlier lines, in this order.
    pub fn add_file(&mut self, sources: &Sources, file: FileId) {
        let EnvFile { entries, problems } =
            parse_env_file(sources, file, EnvFormat::DotEnv, &|name| self.value(name));
        for entry in entries {
            // A bare name takes the value that the variable has already.
            if let EnvEntry { name, value: Some(value) } = entry {
                self.add(name.value, Variable { value: value.value, origin: Origin::File(value.span) });
            }
        }
        self.problems.extend(problems);
    }

    /// Adds what another environment's files set, for names that this one does not have.
    pub fn add_missing_from(&mut self, other: &Environment) {
        for (name, candidates) in &other.variables {
            self.variables.entry(name.clone()).or_insert_with(|| candidates.clone());
        }
    }

    fn add(&mut self, name: String, variable: Variable) {
        let candidates = self.variables.entry(name).or_default();
        let position = candidates.iter().take_while(|known| known.origin == Origin::Process).count();
        candidates.insert(position, variable);
    }
}
