//! Where the variables of a bad value come from.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, code};
use crate::source::{Environment, Origin, Sources};

/// Adds to what was found where the variables are set that the marked text uses: the mistake may well
/// be there. Asked for once, when nothing more is going to be found.
pub fn explain(sources: &Sources, environment: &Environment, found: &mut Diagnostics) {
    // That a variable leaves an image without a tag is told where it is missing.
    let is_unset = |name: &&str| environment.get(name).is_none();
    found.retain(|diagnostic| {
        let uses_unset = |at| names(sources.text(at)).iter().any(is_unset);
        diagnostic.code != code::BAD_IMAGE || !diagnostic.span().is_some_and(uses_unset)
    });
    found.for_each(|diagnostic| {
        let Some(at) = diagnostic.span().filter(|_| diagnostic.severity != Severity::Note) else { return };
        if !is_about_value(diagnostic.code) {
            return;
        }
        for name in names(sources.text(at)) {
            explain_one(name, environment, diagnostic);
        }
    });
}

/// Whether another value could make it right.
fn is_about_value(code: Code) -> bool {
    let is_about_text = [
        code::CONFLICT,
        code::DUPLICATE_TARGET,
        code::SHELL_SYNTAX,
        code::UNSET_VARIABLE,
        code::YAML_PITFALL,
    ];
    !is_about_text.contains(&code)
}

/// Variables of every shell, which nobody sets for a topology.
const SHELL_VARIABLES: [&str; 6] = ["HOME", "LOGNAME", "PATH", "PWD", "SHELL", "USER"];

fn explain_one(name: &str, environment: &Environment, diagnostic: &mut Diagnostic) {
    let Some(variable) = environment.get(name) else { return };
    match variable.origin {
        Origin::File(span) => {
            diagnostic.label(span, format!("`{name}` is set here"));
        }
        Origin::Process if SHELL_VARIABLES.contains(&name) => {}
        Origin::Process => mention(diagnostic, format!("`{name}` is set in the environment")),
        Origin::CommandLine => mention(diagnostic, format!("`{name}` is given on the command line")),
        Origin::Fallback => {}
    }
}

/// What is in no file has no place of its own.
fn mention(diagnostic: &mut Diagnostic, text: String) {
    if let Some(label) = diagnostic.labels.first_mut() {
        label.text = format!("{}; {text}", label.text);
    }
}

/// The names after `$` in a text, `$$` aside; each once.
fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        rest = &rest[dollar + 1..];
        if let Some(escaped) = rest.strip_prefix('$') {
            rest = escaped;
            continue;
        }
        let start = rest.strip_prefix('{').unwrap_or(rest);
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let end = start.find(|letter| !is_letter(letter)).unwrap_or(start.len());
        if end > 0 && !names.contains(&&start[..end]) {
            names.push(&start[..end]);
        }
        rest = &start[end..];
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    #[test]
    fn every_form_of_a_variable_has_a_name() {
        assert_eq!(names("a$B-${C:-$D}$${E}$$F${B}$"), ["B", "C", "D"]);
        assert_eq!(names("${A_1:?é}"), ["A_1"]);
    }

    #[test]
    fn where_a_variable_is_set_is_told() {
        let mut sources = Sources::default();
        let topology = sources.add("topology.yaml", "${PORT}");
        let env_file = sources.add(".env", "PORT=http");
        let mut environment = Environment::default();
        environment.add_file(&sources, env_file);
        let mut found = Diagnostics::default();
        found.error(crate::diagnostic::code::BAD_PORT, "bad").label(Span::new(topology, 0, 7), "here");
        explain(&sources, &environment, &mut found);
        let labels: Vec<&str> =
            found.sorted()[0].labels.iter().map(|label| sources.text(label.span)).collect();
        assert_eq!(labels, ["${PORT}", "http"]);
    }
}
