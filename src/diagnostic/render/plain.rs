//! Findings in plain ASCII drawing, without colour or wrapping: the same on every machine.

use super::super::excerpt::{Excerpt, Extent, Line, clean, excerpt};
use super::super::position::Positions;
use super::{Diagnostic, by_file, title};
use crate::source::Sources;
use std::fmt::Write;

/// The most characters of a line that are shown.
const WIDTH: usize = 120;

/// Findings for pipes and tests, each ended by an empty line.
pub fn plain(sources: &Sources, diagnostics: &[&Diagnostic]) -> String {
    let mut positions = Positions::new(sources);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let _ = writeln!(text, "{}: {}", title(diagnostic), clean(&diagnostic.message));
        let extent = Extent { context: 0, width: WIDTH };
        let excerpts = by_file(diagnostic)
            .into_iter()
            .map(|(file, labels)| excerpt(file, &labels, extent, &mut positions));
        let excerpts: Vec<Excerpt> = excerpts.collect();
        let lines = excerpts.iter().flat_map(|excerpt| &excerpt.lines);
        let gutter = lines.map(|line| line.number.to_string().len()).max().unwrap_or(1);
        for (index, excerpt) in excerpts.iter().enumerate() {
            draw(&mut text, excerpt, if index == 0 { "-->" } else { ":::" }, gutter);
        }
        if let Some(help) = &diagnostic.help {
            for (index, line) in help.lines().enumerate() {
                let title = if index == 0 { "= help:" } else { "       " };
                let line = format!("{:gutter$} {title} {}", "", clean(line));
                let _ = writeln!(text, "{}", line.trim_end());
            }
        }
        text.push('\n');
    }
    text
}

fn draw(text: &mut String, excerpt: &Excerpt, arrow: &str, gutter: usize) {
    let marks = || excerpt.lines.iter().flat_map(|line| &line.marks);
    let Some(primary) = marks().find(|mark| mark.is_primary).or(marks().next()) else { return };
    let position = primary.position;
    let _ = writeln!(text, "{:gutter$}{arrow} {}:{}:{}", "", excerpt.path, position.line, position.column);
    let _ = writeln!(text, "{:gutter$} |", "");
    let mut last = None;
    for line in &excerpt.lines {
        if last.is_some_and(|last| last + 1 < line.number) {
            let _ = writeln!(text, "{:.<1$}", "", gutter.max(3));
        }
        last = Some(line.number);
        let _ = writeln!(text, "{:gutter$} | {}", line.number, line.text.trim_end());
        underline(text, line, gutter);
    }
}

/// One line for each mark: `^^^` below the primary one, `---` below the others.
fn underline(text: &mut String, line: &Line, gutter: usize) {
    for mark in &line.marks {
        let width = |part: &str| part.chars().count();
        let before = " ".repeat(width(&line.text[..mark.range.start]));
        let under = if mark.is_primary { "^" } else { "-" };
        let under = under.repeat(width(&line.text[mark.range.clone()]).max(1));
        let line = format!("{:gutter$} | {before}{under} {}", "", mark.text);
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
