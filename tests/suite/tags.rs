//! `!reset` and `!override`, wherever the tagged text is: the result is the same whether the
//! service below it comes from an earlier file, `extends` or `include`. Each case is compared with
//! Docker Compose 2.40, if installed.

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use topo::topology::{Form, Resources};

use crate::config::has_docker_compose;
use crate::golden::say;
use crate::loading::{Request, load};
use crate::reference::difference;

/// What is tagged: its name, the base, the override, and the result.
const CASES: &[[&str; 4]] = &[
    ["scalar", "user: a", "user: !reset null", ""],
    ["scalar_again", "user: a", "user: !override b", "user: b"],
    ["command", "command: a b", "command: !reset", ""],
    ["list", "ports: ['80']", "ports: !override ['81']", "ports: ['81']"],
    ["emptied_list", "ports: ['80']", "ports: !override []", ""],
    ["dropped_list", "ports: ['80']", "ports: !reset []", ""],
    ["texts", "dns: 1.1.1.1", "dns: !override [8.8.8.8]", "dns: 8.8.8.8"],
    ["volumes", "volumes: ['/a:/a']", "volumes: !override ['/b:/b']", "volumes: ['/b:/b']"],
    ["pairs", "environment: {A: b}", "environment: !override {C: d}", "environment: {C: d}"],
    ["pair", "environment: {A: b, B: c}", "environment: {A: !reset null, D: e}", "environment: {B: c, D: e}"],
    ["listed_pairs", "labels: [a=1]", "labels: !override [b=2]", "labels: {b: '2'}"],
    ["names", "networks: {n: {aliases: [q]}}", "networks: !override [m]", "networks: [m]"],
    ["name", "networks: {n: , m: }", "networks: {n: !reset null}", "networks: [m]"],
    ["dependencies", "depends_on: [other]", "depends_on: !reset []", ""],
    [
        "nested",
        "deploy: {resources: {limits: {cpus: '1', memory: 64m}}}",
        "deploy: {resources: {limits: {cpus: !reset null}}}",
        "deploy: {resources: {limits: {memory: 64m}}}",
    ],
    [
        "nested_mapping",
        "deploy: {replicas: 2, resources: {limits: {cpus: '1'}}}",
        "deploy: {resources: !override {limits: {memory: 64m}}}",
        "deploy: {replicas: 2, resources: {limits: {memory: 64m}}}",
    ],
    ["mapping", "healthcheck: {test: [CMD, a], interval: 1s}", "healthcheck: !reset {}", ""],
    [
        "duration",
        "healthcheck: {test: [CMD, a], interval: 1s}",
        "healthcheck: {interval: !reset null}",
        "healthcheck: {test: [CMD, a]}",
    ],
    ["limit", "ulimits: {nofile: 1, nproc: 2}", "ulimits: {nofile: !reset null}", "ulimits: {nproc: 2}"],
    ["element", "cap_add: [NET_RAW]", "cap_add: [!reset KILL, CHOWN]", "cap_add: [NET_RAW, CHOWN]"],
    ["tagged_anchor", "labels: {a: '1'}", "labels: *labels", "labels: {b: '2'}"],
    ["reset_anchor", "labels: {a: '1'}", "labels: *nothing", ""],
];

/// How the tagged text is placed over the base: the files, and which of them are named.
type Way = (&'static str, fn(&Texts) -> Vec<(&'static str, String)>, &'static [&'static str]);

const WAYS: &[Way] = &[
    ("a later file", |texts| vec![("a.yaml", texts.base()), ("b.yaml", texts.over())], &["a.yaml", "b.yaml"]),
    ("a later document", |texts| vec![("a.yaml", texts.base() + "---\n" + &texts.over())], &["a.yaml"]),
    ("extends", |texts| vec![("a.yaml", texts.extending_here())], &["a.yaml"]),
    (
        "extends.file",
        |texts| vec![("a.yaml", texts.extending("b.yaml")), ("b.yaml", texts.base())],
        &["a.yaml"],
    ),
    (
        "a file that extends, reached by extends.file",
        |texts| vec![("a.yaml", texts.only_extending("b.yaml")), ("b.yaml", texts.extending_here())],
        &["a.yaml"],
    ),
    (
        "a file that extends a third one, reached by extends.file",
        |texts| {
            vec![
                ("a.yaml", texts.only_extending("b.yaml")),
                ("b.yaml", texts.extending("c/c.yaml")),
                ("c/c.yaml", texts.base()),
            ]
        },
        &["a.yaml"],
    ),
    (
        "two files further on",
        |texts| {
            vec![
                ("a.yaml", texts.only_extending("b.yaml")),
                ("b.yaml", texts.only_extending("c.yaml")),
                ("c.yaml", texts.extending_here()),
            ]
        },
        &["a.yaml"],
    ),
    (
        "an include with an override",
        |texts| {
            let include = "include: [{path: [b.yaml, c.yaml]}]\n".to_owned();
            vec![("a.yaml", include), ("b.yaml", texts.base()), ("c.yaml", texts.over())]
        },
        &["a.yaml"],
    ),
    (
        "an include of a file that extends one that extends",
        |texts| {
            vec![
                ("a.yaml", "include: [b.yaml]\n".to_owned()),
                ("b.yaml", texts.only_extending("c.yaml")),
                ("c.yaml", texts.extending_here()),
            ]
        },
        &["a.yaml"],
    ),
    (
        "an include whose override extends",
        |texts| {
            vec![
                ("a.yaml", "include: [{path: [b.yaml, c.yaml]}]\n".to_owned()),
                ("b.yaml", texts.images()),
                ("c.yaml", texts.only_extending("d.yaml")),
                ("d.yaml", texts.extending_here()),
            ]
        },
        &["a.yaml"],
    ),
];

/// Topologies with one service per case.
struct Texts;

impl Texts {
    fn services(attributes: impl Fn(&[&str; 4]) -> String) -> String {
        let service = |cell: &[&str; 4]| format!("  {}:\n    image: x\n{}", cell[0], attributes(cell));
        let services: String = CASES.iter().map(service).collect();
        let anchors = "x-labels: &labels !override {b: '2'}\nx-nothing: &nothing !reset {}\n";
        format!("{anchors}services:\n  other: {{image: y}}\n{services}networks: {{n: , m: }}\n")
    }

    fn line(attribute: &str) -> String {
        if attribute.is_empty() { String::new() } else { format!("    {attribute}\n") }
    }

    fn base(&self) -> String {
        Self::services(|cell| Self::line(cell[1]))
    }

    fn over(&self) -> String {
        Self::services(|cell| Self::line(cell[2]))
    }

    fn left(&self) -> String {
        Self::services(|cell| Self::line(cell[3]))
    }

    fn images(&self) -> String {
        Self::services(|_| String::new())
    }

    /// The tagged text over services of another file.
    fn extending(&self, file: &str) -> String {
        Self::services(|[name, _, over, _]| {
            format!("    extends: {{file: {file}, service: {name}}}\n{}", Self::line(over))
        })
    }

    /// Only `extends`.
    fn only_extending(&self, file: &str) -> String {
        Self::services(|[name, ..]| format!("    extends: {{file: {file}, service: {name}}}\n"))
    }

    /// The tagged text over other services of the same file.
    fn extending_here(&self) -> String {
        let tagged =
            Self::services(|[name, _, over, _]| format!("    extends: base_{name}\n{}", Self::line(over)));
        let base =
            |[name, base, ..]: &[&str; 4]| format!("  base_{name}:\n    image: x\n{}", Self::line(base));
        let bases: String = CASES.iter().map(base).collect();
        tagged.replace("networks: {n: , m: }\n", &format!("{bases}networks: {{n: , m: }}\n"))
    }
}

#[test]
fn a_tag_has_the_same_effect_wherever_its_text_is() {
    let left = tempfile::tempdir().expect("a directory");
    std::fs::write(left.path().join("a.yaml"), Texts.left()).expect("a file");
    let expected = topo(left.path(), &["a.yaml"]);
    let asks_docker_compose = has_docker_compose();
    if !asks_docker_compose {
        say("SKIPPED: Docker Compose 2.40 is not installed, what it makes of tags is not asked");
    }
    let mut wrong = Vec::new();
    for (way, files, named) in WAYS {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, text) in files(&Texts) {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            std::fs::write(path, text).expect("a file");
        }
        let ours = topo(directory.path(), named);
        wrong.extend(different(&expected, &ours).map(|words| format!("topo, by {way}:\n{words}")));
        if asks_docker_compose {
            let theirs = docker_compose(directory.path(), named);
            wrong.extend(
                different(&expected, &theirs).map(|words| format!("Docker Compose, by {way}:\n{words}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The differences between the services of the cases.
fn different(expected: &Json, actual: &Json) -> Option<String> {
    let differences = CASES.iter().filter_map(|[name, ..]| {
        let service = |model: &Json| model["services"][*name].clone();
        difference(&service(expected), &service(actual)).map(|words| format!("{name}\n{words}"))
    });
    let differences: Vec<String> = differences.collect();
    (!differences.is_empty()).then(|| differences.join("\n"))
}

fn topo(directory: &Path, files: &[&str]) -> Json {
    let request = Request {
        directory: directory.to_owned(),
        files: files.iter().map(Into::into).collect(),
        ..Request::default()
    };
    let loaded = load(&request);
    let found: Vec<&str> = loaded.found.sorted().iter().map(|found| found.message.as_str()).collect();
    let topology = loaded.topology.unwrap_or_else(|| panic!("{files:?}: {found:?}"));
    topology.canonical(Form::Model, Resources::Used)
}

fn docker_compose(directory: &Path, files: &[&str]) -> Json {
    let output = Command::new("docker")
        .arg("compose")
        .args(files.iter().flat_map(|file| ["-f", file]))
        .args(["config", "--format", "json"])
        .current_dir(directory)
        .output()
        .expect("docker compose");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a model in JSON")
}
