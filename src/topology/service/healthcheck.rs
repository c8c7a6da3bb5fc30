//! The `healthcheck` section.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{MergeRule, Node, Value};
use crate::source::Spanned;
use crate::topology::attribute::{Attribute, Form, Wanted, record, wrong_type};
use crate::topology::value::{
    Duration, Flag, Integer, is_as_written, is_operator, is_substitution, passed_on, runs_code, written,
};

record! {
    /// How to check that a container is healthy.
    pub struct Healthcheck {
        /// Whether the image's health check is switched off.
        disable: Flag = also(&["disabled"]),
        /// Time between two checks. 30 seconds when absent.
        interval: Option<Spanned<Duration>> = also(&["period", "every"]),
        /// How many checks in a row must fail. 3 when absent.
        retries: Option<Spanned<Integer>> = also(&["retry", "attempts", "max_attempts"]),
        /// The command: `["CMD", ...]`, `["CMD-SHELL", "..."]`, `["NONE"]`, or a string for a shell.
        test: Option<Spanned<HealthTest>> = also(&["command", "cmd", "check"]) merge(MergeRule::Replace),
        /// How long a check may take. 30 seconds when absent.
        timeout: Option<Spanned<Duration>>,
        /// Time after the start during which failures do not count.
        start_period: Option<Spanned<Duration>> = also(&["start", "start-period", "initial_delay"]),
        /// Time between two checks during the start period. 5 seconds when absent.
        start_interval: Option<Spanned<Duration>>,
    }
}

impl Healthcheck {
    /// Whether no check is run at all.
    pub fn is_disabled(&self) -> bool {
        let is_none = |test: &Spanned<HealthTest>| test.0.first().is_some_and(|word| word == "NONE");
        *self.disable || self.test.as_ref().is_some_and(is_none)
    }
}

/// The words of a health check: `CMD`, `CMD-SHELL` or `NONE`, and the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthTest(pub Vec<String>);

impl Attribute for HealthTest {
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Scalar(_) => {
                let command = String::decode(node, found)?;
                warn_of_kind_in_text(&command, node, found);
                Some(Self(vec!["CMD-SHELL".to_owned(), command]))
            }
            Value::List(_) => {
                let words = Vec::<String>::decode(node, found)?;
                refuse_unknown_kind(&words, node, found);
                warn_of_words(&words, node, found);
                warn_of_shell_words(&words, node, found);
                Some(Self(words))
            }
            _ => wrong_type(node, Wanted::TEXTS, found),
        }
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self.0)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

fn refuse_unknown_kind(words: &[String], node: &Node, found: &mut Diagnostics) {
    let Some(first) = words.first() else { return };
    if matches!(first.as_str(), "CMD" | "CMD-SHELL" | "NONE") {
        return;
    }
    let span = match &node.value {
        Value::List(items) => items.first().map_or(node.span, |item| item.span),
        _ => node.span,
    };
    let (instead, more) = match first.split_once(' ').filter(|(kind, _)| is_kind_of_command(kind)) {
        Some((kind, command)) if words.len() == 1 => (Some(in_words(kind, command.trim())), ""),
        _ if is_written(node) => {
            (Some(written(&[&["CMD".to_owned()], words].concat())), ", or a plain string for a shell")
        }
        _ => (None, ""),
    };
    let diagnostic = found.error(code::BAD_VALUE, format!("a health check cannot begin with `{first}`"));
    diagnostic.label(span, "`CMD`, `CMD-SHELL` or `NONE` is needed here").help(match &instead {
        Some(instead) => format!("write `{instead}`{more}"),
        None => "write `CMD` as the first element, or a plain string for a shell".to_owned(),
    });
    if let Some(instead) = instead {
        diagnostic.perhaps_write_value(node.span, instead);
    }
}

fn is_kind_of_command(word: &str) -> bool {
    matches!(word, "CMD" | "CMD-SHELL")
}

/// Whether every word is literal text of the file.
fn is_written(node: &Node) -> bool {
    node.as_list().is_some_and(|items| items.iter().all(is_as_written))
}

/// `["CMD curl -f"]`: all in one word.
fn in_words(kind: &str, command: &str) -> String {
    let words = shlex::split(command).filter(|_| kind == "CMD");
    // A command that needs a shell stays one text.
    match words.filter(|words| !words.is_empty() && !command.contains(['|', '&', ';', '$', '>', '<'])) {
        Some(words) => json!([&["CMD".to_owned()], words.as_slice()].concat()),
        None => json!(["CMD-SHELL", command]),
    }
    .to_string()
    .replace("\",\"", "\", \"")
}

/// `test: CMD curl ...` is a text for a shell, which finds no program `CMD`.
fn warn_of_kind_in_text(command: &str, node: &Node, found: &mut Diagnostics) {
    let first = command.split_whitespace().next().unwrap_or_default();
    if matches!(first, "CMD" | "CMD-SHELL" | "NONE") {
        let rest = command.trim_start().trim_start_matches(first).trim();
        let help = match first {
            "NONE" => "write `[\"NONE\"]`, or `disable: true` in place of `test`".to_owned(),
            _ => format!("leave the word out, `{rest}`, or write `{}`", in_words(first, rest)),
        };
        found
            .warning(code::BAD_VALUE, format!("a shell is to run a program named `{first}`"))
            .label(node.span, "the shell gets the string as it is")
            .help(help);
    }
}

/// `["CMD", "curl -f"]` runs a program with a blank in its name; of `["CMD-SHELL", "curl", "-f"]`
/// the shell reads only the first word.
fn warn_of_words(words: &[String], node: &Node, found: &mut Diagnostics) {
    let (message, label) = match words {
        [kind, command] if kind == "CMD" && command.trim().contains(' ') && !command.starts_with('/') => {
            (format!("no program is named `{command}`"), "one word: it is not split at spaces")
        }
        [kind, _, further, ..] if kind == "CMD-SHELL" => (
            format!("`{further}` is not part of the command"),
            "the shell reads only the word after `CMD-SHELL`",
        ),
        _ => return,
    };
    let command = words[1..].join(" ");
    found
        .warning(code::BAD_VALUE, message)
        .label(node.span, label)
        .help(format!("write `[\"CMD-SHELL\", \"{}\"]`", command.replace('"', "\\\"")))
        .perhaps_write_value(node.span, json!(["CMD-SHELL", command]).to_string().replace("\",\"", "\", \""));
}

/// `["CMD", "curl", ..., "||", "exit", "1"]` and `["CMD", "pg_isready", "-U", "$$USER"]`: no shell
/// interprets them.
fn warn_of_shell_words(words: &[String], node: &Node, found: &mut Diagnostics) {
    let [kind, command @ ..] = words else { return };
    if kind != "CMD" || is_run_by_shell(command) {
        return;
    }
    let Some(index) = command.iter().position(|word| is_shell_syntax(word)) else { return };
    let word = &command[index];
    let item = node.as_list().and_then(|items| items.get(index + 1));
    let diagnostic = found.warning(code::SHELL_SYNTAX, passed_on(word));
    diagnostic.label(item.map_or(node.span, |item| item.span), "no shell reads what follows `CMD`");
    let is_simple = |word: &String| !word.contains(['"', '\'', '\\', ' ', '`']);
    // Words with single quotes or blanks can be requoted only by their author.
    let line = match is_written(node) && command.iter().all(is_simple) {
        true => command.join(" ").replace('$', "$$"),
        false => "...".to_owned(),
    };
    diagnostic.help(format!("let a shell read it: `[\"CMD-SHELL\", \"{line}\"]`"));
}

/// An operator, a variable or a command substitution.
fn is_shell_syntax(word: &str) -> bool {
    let is_variable = |(index, _): (usize, &str)| {
        word[index + 1..].starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '_' | '{'))
    };
    is_operator(word) || is_substitution(word) || word.match_indices('$').any(is_variable)
}

/// Whether the program is a shell, or another interpreter.
fn is_run_by_shell(command: &[String]) -> bool {
    runs_code(command) || command.first().is_some_and(|program| program.ends_with("sh"))
}
