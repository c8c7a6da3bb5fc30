//! The output of `topo validate` for programs conforms to its formats: SARIF to its schema, JUnit
//! to another tool's parser.

use std::path::PathBuf;
use std::process::Command;

use quick_junit::Report;
use serde_json::Value as Json;

use crate::golden::tests_directory;

/// Every topology with a mistake that has a golden text, in one document.
fn findings(format: &str) -> String {
    let root = tests_directory().join("diagnostics");
    let cases = std::fs::read_dir(&root).expect("the directory of cases").flatten();
    let files = cases.map(|case| case.path().join("topology.yaml"));
    let mut files: Vec<PathBuf> = files.filter(|file| file.is_file()).collect();
    files.sort();
    assert!(files.len() > 20, "{} has too few cases", root.display());
    let output = Command::new(env!("CARGO_BIN_EXE_topo"))
        .args(["validate", "--format", format])
        .args(files)
        .current_dir(tests_directory())
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("GITHUB_WORKSPACE", env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("topo runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn sarif_conforms_to_its_official_schema() {
    let schema =
        std::fs::read_to_string(tests_directory().join("sarif/sarif-schema-2.1.0.json")).expect("the schema");
    // Its pattern for the languages of a run, which topo does not write, has an extra `]` for this
    // library.
    let schema: Json = serde_json::from_str(&schema.replace("{2}]?$", "{2}$")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let mut log: Json = serde_json::from_str(&findings("sarif")).expect("JSON");
    let mistakes: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    // A test that cannot fail proves nothing.
    log["runs"][0]["results"][0]["level"] = Json::from("fatal");
    assert!(!validator.is_valid(&log));
}

#[test]
fn every_sarif_result_has_a_rule_and_a_relative_place() {
    let log: Json = serde_json::from_str(&findings("sarif")).expect("JSON");
    let run = &log["runs"][0];
    for result in run["results"].as_array().expect("results") {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("a small one");
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert!(uri.as_str().is_some_and(|uri| uri.starts_with("tests/diagnostics/")), "{result:#}");
    }
}

#[test]
fn junit_is_read_by_another_parser() {
    let text = findings("junit");
    let report = Report::deserialize_from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let cases: usize = report.test_suites.iter().map(|suite| suite.test_cases.len()).sum();
    assert_eq!((report.tests, report.errors), (cases, 0));
    let failed = report.test_suites.iter().map(|suite| suite.failures).sum::<usize>();
    assert!(failed > 20 && failed == report.failures, "{failed} of {}", report.failures);
}

#[test]
fn annotations_take_one_line_each_and_name_their_file() {
    let text = findings("github");
    let is_annotation = |line: &&str| {
        ["::error file=tests/", "::warning file=tests/", "::notice file=tests/"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let other: Vec<&str> = text.lines().filter(|line| !is_annotation(line)).collect();
    assert!(other.is_empty(), "{other:#?}");
}
