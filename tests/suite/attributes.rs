//! Every attribute that reaches the engine is tried on a real one, or listed here with a reason why
//! not.

use std::collections::BTreeSet;

use serde_json::Value as Json;

#[path = "../engine/grammar/places/mod.rs"]
mod places;

/// Attributes whose values are not tried on an engine, including those below them, and why.
const NOT_TRIED: &[(&str, &str)] = &[
    ("include", "read by topo alone"),
    ("name", "the test names its projects"),
    ("version", "nobody reads it"),
    ("models", "for the model runner, not for the engine"),
    ("configs.*.content", "any text"),
    ("configs.*.environment", "a variable of topo's own environment"),
    ("configs.*.external", "only Swarm keeps configs"),
    ("configs.*.file", "read by topo alone"),
    ("configs.*.labels", "only Swarm keeps configs"),
    ("configs.*.name", "only Swarm keeps configs"),
    ("configs.*.template_driver", "only Swarm keeps configs"),
    ("secrets.*.driver", "only Swarm keeps secrets"),
    ("secrets.*.driver_opts", "only Swarm keeps secrets"),
    ("secrets.*.environment", "a variable of topo's own environment"),
    ("secrets.*.external", "only Swarm keeps secrets"),
    ("secrets.*.file", "read by topo alone"),
    ("secrets.*.labels", "only Swarm keeps secrets"),
    ("secrets.*.name", "only Swarm keeps secrets"),
    ("secrets.*.template_driver", "only Swarm keeps secrets"),
    ("networks.*.external", "which networks there are is the engine's"),
    ("volumes.*.external", "which volumes there are is the engine's"),
    ("services.*.attach", "read by topo alone"),
    ("services.*.build", "for the builder: `tests/engine/builds.rs`"),
    (
        "services.*.cgroup_parent",
        "control groups stay behind, and the engine's driver for them sets the syntax",
    ),
    ("services.*.configs[].source", "a name of the topology"),
    ("services.*.credential_spec", "for Windows"),
    ("services.*.depends_on", "read by topo alone"),
    ("services.*.deploy.endpoint_mode", "only Swarm obeys it"),
    ("services.*.deploy.labels", "only Swarm obeys it"),
    ("services.*.deploy.mode", "only Swarm obeys it"),
    ("services.*.deploy.placement", "only Swarm obeys it"),
    ("services.*.deploy.replicas", "read by topo alone"),
    ("services.*.deploy.resources.reservations.cpus", "only Swarm obeys it"),
    ("services.*.deploy.resources.reservations.devices", "which devices there are is the machine's"),
    ("services.*.deploy.resources.reservations.generic_resources", "only Swarm obeys it"),
    ("services.*.deploy.restart_policy.delay", "only Swarm obeys it"),
    ("services.*.deploy.restart_policy.window", "only Swarm obeys it"),
    ("services.*.deploy.rollback_config", "only Swarm obeys it"),
    ("services.*.deploy.update_config", "only Swarm obeys it"),
    ("services.*.develop", "read by topo alone"),
    ("services.*.env_file", "read by topo alone"),
    ("services.*.extends", "read by topo alone"),
    ("services.*.gpus[]", "which devices there are is the machine's"),
    ("services.*.image", "which images there are is the engine's and the registry's"),
    ("services.*.label_file", "read by topo alone"),
    ("services.*.models", "for the model runner, not for the engine"),
    ("services.*.ports[].app_protocol", "nobody reads it"),
    ("services.*.ports[].name", "nobody reads it"),
    ("services.*.pre_start[].image", "which images there are is the engine's and the registry's"),
    ("services.*.networks[]", "a name of the topology"),
    ("services.*.pre_stop", "the syntax of `post_start`, when the container is stopped"),
    ("services.*.profiles", "read by topo alone"),
    ("services.*.provider", "for the program that provides the service"),
    ("services.*.pull_refresh_after", "read by topo alone"),
    ("services.*.scale", "read by topo alone"),
    ("services.*.secrets[].source", "a name of the topology"),
];

#[test]
fn every_attribute_is_tried_on_an_engine_or_exempt() {
    let schema = topo::topology::schema();
    let tried: BTreeSet<String> = places::all()
        .iter()
        .inspect(|place| assert!(!place.values.is_empty(), "{} has no values", place.topology))
        .map(|place| path_of_value(&schema, &place.topology))
        .collect();
    let mut attributes = BTreeSet::new();
    gather(&schema, &schema, "", &mut attributes);
    let reason = |attribute: &str| NOT_TRIED.iter().find(|(exempt, _)| is_at_or_below(attribute, exempt));
    let missing: Vec<&String> = attributes
        .iter()
        .filter(|attribute| !tried.contains(*attribute) && reason(attribute).is_none())
        .collect();
    assert!(
        missing.is_empty(),
        "add places for these in tests/engine/grammar/places, or say here why not: {missing:#?}"
    );
    let is_needed = |(exempt, _): &&(&str, &str)| {
        let exempted = |attribute: &&String| is_at_or_below(attribute, exempt);
        let mut exempted = attributes.iter().filter(exempted).peekable();
        exempted.peek().is_some() && exempted.all(|attribute| !tried.contains(attribute))
    };
    let needless: Vec<_> = NOT_TRIED.iter().filter(|exempt| !is_needed(exempt)).collect();
    assert!(needless.is_empty(), "these are tried, or are not attributes: {needless:#?}");
    let unknown: Vec<_> = tried.iter().filter(|path| !attributes.contains(*path)).collect();
    assert!(unknown.is_empty(), "these places are at no attribute: {unknown:#?}");
}

fn is_at_or_below(attribute: &str, exempt: &str) -> bool {
    attribute.strip_prefix(exempt).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The attributes below a part of the schema: `services.*.ports[].target`. A mapping without known
/// keys counts as one attribute, so that both forms of `labels` are the same.
fn gather(schema: &Json, part: &Json, path: &str, attributes: &mut BTreeSet<String>) {
    if !has_known_keys(schema, part) {
        attributes.insert(path.to_owned());
        return;
    }
    for form in forms(schema, part) {
        if let Some(known) = form["properties"].as_object() {
            for (key, value) in known {
                gather(schema, value, format!("{path}.{key}").trim_start_matches('.'), attributes);
            }
        } else if form["items"].is_object() {
            gather(schema, &form["items"], &format!("{path}[]"), attributes);
        } else if form["additionalProperties"].is_object() {
            gather(schema, &form["additionalProperties"], &format!("{path}.*"), attributes);
        } else if form["type"] != "null" {
            attributes.insert(path.to_owned());
        }
    }
}

fn has_known_keys(schema: &Json, part: &Json) -> bool {
    forms(schema, part).into_iter().any(|form| {
        let below = ["items", "additionalProperties"].into_iter().map(|key| &form[key]);
        form["properties"].is_object()
            || below.filter(|below| below.is_object()).any(|below| has_known_keys(schema, below))
    })
}

/// The alternatives for a value.
fn forms<'a>(schema: &'a Json, part: &'a Json) -> Vec<&'a Json> {
    if let Some(reference) = part["$ref"].as_str() {
        let record = schema.pointer(reference.trim_start_matches('#')).expect("a definition");
        return forms(schema, record);
    }
    match part["anyOf"].as_array() {
        Some(several) => several.iter().flat_map(|form| forms(schema, form)).collect(),
        None => vec![part],
    }
}

/// Replaces `@`, which cannot begin a value in YAML.
const VALUE: &str = "THE-VALUE";

/// The attribute whose value is `@`.
fn path_of_value(schema: &Json, topology: &str) -> String {
    let value: Json = serde_yaml::from_str(&topology.replace('@', VALUE)).expect(topology);
    find(schema, schema, &value, String::new()).unwrap_or_else(|| panic!("no attribute in {topology}"))
}

fn find(schema: &Json, part: &Json, value: &Json, path: String) -> Option<String> {
    if !has_known_keys(schema, part) {
        return value.to_string().contains(VALUE).then_some(path);
    }
    let below = |form: &Json| match value {
        Json::Object(map) => map.iter().find_map(|(key, value)| {
            let key = key.as_str();
            let (part, path) = match (form["properties"].get(key), &form["additionalProperties"]) {
                (Some(known), _) => (known, format!("{path}.{key}").trim_start_matches('.').to_owned()),
                (None, other) if other.is_object() => (other, format!("{path}.*")),
                (None, _) => return None,
            };
            let is_here = key.contains(VALUE).then(|| path.clone());
            is_here.or_else(|| find(schema, part, value, path))
        }),
        Json::Array(items) if form["items"].is_object() => {
            items.iter().find_map(|item| find(schema, &form["items"], item, format!("{path}[]")))
        }
        Json::String(text) if text.contains(VALUE) && !is_nested(form) => Some(path.clone()),
        _ => None,
    };
    forms(schema, part).into_iter().find_map(below)
}

fn is_nested(form: &Json) -> bool {
    ["properties", "items", "additionalProperties"].iter().any(|key| form[*key].is_object())
}
