//! The effects of environment variables, and how `topo config` reports them.

use crate::harness::{Project, Ran, docker, project};

const TWO: &str = "
services:
  web: { image: 'busybox:1.37', init: true, command: sleep 1000, environment: { A: '1' } }
  old: { image: 'busybox:1.37', init: true, command: sleep 1000 }
";
const ONE: &str = "
services:
  web: { image: 'busybox:1.37', init: true, command: sleep 1000, environment: { A: '1' } }
";

fn topo(project: &Project, variables: &[(&str, &str)], command: &str, arguments: &[&str]) -> Ran {
    let output = project.command(command, arguments).envs(variables.iter().copied()).output();
    Ran::of(output.expect("topo runs"))
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_printed_hash_is_that_of_the_container() {
    let project = project("hash", ONE);
    let platform = docker(&["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]);
    for variables in [&[][..], &[("DOCKER_DEFAULT_PLATFORM", platform.as_str())]] {
        topo(&project, variables, "up", &["-d"]).exits(0);
        let label = project.inspect("web", "{{index .Config.Labels \"com.docker.compose.config-hash\"}}");
        let printed = topo(&project, variables, "config", &["--hash", "*"]).exits(0).out;
        assert_eq!(printed, format!("web {label}\n"));
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn orphans_are_reported_ignored_or_removed_as_the_environment_says() {
    let project = project("orphans", TWO);
    project.topo("up", &["-d"]).exits(0);
    project.write("topology.yaml", ONE);
    project.topo("up", &["-d"]).exits(0).says("the topology has no service for");
    let hushed = topo(&project, &[("COMPOSE_IGNORE_ORPHANS", "1")], "up", &["-d"]).exits(0);
    assert!(!hushed.err.contains("no service for"), "{}", hushed.err);
    assert_eq!(project.objects("container").len(), 2);
    project.write(".env", "COMPOSE_REMOVE_ORPHANS=true\n");
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(project.objects("container"), [project.container("web")]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_form_of_progress_follows_the_environment() {
    let project = project("status", ONE);
    let variables = [("COMPOSE_STATUS_STDOUT", "1"), ("COMPOSE_PROGRESS", "plain")];
    let ran = topo(&project, &variables, "up", &["-d"]).exits(0);
    assert!(ran.out.contains("is up") && ran.err.is_empty(), "{ran:?}");
    let ran = topo(&project, &[("COMPOSE_PROGRESS", "json")], "down", &[]).exits(0);
    assert!(ran.out.is_empty() && ran.err.starts_with('{'), "{ran:?}");
}
