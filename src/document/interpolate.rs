//! In: a tree and variables. Out: the tree with `$NAME` and `${NAME:-default}` filled in. Must not:
//! touch keys, evaluate branches that are not taken, or report anything twice.

use super::node::{Map, Node, Value};
use crate::diagnostic::{Diagnostics, code, suggest};
use crate::source::{
    EnvProblem, EnvProblemKind, Environment, PROJECT_NAME, Sources, Span, TemplateProblem,
    TemplateProblemKind, substitute,
};
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

/// How many bytes the values of one file may grow to by interpolation.
const GROWTH_LIMIT: usize = 64 * 1024 * 1024;
/// The most problems that are reported: nobody reads a million warnings.
const PROBLEM_LIMIT: usize = 1_000;

/// Interpolates every value of `root`, and records in `filled` where values of variables are.
pub(super) fn interpolate(
    root: &mut Node,
    sources: &Sources,
    environment: &Environment,
    filled: &mut BTreeMap<Span, Box<str>>,
    found: &mut Diagnostics,
) {
    let said = HashSet::new();
    let mut filler = Filler { sources, environment, budget: GROWTH_LIMIT, said, filled, found };
    filler.node(root);
}

/// Reports what could not be read in env files, and unset variables in their values.
pub fn report_env_problems(problems: &[EnvProblem], environment: &Environment, found: &mut Diagnostics) {
    for problem in problems.iter().take(PROBLEM_LIMIT) {
        report_env_problem(problem, environment, found);
    }
}

struct Filler<'a> {
    sources: &'a Sources,
    environment: &'a Environment,
    budget: usize,
    /// Spans that were reported: an alias repeats the same text.
    said: HashSet<Span>,
    /// Scalars with the value of a variable, and their texts as written.
    filled: &'a mut BTreeMap<Span, Box<str>>,
    found: &'a mut Diagnostics,
}

impl Filler<'_> {
    // The reader bounds how deep a tree is, so this may recurse.
    fn node(&mut self, node: &mut Node) {
        match &mut node.value {
            Value::Null => {}
            Value::List(list) => list.iter_mut().for_each(|element| self.node(element)),
            Value::Map(Map { entries, .. }) => entries.iter_mut().for_each(|(_, value)| self.node(value)),
            Value::Scalar(scalar) if scalar.text.contains('$') => {
                let environment = self.environment;
                let is_set = Cell::new(false);
                let lookup = |name: &str| {
                    let value = environment.value(name);
                    // The project's name is not a secret.
                    is_set.set(is_set.get() || (value.is_some() && name != PROJECT_NAME));
                    value
                };
                let filled = substitute(&scalar.text, &lookup, &mut self.budget);
                if is_set.get() {
                    self.filled.insert(node.span, scalar.text.as_str().into());
                }
                for problem in &filled.problems {
                    self.report(node.span, &scalar.text, problem);
                }
                scalar.text = filled.text;
                scalar.is_plain = false;
            }
            Value::Scalar(_) => {}
        }
    }

    fn report(&mut self, scalar: Span, text: &str, problem: &TemplateProblem) {
        if self.said.len() >= PROBLEM_LIMIT {
            return;
        }
        let span = place(scalar, self.sources.text(scalar), text, &problem.range);
        if self.said.insert(span) {
            report_template_problem(span, &problem.kind, self.environment, self.found);
        }
    }
}

/// The span of the bytes `range` of a scalar's text; `raw` is the scalar as written, at `scalar`.
fn place(scalar: Span, raw: &str, text: &str, range: &Range<usize>) -> Span {
    let at = |start: usize, length: usize| {
        let start = scalar.start as usize + start;
        Span::new(scalar.file, start, start + length)
    };
    if raw == text {
        return at(range.start, range.len());
    }
    if raw.len() == text.len() + 2 && raw.get(1..=text.len()) == Some(text) {
        return at(range.start + 1, range.len());
    }
    // Because of escapes, folded lines or indentation: counts the occurrences of the expression
    // before this one.
    let expression = &text[range.clone()];
    let earlier = text[..range.start].matches(expression).count();
    match raw.match_indices(expression).nth(earlier) {
        Some((start, _)) => at(start, expression.len()),
        None => scalar,
    }
}

fn report_template_problem(
    span: Span,
    problem: &TemplateProblemKind,
    environment: &Environment,
    found: &mut Diagnostics,
) {
    use TemplateProblemKind as Is;
    let escape = "for a `$` that is meant as text, write `$$`";
    match problem {
        Is::Unclosed => found
            .error(code::BAD_INTERPOLATION, "`${` is not closed")
            .label(span, "has no `}`")
            .help(format!("close it with `}}`; {escape}")),
        Is::NoName => found
            .error(code::BAD_INTERPOLATION, "`${` needs the name of a variable")
            .label(span, "a name consists of letters, digits and `_`, and does not begin with a digit")
            .help(format!("write `${{NAME}}`; {escape}")),
        Is::BadOperator { name } => found
            .error(code::BAD_INTERPOLATION, format!("this cannot follow the variable `{name}`"))
            .label(span, "`}`, `:-`, `-`, `:?`, `?`, `:+` or `+` is needed after the name")
            .help(format!("for a default, write `${{{name}:-default}}`; {escape}")),
        Is::TooDeep => found
            .error(code::BAD_INTERPOLATION, "variables nest deeper than 32 levels")
            .label(span, "not read any deeper")
            .help("set the inner part as a separate variable in an env file"),
        Is::TooLarge => found
            .error(code::TOO_LARGE, "the text is too large once its variables are filled in")
            .label(span, "filled in up to here")
            .help("shorten the values of the variables"),
        Is::Required { name, message, is_empty } => {
            report_required(span, name, message, *is_empty, environment, found)
        }
        Is::Unset { name } => report_unset(span, name, environment, found),
    };
}

fn report_required<'a>(
    span: Span,
    name: &str,
    message: &str,
    is_empty: bool,
    environment: &Environment,
    found: &'a mut Diagnostics,
) -> &'a mut crate::diagnostic::Diagnostic {
    let state = if is_empty { "empty" } else { "not set" };
    let headline = match message.trim() {
        "" => format!("the required variable `{name}` is {state}"),
        message => format!("the required variable `{name}` is {state}: {message}"),
    };
    let closest = closest_variable(name, environment).filter(|_| !is_empty);
    let help = match closest {
        Some(closest) => format!("did you mean `{closest}`, which is set?"),
        None => format!("set it in the shell (`export {name}=...`) or in an env file"),
    };
    let diagnostic = found.error(code::REQUIRED_VARIABLE, headline);
    diagnostic.label(span, format!("needs `{name}`")).help(help);
    match closest {
        Some(closest) => diagnostic.perhaps_replace(name, closest),
        None => diagnostic,
    }
}

fn report_unset<'a>(
    span: Span,
    name: &str,
    environment: &Environment,
    found: &'a mut Diagnostics,
) -> &'a mut crate::diagnostic::Diagnostic {
    let closest = closest_variable(name, environment);
    let help = match closest {
        Some(closest) => format!("did you mean `{closest}`, which is set?"),
        None => format!(
            "set it, give it a default (`${{{name}:-default}}`), or write `$$` for a `$` that is meant as text"
        ),
    };
    let diagnostic = found.warning(code::UNSET_VARIABLE, format!("the variable `{name}` is not set"));
    diagnostic.label(span, "replaced by an empty string").help(help);
    match closest {
        Some(closest) => diagnostic.perhaps_replace(name, closest),
        None => diagnostic,
    }
}

fn closest_variable<'a>(name: &str, environment: &'a Environment) -> Option<&'a str> {
    suggest::closest(name, environment.names())
}

/// Reports problems of a label file. Its values can only refer to earlier labels from files, which
/// are not part of any environment.
pub fn report_label_file_problems(problems: &[EnvProblem], found: &mut Diagnostics) {
    use TemplateProblemKind as Is;
    for problem in problems {
        match &problem.kind {
            EnvProblemKind::Template(Is::Unset { name } | Is::Required { name, .. }) => {
                let is_required = !matches!(&problem.kind, EnvProblemKind::Template(Is::Unset { .. }));
                report_unknown_label(problem.span, name, is_required, found);
            }
            _ => report_env_problem(problem, &Environment::default(), found),
        }
    }
}

fn report_unknown_label(span: Span, name: &str, is_required: bool, found: &mut Diagnostics) {
    let message = format!("`{name}` cannot be used here in a label file");
    let diagnostic = match is_required {
        true => found.error(code::REQUIRED_VARIABLE, message),
        false => found.warning(code::UNSET_VARIABLE, message),
    };
    diagnostic.label(span, "only the labels above it can be used").help(
        "write the value out, or set this label with `labels:` in the topology, where variables are filled in",
    );
}

fn report_env_problem(problem: &EnvProblem, environment: &Environment, found: &mut Diagnostics) {
    let span = problem.span;
    match &problem.kind {
        EnvProblemKind::Template(kind) => report_template_problem(span, kind, environment, found),
        EnvProblemKind::BadName { character } => {
            found
                .error(code::BAD_ENV_FILE, format!("a variable's name cannot contain `{character}`"))
                .label(span, "read as a name")
                .help("write one `NAME=value` a line; put values of several lines into double quotes");
        }
        EnvProblemKind::SpaceInName => {
            found
                .error(code::BAD_ENV_FILE, "a variable's name cannot contain white space")
                .label(span, "read as a name")
                .help("write `NAME=value`");
        }
        EnvProblemKind::NoName => {
            found
                .error(code::BAD_ENV_FILE, "a variable needs a name")
                .label(span, "there is no name before this")
                .help("write `NAME=value`");
        }
        EnvProblemKind::AfterQuote => {
            found
                .warning(code::BAD_ENV_FILE, "text after a closing quote is ignored")
                .label(span, "is not part of a value")
                .help("put the whole value into one pair of quotes, or a `#` before a comment");
        }
        EnvProblemKind::UnreadableAfterQuote => {
            found
                .error(code::BAD_ENV_FILE, "this cannot follow a closing quote")
                .label(span, "is not part of a value")
                .help("put the whole value into one pair of quotes, or a `#` before a comment");
        }
        EnvProblemKind::NoValue { name } => {
            found
                .warning(
                    code::UNSET_VARIABLE,
                    format!("the variable `{name}` is not set, and this line sets nothing"),
                )
                .label(span, "takes its value from the environment, where it is not set")
                .help(format!("write `{name}=` and the value, or remove the line"));
        }
        EnvProblemKind::UnclosedQuote => {
            found
                .error(code::BAD_ENV_FILE, "a quote is not closed")
                .label(span, "the quote opens here")
                .help("close it, or remove it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;

    fn fill(text: &str) -> (Sources, Node, Diagnostics) {
        let mut sources = Sources::default();
        let file = sources.add("compose.yaml", text);
        let mut found = Diagnostics::default();
        let mut root = super::super::yaml::read(file, text, &mut found).documents.remove(0);
        let environment = Environment::from_pairs([("TAG", "1.2"), ("NAME_OF_IT", "web")]);
        interpolate(&mut root, &sources, &environment, &mut BTreeMap::new(), &mut found);
        (sources, root, found)
    }

    /// Texts of the primary labels, in the order of the text.
    fn places(text: &str) -> Vec<String> {
        let (sources, _, found) = fill(text);
        let spans = found.sorted().into_iter().filter_map(|diagnostic| diagnostic.span());
        spans.map(|span| sources.text(span).to_owned()).collect()
    }

    #[test]
    fn values_are_interpolated_and_keys_are_not() {
        let (_, root, found) = fill("$TAG: [\"${TAG}\", $TAG, {a: 8$TAG}]\nb: '$$TAG'");
        assert!(found.is_empty());
        let map = root.as_map().expect("a map");
        let list = map.get("$TAG").and_then(Node::as_list).expect("a list");
        assert_eq!(list[0].as_text(), Some("1.2"));
        assert_eq!(list[1].as_scalar().map(|scalar| scalar.is_plain), Some(false));
        assert_eq!(map.get("b").and_then(Node::as_text), Some("$TAG"));
    }

    #[test]
    fn an_unset_variable_is_a_warning_at_the_expression() {
        let text = "a: x $A.y\nb: \"é ${B} \\\"$B\"\nc: >\n  one ${C}\n  two ${C}\nd: 'it''s $D'\n";
        assert_eq!(places(text), ["$A", "${B}", "$B", "${C}", "${C}", "$D"]);
        let (_, _, found) = fill(text);
        assert_eq!((found.count(Severity::Warning), found.count(Severity::Error)), (6, 0));
    }

    #[test]
    fn the_whole_scalar_is_marked_if_the_expression_is_not_in_the_raw_text() {
        assert_eq!(places("a: \"\\x24{B\\x5f}\""), ["\"\\x24{B\\x5f}\""]);
    }

    #[test]
    fn an_alias_does_not_repeat_a_warning() {
        assert_eq!(places("a: &x [$A]\nb: *x\nc: *x"), ["$A"]);
    }

    #[test]
    fn a_close_name_is_suggested() {
        let (_, _, found) = fill("a: ${NAME_OF_ITS}");
        let help = found.sorted()[0].help.clone();
        assert_eq!(help.as_deref(), Some("did you mean `NAME_OF_IT`, which is set?"));
    }

    #[test]
    fn a_required_variable_is_an_error_with_its_message() {
        let (_, _, found) = fill("a: ${PORT:?choose a port}");
        assert_eq!(found.sorted()[0].message, "the required variable `PORT` is not set: choose a port");
    }
}
