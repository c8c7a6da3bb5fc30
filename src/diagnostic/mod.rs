//! In: what any stage reports about the user's text. Out: text, SARIF, JSON, annotations. Must not:
//! decide what is a mistake.

pub mod code;
mod env_line;
mod excerpt;
pub mod fix;
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
pub use fix::{Change, Edit, Fix};

use crate::source::Span;

/// The replacement for a hidden value.
pub const HIDDEN: &str = "(hidden)";

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The topology cannot be used.
    Error,
    /// It can be used, but probably does not do what was intended.
    Warning,
    /// Worth knowing.
    Note,
}

/// A place and a text about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The fact at that place: lower case, no final stop.
    pub text: String,
}

/// Something found in a topology. Headline: what is wrong. Labels: the facts, the first one at the
/// exact place. Help: what to type instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable name, explained by `topo explain`.
    pub code: Code,
    /// Its severity.
    pub severity: Severity,
    /// What is wrong: lower case, no final stop.
    pub message: String,
    /// Places; the first is the primary one. Empty if it has no place in a file.
    pub labels: Vec<Label>,
    /// What to type instead.
    pub help: Option<String>,
    /// The help as changes of the files, if it can be expressed exactly.
    pub fix: Option<Fix>,
    /// The name of what is missing or incomplete, for later stages; not shown.
    pub subject: Option<String>,
    /// What is wrong with a value of the wrong type, for advice that depends on it; not shown.
    pub wrong_type: Option<WrongType>,
}

/// What is wrong with a value of the wrong type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongType {
    /// It is empty.
    Empty,
    /// It would be right in quotes, which the help says.
    Quotable,
}

impl Diagnostic {
    /// Adds a label. The first one added is the primary one.
    pub fn label(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Sets the help: what to type instead.
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }

    /// Records what is wrong with a value of the wrong type.
    pub fn of_wrong_type(&mut self, wrong_type: WrongType) -> &mut Self {
        self.wrong_type = Some(wrong_type);
        self
    }

    /// Adds a fix that replaces `old` at a place by `new`.
    pub fn replace(&mut self, within: Span, old: impl Into<String>, new: impl Into<String>) -> &mut Self {
        self.change(Change::Replace { within, old: old.into(), new: new.into() })
    }

    /// Has `new` written in place of the scalar `old` at the primary place, as a guess.
    pub fn perhaps_write(&mut self, old: &str, new: impl Into<String>) -> &mut Self {
        match self.span() {
            Some(at) => {
                self.change(Change::Scalar { at, old: old.to_owned(), new: new.into() }).only_a_guess()
            }
            None => self,
        }
    }

    /// Has this YAML written in place of the whole value at `at`, as a guess.
    pub fn perhaps_write_value(&mut self, at: Span, new: impl Into<String>) -> &mut Self {
        self.change(Change::Value { at, new: new.into() }).only_a_guess()
    }

    /// Asks whether `closest` was meant by `word` at the primary place; without a close word,
    /// `otherwise` is the help.
    pub fn did_you_mean(
        &mut self,
        word: &str,
        closest: Option<&str>,
        otherwise: impl FnOnce() -> String,
    ) -> &mut Self {
        let Some(closest) = closest else { return self.help(otherwise()) };
        self.perhaps_replace(word, closest).help(format!("did you mean `{closest}`?"))
    }

    /// Adds an unsafe fix that replaces `old` at the primary place by `new`.
    pub fn perhaps_replace(&mut self, old: &str, new: impl Into<String>) -> &mut Self {
        match self.span() {
            Some(at) => self.replace(at, old, new).only_a_guess(),
            None => self,
        }
    }

    /// Adds a fix that removes the lines of a place.
    pub fn remove_lines(&mut self, place: Span) -> &mut Self {
        self.change(Change::RemoveLines(place))
    }

    fn change(&mut self, change: Change) -> &mut Self {
        self.fix.get_or_insert(Fix { changes: Vec::new(), is_safe: true }).changes.push(change);
        self
    }

    /// Marks the fix as a guess, which is applied only on request.
    pub fn only_a_guess(&mut self) -> &mut Self {
        self.fix.iter_mut().for_each(|fix| fix.is_safe = false);
        self
    }

    /// Names what is missing or incomplete.
    pub fn about(&mut self, subject: impl Into<String>) -> &mut Self {
        self.subject = Some(subject.into());
        self
    }

    /// The primary place.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// The most diagnostics that are kept: nobody reads a million messages.
const LIMIT: usize = 1_000;

/// The diagnostics so far: the sink that every stage writes to.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
    /// Diagnostics beyond the limit: the last one, and how many there are of each severity.
    last_hidden: Option<Box<Diagnostic>>,
    hidden: [usize; 3],
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

    /// Rewrites every help.
    pub fn rewrite_helps(&mut self, rewritten: impl Fn(&str) -> String) {
        let hidden = self.last_hidden.iter_mut().map(|hidden| &mut **hidden);
        for help in self.all.iter_mut().chain(hidden).filter_map(|diagnostic| diagnostic.help.as_mut()) {
            *help = rewritten(help);
        }
    }

    /// Adds a note.
    pub fn note(&mut self, code: Code, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Note, code, message.into())
    }

    fn push(&mut self, severity: Severity, code: Code, message: String) -> &mut Diagnostic {
        let diagnostic = Diagnostic {
            code,
            severity,
            message,
            labels: Vec::new(),
            help: None,
            fix: None,
            subject: None,
            wrong_type: None,
        };
        if self.all.len() < LIMIT {
            self.all.push(diagnostic);
            return self.all.last_mut().expect("just pushed");
        }
        self.hidden[severity as usize] += 1;
        self.last_hidden.insert(Box::new(diagnostic))
    }

    /// Turns warnings with this code into errors: some mistakes matter only when a topology is run.
    pub fn raise(&mut self, code: Code) {
        let warnings = self.all.iter_mut().filter(|found| found.severity == Severity::Warning);
        warnings.filter(|found| found.code == code).for_each(|found| found.severity = Severity::Error);
    }

    /// The current position, for [`Diagnostics::since`].
    pub fn mark(&self) -> usize {
        self.all.len()
    }

    /// The diagnostics added since a mark was taken.
    pub fn since(&mut self, mark: usize) -> &mut [Diagnostic] {
        self.all.get_mut(mark..).unwrap_or_default()
    }

    /// Changes each diagnostic.
    pub fn for_each(&mut self, change: impl FnMut(&mut Diagnostic)) {
        self.all.iter_mut().for_each(change);
    }

    /// Keeps the diagnostics for which `keep` is true.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.all.retain(keep);
    }

    /// Keeps the diagnostics for which `keep`, which may change them, is true.
    pub fn retain_mut(&mut self, keep: impl FnMut(&mut Diagnostic) -> bool) {
        self.all.retain_mut(keep);
    }

    /// Whether there is at least one error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many diagnostics of this severity there are, including those beyond the limit.
    pub fn count(&self, severity: Severity) -> usize {
        let kept = self.all.iter().filter(|diagnostic| diagnostic.severity == severity);
        kept.count() + self.hidden[severity as usize]
    }

    /// How many diagnostics are beyond the limit.
    pub fn hidden(&self) -> usize {
        self.hidden.iter().sum()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Every diagnostic once, sorted by file and place.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.all.iter().collect();
        sorted.sort_by(|first, second| {
            let key = |diagnostic: &Diagnostic| {
                (diagnostic.span(), diagnostic.severity, diagnostic.code.kind().name())
            };
            key(first).cmp(&key(second)).then_with(|| first.message.cmp(&second.message))
        });
        // A text that is used twice or through an alias may be reported twice at the same place.
        sorted.dedup();
        sorted
    }

    /// The same diagnostics at other places.
    pub fn moved(mut self, place: impl Fn(Span) -> Span) -> Self {
        for diagnostic in &mut self.all {
            diagnostic.labels.iter_mut().for_each(|label| label.span = place(label.span));
            for change in diagnostic.fix.iter_mut().flat_map(|fix| &mut fix.changes) {
                let at = change.place_mut();
                *at = place(*at);
            }
        }
        self
    }

    /// Takes over the diagnostics of `other`.
    pub fn append(&mut self, other: Diagnostics) {
        for diagnostic in other.all {
            let severity = diagnostic.severity;
            if self.all.len() < LIMIT {
                self.all.push(diagnostic);
            } else {
                self.hidden[severity as usize] += 1;
            }
        }
        self.hidden.iter_mut().zip(other.hidden).for_each(|(hidden, more)| *hidden += more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_beyond_the_limit_are_counted() {
        let mut found = Diagnostics::default();
        for _ in 0..LIMIT {
            found.warning(code::OBSOLETE, "w");
        }
        assert_eq!((found.has_errors(), found.hidden()), (false, 0));
        found.error(code::OBSOLETE, "e").help("not kept");
        let mut all = Diagnostics::default();
        all.append(found.clone());
        all.append(found);
        assert_eq!((all.count(Severity::Error), all.count(Severity::Warning)), (2, 2 * LIMIT));
        assert_eq!((all.hidden(), all.sorted().len()), (LIMIT + 2, 1));
    }
}
