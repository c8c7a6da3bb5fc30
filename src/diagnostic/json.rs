//! Diagnostics as one JSON object, for scripts. Fields are only ever added.
//!
//! ```json
//! {
//!   "version": 1,
//!   "summary": {"errors": 1, "warnings": 0, "notes": 0},
//!   "diagnostics": [{
//!     "code": "bad-port", "severity": "error", "message": "...", "help": "...",
//!     "labels": [{
//!       "path": "compose.yaml", "text": "...", "primary": true,
//!       "start": {"line": 5, "column": 9, "byte": 71}, "end": {"line": 5, "column": 16, "byte": 78}
//!     }],
//!     "fix": {"safe": true, "edits": [{
//!       "path": "compose.yaml", "text": "\"80:80\"",
//!       "start": {"line": 5, "column": 9, "byte": 71}, "end": {"line": 5, "column": 16, "byte": 78}
//!     }]}
//!   }]
//! }
//! ```
//!
//! Lines and columns count from 1, columns in characters, bytes from 0; an end is one past the last.
//! A fix is `null` if the help cannot be expressed as edits; one that is not `safe` is a guess.

use super::position::{Position, Positions};
use super::{Diagnostic, Edit, Fix, Label, Severity};
use crate::source::{Sources, Span};
use serde::Serialize;

/// The version of this format.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    summary: Summary,
    diagnostics: Vec<JsonDiagnostic<'a>>,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
}

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    labels: Vec<Place<'a>>,
    fix: Option<Repair>,
}

#[derive(Serialize)]
struct Repair {
    safe: bool,
    edits: Vec<Replacement>,
}

#[derive(Serialize)]
struct Replacement {
    path: String,
    text: String,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct Place<'a> {
    path: String,
    text: &'a str,
    primary: bool,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct Point {
    line: usize,
    column: usize,
    byte: u32,
}

/// The diagnostics, indented, with a final line end.
pub fn json(sources: &Sources, diagnostics: &[&Diagnostic]) -> String {
    let mut positions = Positions::new(sources);
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let summary = Summary {
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
    };
    let diagnostics =
        diagnostics.iter().map(|diagnostic| json_diagnostic(diagnostic, &mut positions)).collect();
    let report = Report { version: VERSION, summary, diagnostics };
    serde_json::to_string_pretty(&report).expect("strings and numbers are always JSON") + "\n"
}

/// `error`, `warning` or `note`.
pub(super) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn json_diagnostic<'a>(diagnostic: &'a Diagnostic, positions: &mut Positions<'_>) -> JsonDiagnostic<'a> {
    let Diagnostic { code, severity, message, labels, help, fix, subject: _, wrong_type: _ } = diagnostic;
    let fix = fix.as_ref().and_then(|fix| repair(fix, positions));
    let places = labels.iter().enumerate().map(|(index, label)| place(label, index == 0, positions));
    JsonDiagnostic {
        code: code.name(),
        severity: severity_name(*severity),
        message,
        help: help.as_deref(),
        labels: places.collect(),
        fix,
    }
}

fn repair(fix: &Fix, positions: &mut Positions<'_>) -> Option<Repair> {
    let edits = fix.edits(positions.sources)?.into_iter().map(|Edit { span, text }| {
        let (start, end) = points(span, positions);
        Replacement { path: positions.path(span.file), text, start, end }
    });
    Some(Repair { safe: fix.is_safe, edits: edits.collect() })
}

fn points(span: Span, positions: &mut Positions<'_>) -> (Point, Point) {
    let region = positions.region(span);
    let point = |position: Position, byte| Point { line: position.line, column: position.column, byte };
    (point(region.start, span.start), point(region.end, span.end))
}

fn place<'a>(label: &'a Label, primary: bool, positions: &mut Positions<'_>) -> Place<'a> {
    let (start, end) = points(label.span, positions);
    Place { path: positions.path(label.span.file), text: &label.text, primary, start, end }
}

#[cfg(test)]
mod tests {
    use super::super::testing::sample;
    use super::*;

    #[test]
    fn every_label_has_its_place_in_lines_columns_and_bytes() {
        let (sources, found) = sample();
        let report: serde_json::Value = serde_json::from_str(&json(&sources, &found.sorted())).expect("JSON");
        assert_eq!(report["summary"], serde_json::json!({"errors": 1, "warnings": 1, "notes": 1}));
        let error = &report["diagnostics"][1];
        assert_eq!(error["code"], "bad-override");
        assert_eq!(
            error["labels"][0],
            serde_json::json!({
                "path": "sub dir/over.yaml",
                "text": "this is a list",
                "primary": true,
                "start": {"line": 3, "column": 12, "byte": 28},
                "end": {"line": 3, "column": 20, "byte": 37},
            })
        );
        assert_eq!(error["labels"][1]["path"], "base.yaml");
        assert_eq!(report["diagnostics"][0]["labels"], serde_json::json!([]));
    }
}
