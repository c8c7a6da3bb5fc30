//! Containers in other states than declared, and how commands treat them.

use crate::harness::{Project, docker, project};

const CHAIN: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    environment: { MODE: one }
    depends_on: { db: { condition: service_healthy } }
  db:
    image: busybox:1.37
    init: true
    command: sleep 1000
    healthcheck: { test: [CMD, 'true'], interval: 200ms, start_interval: 100ms, start_period: 5s }
";

fn states(project: &Project) -> [String; 2] {
    ["web", "db"].map(|service| project.inspect(service, "{{.State.Status}}"))
}

fn pause(project: &Project) {
    docker(&["pause", &project.container("web"), &project.container("db")]);
    assert_eq!(states(project), ["paused", "paused"]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn paused_containers_are_resumed_replaced_stopped_restarted_and_removed() {
    let project = project("paused", CHAIN);
    project.topo("up", &["-d"]).exits(0);
    let ids = ["web", "db"].map(|service| project.id(service));
    pause(&project);
    project.topo("plan", &["--exit-code"]).exits(5).says("unpause because it is paused");
    project.topo("up", &["-d", "--wait"]).exits(0).says("2 containers unpaused");
    assert_eq!(
        (states(&project), ids),
        (["running", "running"].map(str::to_owned), ["web", "db"].map(|service| project.id(service)))
    );
    pause(&project);
    project.topo("restart", &["-t", "1"]).exits(0).says("2 containers restarted");
    pause(&project);
    project.write("topology.yaml", &CHAIN.replace("MODE: one", "MODE: two"));
    project.topo("up", &["-d", "-t", "1"]).exits(0).says("1 container recreated, 1 unpaused");
    assert_eq!(states(&project), ["running", "running"]);
    pause(&project);
    project.topo("stop", &["-t", "1"]).exits(0).says("2 containers stopped");
    project.topo("up", &["-d"]).exits(0);
    pause(&project);
    project.topo("kill", &[]).exits(0).says("2 containers killed");
    project.topo("up", &["-d"]).exits(0);
    pause(&project);
    project.topo("down", &["-t", "1"]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn commands_that_need_a_running_container_explain_how_to_resume_a_paused_one() {
    let project = project("paused-help", CHAIN);
    project.topo("up", &["-d"]).exits(0);
    pause(&project);
    for command in [&["exec", "-T", "web", "true"][..], &["attach", "--no-stdin", "web"], &["start", "web"]] {
        let ran = project.topo(command[0], &command[1..]).exits(4).says(" paused");
        assert!(ran.err.contains("topo unpause"), "{}", ran.err);
    }
    let ran = project.topo("start", &["web"]).exits(4);
    assert!(ran.err.contains("`db`, `web` are paused"), "{}", ran.err);
    assert_eq!(states(&project), ["paused", "paused"]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn with_nothing_to_do_the_services_and_their_states_are_shown() {
    let project = project("idle", CHAIN);
    project.topo("stop", &["web"]).exits(0).says("nothing to do: web has no container");
    project.topo("up", &["-d"]).exits(0);
    project
        .topo("start", &["web", "db"])
        .exits(0)
        .says("nothing to do: web is already running, db is already running");
    project.topo("unpause", &["web"]).exits(0).says("nothing to do: web is already running");
    project.topo("scale", &["web=1"]).exits(0).says("nothing to do: web already has 1 container");
    let ran =
        project.topo("rm", &["web"]).exits(0).says("nothing to do: web is running; `topo rm --stop web");
    assert!(ran.err.contains("stops and removes running containers too"), "{}", ran.err);
    project.topo("rm", &[]).exits(0).says("has no stopped container; `topo rm --stop");
    project.topo("stop", &["web", "-t", "1"]).exits(0).says("web: 1 container stopped in");
    project.topo("stop", &["web"]).exits(0).says("nothing to do: web is already stopped");
    project.topo("rm", &["web", "db", "--force"]).exits(0).says("db stays: `topo rm --stop web db");
    assert_eq!(project.objects("container"), [project.container("db")]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn too_many_replicas_for_the_host_ports_are_reported_before_anything_changes() {
    let topology = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    ports: ['127.0.0.1:28491:80']
";
    let project = project("scale-ports", topology);
    for command in
        [&["scale", "web=2"][..], &["up", "-d", "--scale", "web=2"], &["create", "--scale", "web=2"]]
    {
        let ran = project.topo(command[0], &command[1..]).exits(1);
        assert!(ran.err.contains("`web` has 2 replicas and one host port, 28491"), "{}", ran.err);
        assert!(ran.err.contains("topology.yaml:7:"), "{}", ran.err);
    }
    project.assert_gone();
    project.write("topology.yaml", &topology.replace("28491:", "28491-28492:"));
    project.topo("up", &["-d", "--scale", "web=2"]).exits(0);
    let ports =
        docker(&["ps", "--filter", &format!("name={}-web", project.name()), "--format", "{{.Ports}}"]);
    assert!(ports.contains(":28491->") && ports.contains(":28492->"), "{ports}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_project_with_a_broken_file_is_listed_and_removed_by_name() {
    let project = project("broken-file", CHAIN);
    project.topo("up", &["-d"]).exits(0);
    project.topo("down", &["web"]).exits(0).says("web: 1 container removed");
    project.topo("down", &["web"]).exits(0).says("nothing to do: web has no container");
    project.write("compose.yaml", &CHAIN.replace("image", "imge"));
    project.topo_alone(&["-p", project.name(), "ps"]).exits(0).says("using the labels of project").says("db");
    project
        .topo_alone(&["-f", "compose.yaml", "-p", project.name(), "ps"])
        .exits(0)
        .says("which `topo -f compose.yaml -p topo-test-broken-file validate` shows");
    project.topo_alone(&["-p", project.name(), "down"]).exits(0).says("is down");
    project.assert_gone();
}
