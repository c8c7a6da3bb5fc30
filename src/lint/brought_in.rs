//! What brings in the file that a mistake is in.

use crate::diagnostic::{Diagnostics, Severity};
use crate::document::Document;
use crate::source::Sources;

/// Adds to a mistake in a file that `extends` or `include` names the place that does. Asked for once,
/// when nothing more is going to be found.
pub fn explain(sources: &Sources, document: &Document, found: &mut Diagnostics) {
    found.for_each(|diagnostic| {
        let span = diagnostic.span().filter(|_| diagnostic.severity != Severity::Note);
        let Some((file, named_at)) = span.and_then(|span| Some((span.file, document.named_at(span.file)?)))
        else {
            return;
        };
        // Who is shown anyway needs no second mark.
        if diagnostic.labels.iter().all(|label| label.span.file != named_at.file) {
            diagnostic.label(named_at, format!("`{}` is loaded from here", sources.get(file).path.display()));
        }
    });
}
