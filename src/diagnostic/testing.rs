//! Sample diagnostics for the tests of this directory.

use super::{Diagnostics, code};
use crate::source::{FileId, Sources, Span};

/// Two files, and an error in both, a warning over several lines and a note without a place.
pub(super) fn sample() -> (Sources, Diagnostics) {
    let mut sources = Sources::default();
    let base = sources.add("base.yaml", "services:\r\n  web:\r\n    image: a\r\n");
    let over =
        sources.add("sub dir/over.yaml", "services:\n  web:\n    image: [é, 'b']\n    x:\n\t- 1\n    - 2\n");
    let mut found = Diagnostics::default();
    found
        .error(code::BAD_OVERRIDE, "a list, 100% <wrong>")
        .label(at(&sources, over, "[é, 'b']"), "this is a list")
        .label(at(&sources, base, "a"), "this is a string")
        .help("write a string");
    found.warning(code::WRONG_TYPE, "two lines").label(at(&sources, over, "- 1\n    - 2"), "this: is a list");
    found.note(code::EMPTY_TOPOLOGY, "no place");
    (sources, found)
}

/// The span of `text` as the value of a line, or anywhere else.
pub(super) fn at(sources: &Sources, file: FileId, text: &str) -> Span {
    let whole = &sources.get(file).text;
    let start = whole.find(&format!(": {text}")).map(|start| start + 2).or_else(|| whole.find(text));
    let start = start.expect("a text of the file");
    Span::new(file, start, start + text.len())
}
