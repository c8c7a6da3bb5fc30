//! In: the advice to quote a value. Out: what may stand there, where quotes would lead into the next mistake.
//! Must not: touch other advice.

use crate::diagnostic::{Diagnostic, WrongType};
use crate::document::Node;
use crate::source::Span;
use crate::topology::attribute::Field;

/// Advises to quote a text, the only thing that it can have been meant as.
pub fn advise(text: &str, place: Span, diagnostic: &mut Diagnostic) {
    diagnostic
        .replace(place, text, format!("\"{text}\""))
        .help(format!("quote it: \"{text}\""))
        .of_wrong_type(WrongType::Quotable);
}

/// Where only few texts have a meaning, a boolean or a number in quotes is the next mistake: what has one is
/// named instead.
pub fn replace(field: &Field, node: &Node, found: &mut [Diagnostic]) {
    let Some(value) = field.instead else { return };
    let is_its = |found: &Diagnostic| {
        let elements = node.as_list().unwrap_or_default().iter();
        let entries = node.as_map().into_iter().flat_map(|map| map.entries.iter().map(|(_, value)| value));
        let mut nodes = std::iter::once(node).chain(elements).chain(entries);
        nodes.any(|node| found.span() == Some(node.span))
    };
    let quotable = |found: &Diagnostic| found.wrong_type == Some(WrongType::Quotable);
    for diagnostic in found.iter_mut().filter(|found| quotable(found) && is_its(found)) {
        diagnostic.help(format!("write {value}")).fix = None;
    }
}
