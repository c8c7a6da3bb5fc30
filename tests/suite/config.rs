//! Every form of every attribute, compared with Docker Compose 2.40.
//!
//! `tests/config/TOPIC.txt` has topologies, each after a line `=== name`; `TOPIC.json` has the
//! output of `docker compose config --format json`: a model, or an error message. `agreement.txt`
//! lists every topology that topo reads differently. `TOPO_UPDATE_GOLDEN=1` rewrites it, and the
//! output of Docker Compose if it is installed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};
use topo::topology::{self, Form, Resources, Topology};

use crate::golden::{self, is_update, say, tests_directory};
use crate::loading::{Loaded, Request, load};
use crate::reference::{difference, substitute};

/// Files that topologies may refer to.
const FILES: &[(&str, &str)] = &[
    ("e.env", "A=1\nB=\"two words\"\n"),
    ("f.env", "C=${A}${SET}${OWN}\nA=2\nD='${A}'\n"),
    ("l.labels", "L=1\nM=${L}${SET}\n"),
];

/// The environment that every command has.
const VARIABLES: &[(&str, &str)] = &[("HOME", "/root"), ("SET", "set-value")];

/// A topology of `tests/config`.
pub(crate) struct Case {
    topic: String,
    /// What it demonstrates.
    pub name: String,
    /// The topology.
    pub text: String,
}

#[test]
fn every_form_is_read_as_in_docker_compose() {
    let place = Place::new();
    let mut report = String::new();
    let mut agree = 0;
    let cases = cases();
    for (topic, cases) in by_topic(&cases) {
        let answers = answers(&place, topic, &cases);
        for case in cases {
            let answer =
                answers.get(&case.name).unwrap_or_else(|| panic!("{topic}.json has no `{}`", case.name));
            match compare(&place, case, answer) {
                None => agree += 1,
                Some(words) => report += &format!("{topic}: {}\n{words}\n\n", case.name),
            }
        }
    }
    report += &format!("{agree} of {} agree\n", cases.len());
    golden::check(&directory().join("agreement.txt"), &report);
}

#[test]
fn the_canonical_form_is_a_fixed_point() {
    let place = Place::new();
    for case in cases() {
        let Some(topology) = place.load(&case.text).topology else { continue };
        let written =
            topology::to_yaml(&topology::escape_variables(topology.canonical(Form::Full, Resources::All)));
        let again = place.load(&written);
        let Some(read) = &again.topology else {
            let messages: Vec<&str> =
                again.found.sorted().iter().map(|found| found.message.as_str()).collect();
            panic!("{}: {}: what was written is refused: {messages:?}\n{written}", case.topic, case.name);
        };
        if let Some(words) = difference(&full(&topology), &full(read)) {
            panic!(
                "{}: {}: another topology is read than was written\n{words}\n{written}",
                case.topic, case.name
            );
        }
    }
}

#[test]
fn docker_compose_reads_the_canonical_form_back() {
    if !has_docker_compose() {
        say("SKIPPED: Docker Compose 2.40 is not installed, what topo writes is not read by it");
        return;
    }
    let place = Place::new();
    let text = golden_text();
    let topology = place.load(&text).topology.expect("a topology of nasty texts");
    let written =
        topology::to_yaml(&topology::escape_variables(topology.canonical(Form::Full, Resources::All)));
    let read = place.ask_docker_compose(&written);
    assert_eq!(difference(&model(&topology), &read), None, "{written}");
}

/// A topology with values that are easily misread.
fn golden_text() -> String {
    let nasty = [
        "",
        " ",
        "yes",
        "no",
        "on",
        "~",
        "null",
        "1_000",
        "22:22",
        "0440",
        "0o17",
        "1e3",
        ".5",
        "2024-05-01",
        "<<",
        "=",
        "a\nb",
        "a\nb\n",
        "a \n b",
        "trail ",
        " lead",
        "a: b",
        "a #b",
        "#",
        "- a",
        "😀",
        "é",
        "\t",
        "\u{85}",
        "$$",
        "%",
        "@",
    ];
    let values: BTreeMap<String, &str> =
        nasty.iter().enumerate().map(|(index, text)| (format!("V{index}"), *text)).collect();
    let command: Vec<&str> = nasty.iter().copied().filter(|text| !text.contains('\u{85}')).collect();
    json!({ "services": { "web": { "image": "i", "environment": values, "command": command, "labels": values } } })
        .to_string()
}

/// The differences between the two as text; `None` if they agree.
fn compare(place: &Place, case: &Case, answer: &Json) -> Option<String> {
    let loaded = place.load(&case.text);
    match (answer.as_str(), &loaded.topology) {
        (Some(_), None) => None,
        (Some(refusal), Some(_)) => Some(format!("  Docker Compose refuses it: {refusal}")),
        (None, None) => {
            let found = loaded.found.sorted();
            let error = found.iter().find(|found| found.severity == topo::diagnostic::Severity::Error);
            Some(format!("  topo refuses it: {}", error.map_or("", |error| error.message.as_str())))
        }
        (None, Some(topology)) => difference(answer, &model(topology)),
    }
}

fn full(topology: &Topology) -> Json {
    topology.canonical(Form::Full, Resources::All)
}

fn model(topology: &Topology) -> Json {
    let model = topology::escape_variables(topology.canonical(Form::Model, Resources::Used));
    substitute(&model, &places(&topology.directory).each_ref().map(|(path, name)| (path.as_str(), *name)))
}

/// The directory that a topology is loaded in, and its parent, with constant names for them.
fn places(directory: &Path) -> [(String, &'static str); 2] {
    let parent = directory.parent().expect("a directory above");
    [(directory.display().to_string(), "<directory>"), (parent.display().to_string(), "<parent>")]
}

/// The output of Docker Compose; run again if it is to be rewritten.
fn answers(place: &Place, topic: &str, cases: &[&Case]) -> BTreeMap<String, Json> {
    let known = recorded(topic);
    if !is_update() || !has_docker_compose() {
        return known;
    }
    let answer = |case: &&Case| match (known.get(&case.name), place.ask_docker_compose(&case.text)) {
        // Of several errors, Docker Compose reports an arbitrary one.
        (Some(Json::String(words)), Json::String(_)) => (case.name.clone(), json!(words)),
        (_, answer) => (case.name.clone(), answer),
    };
    let answers: BTreeMap<String, Json> = cases.iter().map(answer).collect();
    let lines: Vec<String> =
        answers.iter().map(|(name, answer)| format!("{}: {answer}", json!(name))).collect();
    let file = directory().join(format!("{topic}.json"));
    std::fs::write(&file, format!("{{\n{}\n}}\n", lines.join(",\n"))).expect("the answers can be written");
    answers
}

fn recorded(topic: &str) -> BTreeMap<String, Json> {
    let file = directory().join(format!("{topic}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|_| "{}".to_owned());
    serde_json::from_str(&text).expect("answers in JSON")
}

/// Whether the version that topo is compared with is installed.
pub(crate) fn has_docker_compose() -> bool {
    let version = Command::new("docker").args(["compose", "version", "--short"]).output();
    version.is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"2.40."))
}

fn directory() -> PathBuf {
    tests_directory().join("config")
}

/// The topologies of `tests/config` that Docker Compose accepts.
pub(crate) fn accepted_cases() -> Vec<Case> {
    let cases = cases();
    let answers: BTreeMap<&str, BTreeMap<String, Json>> =
        by_topic(&cases).into_keys().map(|topic| (topic, recorded(topic))).collect();
    let is_accepted = |case: &Case| answers[case.topic.as_str()].get(&case.name).is_some_and(Json::is_object);
    let accepted: Vec<bool> = cases.iter().map(is_accepted).collect();
    cases.into_iter().zip(accepted).filter_map(|(case, is_accepted)| is_accepted.then_some(case)).collect()
}

/// Every topology of `tests/config`.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut topics: Vec<PathBuf> = std::fs::read_dir(directory())
        .expect("the directory of cases")
        .map(|entry| entry.expect("a file").path())
        .collect();
    topics.retain(|path| {
        path.extension().is_some_and(|extension| extension == "txt") && !path.ends_with("agreement.txt")
    });
    topics.sort();
    for path in topics {
        let topic = path.file_stem().expect("a name").to_string_lossy().into_owned();
        for line in std::fs::read_to_string(&path).expect("a text").split_inclusive('\n') {
            match (line.strip_prefix("=== "), cases.last_mut()) {
                (Some(name), _) => {
                    cases.push(Case {
                        topic: topic.clone(),
                        name: name.trim().to_owned(),
                        text: String::new(),
                    });
                }
                (None, Some(case)) => case.text += line,
                (None, None) => panic!("{} begins with no `=== name`", path.display()),
            }
        }
    }
    cases
}

fn by_topic(cases: &[Case]) -> BTreeMap<&str, Vec<&Case>> {
    let mut topics: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        topics.entry(&case.topic).or_default().push(case);
    }
    topics
}

/// A temporary directory to load topologies in.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    /// Creates one.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        // The project is named after its directory.
        let project = directory.path().join("project");
        std::fs::create_dir(&project).expect("a directory");
        for (name, text) in FILES {
            std::fs::write(project.join(name), text).expect("a file");
        }
        Self { directory }
    }

    fn write(&self, text: &str) -> PathBuf {
        let file = self.directory.path().join("project/compose.yaml");
        std::fs::write(&file, text).expect("a topology");
        file
    }

    /// Loads a topology as if it were a file there.
    pub(crate) fn load(&self, text: &str) -> Loaded {
        let mut request = Request::for_file(&self.write(text));
        request.variables =
            VARIABLES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        load(&request)
    }

    /// The output of `docker compose config` with these options.
    fn run_docker_compose(&self, text: &str, options: &[&str]) -> std::process::Output {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Command::new("docker")
            .args(["compose", "-f", "compose.yaml", "config"])
            .args(options)
            .current_dir(self.write(text).parent().expect("a directory"))
            .env_clear()
            .env("PATH", path)
            .envs(VARIABLES.iter().copied())
            .output()
            .expect("docker compose")
    }

    /// The fingerprints of services according to Docker Compose.
    pub(crate) fn fingerprints(&self, text: &str) -> BTreeMap<String, String> {
        let output = self.run_docker_compose(text, &["--hash", "*"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        let pairs = lines.lines().filter_map(|line| line.split_once(' '));
        pairs.map(|(name, hash)| (name.to_owned(), hash.to_owned())).collect()
    }

    /// A model, or the last line of an error message.
    fn ask_docker_compose(&self, text: &str) -> Json {
        let output = self.run_docker_compose(text, &["--format", "json"]);
        let directory = self.directory.path().join("project");
        let places = places(&directory);
        let texts = &places.each_ref().map(|(path, name)| (path.as_str(), *name));
        if output.status.success() {
            let model: Json = serde_json::from_slice(&output.stdout).expect("a model in JSON");
            return substitute(&model, texts);
        }
        let words =
            String::from_utf8_lossy(&output.stderr).trim().lines().last().unwrap_or_default().to_owned();
        substitute(&Json::String(words), texts)
    }
}
