//! In: files. Out: their tree, loaded with what the declarations of attributes say.
//! Must not: read a value.

use std::path::Path;
use std::sync::LazyLock;

use crate::diagnostic::Diagnostics;
use crate::document::{self, Attributes, Document, Handling, LoadOptions};
use crate::source::{Environment, FileId, Sources};
use crate::topology::Sections;
use crate::topology::attribute::{Field, Shape};

static ATTRIBUTES: LazyLock<Attributes> = LazyLock::new(|| below(Sections::FIELDS));

/// Reads `files` and merges them in this order into one tree. Mistakes go to `found`.
pub fn load(
    sources: &mut Sources,
    files: &[FileId],
    project_directory: &Path,
    environment: &Environment,
    found: &mut Diagnostics,
) -> Document {
    load_with(sources, files, project_directory, environment, LoadOptions::default(), found)
}

/// [`load`], with choices.
pub fn load_with(
    sources: &mut Sources,
    files: &[FileId],
    project_directory: &Path,
    environment: &Environment,
    options: LoadOptions,
    found: &mut Diagnostics,
) -> Document {
    document::load(sources, files, project_directory, environment, &ATTRIBUTES, options, found)
}

/// How a mapping with these keys is loaded. What is loaded by its kind alone is left out.
fn below(fields: &[Field]) -> Attributes {
    let keys = fields.iter().map(|field| (field.key, of(field)));
    let keys = keys.filter(|(_, attribute)| *attribute != Attributes::default()).collect();
    Attributes { keys, ..Attributes::default() }
}

fn of(field: &Field) -> Attributes {
    let Field { handling, shape, .. } = *field;
    let elements = unless_by_kind(below(field.elements));
    let keys = below(field.keys);
    if shape == Shape::Record {
        return Attributes { handling, elements, ..keys };
    }
    let of_entry = Handling { merge: field.merge_entries, ..Handling::BY_KIND };
    let entries = unless_by_kind(Attributes { handling: of_entry, ..keys });
    Attributes { handling, entries, elements, ..Attributes::default() }
}

fn unless_by_kind(attributes: Attributes) -> Option<Box<Attributes>> {
    (attributes != Attributes::default()).then(|| Box::new(attributes))
}
