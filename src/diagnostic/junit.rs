//! Diagnostics as a JUnit report, which most CI systems can show. A suite is a file, a case a
//! diagnostic; errors fail, warnings and notes are the output of a passing case.

use super::position::Positions;
use super::{Diagnostic, Severity};
use crate::source::{FileId, Sources};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

/// The report: an XML document.
pub fn junit(sources: &Sources, diagnostics: &[&Diagnostic]) -> String {
    let mut positions = Positions::new(sources);
    // A file that several topologies include is loaded more than once.
    let mut first_of: HashMap<String, FileId> = HashMap::new();
    let mut by_file: BTreeMap<Option<FileId>, Vec<&Diagnostic>> = BTreeMap::new();
    for (file, _) in sources.files() {
        by_file.entry(Some(*first_of.entry(positions.path(file)).or_insert(file))).or_default();
    }
    for diagnostic in diagnostics {
        let file = diagnostic.span().map(|span| span.file);
        let first = file.map(|file| first_of.get(&positions.path(file)).copied().unwrap_or(file));
        by_file.entry(first).or_default().push(diagnostic);
    }
    let tests: usize = by_file.values().map(|found| found.len().max(1)).sum();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ =
        writeln!(text, "<testsuites name=\"topo\" tests=\"{tests}\" failures=\"{}\">", failures(diagnostics));
    for (file, found) in by_file {
        let name = file.map_or_else(|| "topology".to_owned(), |file| positions.path(file));
        suite(&mut text, &name, &found, &mut positions);
    }
    text + "</testsuites>\n"
}

fn suite(text: &mut String, name: &str, found: &[&Diagnostic], positions: &mut Positions<'_>) {
    let name = escape(name);
    let (tests, failures) = (found.len().max(1), failures(found));
    let _ = writeln!(text, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">");
    if found.is_empty() {
        let _ = writeln!(text, "    <testcase classname=\"{name}\" name=\"no diagnostics\"/>");
    }
    for diagnostic in found {
        case(text, &name, diagnostic, positions);
    }
    text.push_str("  </testsuite>\n");
}

fn case(text: &mut String, suite: &str, diagnostic: &Diagnostic, positions: &mut Positions<'_>) {
    let code = diagnostic.code.name();
    let place = diagnostic.span().map(|span| positions.region(span).start);
    let place = place.map_or_else(String::new, |start| format!("{}:{} ", start.line, start.column));
    let details = escape(&details(diagnostic, positions));
    let message = escape(&diagnostic.message);
    let _ = writeln!(text, "    <testcase classname=\"{suite}\" name=\"{place}{code}\">");
    let _ = match diagnostic.severity {
        Severity::Error => {
            writeln!(text, "      <failure type=\"{code}\" message=\"{message}\">{details}</failure>")
        }
        Severity::Warning => writeln!(text, "      <system-out>warning: {message}\n{details}</system-out>"),
        Severity::Note => writeln!(text, "      <system-out>note: {message}\n{details}</system-out>"),
    };
    text.push_str("    </testcase>\n");
}

/// Every label with its place, then the help.
fn details(diagnostic: &Diagnostic, positions: &mut Positions<'_>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for label in &diagnostic.labels {
        let start = positions.region(label.span).start;
        let path = positions.path(label.span.file);
        let line = format!("{path}:{}:{}: {}", start.line, start.column, label.text);
        lines.push(line.trim_end_matches(": ").to_owned());
    }
    lines.extend(diagnostic.help.as_ref().map(|help| format!("help: {help}")));
    lines.join("\n")
}

fn failures(found: &[&Diagnostic]) -> usize {
    found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
}

/// Text for XML 1.0, which cannot represent most control characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            character if character.is_control() => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::testing::sample;
    use super::*;

    #[test]
    fn a_file_is_a_suite_and_an_error_a_failure() {
        let (sources, found) = sample();
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="topo" tests="4" failures="1">
  <testsuite name="topology" tests="1" failures="0">
    <testcase classname="topology" name="empty-topology">
      <system-out>note: no place
</system-out>
    </testcase>
  </testsuite>
  <testsuite name="base.yaml" tests="1" failures="0">
    <testcase classname="base.yaml" name="no diagnostics"/>
  </testsuite>
  <testsuite name="sub dir/over.yaml" tests="2" failures="1">
    <testcase classname="sub dir/over.yaml" name="3:12 bad-override">
      <failure type="bad-override" message="a list, 100% &lt;wrong&gt;">sub dir/over.yaml:3:12: this is a list
base.yaml:3:12: this is a string
help: write a string</failure>
    </testcase>
    <testcase classname="sub dir/over.yaml" name="5:2 wrong-type">
      <system-out>warning: two lines
sub dir/over.yaml:5:2: this: is a list</system-out>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(junit(&sources, &found.sorted()), expected);
    }
}
