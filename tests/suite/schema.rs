//! The JSON Schema of topologies, for editors.

use std::path::Path;

use serde_json::Value as Json;

use crate::config::cases;
use crate::golden::{self, say};
use crate::reference::accepted_files;

#[test]
fn the_schema_is_made_from_the_decode_tables() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/topology.schema.json");
    golden::check(&file, &format!("{:#}\n", topo::topology::schema()));
}

#[test]
fn every_real_file_that_is_accepted_passes_the_schema() {
    let Some(files) = accepted_files() else {
        say("SKIPPED: there are no real files to hold against the schema");
        return;
    };
    let validator = validator();
    let wrong: Vec<String> = files
        .iter()
        .filter_map(|file| {
            let text = std::fs::read_to_string(file).expect("a real file");
            complain(&validator, &text).map(|words| format!("{}: {words}", file.display()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_form_that_topo_reads_passes_the_schema() {
    let validator = validator();
    let place = crate::config::Place::new();
    let wrong: Vec<String> = cases()
        .iter()
        .filter(|case| place.load(&case.text).topology.is_some())
        .filter_map(|case| complain(&validator, &case.text).map(|words| format!("{}: {words}", case.name)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_schema_refuses_what_is_not_known() {
    let validator = validator();
    for text in [
        "services: {web: {image: nginx, prots: [80]}}",
        "services: {web: {image: [nginx]}}",
        "services: {web: {image: nginx, volumes: [{type: bind, source: ., target: /a, redonly: true}]}}",
        "services: {web: {image: nginx, depends_on: {db: {restart: true}}}}",
        "services: {web: {image: nginx, develop: {watch: [{path: ., action: rebiuld}]}}}",
        "netwroks: {}",
    ] {
        assert!(complain(&validator, text).is_some(), "{text}");
    }
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&topo::topology::schema()).expect("a schema that is one")
}

/// What the schema has against a topology.
fn complain(validator: &jsonschema::Validator, text: &str) -> Option<String> {
    let mut topology: serde_yaml::Value = serde_yaml::from_str(text).expect("YAML");
    topology.apply_merge().expect("merge keys of mappings");
    let topology: Json = serde_json::to_value(&topology).expect("plain data");
    let complaints: Vec<String> =
        validator.iter_errors(&topology).map(|error| format!("{}: {error}", error.instance_path())).collect();
    (!complaints.is_empty()).then(|| complaints.join("; "))
}
