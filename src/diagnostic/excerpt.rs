//! In: the labels of a diagnostic in one file. Out: the few lines to show, safe for any terminal.
//! Must not: pass on huge lines, control characters, or labels that span lines.

use super::position::{Position, Positions};
use super::{HIDDEN, Label, env_line};
use crate::source::FileId;
use std::collections::BTreeMap;
use std::ops::Range;
use unicode_width::UnicodeWidthChar;

/// Lines of one file with labels.
#[derive(Debug, Default)]
pub(super) struct Excerpt {
    /// The file's path for display.
    pub(super) path: String,
    /// Sorted by line number.
    pub(super) lines: Vec<Line>,
}

/// One line, possibly shortened.
#[derive(Debug)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    /// Without line end, tabs and control characters.
    pub(super) text: String,
    /// Sorted by position.
    pub(super) marks: Vec<Mark>,
}

/// A label in a line.
#[derive(Debug)]
pub(super) struct Mark {
    /// The bytes of the line's text.
    pub(super) range: Range<usize>,
    /// The position in the file.
    pub(super) position: Position,
    pub(super) text: String,
    pub(super) is_primary: bool,
}

/// The replacement for a tab.
const TAB: &str = "    ";

/// The lines of `file` with these labels, cut to `width` columns; each label comes with whether it
/// is the primary one.
pub(super) fn excerpt(
    file: FileId,
    labels: &[(&Label, bool)],
    width: usize,
    positions: &mut Positions<'_>,
) -> Excerpt {
    let mut marked: BTreeMap<usize, Vec<(&Label, bool)>> = BTreeMap::new();
    for (label, is_primary) in labels {
        let line = positions.line_of(file, label.span.start as usize);
        marked.entry(line).or_default().push((label, *is_primary));
    }
    let lines =
        marked.into_iter().filter_map(|(line, labels)| shown_line(file, line, labels, width, positions));
    let lines = lines.collect();
    Excerpt { path: clean(&positions.path(file)), lines }
}

fn shown_line(
    file: FileId,
    line: usize,
    mut labels: Vec<(&Label, bool)>,
    width: usize,
    positions: &mut Positions<'_>,
) -> Option<Line> {
    let bytes = positions.line(file, line)?;
    let text = &positions.sources.get(file).text;
    labels.sort_by_key(|(label, _)| (label.span.start, label.span.end));
    let primary = labels.iter().find(|(_, is_primary)| *is_primary).or(labels.first());
    let focus = primary.map_or(bytes.start, |(label, _)| label.span.start as usize);
    let window = window(text, bytes.clone(), focus, width);
    let is_env_file = positions.sources.get(file).is_env_file;
    let hidden = if is_env_file { env_line::value(text, bytes.clone()) } else { None };
    let mut shown = Shown::new(text, bytes, window, hidden);
    let marks = labels.into_iter().map(|(label, is_primary)| {
        let start = label.span.start as usize;
        let end = (label.span.end as usize).max(start);
        let position = positions.region(label.span).start;
        Mark { range: shown.range(start..end), position, text: clean(&label.text), is_primary }
    });
    let marks = marks.collect();
    Some(Line { number: line + 1, text: std::mem::take(&mut shown.text), marks })
}

/// The part of a long line around `focus`, in bytes.
fn window(text: &str, line: Range<usize>, focus: usize, width: usize) -> Range<usize> {
    if taken(text[line.clone()].chars(), width) == line.len() {
        return line;
    }
    let focus = text.floor_char_boundary(focus.clamp(line.start, line.end));
    // A third of the width before the label, the rest after it.
    let start = focus - taken(text[line.start..focus].chars().rev(), width / 3);
    start..start + taken(text[start..line.end].chars(), width)
}

/// How many bytes of these characters fit into `width` columns.
fn taken(characters: impl Iterator<Item = char>, width: usize) -> usize {
    let ends = characters.scan((0, 0), |(bytes, columns), character| {
        *bytes += character.len_utf8();
        *columns += if character == '\t' { TAB.len() } else { character.width().unwrap_or(1) };
        Some((*bytes, *columns))
    });
    ends.take_while(|(_, columns)| *columns <= width).last().map_or(0, |(bytes, _)| bytes)
}

/// A line that is being made safe for display.
struct Shown {
    text: String,
    /// For each byte of the window, and one past it, its offset in `text`.
    places: Vec<usize>,
    window: Range<usize>,
    /// The place of [`HIDDEN`] in `text`, if something is hidden.
    hidden: Range<usize>,
}

impl Shown {
    fn new(source: &str, line: Range<usize>, window: Range<usize>, secret: Option<Range<usize>>) -> Self {
        let mut text = String::new();
        let mut places = Vec::with_capacity(window.len() + 1);
        if window.start > line.start {
            text.push_str("...");
        }
        let mut hidden = 0..0;
        for (at, character) in source[window.clone()].char_indices() {
            let is_secret = secret.as_ref().is_some_and(|secret| secret.contains(&(window.start + at)));
            if is_secret && hidden.is_empty() {
                hidden = text.len()..text.len() + HIDDEN.len();
                text.push_str(HIDDEN);
            }
            let place = if is_secret { hidden.start } else { text.len() };
            places.extend(std::iter::repeat_n(place, character.len_utf8()));
            if !is_secret {
                push_clean(&mut text, character);
            }
        }
        places.push(text.len());
        if window.end < line.end {
            text.push_str("...");
        }
        Self { text, places, window, hidden }
    }

    /// The range in `text` of bytes of the file; a hidden part counts as a whole.
    fn range(&self, bytes: Range<usize>) -> Range<usize> {
        let (start, end) = (self.place(bytes.start), self.place(bytes.end));
        let ends_inside = start >= self.hidden.start && end == self.hidden.start && !bytes.is_empty();
        start..if ends_inside { self.hidden.end.max(end) } else { end }
    }

    /// The offset in `text` of a byte of the file, or the nearer end.
    fn place(&self, offset: usize) -> usize {
        let inside = offset.clamp(self.window.start, self.window.end) - self.window.start;
        self.places.get(inside).copied().unwrap_or(self.text.len())
    }
}

/// Text for a terminal, without control characters and without those that change the writing
/// direction.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    text.chars().for_each(|character| push_clean(&mut clean, character));
    clean
}

fn push_clean(text: &mut String, character: char) {
    match character {
        '\t' => text.push_str(TAB),
        '\n' => text.push(' '),
        '\r' => {}
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => text.push('\u{fffd}'),
        character if character.is_control() => text.push('\u{fffd}'),
        character => text.push(character),
    }
}
