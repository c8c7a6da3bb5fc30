//! A diagnostic as a `miette::Diagnostic`, with an excerpt of each file as its source code.

use super::super::excerpt::{Excerpt, Mark, clean, excerpt};
use super::super::position::Positions;
use super::super::{Diagnostic, Label};
use super::Severity;
use crate::source::FileId;
use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use std::fmt;

/// The labels of a diagnostic in one file; the first file's part has the texts as well.
#[derive(Debug)]
pub(super) struct MietteDiagnostic<'a> {
    diagnostic: Option<&'a Diagnostic>,
    excerpt: Excerpt,
    /// The offset of each line in the excerpt's text.
    starts: Vec<usize>,
    others: Vec<MietteDiagnostic<'a>>,
}

impl<'a> MietteDiagnostic<'a> {
    /// Lines are cut to `width` columns.
    pub(super) fn new(diagnostic: &'a Diagnostic, width: usize, positions: &mut Positions<'_>) -> Self {
        let excerpts = by_file(diagnostic).into_iter();
        let mut parts = excerpts.map(|(file, labels)| Self::part(excerpt(file, &labels, width, positions)));
        let first = parts.next().unwrap_or_else(|| Self::part(Excerpt::default()));
        let others = parts.collect();
        Self { diagnostic: Some(diagnostic), others, ..first }
    }

    fn part(excerpt: Excerpt) -> Self {
        let lines = excerpt.lines.iter();
        let starts = lines.scan(0, |end, line| {
            let start = *end;
            *end += line.text.len() + 1;
            Some(start)
        });
        let starts = starts.collect();
        Self { diagnostic: None, excerpt, starts, others: Vec::new() }
    }

    fn marks(&self) -> impl Iterator<Item = (usize, &Mark)> {
        let lines = self.starts.iter().zip(&self.excerpt.lines);
        lines.flat_map(|(start, line)| line.marks.iter().map(|mark| (*start + mark.range.start, mark)))
    }
}

/// Labels by file, the file of the primary one first; each with whether it is the primary one.
fn by_file(diagnostic: &Diagnostic) -> Vec<(FileId, Vec<(&Label, bool)>)> {
    let mut files: Vec<(FileId, Vec<(&Label, bool)>)> = Vec::new();
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let labelled = (label, index == 0);
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push(labelled),
            None => files.push((label.span.file, vec![labelled])),
        }
    }
    files
}

impl fmt::Display for MietteDiagnostic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.map(|diagnostic| clean(&diagnostic.message)).unwrap_or_default())
    }
}

impl std::error::Error for MietteDiagnostic<'_> {}

impl miette::Diagnostic for MietteDiagnostic<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(self.diagnostic?.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic?.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let lines = self.diagnostic?.help.as_deref()?.lines().map(clean);
        Some(Box::new(lines.collect::<Vec<_>>().join("\n")))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.marks().map(|(start, mark)| {
            let text = Some(mark.text.clone()).filter(|text| !text.is_empty());
            let span = (start, mark.range.len());
            if mark.is_primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn miette::Diagnostic> + 'b>> {
        Some(Box::new(self.others.iter().map(|other| other as &dyn miette::Diagnostic)))
    }
}

impl SourceCode for MietteDiagnostic<'_> {
    /// The line of a label; the requested context is ignored, as a label never leaves its line.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let index = self.starts.partition_point(|start| *start <= span.offset()).saturating_sub(1);
        let line = self.excerpt.lines.get(index).ok_or(MietteError::OutOfBounds)?;
        let start = self.starts[index];
        let mut marks = line.marks.iter();
        let mark = marks.find(|mark| start + mark.range.start == span.offset());
        Ok(Box::new(MietteSpanContents::new_named(
            self.excerpt.path.clone(),
            line.text.as_bytes(),
            (start, line.text.len()).into(),
            line.number - 1,
            mark.map_or(0, |mark| mark.position.column - 1),
            1,
        )))
    }
}
