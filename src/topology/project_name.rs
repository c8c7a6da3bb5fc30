//! In: the names given by the caller and by a topology. Out: the project's name. Must not: look at
//! anything but the name.

use super::{ProjectName, ResolveChoices, Sections};
use crate::diagnostic::{Diagnostics, code, suggest};
use crate::document::{Document, Node};
use crate::source::normalised_project_name;
use crate::topology::value::is_as_written;

/// The caller's name wins over the topology's, and that over the directory's.
pub(super) fn project_name(
    sections: &Sections,
    choices: &ResolveChoices,
    document: &Document,
    found: &mut Diagnostics,
) -> ProjectName {
    if let Some(name) = &choices.name {
        return ProjectName::new(name.clone());
    }
    if let Some(node) = document.root.as_map().and_then(|root| root.get("name"))
        && node.as_text() == Some("")
        && !is_as_written(node)
        && !is_of_missing_variable(node, found)
    {
        found
            .error(code::BAD_NAME, "the project's name is empty")
            .label(node.span, "replaced by an empty string")
            .help("give the variable a value or a default, or write `name: my-project`");
        return ProjectName::new(choices.default_name.clone());
    }
    let Some(name) = sections.name.as_ref().filter(|name| !name.is_empty()) else {
        if choices.default_name.is_empty() {
            let (at, help) = match &sections.name {
                Some(empty) => (empty.span, "write `name: my-project`, or give one by `-p`"),
                None => (document.root.span, "add `name: my-project` at the top, or give one by `-p`"),
            };
            found
                .error(code::BAD_NAME, "the project has no name")
                .label(at, "the directory's name contains no character that a project's name can have")
                .help(help);
        }
        return ProjectName::new(choices.default_name.clone());
    };
    let normal = normal_project_name(name);
    if normal.is_empty() {
        found
            .error(code::BAD_NAME, format!("a project cannot be named `{}`", name.value))
            .label(name.span, "lower-case letters, digits, `-` and `_` are allowed")
            .help("write a name such as `my-project`");
    } else if normal != name.value {
        found
            .warning(code::BAD_NAME, format!("the project is named `{normal}`"))
            .label(name.span, "lower-case letters, digits, `-` and `_` are kept, all others are left out")
            .help(format!("write `name: {}`", project_name_like(name)))
            .perhaps_replace(name, project_name_like(name));
    }
    ProjectName::new(normal)
}

/// Whether a value is empty because a required variable is not set, which is already reported.
fn is_of_missing_variable(node: &Node, found: &mut Diagnostics) -> bool {
    let mut is_told = false;
    found.for_each(|diagnostic| {
        let is_within = diagnostic.span().is_some_and(|span| node.span.contains(span));
        is_told |= diagnostic.code == code::REQUIRED_VARIABLE && is_within;
    });
    is_told
}

/// Whether a project can have this name. Compose Specification, "Name top-level element".
pub fn is_project_name(name: &str) -> bool {
    !name.is_empty() && normal_project_name(name) == name
}

/// A valid name close to an invalid one; empty when none of its characters is usable. Unlike
/// Compose's normal form, it replaces letters with accents by those without.
pub fn project_name_like(name: &str) -> String {
    normal_project_name(&suggest::in_ascii(name))
}

/// The name that Compose makes of an invalid one; may be empty.
pub(super) fn normal_project_name(name: &str) -> String {
    normalised_project_name(name)
}
