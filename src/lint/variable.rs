//! Shows where the variables of a bad value come from.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, code};
use crate::source::{Environment, FileId, Origin, SourceFile, Sources, Span, template_variables};
use crate::topology::Topology;

/// Adds to diagnostics where the variables in the marked text are set, since the error may be
/// there. Called once, when all diagnostics are known.
pub fn explain(sources: &Sources, environment: &Environment, found: &mut Diagnostics) {
    // A missing tag because of an unset variable is reported at that variable.
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

/// A variable that is unset for the topology's texts may be set for a container, which does not
/// affect them. Called once, when all diagnostics are known.
pub fn explain_unset(topology: &Topology, sources: &Sources, found: &mut Diagnostics) {
    found.for_each(|diagnostic| {
        let is_about_it = [code::UNSET_VARIABLE, code::REQUIRED_VARIABLE].contains(&diagnostic.code);
        let Some(at) = diagnostic.span().filter(|_| is_about_it) else { return };
        let set = |name: &str| set_for_a_container(topology, sources, name, at);
        let mut used = template_variables(sources.text(at)).into_iter().map(|used| used.name.to_owned());
        let Some((place, name)) = used.find_map(|name| Some((set(&name)?, name))) else { return };
        diagnostic.label(place, "sets it only for the container");
        diagnostic.help(to_set(&name, sources, place.file));
    });
}

/// Where an env file of a service, or its `environment`, sets a variable.
fn set_for_a_container(topology: &Topology, sources: &Sources, name: &str, used_at: Span) -> Option<Span> {
    let in_env_file = topology.set_by_env_files.get(name).copied();
    // An entry such as `NAME: ${NAME}` does not set it.
    let own = || {
        let mut values = topology.services.values().filter_map(|service| service.environment.0.get(name));
        let is_set = |span: Span| !sources.text(span).is_empty() && !sources.text(span).contains('$');
        values.find(|value| value.value.is_some() && is_set(value.span)).map(|value| value.span)
    };
    // An env file that uses its own variable does not set it.
    in_env_file.filter(|at| at.file != used_at.file).or_else(own)
}

fn to_set(name: &str, sources: &Sources, file: FileId) -> String {
    let set = format!("set `{name}` in `.env` too");
    let also = match sources.get(file) {
        SourceFile { is_env_file: true, path, .. } => {
            // A named file replaces `.env`. Those of the topology are read first.
            let read = sources.files().map(|(_, file)| file).take_while(|file| file.is_env_file);
            let read = read.map(|file| file.path.display().to_string());
            let named: Vec<String> = read.chain([path.display().to_string()]).collect();
            format!(", or add `--env-file {}`", named.join(" --env-file "))
        }
        _ => String::new(),
    };
    format!("{set}{also}: variables of the topology are filled in from there")
}

/// Whether another value could fix it.
fn is_about_value(code: Code) -> bool {
    let is_about_text = [
        code::CONFLICT,
        code::DUPLICATE_TARGET,
        code::SHELL_SYNTAX,
        code::UNSET_VARIABLE,
        code::YAML_PITFALL,
    ];
    !is_about_text.contains(&code.kind())
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

/// Text about something outside all files becomes part of the help.
fn mention(diagnostic: &mut Diagnostic, text: String) {
    if let Some(label) = diagnostic.labels.first_mut() {
        label.text = format!("{}; {text}", label.text);
    }
}

/// The names after `$` in a text, except for `$$`, without duplicates.
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
    fn the_place_of_a_variable_is_reported() {
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
