//! Shows which `extends` or `include` loaded the file with an error.

use crate::diagnostic::{Diagnostics, Severity};
use crate::document::Document;
use crate::source::Sources;

/// Adds to an error in an extended or included file where that file is referred to. Called once,
/// when all diagnostics are known.
pub fn explain(sources: &Sources, document: &Document, found: &mut Diagnostics) {
    found.for_each(|diagnostic| {
        let span = diagnostic.span().filter(|_| diagnostic.severity != Severity::Note);
        let Some((file, named_at)) = span.and_then(|span| Some((span.file, document.named_at(span.file)?)))
        else {
            return;
        };
        // It already has a label in the referring file.
        if diagnostic.labels.iter().all(|label| label.span.file != named_at.file) {
            diagnostic.label(named_at, format!("`{}` is loaded from here", sources.get(file).path.display()));
        }
    });
}
