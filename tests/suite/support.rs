//! The support for each attribute of a service: `schema/support.md`, generated from the decode
//! tables, the rules and the tests, so that it is always true. `TOPO_UPDATE_GOLDEN=1` rewrites it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use topo::diagnostic::Diagnostics;
use topo::source::Sources;
use topo::topology::Service;
use topo::topology::attribute::Attribute;

use crate::golden::{self, tests_directory};

const HEAD: &str = "\
# Attributes of a service

Generated from the decode table, the rules and the tests; a test keeps it up to date.

- **read**: every form of it is parsed, and printed by `topo config`
- **checked**: an invalid value is an error at its position
- **applied**: it takes effect on the container or the run
- **tested**: against a real engine. `parity/NAME` is brought up by Docker Compose and by topo, and the results are compared;
  other names are those of files in `tests/engine/`. What this project's machines refuse is tested too: the engine's words are shown

An attribute that is not applied is an error at its position. `models` is one where the plugin of Docker Model Runner
(`docker model`) is not installed.

| attribute | read | checked | applied | tested |
|---|---|---|---|---|
";

#[test]
fn the_table_of_support_is_up_to_date() {
    let (fixtures, refused, others) = (fixtures(), refused(), engine_tests());
    let mut table = HEAD.to_owned();
    let mut attributes: Vec<&str> = Service::FIELDS.iter().map(|field| field.key).collect();
    attributes.sort_unstable();
    for attribute in attributes {
        let applied = if is_refused_by_topo(attribute) { "no" } else { "yes" };
        let checked = if is_checked(attribute) { "yes" } else { "anything goes" };
        let mut tested: Vec<String> = Vec::new();
        if let Some(fixture) = fixtures.get(attribute) {
            tested.push(fixture.iter().map(|name| format!("parity/{name}")).collect::<Vec<_>>().join(", "));
        } else if let Some(file) = others.iter().find(|(_, text)| names(text, attribute)) {
            tested.push(file.0.clone());
        }
        if let Some([written, words]) = refused.get(attribute) {
            tested.push(format!("`{written}` is refused: `{words}`"));
        }
        let tested = if tested.is_empty() || applied == "no" { "no".to_owned() } else { tested.join("; ") };
        table += &format!("| `{attribute}` | yes | {checked} | {applied} | {tested} |\n");
    }
    golden::check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/support.md"), &table);
}

/// The fixtures of the parity tests that use each attribute, at most three.
fn fixtures() -> BTreeMap<String, BTreeSet<String>> {
    let mut fixtures: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for directory in entries(&tests_directory().join("parity")) {
        let name = directory.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(directory.join("compose.yaml")).expect("a fixture");
        let mut topology: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
        topology.apply_merge().expect("merge keys");
        let services = topology["services"].as_mapping().expect("services");
        let keys =
            services.values().filter_map(|service| service.as_mapping()).flat_map(|service| service.keys());
        for key in keys.filter_map(|key| key.as_str()) {
            let used_by = fixtures.entry(key.to_owned()).or_default();
            if used_by.len() < 3 {
                used_by.insert(name.clone());
            }
        }
    }
    fixtures
}

/// Attributes that the machines of this project do not support, with the engine's message.
fn refused() -> BTreeMap<String, [String; 2]> {
    let text = std::fs::read_to_string(tests_directory().join("parity-refused.yaml")).expect("a list");
    serde_yaml::from_str(&text).expect("YAML")
}

/// The other tests with an engine, by file.
fn engine_tests() -> BTreeMap<String, String> {
    let files = entries(&tests_directory().join("engine"));
    let files = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files
        .map(|file| {
            let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&file).expect("a test"))
        })
        .collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    entries
}

/// Whether a text has the attribute as a key.
fn names(text: &str, attribute: &str) -> bool {
    text.match_indices(&format!("{attribute}:")).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && !"_-.:".contains(before))
            && !text[at + attribute.len() + 1..].starts_with(':')
    })
}

/// Whether the rule about unsupported attributes names it.
fn is_refused_by_topo(attribute: &str) -> bool {
    let rule = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lint/unsupported.rs");
    let rule = std::fs::read_to_string(rule).expect("the rule");
    rule.contains(&format!("\"{attribute}\"")) || rule.contains(&format!("&service.{attribute}.0"))
}

/// Whether a meaningless value is an error at its place.
fn is_checked(attribute: &str) -> bool {
    const NONSENSE: [&str; 5] =
        ["[[[]]]", "{ '': { '': [[]] } }", "'\\0 :: //'", "-1.5", "{ nonsense: [1] }"];
    NONSENSE.iter().any(|nonsense| {
        let (mut sources, mut found) = (Sources::default(), Diagnostics::default());
        let head = format!("services: {{ web: {{ {attribute}: ");
        let text = format!("{head}{nonsense} }} }}\n");
        let file = sources.add("topology.yaml", &text);
        let environment = topo::source::Environment::default();
        let document = topo::topology::load(&mut sources, &[file], Path::new("/"), &environment, &mut found);
        let service =
            ["services", "web"].iter().try_fold(&*document.root, |node, key| node.as_map()?.get(key));
        service.and_then(|service| Service::decode(service, &mut found));
        let at_value = |place: u32| place as usize >= head.len();
        found.sorted().iter().any(|one| one.labels.iter().any(|label| at_value(label.span.start)))
    })
}
