//! `$NAME` and `${NAME:-default}` in a text, by the Compose Specification, "Interpolation".
//!
//! Lazy: a branch that is not taken is not evaluated, so it can neither warn nor fail. Linear in
//! the length of the text, and bounded in the size of its output.

mod variables;

use std::ops::Range;

pub use variables::{TemplateVariable, variables as template_variables};

/// How deep expressions may be nested.
const DEPTH_LIMIT: usize = 32;

/// A text with its variables filled in, and the problems found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Substituted {
    /// The text; an expression that cannot be read stays as it was written.
    pub text: String,
    /// In the order of the text.
    pub problems: Vec<TemplateProblem>,
}

/// A problem with one expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    /// The expression, in bytes of the text that was given.
    pub range: Range<usize>,
    /// What is wrong.
    pub kind: TemplateProblemKind,
}

/// What can be wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateProblemKind {
    /// `${` is never closed.
    Unclosed,
    /// No name after `${`.
    NoName,
    /// Something other than an operator after the name.
    BadOperator {
        /// The name before it.
        name: String,
    },
    /// More than 32 nested expressions.
    TooDeep,
    /// The text exceeds the budget.
    TooLarge,
    /// `${NAME:?message}` or `${NAME?message}`, and the variable is not set.
    Required {
        /// The variable.
        name: String,
        /// The author's message, may be empty.
        message: String,
        /// Whether the variable is set but empty.
        is_empty: bool,
    },
    /// The variable is not set; nothing was filled in.
    Unset {
        /// The variable.
        name: String,
    },
}

/// Fills in the variables of `text`. `budget` is how many bytes may still be written, and is
/// reduced.
pub fn substitute<'a>(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<&'a str>,
    budget: &mut usize,
) -> Substituted {
    let mut writer = Writer { whole: text, lookup, budget, out: Substituted::default() };
    writer.write(0..text.len(), 0);
    writer.out
}

/// How a `${` expression uses its variable.
enum Use {
    Plain,
    Default { when_empty: bool },
    Alternative { when_empty: bool },
    Required { when_empty: bool },
}

struct Writer<'t, 'v, 'l> {
    whole: &'t str,
    lookup: &'l dyn Fn(&str) -> Option<&'v str>,
    budget: &'l mut usize,
    out: Substituted,
}

impl<'t> Writer<'t, '_, '_> {
    fn write(&mut self, range: Range<usize>, depth: usize) {
        let mut at = range.start;
        while let Some(dollar) = self.whole[at..range.end].find('$').map(|dollar| at + dollar) {
            self.push(&self.whole[at..dollar]);
            at = match self.whole[dollar + 1..range.end].bytes().next() {
                Some(b'$') => {
                    self.push("$");
                    dollar + 2
                }
                Some(b'{') => self.braced(dollar, range.end, depth),
                Some(byte) if is_name_start(byte) => self.named(dollar, range.end),
                _ => {
                    self.push("$");
                    dollar + 1
                }
            };
        }
        self.push(&self.whole[at..range.end]);
    }

    /// `$NAME`; returns where to continue.
    fn named(&mut self, dollar: usize, end: usize) -> usize {
        let name = name_at(&self.whole[dollar + 1..end]);
        let after = dollar + 1 + name.len();
        self.plain(name, dollar..after);
        after
    }

    /// `${...}`; returns where to continue.
    fn braced(&mut self, dollar: usize, end: usize, depth: usize) -> usize {
        let Some(close) = closing_brace(&self.whole[dollar + 1..end]).map(|close| dollar + 1 + close) else {
            // All that follows is inside the expression, so there is nothing more to fill in.
            self.problem(dollar..end, TemplateProblemKind::Unclosed);
            self.push(&self.whole[dollar..end]);
            return end;
        };
        let expression = dollar..close + 1;
        let name = name_at(&self.whole[dollar + 2..close]);
        let after_name = dollar + 2 + name.len();
        if name.is_empty() {
            return self.keep(expression, TemplateProblemKind::NoName);
        }
        let Some((how, operator)) = operator_at(&self.whole[after_name..close]) else {
            return self.keep(expression, TemplateProblemKind::BadOperator { name: name.to_owned() });
        };
        if depth == DEPTH_LIMIT {
            return self.keep(expression, TemplateProblemKind::TooDeep);
        }
        self.apply(name, how, after_name + operator..close, expression, depth);
        close + 1
    }

    fn apply(&mut self, name: &'t str, how: Use, word: Range<usize>, expression: Range<usize>, depth: usize) {
        let value = (self.lookup)(name);
        let is_there = |when_empty: bool| value.is_some_and(|value| !(when_empty && value.is_empty()));
        match how {
            Use::Plain => self.plain(name, expression),
            Use::Default { when_empty } if !is_there(when_empty) => self.write(word, depth + 1),
            Use::Alternative { when_empty } if is_there(when_empty) => self.write(word, depth + 1),
            Use::Alternative { .. } => {}
            Use::Required { when_empty } if !is_there(when_empty) => {
                self.required(name, value.is_some(), word, expression, depth);
            }
            Use::Default { .. } | Use::Required { .. } => self.push(value.unwrap_or_default()),
        }
    }

    fn plain(&mut self, name: &str, expression: Range<usize>) {
        match (self.lookup)(name) {
            Some(value) => self.push(value),
            None => self.problem(expression, TemplateProblemKind::Unset { name: name.to_owned() }),
        }
    }

    fn required(
        &mut self,
        name: &str,
        is_empty: bool,
        word: Range<usize>,
        expression: Range<usize>,
        depth: usize,
    ) {
        let before = self.out.text.len();
        self.write(word, depth + 1);
        let message = self.out.text.split_off(before);
        self.problem(expression, TemplateProblemKind::Required { name: name.to_owned(), message, is_empty });
    }

    fn keep(&mut self, expression: Range<usize>, kind: TemplateProblemKind) -> usize {
        let end = expression.end;
        self.push(&self.whole[expression.clone()]);
        self.problem(expression, kind);
        end
    }

    fn problem(&mut self, range: Range<usize>, kind: TemplateProblemKind) {
        self.out.problems.push(TemplateProblem { range, kind });
    }

    fn push(&mut self, text: &str) {
        if text.len() <= *self.budget {
            *self.budget -= text.len();
            self.out.text.push_str(text);
        } else if !matches!(
            self.out.problems.last(),
            Some(TemplateProblem { kind: TemplateProblemKind::TooLarge, .. })
        ) {
            self.problem(0..self.whole.len(), TemplateProblemKind::TooLarge);
        }
    }
}

/// Whether a variable's name can begin with this byte.
fn is_name_start(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphabetic()
}

/// The variable name at the start of `text`; empty when there is none.
fn name_at(text: &str) -> &str {
    if !text.bytes().next().is_some_and(is_name_start) {
        return "";
    }
    let end = text.bytes().position(|byte| byte != b'_' && !byte.is_ascii_alphanumeric());
    &text[..end.unwrap_or(text.len())]
}

/// The operator at the start of `text`, and its length.
fn operator_at(text: &str) -> Option<(Use, usize)> {
    let when_empty = text.starts_with(':');
    let length = usize::from(when_empty) + 1;
    match text.as_bytes().get(usize::from(when_empty)) {
        None if !when_empty => Some((Use::Plain, 0)),
        Some(b'-') => Some((Use::Default { when_empty }, length)),
        Some(b'+') => Some((Use::Alternative { when_empty }, length)),
        Some(b'?') => Some((Use::Required { when_empty }, length)),
        _ => None,
    }
}

/// The `}` that closes the `{` at the start of `text`.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' if open == 1 => return Some(position),
            b'}' => open -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Substituted {
        let lookup = |name: &str| match name {
            "SET" => Some("value"),
            "EMPTY" => Some(""),
            "other_1" => Some("second"),
            _ => None,
        };
        substitute(text, &lookup, &mut 10_000)
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(fill(text), Substituted { text: expected.to_owned(), problems: Vec::new() }, "{text}");
    }

    #[track_caller]
    fn problem(text: &str, place: &str, kind: TemplateProblemKind) {
        let problems = fill(text).problems;
        let [problem] = problems.as_slice() else { panic!("{text}: {problems:?}") };
        assert_eq!((&text[problem.range.clone()], &problem.kind), (place, &kind), "{text}");
    }

    #[test]
    fn every_form_is_filled_in() {
        check("a $SET-$other_1.b ${SET}", "a value-second.b value");
        check("${SET:-d}${EMPTY:-d}${NONE:-d}", "valuedd");
        check("${SET-d}${EMPTY-d}${NONE-d}", "valued");
        check("${SET:+a}${EMPTY:+a}${NONE:+a}", "a");
        check("${SET+a}${EMPTY+a}${NONE+a}", "aa");
        check("${SET:?m}${SET?m}${EMPTY?m}", "valuevalue");
    }

    #[test]
    fn a_dollar_without_a_name_is_kept() {
        check("$$SET $${SET} $ $1 $. 5$", "$SET ${SET} $ $1 $. 5$");
        check("^[a-z]+$", "^[a-z]+$");
    }

    #[test]
    fn defaults_nest_and_may_hold_braces_and_operators() {
        check("${NONE:-${EMPTY:-${SET}}}!", "value!");
        check("${NONE:-{\"a\": {}}}", "{\"a\": {}}");
        check("${NONE:-a:-b?c}", "a:-b?c");
        check("${NONE-$$x}", "$x");
        check("${NONE:-two\nlines}", "two\nlines");
    }

    #[test]
    fn a_branch_that_is_not_taken_reports_nothing() {
        check("${SET:-${NONE:?no}}${SET:-$NONE}${SET-${1}}${NONE+${NONE?}}", "valuevaluevalue");
    }

    #[test]
    fn a_missing_required_variable_reports_its_message() {
        let required = |is_empty, message: &str| TemplateProblemKind::Required {
            name: if is_empty { "EMPTY" } else { "NONE" }.to_owned(),
            message: message.to_owned(),
            is_empty,
        };
        problem("x${NONE:?set it to $SET}y", "${NONE:?set it to $SET}", required(false, "set it to value"));
        problem("${NONE?}", "${NONE?}", required(false, ""));
        problem("${EMPTY:?no}", "${EMPTY:?no}", required(true, "no"));
    }

    #[test]
    fn an_unset_variable_is_reported_at_its_place() {
        let unset = TemplateProblemKind::Unset { name: "NONE".to_owned() };
        problem("é $NONE.", "$NONE", unset.clone());
        problem("${A:-x${NONE}}", "${NONE}", unset);
    }

    #[test]
    fn unreadable_expressions_are_kept() {
        problem("a ${SET", "${SET", TemplateProblemKind::Unclosed);
        problem("${}", "${}", TemplateProblemKind::NoName);
        problem("${1} $SET", "${1}", TemplateProblemKind::NoName);
        problem("${SET:=x}", "${SET:=x}", TemplateProblemKind::BadOperator { name: "SET".to_owned() });
        problem("${SET.x}", "${SET.x}", TemplateProblemKind::BadOperator { name: "SET".to_owned() });
        assert_eq!(fill("${1} $SET").text, "${1} value");
    }

    #[test]
    fn nesting_and_growth_are_bounded() {
        let deep = "${A:-".repeat(40) + &"}".repeat(40);
        assert!(matches!(
            fill(&deep).problems.as_slice(),
            [TemplateProblem { kind: TemplateProblemKind::TooDeep, .. }]
        ));
        let long = "$SET".repeat(10_000);
        assert!(matches!(
            fill(&long).problems.as_slice(),
            [TemplateProblem { kind: TemplateProblemKind::TooLarge, .. }]
        ));
        let open = fill(&"${".repeat(200_000));
        assert_eq!(open.problems.first().map(|problem| &problem.kind), Some(&TemplateProblemKind::Unclosed));
    }
}
