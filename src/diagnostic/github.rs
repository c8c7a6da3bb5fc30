//! Diagnostics as workflow commands of GitHub Actions, which shows them in the files of a pull
//! request.

use super::position::{Positions, is_standard_input};
use super::{Diagnostic, Severity};
use crate::source::{Sources, Span};
use std::fmt::Write;
use std::path::Path;

/// One line per diagnostic: `::error file=...,line=...,col=...,title=...::message`. Paths are
/// relative to the repository if its root is known; standard input has no file.
pub fn github(sources: &Sources, diagnostics: &[&Diagnostic], repository: Option<&Path>) -> String {
    let mut positions = Positions::from_root(sources, repository);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let place = place(diagnostic, &mut positions);
        let title = property(diagnostic.code.name());
        let _ = writeln!(
            text,
            "::{command} {place}title={title}::{}",
            data(&message(diagnostic, &mut positions))
        );
    }
    text
}

fn place(diagnostic: &Diagnostic, positions: &mut Positions<'_>) -> String {
    let Some(span) = span_in_a_file(diagnostic, positions) else { return String::new() };
    let region = positions.region(span);
    let file = property(&positions.path(span.file));
    let (start, end) = (region.start, region.end);
    let mut place = format!("file={file},line={},endLine={},", start.line, end.line);
    // Columns are only supported within one line; the last column is included.
    if start.line == end.line {
        let last = end.column.saturating_sub(1).max(start.column);
        let _ = write!(place, "col={},endColumn={last},", start.column);
    }
    place
}

fn span_in_a_file(diagnostic: &Diagnostic, positions: &Positions<'_>) -> Option<Span> {
    diagnostic.span().filter(|span| !is_standard_input(&positions.sources.get(span.file).path))
}

/// The headline, the label, and the help. A place outside all files is described in the text.
fn message(diagnostic: &Diagnostic, positions: &mut Positions<'_>) -> String {
    let elsewhere = diagnostic.span().filter(|_| span_in_a_file(diagnostic, positions).is_none());
    let headline = match elsewhere.map(|span| positions.region(span).start) {
        Some(start) => {
            format!("standard input, line {}, column {}: {}", start.line, start.column, diagnostic.message)
        }
        None => diagnostic.message.clone(),
    };
    let label = diagnostic.labels.first().map(|label| label.text.as_str()).filter(|text| !text.is_empty());
    let help = diagnostic.help.as_ref().map(|help| format!("help: {help}"));
    let lines = [Some(headline), label.map(str::to_owned), help];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::testing::sample;
    use super::*;

    #[test]
    fn places_titles_and_line_ends_follow_the_format_of_github() {
        let (sources, found) = sample();
        let expected = r#"::notice title=empty-topology::no place
::error file=sub dir/over.yaml,line=3,endLine=3,col=12,endColumn=19,title=bad-override::a list, 100%25 <wrong>%0Athis is a list%0Ahelp: write a string
::warning file=sub dir/over.yaml,line=5,endLine=6,title=wrong-type::two lines%0Athis: is a list
"#;
        assert_eq!(github(&sources, &found.sorted(), None), expected);
    }
}
