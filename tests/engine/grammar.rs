//! `topo validate` and the engine must agree on values, since an error should be reported before
//! anything is created.
//!
//! The tables below have common values for each place of a topology, each of which is then
//! corrupted in many ways. A value that `validate` accepts is brought up by topo. One that it
//! refuses is brought up by Docker Compose, if installed: if it runs there, it was refused for
//! nothing. Known disagreements are listed in [`accepted`], with their reasons.
//!
//! - `TOPO_GRAMMAR_VALUES`: how many values to try; `all` for every one. 48 by default.
//! - `TOPO_GRAMMAR_SKIP`: how many to skip first, to go through all of them in parts. None by
//!   default.
//! - `TOPO_GRAMMAR_SEED`: determines their order.
//! - `TOPO_GRAMMAR_ONLY`: only places that contain this text.

mod accepted;
mod places;
mod values;

use std::process::Command;
use std::sync::Mutex;

use crate::harness::{Project, Ran, Turn, project};
use places::Place;

/// How many values are tried by default.
const DEFAULT_COUNT: usize = 48;

/// How many projects are brought up concurrently.
const WORKERS: usize = 4;

/// Projects that publish a port, or choose a subnet or a name, run one at a time.
static EXCLUSIVE: Turn = Turn(Mutex::new(()));

/// A value at a place.
struct Candidate {
    /// The topology with `@`.
    place: String,
    value: String,
}

impl Candidate {
    fn topology(&self) -> String {
        // YAML reads a JSON string as the same text.
        self.place.replace('@', &serde_json::Value::from(self.value.as_str()).to_string())
    }

    fn may_differ(&self, is_refused: bool) -> bool {
        let Self { place, value } = self;
        match is_refused {
            true => accepted::reason_to_refuse(place, value).is_some(),
            false => accepted::reason_to_take(place, value).is_some(),
        }
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn validate_and_the_engine_agree() {
    let _ = project("values", "services: {}\n");
    let candidates = Mutex::new(chosen());
    let disagreements = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (candidates, disagreements) = (&candidates, &disagreements);
            scope.spawn(move || {
                let project = project(&format!("values-{worker}"), "services: {}\n");
                project.write("dir/file", "");
                project.write("profile.json", r#"{"defaultAction": "SCMP_ACT_ALLOW"}"#);
                loop {
                    let Some(candidate) = candidates.lock().expect("no worker failed").pop() else { return };
                    if let Some(words) = disagreement(&candidate, &project) {
                        disagreements.lock().expect("no worker failed").push(words);
                    }
                }
            });
        }
    });
    let mut disagreements = disagreements.into_inner().expect("no worker failed");
    disagreements.sort();
    assert!(disagreements.is_empty(), "{} disagreements\n{}", disagreements.len(), disagreements.join("\n"));
}

/// The values to try, in an order that depends only on the seed.
fn chosen() -> Vec<Candidate> {
    let only = std::env::var("TOPO_GRAMMAR_ONLY").unwrap_or_default();
    let mut all = Vec::new();
    for Place { topology, values } in places::all().into_iter().filter(|place| place.topology.contains(&only))
    {
        let candidate = |value| Candidate { place: topology.clone(), value };
        all.extend(values::around(values).into_iter().map(candidate));
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    values::shuffle(&mut all, number("TOPO_GRAMMAR_SEED").unwrap_or(1));
    let mut all = all.split_off(number("TOPO_GRAMMAR_SKIP").map_or(0, |count| count as usize).min(all.len()));
    if std::env::var("TOPO_GRAMMAR_VALUES").is_ok_and(|count| count == "all") {
        return all;
    }
    all.truncate(number("TOPO_GRAMMAR_VALUES").map_or(DEFAULT_COUNT, |count| count as usize));
    all
}

/// The two results, if they differ without a known reason.
fn disagreement(candidate: &Candidate, project: &Project) -> Option<String> {
    let is_exclusive = ["ports: ", "subnet: ", "name: "].iter().any(|part| candidate.place.contains(part));
    let _turn = is_exclusive.then(|| EXCLUSIVE.lock());
    project.write("topology.yaml", &candidate.topology());
    let validated = project.topo_alone(&["validate", "topology.yaml"]);
    let is_refused = validated.code != 0;
    if is_refused && accepted::is_harmful(&candidate.place, &candidate.value) {
        return None;
    }
    let (who, ran) = match is_refused {
        false => ("topo up", project.topo("up", &["-d"])),
        true => ("docker compose up", compose(project)?),
    };
    let is_down = !is_refused && project.topo("down", &["-t", "0", "--volumes"]).code == 0;
    if !is_down {
        project.clean_up();
    }
    let is_same = is_refused != (ran.code == 0);
    if is_same || candidate.may_differ(is_refused) {
        return None;
    }
    let said = if is_refused { &validated.out } else { &ran.err };
    let (_, attribute) = candidate.place.split_once("init: true, ").unwrap_or_default();
    Some(format!(
        "{} <- {:?}: validate {}, {who} ends with {}\n    {}",
        attribute.trim(),
        candidate.value,
        if is_refused { "refuses it" } else { "takes it" },
        ran.code,
        said.trim().replace('\n', "\n    "),
    ))
}

/// Brings the project up with Docker Compose; `None` if it is not installed.
fn compose(project: &Project) -> Option<Ran> {
    let mut compose = Command::new("docker");
    compose.args(["compose", "--progress", "quiet", "-f", "topology.yaml", "-p", project.name(), "up", "-d"]);
    let ran = Ran::of(compose.current_dir(project.directory()).output().ok()?);
    (!ran.err.contains("is not a docker command")).then_some(ran)
}
