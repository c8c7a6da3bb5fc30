//! The JSON Schema of topologies, for editors.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::config::cases;
use crate::differential::files_below;
use crate::golden::{self, say};
use crate::loading::{Request, load};
use crate::reference::accepted_files;

#[test]
fn the_schema_file_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/topology.schema.json");
    golden::check(&file, &format!("{:#}\n", topo::topology::schema()));
}

#[test]
fn every_accepted_real_file_passes_the_schema() {
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
fn every_accepted_form_passes_the_schema() {
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
fn variables_pass_the_schema_in_place_of_any_value() {
    let validator = validator();
    let place = crate::config::Place::new();
    let mut wrong = BTreeSet::new();
    for case in cases().iter().filter(|case| place.load(&case.text).topology.is_some()) {
        let topology = parse(&case.text);
        for pointer in scalars(&topology) {
            let mut changed = topology.clone();
            *changed.pointer_mut(&pointer).expect("a value") = Json::from("${VALUE}");
            if !validator.is_valid(&changed) {
                wrong.insert(format!("{}: {pointer}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_topology_of_the_project_passes_the_schema() {
    let validator = validator();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = files_below(&root.join("topologies"), 0);
    files.extend(files_below(&root.join("tests"), 3));
    let accepted = |file: &&PathBuf| load(&Request::for_file(file)).topology.is_some();
    let accepted: Vec<&PathBuf> = files.iter().filter(accepted).collect();
    assert!(accepted.len() > 20, "{accepted:?}");
    let complaint = |file: &&PathBuf| {
        let text = std::fs::read_to_string(file).expect("a topology");
        complain(&validator, &text).map(|words| format!("{}: {words}", file.display()))
    };
    let wrong: Vec<String> = accepted.iter().filter_map(complaint).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_schema_refuses_unknown_keys() {
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

/// The errors of a topology according to the schema.
fn complain(validator: &jsonschema::Validator, text: &str) -> Option<String> {
    let topology = parse(text);
    let complaints: Vec<String> =
        validator.iter_errors(&topology).map(|error| format!("{}: {error}", error.instance_path())).collect();
    (!complaints.is_empty()).then(|| complaints.join("; "))
}

fn parse(text: &str) -> Json {
    let mut topology: serde_yaml::Value = serde_yaml::from_str(text).expect("YAML");
    topology.apply_merge().expect("merge keys of mappings");
    serde_json::to_value(&topology).expect("plain data")
}

/// The paths of a topology's strings, numbers and booleans.
fn scalars(value: &Json) -> Vec<String> {
    let below = |(key, value): (String, &Json)| {
        let key = key.replace('~', "~0").replace('/', "~1");
        scalars(value).into_iter().map(move |rest| format!("/{key}{rest}")).collect::<Vec<_>>()
    };
    match value {
        Json::Null => Vec::new(),
        Json::Array(items) => {
            items.iter().enumerate().flat_map(|(index, item)| below((index.to_string(), item))).collect()
        }
        Json::Object(entries) => {
            entries.iter().flat_map(|(key, value)| below((key.clone(), value))).collect()
        }
        _ => vec![String::new()],
    }
}
