//! A topology brought up by topo results in the same as with `docker compose`: the same containers,
//! networks and volumes, and the same files of secrets and configs.
//!
//! A fixture is a directory below `tests/parity/`: `compose.yaml`, the files that it refers to, and
//! `expected.txt` with the result of `docker compose`. If that is installed, it is run again;
//! `TOPO_RECORD_PARITY=1` records its result. Three keys of a fixture are only for this test:
//! `x-files` are the files whose owner, mode and content are compared, by service; `x-except` are
//! prefixes of lines that are not compared, with the reason in a comment at each; `x-needs-api` is
//! the API version 1.N below which services of the profile `newer` are left out.

mod lines;
mod refused;
mod snapshot;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::harness::{Project, ROOT, Ran, directory_project, docker};

/// Declares the test of each fixture, and a list of all of them.
macro_rules! fixtures {
    ($($name:ident)*) => {
        $(
            #[test]
            #[ignore = "needs a Docker Engine"]
            fn $name() {
                check(stringify!($name));
            }
        )*
        const FIXTURES: &[&str] = &[$(stringify!($name)),*];
    };
}

fixtures! {
    default_network deployed files health_and_restart limits mounts names namespaces networks ports
    process replicas security
}

#[test]
fn every_fixture_is_tested() {
    let found = std::fs::read_dir(Path::new(ROOT).join("tests/parity")).expect("fixtures");
    let mut found: Vec<_> =
        found.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
    found.sort();
    assert_eq!(found, FIXTURES);
}

/// What the engine's defaults depend on.
const ENGINE: &str = "{{.ServerVersion}} on control groups {{.CgroupVersion}}";

/// The name of objects that a fixture expects on the engine.
const OUTSIDE: &str = "topo-parity-outside";

fn check(name: &str) {
    let source = Path::new(ROOT).join("tests/parity").join(name);
    let project = directory_project(&format!("parity-{name}").replace('_', "-"), &source);
    let outside = Outside::made_for(&project);
    let fixture = Fixture::read(&source);
    let profile = ["--profile", fixture.profile()];
    let Some(expected) = fixture.expected(&project, profile[1]) else { return };
    let topo = |command, arguments: &[&str]| project.topo(command, &[&profile, arguments].concat()).exits(0);
    topo("up", &["-d", "-t", "0"]);
    let actual = fixture.snapshot(&project);
    assert_same(&fixture, &expected, &actual);
    topo("plan", &["--exit-code"]).says("nothing to do");
    topo("down", &["-v", "-t", "0"]);
    project.assert_gone();
    assert_eq!(project.objects("volume"), Vec::<String>::new());
    drop(outside);
}

/// A fixture with its settings for this test.
struct Fixture {
    reference: PathBuf,
    text: String,
    files: Json,
    except: Vec<String>,
    needs_api: u64,
}

impl Fixture {
    fn read(source: &Path) -> Self {
        let text = std::fs::read_to_string(source.join("compose.yaml")).expect("compose.yaml");
        let yaml: Json = serde_yaml::from_str(&text).expect("YAML");
        let except = yaml["x-except"].as_array().into_iter().flatten();
        let except = except.map(|line| line.as_str().expect("a string").to_owned());
        Self {
            reference: source.join("expected.txt"),
            files: yaml["x-files"].clone(),
            except: except.collect(),
            needs_api: yaml["x-needs-api"].as_u64().unwrap_or_default(),
            text,
        }
    }

    /// Some services need newer engines; the errors of older ones are tested elsewhere.
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    fn profile(&self) -> &'static str {
        let version = docker(&["version", "--format", "{{.Server.APIVersion}}"]);
        let minor: u64 = version.strip_prefix("1.").and_then(|minor| minor.parse().ok()).unwrap_or_default();
        if minor >= self.needs_api {
            return "newer";
        }
        eprintln!(
            "SKIPPED: services of the profile `newer` in {}: they need API 1.{}",
            self.reference.display(),
            self.needs_api
        );
        "older"
    }

    /// The result of `docker compose`, now or recorded on such an engine.
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    fn expected(&self, project: &Project, profile: &str) -> Option<Vec<String>> {
        let engine = format!("engine {}", docker(&["info", "--format", ENGINE]));
        if !has_compose() {
            let text = std::fs::read_to_string(&self.reference).expect("a recorded reference");
            let mut lines = text.lines().map(str::to_owned);
            if lines.next().as_ref() != Some(&engine) {
                eprintln!("SKIPPED: {} is of another engine than {engine}", self.reference.display());
                return None;
            }
            return Some(lines.collect());
        }
        compose(project, &["--profile", profile, "up", "-d", "-t", "0"]).exits(0);
        let lines = self.snapshot(project);
        compose(project, &["--profile", "*", "down", "-v", "-t", "0"]).exits(0);
        if std::env::var_os("TOPO_RECORD_PARITY").is_some_and(|value| value == "1") {
            let text = format!("{engine}\n{}\n", lines.join("\n"));
            std::fs::write(&self.reference, text).expect("the reference is written");
        }
        Some(lines)
    }

    fn snapshot(&self, project: &Project) -> Vec<String> {
        let lines = snapshot::of(project, &self.text, &self.files);
        lines.into_iter().filter(|line| !self.except.iter().any(|except| line.starts_with(except))).collect()
    }
}

#[track_caller]
fn assert_same(fixture: &Fixture, expected: &[String], actual: &[String]) {
    let only_in = |these: &[String], those: &[String], sign: &str| -> Vec<String> {
        these.iter().filter(|line| !those.contains(line)).map(|line| format!("{sign} {line}")).collect()
    };
    let mut differences = only_in(expected, actual, "docker compose:");
    differences.extend(only_in(actual, expected, "topo:          "));
    assert!(differences.is_empty(), "{}:\n{}", fixture.reference.display(), differences.join("\n"));
}

fn has_compose() -> bool {
    docker(&["compose", "version", "--short"]).starts_with("2.40")
}

fn compose(project: &Project, arguments: &[&str]) -> Ran {
    let mut command = Command::new("docker");
    command.args(["compose", "--project-name", project.name()]).args(arguments);
    Ran::of(command.current_dir(project.directory()).output().expect("docker compose runs"))
}

/// The objects that fixtures expect, which are removed with the test.
struct Outside {
    name: String,
}

impl Outside {
    fn made_for(project: &Project) -> Option<Self> {
        let file = project.directory().join("compose.yaml");
        let text = std::fs::read_to_string(&file).expect("compose.yaml");
        if !text.contains(OUTSIDE) {
            return None;
        }
        let outside = Self { name: format!("{}-outside", project.name()) };
        outside.remove();
        std::fs::write(&file, text.replace(OUTSIDE, &outside.name)).expect("compose.yaml");
        docker(&["network", "create", &outside.name]);
        docker(&["volume", "create", &outside.name]);
        let network = format!("--network={}", outside.name);
        let volume = format!("--volume={}:/outside", outside.name);
        let options = ["--init", "--ipc=shareable", &network, &volume, "--name", &outside.name];
        let command = ["busybox:1.37", "sleep", "1000"];
        docker(&[&["run", "-d"], &options[..], &command].concat());
        docker(&["exec", &outside.name, "mkdir", "-p", "/outside/part"]);
        Some(outside)
    }

    fn remove(&self) {
        docker(&["rm", "--force", "--volumes", &self.name]);
        docker(&["network", "rm", &self.name]);
        docker(&["volume", "rm", &self.name]);
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.remove();
    }
}
