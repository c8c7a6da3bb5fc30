//! Runs that change one project take turns, and a run ends when the engine is as it should be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::harness::{Project, Ran, Running, docker, eventually, project};
use crate::proxy::{Proxy, Trouble};

/// Neither ends when it is asked to, only after its grace period.
const STUBBORN: &str = "
services:
  web: { image: 'busybox:1.37', command: [sleep, '1000'], stop_grace_period: 3s, depends_on: [db] }
  db: { image: 'busybox:1.37', command: [sleep, '1000'], stop_grace_period: 2s }
";

const QUICK: &str = "
services:
  web: { image: 'busybox:1.37', command: sleep 1000, init: true, depends_on: [db] }
  db: { image: 'busybox:1.37', command: sleep 1000, init: true }
";

/// A project behind a proxy.
struct Behind {
    project: Project,
    proxy: Proxy,
}

impl Behind {
    fn new(name: &str, topology: &str) -> Self {
        Self { project: project(name, topology), proxy: Proxy::start() }
    }

    fn command(&self, command: &str, arguments: &[&str]) -> Command {
        let mut topo = self.project.command(command, arguments);
        topo.env("DOCKER_HOST", self.proxy.address());
        topo
    }

    fn topo(&self, command: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.command(command, arguments).output().expect("topo runs"))
    }

    fn start(&self, command: &str, arguments: &[&str]) -> Running {
        Running::spawn(self.command(command, arguments))
    }

    /// Waits for a request that was not there before.
    fn asks(&self, pattern: &str, before: usize) {
        eventually(pattern, || self.proxy.requests(pattern).len() > before);
    }

    fn running(&self) -> Vec<String> {
        let filter = format!("label=com.docker.compose.project={}", self.project.name());
        let listed = docker(&["ps", "--filter", &filter, "--format", "{{.Names}}"]);
        let mut names: Vec<String> = listed.lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    fn both(&self) -> [String; 2] {
        ["db", "web"].map(|service| self.project.container(service))
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_a_killed_run_was_stopping_runs_after_the_next() {
    let behind = Behind::new("turns-killed", STUBBORN);
    let commands: [(&str, &[&str]); 4] = [
        ("up", &["-d", "--force-recreate"]),
        ("stop", &[]),
        ("restart", &["--timeout", "2"]),
        ("down", &["--timeout", "2"]),
    ];
    for (command, arguments) in commands {
        behind.topo("up", &["-d"]).exits(0);
        let stops = "POST /containers/*/stop*";
        let before = behind.proxy.requests(stops).len();
        let run = behind.start(command, arguments);
        behind.asks(stops, before);
        run.signal("KILL");
        run.end();
        let next = behind.topo("up", &["-d"]).exits(0);
        let next = next.says(&format!("`topo {command} ")).says("was killed while it was changing");
        let next = next.says("still being stopped");
        assert!(!next.err.contains("up to date"), "{command}: {}", next.err);
        assert_eq!(behind.running(), behind.both(), "{command}: {}", next.err);
        // No stop is under way that could end it later.
        let unchanged = behind.topo("up", &["-d"]).exits(0).says("up to date");
        assert!(!unchanged.err.contains("being stopped"), "{command}: {}", unchanged.err);
        assert_eq!(behind.project.objects("container").len(), 2, "{command}");
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_another_program_is_stopping_runs_after_the_next_up() {
    let project = project("turns-docker", STUBBORN);
    project.topo("up", &["-d"]).exits(0);
    let web = project.container("web");
    let mut stop =
        Command::new("docker").args(["stop", "--timeout", "3", &web]).spawn().expect("docker runs");
    eventually("the signal", || {
        let event = ["events", "--since", "1m", "--until", "0s", "--filter", "event=kill", "--filter"];
        !docker(&[&event[..], &[&format!("container={web}")]].concat()).is_empty()
    });
    project.topo("up", &["-d"]).exits(0).says(&format!("{web} is still being stopped"));
    stop.wait().expect("docker ends");
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "true");
    project.topo("up", &["-d"]).exits(0).says("up to date");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_second_run_waits_for_the_first_and_readers_for_nobody() {
    let behind = Behind::new("turns-two", QUICK);
    let held = behind.proxy.rule("POST /containers/create*", Trouble::Hang);
    let first = behind.start("up", &["-d"]);
    behind.asks("POST /containers/create*", 0);
    let second = behind.start("up", &["-d"]);
    second.shows("waiting for `topo up");
    for (command, arguments) in [
        ("ps", &[][..]),
        ("plan", &[]),
        ("config", &[]),
        ("up", &["--dry-run"]),
        ("logs", &[]),
        ("images", &[]),
    ] {
        let ran = behind.topo(command, arguments);
        assert!(!ran.err.contains("waiting for"), "{command}: {}", ran.err);
    }
    let json = behind.start("down", &["--progress", "json"]);
    json.shows(r#"{"command":"topo up"#);
    json.signal("INT");
    json.end().exits(130);
    let third = behind.start("stop", &[]);
    third.shows("which is changing topo-test-turns-two");
    third.signal("TERM");
    third.end().exits(143);
    behind
        .topo("up", &["-d", "--wait", "--wait-timeout", "1"])
        .exits(4)
        .says("another run has not ended within 1 s");
    behind.topo("kill", &[]).exits(0);
    held.lift();
    first.end().exits(0).says("2 containers created");
    second.end().exits(0).says("up to date");
    assert_eq!(behind.running(), behind.both());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn two_runs_at_once_both_succeed() {
    let project = project("turns-at-once", QUICK);
    for _ in 0..3 {
        let runs: Vec<Running> = (0..4).map(|_| project.start("up", &["-d"])).collect();
        let errors: Vec<String> = runs.into_iter().map(|run| run.end().exits(0).err).collect();
        assert_eq!(
            errors.iter().filter(|err| err.contains("is up: 2 containers created")).count(),
            1,
            "{errors:?}"
        );
        project.topo("down", &[]).exits(0);
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_only_follows_or_watches_lets_others_have_their_turn() {
    let watched = "
services:
  web:
    image: busybox:1.37
    command: sh -c 'echo hello; exec sleep 1000'
    init: true
    develop: { watch: [{ path: ./src, action: restart }] }
";
    let project = project("turns-follow", watched);
    project.write("src/file", "1");
    for (command, arguments, sign) in [
        ("up", &["--menu=false"][..], "hello"),
        ("up", &["--watch", "--menu=false"], "watching"),
        ("watch", &[], "watching"),
    ] {
        let attached = project.start(command, arguments);
        attached.shows(sign);
        let other = project.topo("up", &["-d"]).exits(0).says("up to date");
        assert!(!other.err.contains("waiting for"), "{command} {arguments:?}: {}", other.err);
        attached.signal("INT");
        attached.end().exits(130);
        project.topo("down", &[]).exits(0);
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_provider_and_a_hook_may_call_topo_about_the_same_project() {
    let project = project("turns-nested", "");
    let topo = env!("CARGO_BIN_EXE_topo");
    let inner = project.write(
        "inner.yaml",
        "services: { inner: { image: 'busybox:1.37', command: sleep 1000, init: true } }",
    );
    let script = format!(
        "#!/bin/sh\n[ \"$2\" = metadata ] && exit\n{topo} up -d {} --project-name {} >&2\n",
        inner.display(),
        project.name()
    );
    let program = project.write("provider", &script);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
    let state = project.directory().join("state");
    project.write(
        "topology.yaml",
        &format!(
            "
services:
  db: {{ provider: {{ type: {program} }} }}
  other: {{ image: 'busybox:1.37', command: sleep 1000, init: true }}
  web:
    image: debian:trixie-slim
    command: sleep 1000
    init: true
    depends_on: [db, other]
    volumes:
      - {topo}:/topo:ro
      - /var/run/docker.sock:/var/run/docker.sock
      - {state}:/state
    post_start:
      - command: [/topo, restart, --project-name, {name}, other]
        environment: {{ XDG_RUNTIME_DIR: /state }}
",
            program = program.display(),
            state = state.display(),
            name = project.name(),
        ),
    );
    let mut up = project.command("up", &["-d"]);
    up.env("XDG_RUNTIME_DIR", &state);
    let ran = Running::spawn(up).end().exits(0);
    assert!(!ran.err.contains("waiting for"), "{}", ran.err);
    assert!(docker(&["ps", "--format", "{{.Names}}"]).contains(&project.container("inner")));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_lock_that_cannot_be_had_is_a_warning_at_most() {
    let project = project("turns-odd", QUICK);
    let file = project.write("file", "");
    let with = |variables: &[(&str, &Path)]| {
        let mut up = project.command("up", &["-d"]);
        up.envs(variables.iter().copied());
        Ran::of(up.output().expect("topo runs")).exits(0)
    };
    let (nowhere, here) = (Path::new("/proc/nowhere"), project.directory());
    let nothing = with(&[("XDG_RUNTIME_DIR", nowhere), ("HOME", nowhere), ("TMPDIR", &file)]);
    let nothing = nothing.says("cannot tell whether another run is changing topo-test-turns-odd");
    assert!(nothing.err.contains("/proc/nowhere/topo: "), "{}", nothing.err);
    // One of the others is as good.
    for variables in [[("XDG_RUNTIME_DIR", &*file), ("HOME", here)], [("HOME", nowhere), ("TMPDIR", here)]] {
        let ran = with(&variables);
        assert!(!ran.err.contains("warning"), "{variables:?}: {}", ran.err);
    }
    // What stands in the file need not make sense.
    let files = fs::read_dir(here.join(".local/state/topo")).expect("a directory of locks");
    for file in files {
        fs::write(file.expect("a file").path(), b"\xff\xfe not a record\n{\"stop\":1}")
            .expect("it is written");
    }
    let ran = with(&[("XDG_RUNTIME_DIR", &file), ("HOME", here)]);
    assert!(!ran.err.contains("warning") && !ran.err.contains("killed"), "{}", ran.err);
}
