//! Tests that every attribute of a service affects a request.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::inherited::InheritedVolumes;
use super::request;
use crate::diagnostic::Diagnostics;
use crate::engine::docker::version::ApiVersion;
use crate::plan::observed::Observed;
use crate::plan::{self, Action, UpChoices};
use crate::source::{Environment, Sources};
use crate::topology::name::ImageId;
use crate::topology::{ResolveChoices, Service};
use crate::value::image::ImageReference;

/// Attributes that have no effect on requests to an engine with only images, and why.
const WITHOUT_REQUEST: &[(&str, &str)] = &[
    ("attach", "says whose output is shown"),
    ("develop", "says what `watch` does"),
    ("extends", "is carried out when the file is read"),
    ("models", "becomes variables before the plan is made, when the runner of models answers"),
    ("pre_stop", "is run before a container is stopped"),
    ("pull_refresh_after", "says when an image that is there is pulled again"),
];

/// Another attribute that an attribute requires.
const REQUIRED_WITH: &[(&str, &str)] = &[("memswap_limit", "mem_limit: 64m")];

#[test]
fn every_attribute_is_applied() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("web.env"), "DEBUG=1\n").unwrap();
    std::fs::write(directory.path().join("web.labels"), "com.example.a=b\n").unwrap();
    let mut wrong = Vec::new();
    for field in Service::FIELDS {
        let key = field.key;
        let Some(example) = field.example else {
            wrong.push(format!("`{key}` has no example in `record!`"));
            continue;
        };
        let beside =
            REQUIRED_WITH.iter().find(|(attribute, _)| *attribute == key).map_or("", |(_, beside)| beside);
        // An existing image is not built.
        let images = if key == "build" { &["redis"][..] } else { &["busybox", "redis"] };
        let without = requests(directory.path(), images, &[beside]);
        let with = requests(directory.path(), images, &[beside, &format!("{key}: {example}")]);
        let is_applied = without != with;
        let is_listed = WITHOUT_REQUEST.iter().any(|(attribute, _)| *attribute == key);
        match (is_applied, is_listed) {
            (false, false) => wrong.push(format!("`{key}: {example}` changes nothing that is asked for")),
            (true, true) => wrong.push(format!("`{key}: {example}` is asked for: take it off the list")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The plan for an engine with only images, and the requests that create its containers, without
/// the labels that record attributes.
fn requests(directory: &Path, images: &[&str], attributes: &[&str]) -> Json {
    let image = if attributes.iter().any(|line| line.starts_with("image:")) { "" } else { "image: busybox" };
    let lines: String = attributes.iter().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "services:\n  web:\n    {image}\n{lines}  db:\n    image: redis\nnetworks: {{front: }}\n\
         volumes: {{data: }}\nsecrets: {{password: {{environment: PASSWORD}}}}\n\
         configs: {{settings: {{content: a}}}}\nmodels: {{llm: {{model: ai/smollm2}}}}\n"
    );
    let (mut sources, mut found) = (Sources::default(), Diagnostics::default());
    let environment = Environment::from_pairs([("PASSWORD".to_owned(), "geheim".to_owned())]);
    let file = sources.add("topology.yaml", text.as_str());
    let document = crate::topology::load(&mut sources, &[file], directory, &environment, &mut found);
    let choices = ResolveChoices {
        name: Some("shop".to_owned()),
        directory: directory.to_owned(),
        ..ResolveChoices::default()
    };
    let topology = crate::topology::resolve(&document, &environment, &choices, &mut sources, &mut found);
    assert!(!found.has_errors(), "{text}{:?}", found.sorted());
    let topology = topology.expect("it has no errors");
    let images = images.iter().map(|image| (ImageReference::new(*image), ImageId::new("sha256:1"))).collect();
    let observed = Observed { images, ..Observed::default() };
    let plan = plan::up(&topology, &observed, &UpChoices::default(), &mut found);
    let version = ApiVersion { minor: 51 };
    let mut requests = Vec::new();
    for step in plan.steps.iter() {
        if let Action::CreateContainer(spec) | Action::RunToEnd(spec) = &step.action {
            let request =
                request::request(spec, InheritedVolumes::new(), version, &Default::default()).unwrap();
            requests.push(json!({ "platform": request.platform, "body": request }));
        }
    }
    let mut plan = serde_json::to_value(&plan).expect("a plan is data");
    remove_model(&mut plan);
    requests.iter_mut().for_each(remove_labels_of_topo);
    json!({ "plan": plan, "requests": requests })
}

/// A specification contains the whole service, but only the request shows what is applied.
fn remove_model(plan: &mut Json) {
    match plan {
        Json::Array(items) => items.iter_mut().for_each(remove_model),
        Json::Object(entries) => {
            entries.retain(|key, value| match key.as_str() {
                "labels" | "references" => false,
                "service" => !value.is_object(),
                _ => true,
            });
            entries.values_mut().for_each(remove_model);
        }
        _ => {}
    }
}

fn remove_labels_of_topo(request: &mut Json) {
    if let Some(Json::Object(labels)) = request.pointer_mut("/body/Labels") {
        labels.retain(|name, _| !name.starts_with("com.docker.compose.") && !name.starts_with("topo."));
    }
}
