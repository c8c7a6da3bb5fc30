//! For tests of planners: containers in an engine, and plans as short texts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::diagnostic::Diagnostics;
use crate::plan::observed::{ContainerState, Health, Observed, ObservedContainer, Status};
use crate::plan::{Action, Plan, Step, StepId, StoredPlan, label};
use crate::source::{Environment, Sources};
use crate::topology::name::{ImageId, ProjectName, ServiceName};
use crate::topology::{ResolveChoices, Topology};

/// A project of containers: `web: running <- db:service_healthy:false`, one per line. `run` is a
/// running container of `run`.
pub(super) fn observed(text: &str) -> Observed {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Observed { containers: lines.map(container).collect(), ..Observed::default() }
}

fn container(line: &str) -> ObservedContainer {
    let (service, rest) = line.split_once(": ").expect("a service and a state");
    let (state, needs) = rest.split_once(" <- ").unwrap_or((rest, ""));
    let labels = BTreeMap::from([(label::DEPENDS_ON.to_owned(), needs.to_owned())]);
    ObservedContainer {
        id: format!("{service:0<64}"),
        name: format!("shop-{service}-1").into(),
        service: service.into(),
        number: 1,
        is_one_off: state == "run",
        image: ImageId::new("sha256:1"),
        image_name: "busybox".to_owned(),
        state: state_of(state),
        labels,
        networks: Default::default(),
        addresses: Default::default(),
        ports: Vec::new(),
        mounts: Vec::new(),
        command: String::new(),
        created: 0,
        status_text: String::new(),
        namespace_owners: BTreeSet::new(),
        settings: None,
    }
}

/// Numbers and names the containers of each service from 1.
pub(super) fn numbered(observed: &mut Observed) {
    let mut numbers: BTreeMap<ServiceName, u32> = BTreeMap::new();
    for container in &mut observed.containers {
        let number = numbers.entry(container.service.clone()).or_default();
        *number += 1;
        container.number = *number;
        container.name = format!("shop-{}-{number}", container.service).into();
    }
}

/// A topology of this text, with a variable `GEHEIM` whose value is `geheim`.
pub(crate) fn topology(text: &str) -> Topology {
    let (mut sources, mut found) = (Sources::default(), Diagnostics::default());
    let environment = Environment::from_pairs([("GEHEIM".to_owned(), "geheim".to_owned())]);
    let file = sources.add("topology.yaml", text);
    let document = crate::topology::load(&mut sources, &[file], Path::new("/shop"), &environment, &mut found);
    let choices = ResolveChoices { name: Some("shop".to_owned()), ..ResolveChoices::default() };
    crate::topology::resolve(&document, &environment, &choices, &mut sources, &mut found)
        .expect("it is right")
}

fn state_of(word: &str) -> ContainerState {
    let (status, health, exit_code) = match word {
        "running" | "run" | "young" => (Status::Running, None, 0),
        "healthy" => (Status::Running, Some(Health::Healthy), 0),
        "paused" => (Status::Paused, None, 0),
        "created" => (Status::Created, None, 0),
        "done" => (Status::Exited, None, 0),
        "failed" => (Status::Exited, None, 1),
        _ => panic!("no state is named `{word}`"),
    };
    ContainerState {
        status,
        health,
        exit_code,
        restarts_after_success: false,
        health_output: None,
        failed_check: None,
        restarts: 0,
        is_just_started: word == "young",
        begun: None,
        started: None,
    }
}

/// Names of services.
pub(super) fn names(names: &[&str]) -> Vec<ServiceName> {
    names.iter().map(|name| ServiceName::from(*name)).collect()
}

/// The project of the tests.
pub(super) fn shop() -> ProjectName {
    ProjectName::from("shop")
}

/// Each step with those that it comes after: `start web after start db`.
pub(super) fn steps(plan: &Plan) -> Vec<String> {
    assert_is_stored_whole(plan);
    let with_needs = |step: StepId| {
        let mut needs: Vec<String> = plan.steps[step].needs.keys().map(|need| words(plan, *need)).collect();
        needs.sort();
        let words = words(plan, step);
        if needs.is_empty() { words } else { format!("{words} after {}", needs.join(", ")) }
    };
    plan.in_order().into_iter().map(with_needs).collect()
}

/// The stored form must be read back unchanged.
fn assert_is_stored_whole(plan: &Plan) {
    let text = serde_json::to_string(plan).expect("a plan can be written");
    let stored: StoredPlan = serde_json::from_str(&text).expect("a plan can be read");
    assert_eq!(serde_json::to_string(&stored).expect("it can be written again"), text);
}

fn words(plan: &Plan, step: StepId) -> String {
    let Step { action, service, .. } = &plan.steps[step];
    let verb = match action {
        Action::StartContainer { .. } => "start".to_owned(),
        Action::StopContainer { .. } => "stop".to_owned(),
        Action::KillContainer { signal, .. } => format!("send {signal} to"),
        Action::PauseContainer { .. } => "pause".to_owned(),
        Action::UnpauseContainer { .. } => "unpause".to_owned(),
        Action::RemoveContainer { .. } => "remove".to_owned(),
        Action::Wait { until, .. } => format!("wait until {}", until.word()),
        Action::RunToEnd(spec) => return format!("run {}", spec.name),
        Action::PullImage { image, .. } => return format!("pull {image}"),
        other => panic!("not of these commands: {other:?}"),
    };
    format!("{verb} {}", service.as_ref().expect("it is for a service"))
}
