//! Commands about containers that are there: each does what it says, to those that it is about.

use std::process::Stdio;

use crate::harness::{Project, docker, project};

const CHAIN: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    depends_on: { db: { condition: service_healthy, restart: true } }
  db:
    image: busybox:1.37
    init: true
    command: sleep 1000
    volumes: [/data]
    healthcheck: { test: [CMD, 'true'], interval: 200ms, start_interval: 100ms, start_period: 5s }
  other:
    image: busybox:1.37
    init: true
    command: sleep 1000
";

fn status(project: &Project, service: &str) -> String {
    project.inspect(service, "{{.State.Status}}")
}

fn started_at(project: &Project, service: &str) -> String {
    project.inspect(service, "{{.State.StartedAt}}")
}

#[test]
fn start_brings_what_is_needed_and_nothing_else() {
    let Some(project) = project("start", CHAIN) else { return };
    project.topo("start", &[]).exits(4).says("has no container to start").says("topo up");
    project.topo("up", &["-d", "--no-start"]).exits(0);
    let web = project.id("web");
    project.topo("start", &["web", "--wait"]).exits(0).says("2 containers started");
    assert_eq!(web, project.id("web"));
    assert_eq!(project.inspect("db", "{{.State.Health.Status}}"), "healthy");
    assert_eq!(status(&project, "other"), "created");
    assert!(started_at(&project, "db") < started_at(&project, "web"));
    project.topo("start", &["web"]).exits(0).says("nothing to do");
}

#[test]
fn stop_leaves_what_the_service_needs_and_start_brings_the_same_containers_back() {
    let Some(project) = project("stop", CHAIN) else { return };
    project.topo("up", &["-d"]).exits(0);
    let ids = ["web", "db", "other"].map(|service| project.id(service));
    project.topo("stop", &["web"]).exits(0).says("1 container stopped");
    assert_eq!([status(&project, "web"), status(&project, "db")], ["exited", "running"]);
    project.topo("stop", &["-t", "1"]).exits(0).says("is stopped");
    project.topo("stop", &[]).exits(0).says("nothing to do");
    let finished = |service| project.inspect(service, "{{.State.FinishedAt}}");
    assert!(finished("web") < finished("db"), "dependants stop first");
    project.topo("start", &[]).exits(0);
    assert_eq!(ids, ["web", "db", "other"].map(|service| project.id(service)));
}

#[test]
fn restart_takes_the_dependants_along_that_say_so() {
    let Some(project) = project("restart", CHAIN) else { return };
    project.topo("up", &["-d"]).exits(0);
    let before = ["web", "db", "other"].map(|service| started_at(&project, service));
    project.topo("restart", &["db", "-t", "1"]).exits(0).says("2 containers restarted");
    let after = ["web", "db", "other"].map(|service| started_at(&project, service));
    assert!(after[0] > before[0] && after[1] > before[1] && after[2] == before[2], "{before:?} {after:?}");
    assert!(after[0] > after[1], "web starts after db");
    project.topo("restart", &["db", "--no-deps", "-t", "1"]).exits(0).says("1 container restarted");
    assert_eq!(started_at(&project, "web"), after[0]);
    docker(&["kill", &project.container("other")]);
    let id = project.id("other");
    project.topo("restart", &["other"]).exits(0);
    assert_eq!((status(&project, "other"), project.id("other")), ("running".to_owned(), id));
}

#[test]
fn a_signal_reaches_the_process_and_kill_ends_it() {
    let topology = "
services:
  web:
    image: busybox:1.37
    command: sh -c 'trap \"echo got it\" USR1; while true; do sleep 0.1; done'
  other:
    image: busybox:1.37
    init: true
    command: sleep 1000
";
    let Some(project) = project("kill", topology) else { return };
    project.topo("up", &["-d"]).exits(0);
    project.topo("kill", &["-s", "usr1", "web"]).exits(0).says("sent SIGUSR1");
    crate::harness::eventually("the signal arrives", || {
        project.topo("logs", &["web"]).out.contains("got it")
    });
    project.topo("kill", &["-s", "USR3"]).exits(2).says("SIGUSR1");
    project.topo("kill", &["web"]).exits(0).says("killed");
    assert_eq!(project.inspect("web", "{{.State.ExitCode}}"), "137");
    assert_eq!(status(&project, "other"), "running");
    project.topo("kill", &["web"]).exits(0).says("nothing to do");
}

#[test]
fn orphans_are_killed_and_removed_only_on_request() {
    let Some(project) = project("kill-orphans", CHAIN) else { return };
    project.topo("up", &["-d", "other", "db"]).exits(0);
    let without_other = CHAIN.split("  other:").next().expect("a text");
    project.write("topology.yaml", without_other);
    project.topo("stop", &["-t", "1"]).exits(0);
    assert_eq!(status(&project, "other"), "running", "a service of somebody else goes on");
    project.topo("kill", &[]).exits(0).says("nothing to do");
    project.topo("kill", &["--remove-orphans"]).exits(0);
    assert_eq!(project.objects("container"), [project.container("db")]);
}

#[test]
fn paused_containers_stand_still_until_they_go_on() {
    let Some(project) = project("pause", CHAIN) else { return };
    project.topo("up", &["-d"]).exits(0);
    project.topo("pause", &["web"]).exits(0).says("1 container paused");
    assert_eq!([status(&project, "web"), status(&project, "db")], ["paused", "running"]);
    project.topo("pause", &[]).exits(0).says("2 containers paused");
    project.topo("pause", &[]).exits(0).says("nothing to do");
    project.topo("unpause", &["db"]).exits(0);
    assert_eq!([status(&project, "web"), status(&project, "db")], ["paused", "running"]);
    project.topo("unpause", &[]).exits(0).says("2 containers unpaused");
}

#[test]
fn rm_asks_and_removes_only_what_does_not_run() {
    let Some(project) = project("rm", CHAIN) else { return };
    project.topo("up", &["-d"]).exits(0);
    project.topo("rm", &[]).exits(0).says("nothing to do");
    project.topo("stop", &["web", "-t", "1"]).exits(0);
    project.topo("rm", &[]).exits(2).says("--force");
    for (answer, left) in [("n\n", 3), ("y\n", 2)] {
        let mut asked = project.command("rm", &[]).stdin(Stdio::piped()).spawn().expect("topo runs");
        std::io::Write::write_all(&mut asked.stdin.take().expect("a pipe"), answer.as_bytes())
            .expect("it reads");
        assert!(asked.wait().expect("it ends").success());
        assert_eq!(project.objects("container").len(), left);
    }
    let volume = project.inspect("db", "{{range .Mounts}}{{.Name}}{{end}}");
    project.topo("rm", &["--stop", "--force", "-v", "db"]).exits(0).says("removed");
    assert_eq!(project.objects("container"), [project.container("other")]);
    assert_eq!(docker(&["volume", "inspect", "--format", "{{.Name}}", &volume]), "");
}
