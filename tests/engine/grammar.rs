//! What `topo validate` says of a value, and what the engine says of it: the two have to agree, since an error
//! belongs in front of the user before anything is made.
//!
//! For each place of a topology in the tables below there are values that people write, and each of those is
//! broken in many ways. A value that is not refused by `validate` is brought up by topo. One that is refused is
//! brought up by Docker Compose, where that is installed: what runs there was refused for nothing. A disagreement
//! that stays is in [`accepted`], with its reason.
//!
//! - `TOPO_GRAMMAR_VALUES`: how many values are tried; `all` tries each one. 48 by default.
//! - `TOPO_GRAMMAR_SKIP`: how many are passed over before, to go through all of them in parts. None by default.
//! - `TOPO_GRAMMAR_SEED`: which ones come first.
//! - `TOPO_GRAMMAR_ONLY`: only places that hold this text.

mod accepted;
mod places;
mod values;

use std::process::Command;
use std::sync::Mutex;

use crate::harness::{Project, Ran, Turn, project};
use places::Place;

/// How many values are tried unless more are asked for.
const DEFAULT_COUNT: usize = 48;

/// How many projects are brought up at a time.
const WORKERS: usize = 4;

/// Projects that publish a port of this machine, or choose a subnet or a name, take turns.
static EXCLUSIVE: Turn = Turn(Mutex::new(()));

/// One value at one place.
struct Candidate {
    /// The topology with `@`.
    place: String,
    value: String,
}

impl Candidate {
    fn topology(&self) -> String {
        // What JSON quotes, YAML reads as the same text.
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

/// The values that are tried, in an order that depends on the seed alone.
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

/// What the two say, when it differs and no reason for that is known.
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

/// Brings the project up by Docker Compose; nothing where that is not installed.
fn compose(project: &Project) -> Option<Ran> {
    let mut compose = Command::new("docker");
    compose.args(["compose", "--progress", "quiet", "-f", "topology.yaml", "-p", project.name(), "up", "-d"]);
    let ran = Ran::of(compose.current_dir(project.folder()).output().ok()?);
    (!ran.err.contains("is not a docker command")).then_some(ran)
}
