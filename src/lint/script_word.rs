//! `sh -c SCRIPT`: the shell reads only one word of the script.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, code};
use crate::document::Node;
use crate::lint::rule::{Group, Rule, code as code_of_rule};
use crate::lint::services;
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::Service;
use crate::topology::value::{Command, is_as_written};

const IGNORED_SCRIPT_WORDS: Code =
    code_of_rule!("ignored-script-words", SHELL_SYNTAX, "A shell does not run the words after its script.");

pub(super) const RULE: Rule = Rule {
    codes: &[(IGNORED_SCRIPT_WORDS, Severity::Warning)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports words that a shell ignores, and adapts advice about operators to an entrypoint that is a
/// shell.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        let node = |key: &str| topology.node_at(&["services", name.as_str(), key]);
        if let Some(command) = node("command").filter(|_| ends_before_script(&service.entrypoint)) {
            advise_one_element(command, found);
        }
        check_words(topology, name, service, found);
    }
}

fn words(command: &Command) -> &[String] {
    command.0.as_deref().unwrap_or_default()
}

/// `["sh", "-c"]`, `["tini", "--", "sh", "-c"]`: the command is the script.
fn ends_before_script(entrypoint: &Command) -> bool {
    let words = words(entrypoint);
    let is_after_shell =
        || words.iter().rposition(|word| is_shell(word)).and_then(|at| script_after(words, at));
    script_index(words).or_else(is_after_shell) == Some(words.len())
}

/// Programs that run another one, which follows their options.
const RUNNERS: [&str; 14] = [
    "catatonit",
    "chroot",
    "dumb-init",
    "env",
    "exec",
    "gosu",
    "nice",
    "nohup",
    "setpriv",
    "setsid",
    "su-exec",
    "sudo",
    "timeout",
    "tini",
];
/// How many words after a runner a shell is searched for.
const WORDS_OF_RUNNER: usize = 6;

/// The index of the word that a shell reads as its script.
fn script_index(words: &[String]) -> Option<usize> {
    let is_run = words.first().is_some_and(|first| RUNNERS.contains(&program(first)));
    let within = if is_run { WORDS_OF_RUNNER } else { 2 };
    script_after(words, words.iter().take(within).position(|word| is_shell(word))?)
}

/// The index of the word that the shell at `shell` reads as its script.
fn script_after(words: &[String], shell: usize) -> Option<usize> {
    let is_option = |word: &&String| word.starts_with('-') && !word.starts_with("--");
    let options = words[shell + 1..].iter().take_while(is_option);
    let flag = options.clone().position(|option| option.ends_with('c'))?;
    Some(shell + 1 + flag + 1)
}

fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_shell(word: &str) -> bool {
    matches!(program(word), "sh" | "ash" | "bash" | "dash" | "ksh" | "zsh")
}

/// The entrypoint reads the command's first word as its script, so that another shell would be
/// wrong.
fn advise_one_element(command: &Node, found: &mut Diagnostics) {
    let Some(script) = script_of(command) else { return };
    found.for_each(|diagnostic| {
        if is_about(diagnostic, command) {
            diagnostic
                .help(format!("the entrypoint is a shell, which reads one element: `command: {script}`"));
        }
    });
}

/// Whether a diagnostic is about shell syntax in a command.
fn is_about(diagnostic: &Diagnostic, command: &Node) -> bool {
    let is_of_command = |at: Span| {
        at.file == command.span.file && command.span.start <= at.start && at.end <= command.span.end
    };
    diagnostic.code.kind() == code::SHELL_SYNTAX && diagnostic.span().is_some_and(is_of_command)
}

/// The command as a list of one element; `...` replaces a text with variables.
fn script_of(command: &Node) -> Option<String> {
    let parts: Vec<&str> = match (command.as_text(), command.as_list()) {
        (Some(text), _) => vec![text],
        (None, Some(items)) => items.iter().filter_map(Node::as_text).collect(),
        (None, None) => return None,
    };
    Some(list(&[&joined(&parts, command)]))
}

/// The words as one line. Values of variables may be secret and are not shown.
fn joined(parts: &[&str], written: &Node) -> String {
    let line = parts.join(" ");
    let is_plain = match written.as_list() {
        Some(items) => items.iter().all(is_as_written),
        None => is_as_written(written),
    };
    if is_plain && !line.contains(['$', '\n']) { line } else { "...".to_owned() }
}

/// A list in YAML's flow style.
fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| serde_json::json!(word).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}

/// `["sh", "-c", "a", "&&", "b"]` runs only `a`.
fn check_words(topology: &Topology, name: &ServiceName, service: &Service, found: &mut Diagnostics) {
    let (entrypoint, command) = (words(&service.entrypoint), words(&service.command));
    let all = [entrypoint, command].concat();
    let Some((index, script)) = script_index(&all).and_then(|index| Some((index, all.get(index)?))) else {
        return;
    };
    let rest = &all[index + 1..];
    if rest.is_empty() || reads_arguments(script) || is_name_of_shell(rest) {
        return;
    }
    let key = if entrypoint.len() > index + 1 { "entrypoint" } else { "command" };
    let Some(node) = topology.node_at(&["services", name.as_str(), key]) else { return };
    if found.sorted().iter().any(|diagnostic| is_about(diagnostic, node)) {
        return;
    }
    let own = if key == "entrypoint" { entrypoint } else { command };
    let before = index.saturating_sub(all.len() - command.len()).min(own.len());
    let before = if key == "entrypoint" { index } else { before };
    let further = &rest[0];
    let at = node.as_list().and_then(|items| items.iter().find(|item| item.as_text() == Some(further)));
    let diagnostic = found.warning(IGNORED_SCRIPT_WORDS, format!("the shell does not run `{further}`"));
    diagnostic
        .label(at.map_or(node.span, |item| item.span), "it reads only the word after `-c` as its script");
    // With a script in the entrypoint and words in the command, the intended one is unclear.
    if key == "command" && index < entrypoint.len() {
        diagnostic.help("write the whole script in the entrypoint, or use the words there as `\"$$@\"`");
        return;
    }
    let parts: Vec<&str> = own[before..].iter().map(String::as_str).collect();
    let line = match node.as_list() {
        Some(_) => joined(&parts, node),
        None if joined(&parts, node) == "..."
            || node.as_text().is_none_or(|text| text.contains(['"', '\''])) =>
        {
            "...".to_owned()
        }
        None => parts.join(" "),
    };
    let mut words: Vec<&str> = own[..before].iter().map(String::as_str).collect();
    words.push(&line);
    diagnostic.help(format!("write the script as one element: `{key}: {}`", list(&words)));
}

/// `$1`, `"$@"`, `$#`: the script uses the words after it.
fn reads_arguments(script: &str) -> bool {
    let after = |(index, _): (usize, &str)| script[index + 1..].trim_start_matches('{').chars().next();
    let is_argument = |letter: char| letter.is_ascii_digit() || matches!(letter, '@' | '*' | '#');
    script.match_indices('$').filter_map(after).any(is_argument) || script.contains("shift")
}

/// `sh -c SCRIPT sh`: a single word after the script is the name for messages.
fn is_name_of_shell(rest: &[String]) -> bool {
    let [name] = rest else { return false };
    is_shell(name) || matches!(name.as_str(), "-" | "--" | "_")
}
