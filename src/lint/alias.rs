//! Aliases whose value has another kind than expected.

use crate::diagnostic::{Diagnostics, code};
use crate::source::Sources;

/// Adds to diagnostics that an alias is the source of the value. Called once, when all diagnostics
/// are known.
pub fn explain(sources: &Sources, found: &mut Diagnostics) {
    found.for_each(|diagnostic| {
        let is_alias = |text: &str| text.starts_with('*') && !text.contains(char::is_whitespace);
        if diagnostic.code != code::WRONG_TYPE {
            return;
        }
        let Some(label) = diagnostic.labels.first_mut().filter(|label| is_alias(sources.text(label.span)))
        else {
            return;
        };
        label.text = label.text.replace("this is", "the alias stands for");
        if label.text.ends_with("a list") {
            diagnostic.help("YAML does not merge lists: repeat the elements here, or use `extends`");
        }
    });
}
