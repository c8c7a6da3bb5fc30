//! The layout of a diagnostic: a headline, the marked lines of each file, and the help.

use super::RenderOptions;
use miette::{Diagnostic, LabeledSpan, ReportHandler, Severity};
use owo_colors::Style;
use std::fmt;
use std::ops::Range;
use unicode_width::UnicodeWidthStr;

/// How many columns of a line are shown if the width is unknown.
const WIDTH: usize = 120;

/// The narrowest layout, in columns.
const LEAST_WIDTH: usize = 40;

/// Columns for line numbers, the bar, and the dots of a truncated line.
const FRAME: usize = 12;

/// The fewest columns for a label next to its mark.
const LABEL_WIDTH: usize = 24;

/// Renders diagnostics.
pub(super) struct Handler {
    color: bool,
    /// The terminal's width.
    width: Option<usize>,
}

/// A line with its labels, sorted by position.
struct Row {
    number: usize,
    text: String,
    marks: Vec<Mark>,
}

/// A label in a line.
struct Mark {
    /// The bytes of the line.
    range: Range<usize>,
    text: String,
    is_primary: bool,
}

/// The labelled lines of one file.
#[derive(Default)]
struct Part {
    /// `FILE:LINE:COLUMN` of the primary label, or of the first one.
    place: String,
    rows: Vec<Row>,
}

impl Handler {
    pub(super) fn new(options: RenderOptions) -> Self {
        let RenderOptions { color, unicode: _, width } = options;
        Self { color, width: width.map(|width| width.max(LEAST_WIDTH)) }
    }

    /// The columns available for a line of a file.
    pub(super) fn code_width(&self) -> usize {
        self.width.map_or(WIDTH, |width| width - FRAME)
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.color && !text.trim().is_empty() { style.style(text).to_string() } else { text.to_owned() }
    }

    /// The lines and bars of the layout.
    fn frame(&self, text: &str) -> String {
        self.paint(text, Style::new().blue().bold())
    }

    /// `error[code]: message`.
    fn headline(&self, diagnostic: &dyn Diagnostic) -> String {
        let code = diagnostic.code().map(|code| format!("[{code}]")).unwrap_or_default();
        let title = format!("{}{code}", word(diagnostic.severity()));
        let mut lines = self.broken(&format!("{title}: {diagnostic}"), 2).into_iter();
        let first = lines.next().unwrap_or_default();
        let bold = Style::new().bold();
        let first = format!(
            "{}{}",
            self.paint(&title, severity_style(diagnostic.severity()).bold()),
            self.paint(first.get(title.len()..).unwrap_or_default(), bold)
        );
        let others = lines.map(|line| format!("  {}", self.paint(&line, bold)));
        std::iter::once(first).chain(others).map(|line| line + "\n").collect()
    }

    /// The text in lines that fit after `taken` columns; one line if the width is unknown.
    fn broken(&self, words: &str, taken: usize) -> Vec<String> {
        match self.width {
            Some(width) => broken(words, width.saturating_sub(taken)),
            None => vec![words.to_owned()],
        }
    }

    fn part(
        &self,
        f: &mut fmt::Formatter<'_>,
        part: &Part,
        arrow: &str,
        gutter: usize,
        primary: Style,
    ) -> fmt::Result {
        let bar = self.frame("|");
        writeln!(f, "{:gutter$}{} {}", "", self.frame(arrow), part.place)?;
        writeln!(f, "{:gutter$} {bar}", "")?;
        let mut last = None;
        for row in &part.rows {
            if last.is_some_and(|last| last + 1 < row.number) {
                writeln!(f, "{}", self.frame(&".".repeat(gutter.max(3))))?;
            }
            last = Some(row.number);
            let number = self.frame(&format!("{:gutter$}", row.number));
            writeln!(f, "{number} {bar} {}", row.text.trim_end())?;
            for mark in &row.marks {
                for line in self.underline(row, mark, gutter, primary) {
                    writeln!(f, "{:gutter$} {bar} {line}", "")?;
                }
            }
        }
        Ok(())
    }

    /// `^^^ text` below the primary label, `---` below the others; a text that does not fit goes
    /// below.
    fn underline(&self, row: &Row, mark: &Mark, gutter: usize, primary: Style) -> Vec<String> {
        let before = row.text[..mark.range.start].width();
        let length = row.text[mark.range.clone()].width().max(1);
        let (sign, style) = if mark.is_primary { ("^", primary) } else { ("-", Style::new().blue()) };
        let style = style.bold();
        let under = format!("{:before$}{}", "", self.paint(&sign.repeat(length), style));
        let frame = gutter + " | ".len();
        let beside = before + length + 1;
        let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(frame + beside));
        if mark.text.is_empty() {
            return vec![under];
        }
        if mark.text.width() <= room || room >= LABEL_WIDTH {
            let mut lines = self.broken(&mark.text, frame + beside).into_iter();
            let first = lines.next().map(|line| format!("{under} {}", self.paint(&line, style)));
            let others = lines.map(|line| format!("{:beside$}{}", "", self.paint(&line, style)));
            return first.into_iter().chain(others.collect::<Vec<_>>()).collect();
        }
        let indent = before.min(self.code_width().saturating_sub(LABEL_WIDTH));
        let below = self.broken(&mark.text, frame + indent);
        let below = below.iter().map(|line| format!("{:indent$}{}", "", self.paint(line, style)));
        std::iter::once(under).chain(below).collect()
    }

    /// The help; its line breaks, such as those of an example, are kept.
    fn help(&self, f: &mut fmt::Formatter<'_>, help: &str, gutter: usize) -> fmt::Result {
        let indent = gutter + " = help: ".len();
        let title = format!(
            "{:gutter$} {} {} ",
            "",
            self.frame("="),
            self.paint("help:", Style::new().cyan().bold())
        );
        let lines = help.lines().flat_map(|line| self.broken(line, indent));
        for (index, line) in lines.enumerate() {
            let line = if index == 0 { format!("{title}{line}") } else { format!("{:indent$}{line}", "") };
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl ReportHandler for Handler {
    fn debug(&self, diagnostic: &dyn Diagnostic, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline(diagnostic))?;
        let parts: Vec<Part> = std::iter::once(diagnostic)
            .chain(diagnostic.related().into_iter().flatten())
            .map(marked)
            .filter(|part| !part.rows.is_empty())
            .collect();
        let numbers = parts.iter().flat_map(|part| &part.rows).map(|row| row.number);
        let gutter = numbers.max().unwrap_or_default().to_string().len();
        let primary = severity_style(diagnostic.severity());
        for (index, part) in parts.iter().enumerate() {
            self.part(f, part, if index == 0 { "-->" } else { ":::" }, gutter, primary)?;
        }
        match diagnostic.help() {
            Some(help) => self.help(f, &help.to_string(), gutter),
            None => Ok(()),
        }
    }
}

/// The labelled lines of a diagnostic.
fn marked(diagnostic: &dyn Diagnostic) -> Part {
    let mut part = Part::default();
    for label in diagnostic.labels().into_iter().flatten() {
        let _ = part.add(diagnostic, &label);
    }
    part
}

impl Part {
    /// Adds a label; `None` if it is outside the text.
    fn add(&mut self, diagnostic: &dyn Diagnostic, label: &LabeledSpan) -> Option<()> {
        let line = diagnostic.source_code()?.read_span(label.inner(), 0, 0).ok()?;
        let number = line.line() + 1;
        if self.rows.last().is_none_or(|row| row.number != number) {
            let text = String::from_utf8_lossy(line.data()).into_owned();
            self.rows.push(Row { number, text, marks: Vec::new() });
        }
        if self.place.is_empty() || label.primary() {
            let name = match line.name().unwrap_or_default() {
                "-" => "<stdin>",
                name => name,
            };
            self.place = format!("{name}:{number}:{}", line.column() + 1);
        }
        let start = label.offset() - line.span().offset();
        self.rows.last_mut()?.marks.push(Mark {
            range: start..start + label.len(),
            text: label.label().unwrap_or_default().to_owned(),
            is_primary: label.primary(),
        });
        Some(())
    }
}

fn word(severity: Option<Severity>) -> &'static str {
    match severity {
        Some(Severity::Error) | None => "error",
        Some(Severity::Warning) => "warning",
        Some(Severity::Advice) => "note",
    }
}

fn severity_style(severity: Option<Severity>) -> Style {
    match severity {
        Some(Severity::Error) | None => Style::new().red(),
        Some(Severity::Warning) => Style::new().yellow(),
        Some(Severity::Advice) => Style::new().cyan(),
    }
}

/// Wraps a text between words; words that are too long stay whole, so that paths can be copied.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (index, word) in text.split(' ').enumerate() {
        let line = lines.last().map_or(0, |line| line.width());
        if index > 0 && line + 1 + word.width() > width && line > 0 {
            lines.push(word.to_owned());
        } else if let Some(line) = lines.last_mut() {
            line.push_str(if index > 0 { " " } else { "" });
            line.push_str(word);
        }
    }
    lines
}
