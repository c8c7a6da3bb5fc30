//! Marked lines, drawn by miette.

use super::super::Severity;
use super::super::excerpt::{Excerpt, Line, Mark};
use super::{RenderOptions, severity_style, wrap};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};
use owo_colors::Style;
use std::fmt;

/// The frame with the lines of an excerpt and its labels.
pub(super) fn draw(excerpt: &Excerpt, severity: Severity, options: RenderOptions) -> String {
    let snippet = Snippet::new(excerpt, options.width);
    let handler = GraphicalReportHandler::new_themed(theme(excerpt, severity, options))
        .with_links(false)
        .without_cause_chain()
        .with_width(options.width.max(40));
    let mut drawn = String::new();
    if handler.render_report(&mut drawn, &snippet).is_err() {
        return String::new();
    }
    // The first line is the message, which stands above already.
    drawn.split_once('\n').map_or_else(String::new, |(_, frame)| frame.to_owned())
}

/// What miette is told: an excerpt as one text, without a message.
#[derive(Debug)]
struct Snippet<'a> {
    excerpt: &'a Excerpt,
    text: String,
    /// Where each line of the excerpt begins in `text`.
    starts: Vec<usize>,
    /// Of the terminal, in columns.
    width: usize,
}

impl<'a> Snippet<'a> {
    fn new(excerpt: &'a Excerpt, width: usize) -> Self {
        let mut text = String::new();
        let mut starts = Vec::with_capacity(excerpt.lines.len());
        for line in &excerpt.lines {
            starts.push(text.len());
            text.push_str(&line.text);
            text.push('\n');
        }
        Self { excerpt, text, starts, width }
    }

    fn marks(&self) -> impl Iterator<Item = (usize, &Mark)> {
        let lines = self.starts.iter().zip(&self.excerpt.lines);
        lines.flat_map(|(start, line)| line.marks.iter().map(|mark| (*start + mark.range.start, mark)))
    }

    /// The words of a label, broken into lines that fit between it and the edge of the terminal.
    fn label(&self, start: usize, mark: &Mark) -> Option<String> {
        let column = start - self.starts[self.line_at(start)] + mark.range.len() / 2;
        let room = self.width.saturating_sub(column + 14).max(20);
        let words = wrap(&mark.text, room, "", "");
        Some(words.trim_end().to_owned()).filter(|words| !words.is_empty())
    }

    /// The line of the excerpt that holds an offset.
    fn line_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    fn line(&self, index: usize) -> Option<&Line> {
        self.excerpt.lines.get(index)
    }

    /// True when the lines `first` and `second`, neighbours in the excerpt, are neighbours in the file.
    fn are_neighbours(&self, first: usize, second: usize) -> bool {
        matches!((self.line(first), self.line(second)), (Some(first), Some(second)) if first.number + 1 == second.number)
    }
}

impl fmt::Display for Snippet<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Snippet<'_> {}

impl miette::Diagnostic for Snippet<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.marks().map(|(start, mark)| {
            let text = self.label(start, mark);
            let span = (start, mark.range.len());
            if mark.is_primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }
}

impl SourceCode for Snippet<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let marked = self.line_at(span.offset())..=self.line_at(span.offset() + span.len());
        let (mut first, mut last) = (*marked.start(), *marked.end());
        if (first..last).any(|line| !self.are_neighbours(line, line + 1)) {
            return Err(MietteError::OutOfBounds);
        }
        while first > 0 && marked.start() - first < before && self.are_neighbours(first - 1, first) {
            first -= 1;
        }
        while last - marked.end() < after && self.are_neighbours(last, last + 1) {
            last += 1;
        }
        let number = self.line(first).map_or(0, |line| line.number - 1);
        let column = self
            .marks()
            .find(|(start, _)| *start == span.offset())
            .map_or(0, |(_, mark)| mark.position.column - 1);
        let start = self.starts.get(first).copied().unwrap_or_default();
        let end = self.starts.get(last + 1).copied().unwrap_or(self.text.len());
        Ok(Box::new(MietteSpanContents::new_named(
            self.excerpt.path.clone(),
            &self.text.as_bytes()[start..end],
            (start, end - start).into(),
            number,
            column,
            last - first + 1,
        )))
    }
}

/// The primary label in the colour of the severity, the others in another one.
fn theme(excerpt: &Excerpt, severity: Severity, options: RenderOptions) -> GraphicalTheme {
    let characters = if options.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    if !options.color {
        return GraphicalTheme { characters, styles: ThemeStyles::none() };
    }
    let marks = excerpt.lines.iter().flat_map(|line| &line.marks);
    let style = |mark: &Mark| {
        if mark.is_primary { severity_style(severity).bold() } else { Style::new().blue().bold() }
    };
    let mut styles = ThemeStyles::ansi();
    styles.link = Style::new().cyan();
    styles.highlights = marks.map(style).collect();
    GraphicalTheme { characters, styles }
}
