//! Diagnostics as SARIF 2.1.0 (OASIS), which code hosts and editors show.

use super::json::severity_name;
use super::position::Positions;
use super::{Code, Diagnostic, Edit, Fix, Label};
use crate::source::{Sources, Span};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Text<'static>,
    full_description: Text<'static>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Help>,
}

#[derive(Serialize)]
struct Help {
    text: &'static str,
    markdown: &'static str,
}

#[derive(Serialize)]
struct Text<'a> {
    text: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Repair<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Repair<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Text<'a>>,
    artifact_changes: Vec<ArtifactChange>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange {
    artifact_location: ArtifactLocation,
    replacements: [Replacement; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Text<'static>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
    byte_offset: u32,
    byte_length: u32,
}

/// The log, indented, with a final line end. Paths are relative to the repository if its root is
/// known.
pub fn sarif(sources: &Sources, diagnostics: &[&Diagnostic], repository: Option<&Path>) -> String {
    let mut positions = Positions::from_root(sources, repository);
    let mut codes: Vec<Code> = Vec::new();
    let results =
        diagnostics.iter().map(|diagnostic| result(diagnostic, &mut codes, &mut positions)).collect();
    let driver = Driver {
        name: "topo",
        version: env!("CARGO_PKG_VERSION"),
        rules: codes.into_iter().map(rule).collect(),
    };
    let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results };
    let log = Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] };
    serde_json::to_string_pretty(&log).expect("strings and numbers are always JSON") + "\n"
}

fn rule(code: Code) -> Rule {
    let page = code.page();
    let help = Some(Help { text: page.text, markdown: page.text }).filter(|help| !help.text.is_empty());
    let first_paragraph = page.text.split("\n\n").find(|part| !part.starts_with('#') && !part.is_empty());
    let full = first_paragraph.unwrap_or(page.sentence).replace('\n', " ");
    let full_description = Text { text: full.into() };
    Rule { id: page.name, short_description: Text { text: page.sentence.into() }, full_description, help }
}

fn result<'a>(
    diagnostic: &'a Diagnostic,
    codes: &mut Vec<Code>,
    positions: &mut Positions<'_>,
) -> SarifResult<'a> {
    let Diagnostic { code, severity, message, labels, help, fix, subject: _, wrong_type: _ } = diagnostic;
    let rule_index = codes.iter().position(|known| known == code).unwrap_or_else(|| {
        codes.push(*code);
        codes.len() - 1
    });
    let text = match help {
        Some(help) => format!("{message}\nhelp: {help}").into(),
        None => message.into(),
    };
    let mut places = labels.iter().enumerate().map(|(index, label)| location(index, label, positions));
    let locations = places.next().into_iter().collect();
    let related_locations = places.collect();
    let fixes = fix.iter().filter_map(|fix| repair(fix, help.as_deref(), positions)).collect();
    let level = severity_name(*severity);
    let message = Text { text };
    SarifResult { rule_id: code.name(), rule_index, level, message, locations, related_locations, fixes }
}

fn repair<'a>(fix: &Fix, help: Option<&'a str>, positions: &mut Positions<'_>) -> Option<Repair<'a>> {
    let edits = fix.edits(positions.sources)?.into_iter().map(|Edit { span, text }| {
        let PhysicalLocation { artifact_location, region } = physical(span, positions);
        let replacement =
            Replacement { deleted_region: region, inserted_content: Text { text: text.into() } };
        ArtifactChange { artifact_location, replacements: [replacement] }
    });
    let artifact_changes = edits.collect();
    Some(Repair { description: help.map(|help| Text { text: help.into() }), artifact_changes })
}

fn location<'a>(index: usize, label: &'a Label, positions: &mut Positions<'_>) -> Location<'a> {
    let text = Some(&label.text).filter(|text| !text.is_empty());
    Location {
        id: (index > 0).then_some(index),
        physical_location: physical(label.span, positions),
        message: text.map(|text| Text { text: text.into() }),
    }
}

fn physical(span: Span, positions: &mut Positions<'_>) -> PhysicalLocation {
    let region = positions.region(span);
    let (start, end) = (region.start, region.end);
    PhysicalLocation {
        artifact_location: ArtifactLocation { uri: uri(&positions.path(span.file)) },
        region: Region {
            start_line: start.line,
            start_column: start.column,
            end_line: end.line,
            end_column: end.column,
            byte_offset: span.start,
            byte_length: span.end.saturating_sub(span.start),
        },
    }
}

/// A path as a relative or `file:` URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::super::testing::sample;
    use super::*;

    #[test]
    fn the_first_label_is_the_location_and_the_others_are_related() {
        let (sources, found) = sample();
        let log: serde_json::Value =
            serde_json::from_str(&sarif(&sources, &found.sorted(), None)).expect("JSON");
        let run = &log["runs"][0];
        let error = &run["results"][1];
        assert_eq!(run["tool"]["driver"]["rules"][1]["id"], error["ruleId"]);
        assert_eq!(
            error["locations"][0]["physicalLocation"],
            serde_json::json!({
                "artifactLocation": {"uri": "sub%20dir/over.yaml"},
                "region": {
                    "startLine": 3, "startColumn": 12, "endLine": 3, "endColumn": 20,
                    "byteOffset": 28, "byteLength": 9,
                },
            })
        );
        assert_eq!(error["relatedLocations"][0]["id"], 1);
        assert_eq!(run["results"][0].get("locations"), None);
    }

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("/srv/ä.yaml"), "file:///srv/%C3%A4.yaml");
        assert_eq!(uri("./a b:c.yaml"), "a%20b%3Ac.yaml");
    }
}
