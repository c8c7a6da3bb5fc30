//! Lines and columns of places, fast enough for thousands of diagnostics in large files.

use crate::source::{FileId, Sources, Span, cleaned};
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

/// Lines and columns, both from 1; columns count characters. The end is one past the last character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) start: Position,
    pub(super) end: Position,
}

/// A line and a column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Finds lines in every loaded file; the line ends of each file are searched once.
pub(super) struct Positions<'a> {
    pub(super) sources: &'a Sources,
    /// The directory that paths are relative to, if not the working directory.
    root: Option<&'a Path>,
    line_starts: HashMap<FileId, Vec<usize>>,
}

impl<'a> Positions<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self::from_root(sources, None)
    }

    /// Shows paths relative to this directory for files below it, as a code host expects.
    pub(super) fn from_root(sources: &'a Sources, root: Option<&'a Path>) -> Self {
        Self { sources, root, line_starts: HashMap::new() }
    }

    /// The file's path for display: relative to the root or the working directory if it is below.
    pub(super) fn path(&self, file: FileId) -> String {
        let path = &self.sources.get(file).path;
        let below_root = self.root.filter(|_| !is_standard_input(path)).and_then(|root| {
            let whole = self.sources.file_system().absolute(path);
            whole.strip_prefix(root).map(Path::to_owned).ok()
        });
        below_root.unwrap_or_else(|| cleaned(&self.sources.file_system().shown(path))).display().to_string()
    }

    pub(super) fn region(&mut self, span: Span) -> Region {
        Region {
            start: self.position(span.file, span.start as usize),
            end: self.position(span.file, span.end as usize),
        }
    }

    fn position(&mut self, file: FileId, offset: usize) -> Position {
        let line = self.line_of(file, offset);
        let text = &self.sources.get(file).text;
        let start = self.starts(file)[line];
        let before = text.as_bytes().get(start..offset.min(text.len())).unwrap_or_default();
        Position { line: line + 1, column: String::from_utf8_lossy(before).chars().count() + 1 }
    }

    /// The line, from 0, that contains a byte.
    pub(super) fn line_of(&mut self, file: FileId, offset: usize) -> usize {
        self.starts(file).partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The bytes of a line, from 0, without its end; `None` if there is no such line.
    pub(super) fn line(&mut self, file: FileId, line: usize) -> Option<Range<usize>> {
        let text = &self.sources.get(file).text;
        let starts = self.starts(file);
        let start = *starts.get(line)?;
        let end = starts.get(line + 1).copied().unwrap_or(text.len());
        Some(start..start + text[start..end].trim_end_matches(['\n', '\r']).len())
    }

    fn starts(&mut self, file: FileId) -> &[usize] {
        let sources = self.sources;
        self.line_starts.entry(file).or_insert_with(|| {
            let newlines = sources.get(file).text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(newlines.map(|(offset, _)| offset + 1)).collect()
        })
    }
}

/// Standard input has no path: it is shown as on the command line.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileSystem;

    #[test]
    fn paths_are_relative_to_the_root_if_there_is_one() {
        let here = Path::new("/srv/shop");
        let mut sources = Sources::new(FileSystem::new(here));
        let below = sources.add("sub/../a.yaml", "");
        let outside = sources.add("/elsewhere/b.yaml", "");
        let (name, parent) = (here.file_name().unwrap().to_string_lossy(), here.parent().unwrap());
        let positions = Positions::from_root(&sources, Some(parent));
        assert_eq!(positions.path(below), format!("{name}/a.yaml"));
        assert_eq!(positions.path(outside), "/elsewhere/b.yaml");
        assert_eq!(Positions::new(&sources).path(below), "a.yaml");
    }

    #[test]
    fn columns_count_characters_and_lines_may_end_in_two_bytes() {
        let mut sources = Sources::default();
        let file = sources.add("x", "é: 1\r\nab\n\nc");
        let mut positions = Positions::new(&sources);
        let at = |line, column| Position { line, column };
        assert_eq!(positions.region(Span::new(file, 4, 9)), Region { start: at(1, 4), end: at(2, 3) });
        assert_eq!(positions.region(Span::new(file, 11, 99)), Region { start: at(4, 1), end: at(4, 2) });
        assert_eq!(positions.line(file, 0), Some(0..5));
        assert_eq!(positions.line(file, 2), Some(10..10));
        assert_eq!(positions.line(file, 4), None);
    }
}
