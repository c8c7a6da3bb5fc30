//! Command lines: a string that is split into words as a shell does, or a list.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Node, Value};
use crate::topology::attribute::{Attribute, Form, Wanted, wrong_type};
use crate::topology::value::words::{self, Words};

/// The words of a command line. `None`: the image's own; no words: an empty command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command(pub Option<Vec<String>>);

impl Attribute for Command {
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Null => Some(Self(None)),
            Value::Scalar(_) => {
                split(&String::decode(node, found)?, node, found).map(|words| Self(Some(words)))
            }
            Value::List(items) => {
                let words = Vec::<String>::decode(node, found)?;
                warn_of_shell_words(&words, items, found);
                Some(Self(Some(words)))
            }
            Value::Map(_) => wrong_type(node, Wanted::TEXTS, found),
        }
    }

    fn canonical(&self, _: Form) -> Json {
        self.0.as_ref().map_or(Json::Null, |words| json!(words))
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": ["string", "null"] }, { "type": "array", "items": { "type": "string" } }] })
    }
}

fn split(text: &str, node: &Node, found: &mut Diagnostics) -> Option<Vec<String>> {
    match words::split(text) {
        Ok(Words { words, cut_at }) => {
            match cut_at {
                Some(operator) => warn_of_operator(&operator, node, found),
                None => warn_of_substitution(&words, node, found),
            }
            Some(words)
        }
        Err(reason) => {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            let close = if reason.ends_with("not closed") { "close it, or " } else { "" };
            let help = format!("{close}write a list, in which quotes and backslashes are plain characters");
            let help = match is_as_written(node) {
                true => format!("{help}: {}", in_backquotes(&written(&words))),
                false => help,
            };
            found
                .error(code::BAD_VALUE, "the command line cannot be split into words")
                .label(node.span, reason)
                .help(help);
            None
        }
    }
}

/// Words as a list for a file: each `$` is doubled.
pub fn written(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| json!(word.replace('$', "$$")).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}

/// How to pass a command line to a shell; values of variables are not shown.
fn for_shell(line: Option<String>) -> String {
    match line {
        Some(line) => {
            let words = ["sh", "-c", &line].map(str::to_owned);
            format!("write the command as a list, for a shell to read: {}", in_backquotes(&written(&words)))
        }
        None => {
            "write the command as a list, for a shell to read: `sh`, `-c` and the whole line as one element"
                .to_owned()
        }
    }
}

/// The command line as it is in the file.
fn line_of_text(node: &Node) -> Option<String> {
    node.as_text().filter(|text| is_as_written(node) && !text.contains('\n')).map(str::to_owned)
}

/// The elements of a list as a command line; those with blanks are quoted.
fn line_of_words(words: &[String], items: &[Node]) -> Option<String> {
    let is_for_shell = |word: &str| is_operator(word) || is_substitution(word);
    let quoted = |word: &String| match is_for_shell(word) {
        true => Some(word.clone()),
        false => shlex::try_quote(word).ok().map(|word| word.into_owned()),
    };
    let line: Option<Vec<String>> = words.iter().map(quoted).collect();
    line.filter(|_| items.iter().all(is_as_written)).map(|words| words.join(" "))
}

fn warn_of_operator(operator: &str, node: &Node, found: &mut Diagnostics) {
    found
        .warning(code::SHELL_SYNTAX, format!("the command line ends before `{operator}`"))
        .label(node.span, "no shell reads this; what follows is left out, as in Docker Compose")
        .help(for_shell(line_of_text(node)));
}

/// `$(date)` and `` `date` `` are taken literally unless a shell is the program.
fn warn_of_substitution(words: &[String], node: &Node, found: &mut Diagnostics) {
    let Some(word) = words.iter().find(|word| is_substitution(word)).filter(|_| !runs_code(words)) else {
        return;
    };
    found
        .warning(code::SHELL_SYNTAX, passed_on(word))
        .label(node.span, "no shell reads this")
        .help(for_shell(line_of_text(node)));
}

/// Operators and substitutions in a list, whose words are passed to the program literally.
fn warn_of_shell_words(words: &[String], items: &[Node], found: &mut Diagnostics) {
    if runs_code(words) {
        return;
    }
    for (word, item) in words.iter().zip(items).skip(1) {
        if is_operator(word) || is_substitution(word) {
            found
                .warning(code::SHELL_SYNTAX, passed_on(word))
                .label(item.span, "no shell reads this")
                .help(for_shell(line_of_words(words, items)));
        }
    }
}

/// Whether a whole word is a shell operator.
pub fn is_operator(word: &str) -> bool {
    matches!(word, "&&" | "||" | "|" | ";" | "&" | "<" | ">" | ">>" | "2>&1" | "2>" | "&>")
        || word.starts_with(">/")
        || word.starts_with("2>/")
}

/// Whether a text is literally in the file: values of variables may be secret. A `$` was `$$`.
pub fn is_as_written(node: &Node) -> bool {
    let length = (node.span.end - node.span.start) as usize;
    let is_length = |text: &str| {
        let plain = text.len() + text.matches('$').count();
        (plain..=plain + 2).contains(&length)
    };
    node.as_text().is_some_and(is_length)
}

/// The message about a word that only a shell would interpret.
pub fn passed_on(word: &str) -> String {
    format!("{} is passed on literally", in_backquotes(word))
}

/// A text for a sentence: backquotes in it could not be told from those around it.
fn in_backquotes(text: &str) -> String {
    if text.contains('`') { text.to_owned() } else { format!("`{text}`") }
}

/// Whether a word contains a command substitution.
pub fn is_substitution(word: &str) -> bool {
    (word.contains("$(") && word.contains(')')) || (word.matches('`').count() > 1)
}

/// Whether a word of the command line is code for a shell or another interpreter.
pub fn runs_code(words: &[String]) -> bool {
    words.iter().any(|word| matches!(word.as_str(), "-c" | "-lc" | "-ec" | "-exc" | "-e" | "eval"))
}
