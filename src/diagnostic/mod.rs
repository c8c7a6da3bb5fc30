//! In: what any stage has to say about the user's text. Out: words, SARIF, JSON, annotations.
//! Must not: decide what is a mistake.

pub mod code;
mod excerpt;
pub mod github;
pub mod json;
pub mod junit;
mod position;
pub mod render;
pub mod sarif;
pub mod suggest;
#[cfg(test)]
mod testing;

pub use code::Code;

use crate::source::Span;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The topology cannot be used.
    Error,
    /// It can be used, but probably does not do what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// A place and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The fact at that place: lower case, no final stop.
    pub text: String,
}

/// One finding. Headline: what is wrong. Labels: the facts, the first one at the exact place. Help:
/// what to type instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable name, explained by `topo explain`.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no final stop.
    pub message: String,
    /// Places; the first is the primary one. Empty when the finding has no place in a file.
    pub labels: Vec<Label>,
    /// What to type instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Adds a place. The first one added is the primary one.
    pub fn label(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to type instead.
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }

    /// The primary place.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// What was found so far: the sink that every stage writes to.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds an error.
    pub fn error(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Error, code, message.into())
    }

    /// Adds a warning.
    pub fn warning(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Warning, code, message.into())
    }

    /// Adds a note.
    pub fn note(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Note, code, message.into())
    }

    fn push(&mut self, severity: Severity, code: Code, message: String) -> &mut Diagnostic {
        self.all.push(Diagnostic { code, severity, message, labels: Vec::new(), help: None });
        self.all.last_mut().expect("just pushed")
    }

    /// True when at least one error was found.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many findings of this severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        self.all.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// True when nothing was found.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Every finding once, sorted by file and place.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.all.iter().collect();
        sorted.sort_by_key(|diagnostic| (diagnostic.span(), diagnostic.severity));
        // An alias or a second use of one text may report the same thing at the same place again.
        sorted.dedup();
        sorted
    }

    /// Takes over everything that `other` found.
    pub fn append(&mut self, other: Diagnostics) {
        self.all.extend(other.all);
    }
}
