//! AI models, served by a Docker CLI plugin, here a stub that records its commands.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Project, Ran, eventually, project};

const PLUGIN: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
echo "$@" >> calls
[ ! -e "slow-$1" ] || { echo $$ > pid; exec sleep 1000; }
case $1 in
  ls) cat list ;;
  status) cat status ;;
  pull) [ ! -e offline ] || { echo 'the hub is far away' >&2; exit 1; } ;;
esac
"#;

const TOPOLOGY: &str = "
services:
  app:
    image: busybox:1.37
    command: sleep 1000
    init: true
    environment: { WHICH: mine }
    models: { my-llm: , other: { endpoint_var: WHERE, model_var: WHICH } }
  plain: { image: 'busybox:1.37', command: sleep 1000, init: true }
models:
  my-llm: { model: ai/smollm2, context_size: 1024, runtime_flags: [--no-prefill] }
  other: { model: 'ai/other:1' }
  unused: { model: ai/unused }
";

fn started(name: &str) -> Project {
    let project = project(name, TOPOLOGY);
    let plugin = project.write("docker/cli-plugins/docker-model", PLUGIN);
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).expect("a program");
    say(&project, "list", "[]");
    say(&project, "status", r#"{"running": true, "endpoint": "http://runner/v1/"}"#);
    project
}

/// Sets the plugin's response.
fn say(project: &Project, order: &str, answer: &str) {
    project.write(&format!("docker/cli-plugins/{order}"), answer);
}

fn topo(project: &Project, command: &str, arguments: &[&str]) -> Ran {
    let mut topo = project.command(command, arguments);
    topo.env("DOCKER_CONFIG", project.directory().join("docker"));
    Ran::of(topo.output().expect("topo runs"))
}

/// The plugin's commands since the last call, without queries.
fn orders(project: &Project) -> Vec<String> {
    let path = project.directory().join("docker/cli-plugins/calls");
    let calls = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(path);
    calls.lines().filter(|call| !call.ends_with("--json")).map(str::to_owned).collect()
}

#[test]
#[ignore = "needs a Docker Engine"]
fn models_are_prepared_and_services_get_their_addresses() {
    let project = started("models");
    topo(&project, "up", &["-d", "plain"]).exits(0);
    assert_eq!(orders(&project), Vec::<String>::new(), "nothing here uses a model");
    topo(&project, "plan", &[]).exits(0).says("1 container to create");
    assert_eq!(orders(&project), Vec::<String>::new(), "a plan changes nothing");
    topo(&project, "up", &["-d"])
        .exits(0)
        .says("my-llm: pulling ai/smollm2")
        .says("sets `WHICH` of `app` again");
    let configured = ["configure --context-size 1024 ai/smollm2 -- --no-prefill", "configure ai/other:1"];
    assert_eq!(orders(&project), ["pull ai/smollm2", configured[0], "pull ai/other:1", configured[1]]);
    let environment = project.inspect("app", "{{.Config.Env}}");
    for variable in [
        "MY_LLM_MODEL=ai/smollm2",
        "MY_LLM_URL=http://runner/v1/",
        "WHICH=ai/other:1",
        "WHERE=http://runner/v1/",
    ] {
        assert!(environment.contains(variable), "{variable}: {environment}");
    }
    // An existing model is not pulled again, and the same address changes nothing.
    say(&project, "list", r#"[{"id": "x", "tags": ["ai/smollm2:latest", "ai/other:1"]}, {"tags": null}]"#);
    topo(&project, "plan", &[]).exits(0).says("nothing to do");
    topo(&project, "up", &["-d"]).exits(0).says("nothing to do");
    assert_eq!(orders(&project), configured);
    say(&project, "status", r#"{"endpoint": "http://elsewhere/v1/"}"#);
    topo(&project, "plan", &[]).exits(0).says("environment.MY_LLM_URL");
    let ran = topo(&project, "run", &["--rm", "-T", "app", "sh", "-c", "echo $WHERE"]).exits(0);
    assert_eq!(ran.out, "http://elsewhere/v1/\n");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn unavailable_models_end_the_run_before_anything_is_created() {
    let project = started("models-fail");
    say(&project, "offline", "");
    topo(&project, "up", &["-d"]).exits(4).says("`docker model pull ai/smollm2`: the hub is far away");
    fs::remove_file(project.directory().join("docker/cli-plugins/offline")).expect("it was there");
    say(&project, "status", "{}");
    topo(&project, "up", &["-d"]).exits(4).says("names no endpoint");
    topo(&project, "plan", &[]).exits(0).says("the address of the models is not known yet");
    say(&project, "list", "no models here");
    topo(&project, "up", &["-d"])
        .exits(4)
        .says("the answer of `docker model ls --json` is not a list of models");
    fs::remove_file(project.directory().join("docker/cli-plugins/docker-model")).expect("it was there");
    topo(&project, "up", &["-d"]).exits(1).says("topology.yaml:8").says("needs Docker Model Runner");
    assert_eq!(project.objects("container"), Vec::<String>::new());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn slow_commands_of_the_model_runner_end_with_topo() {
    let project = started("models-slow");
    let directory = project.directory().join("docker");
    for (order, signal) in [("pull", "INT"), ("configure", "TERM"), ("status", "TERM"), ("ls", "INT")] {
        let slow = format!("docker/cli-plugins/slow-{order}");
        project.write(&slow, "");
        let mut topo = project.command("up", &["-d"]);
        topo.env("DOCKER_CONFIG", &directory).stderr(std::process::Stdio::piped());
        let topo = topo.spawn().expect("topo runs");
        let path = directory.join("cli-plugins/pid");
        let mut id = String::new();
        eventually("the order", || {
            id = fs::read_to_string(&path).unwrap_or_default().trim().to_owned();
            !id.is_empty()
        });
        let words = [format!("-{signal}"), topo.id().to_string()];
        let sent = std::process::Command::new("kill").args(words).status();
        assert!(sent.is_ok_and(|status| status.success()));
        let code = if signal == "TERM" { 143 } else { 130 };
        let ran = Ran::of(topo.wait_with_output().expect("topo ends")).exits(code);
        assert!(ran.err.contains("interrupted"), "{order}: {}", ran.err);
        eventually("the end of the plugin", || !std::path::Path::new(&format!("/proc/{id}")).exists());
        fs::remove_file(path).expect("it was there");
        fs::remove_file(project.directory().join(slow)).expect("it was there");
    }
    // A query without an answer times out.
    project.write("docker/cli-plugins/slow-ls", "");
    topo(&project, "up", &["-d"]).exits(4).says("`docker model ls --json` did not end within 10 seconds");
    assert_eq!(project.objects("container"), Vec::<String>::new());
}
