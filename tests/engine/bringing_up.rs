//! Options of `up`.

use crate::harness::{Ran, docker, project};
use crate::proxy::{Proxy, Trouble};

const WEB: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    stop_grace_period: 1s
    command: sleep 1000
    environment:
      MODE: one
";

#[test]
#[ignore = "needs a Docker Engine"]
fn a_wait_ends_after_its_timeout() {
    let sick = format!("{WEB}    healthcheck: {{ test: [CMD, 'false'], interval: 1s, retries: 1000 }}\n");
    let project = project("up-wait-timeout", &sick);
    let ran = project.topo("up", &["--wait", "--wait-timeout", "2"]).exits(4);
    assert!(ran.err.contains("was not ready within 2.0s"), "{}", ran.err);
    assert_eq!(project.inspect("web", "{{.State.Status}}"), "running", "what is up stays up");
    project.topo("up", &["--wait-timeout", "2"]).exits(2).says("--wait");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_engine_that_does_not_answer_is_waited_for_until_the_timeout() {
    let project = project("up-no-answer", WEB);
    for hanging in ["GET /_ping", "GET /networks*", "POST /containers/*/start*"] {
        let proxy = Proxy::start();
        proxy.rule(hanging, Trouble::Hang);
        let mut topo = project.command("up", &["-d", "--wait", "--wait-timeout", "2"]);
        let output = topo.env("DOCKER_HOST", proxy.address()).output().expect("topo runs");
        Ran::of(output).exits(4).says("the engine has not answered within 2 s");
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn containers_are_kept_or_replaced_as_requested() {
    let project = project("up-recreate", WEB);
    project.topo("up", &["-d"]).exits(0);
    let first = project.id("web");
    project.write("topology.yaml", &WEB.replace("one", "two"));
    project.topo("up", &["-d", "--no-recreate"]).exits(0);
    assert_eq!(project.id("web"), first);
    project.topo("up", &["-d"]).exits(0).says("recreated");
    let second = project.id("web");
    assert_ne!(second, first);
    project.topo("up", &["-d", "--force-recreate"]).exits(0);
    assert_ne!(project.id("web"), second);
    project.topo("up", &["--force-recreate", "--no-recreate"]).exits(2);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn images_are_built_and_pulled_as_requested() {
    let missing = WEB.replace("busybox:1.37", "127.0.0.1:9/missing:1");
    let project = project("up-pull", &missing);
    let ran = project.topo("up", &["-d", "--pull", "never"]);
    assert!(ran.code != 0 && ran.err.contains("127.0.0.1:9/missing:1"), "{ran:?}");
    assert_eq!(project.objects("container"), Vec::<String>::new());
    project.topo("up", &["-d", "--pull", "missing", "--quiet-pull"]).exits(1).says("127.0.0.1:9/missing:1");
    project.write("Dockerfile", "FROM busybox:1.37\nRUN echo noise\n");
    project.write("topology.yaml", &WEB.replace("image: busybox:1.37", "build: ."));
    let quiet = project.topo("up", &["-d", "--quiet-build", "--progress", "plain"]).exits(0);
    assert!(!quiet.err.contains("[1/2]"), "{}", quiet.err);
    docker(&["image", "rm", "--force", &format!("{}-web", project.name())]);
    let loud = project.topo("up", &["-d", "--build", "--progress", "plain"]).exits(0);
    assert!(loud.err.contains("[1/2]"), "{}", loud.err);
    project.topo("up", &["-d", "--build", "--no-build"]).exits(2);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn output_in_the_foreground_is_shown_as_requested() {
    let talking = WEB.replace("sleep 1000", "echo hello");
    let project = project("up-output", &talking);
    let plain = project.topo("up", &["--no-color"]).exits(0);
    assert!(plain.out.contains("web-1  | hello"), "{plain:?}");
    let timed = project.topo("up", &["--timestamps", "--no-log-prefix", "--force-recreate"]).exits(0).out;
    let (time, text) = timed.trim().split_once(' ').expect("a time and a text");
    assert!(time.starts_with("20") && time.ends_with('Z') && text == "hello", "{timed}");
    let coloured = project.topo("up", &["--color", "always", "--force-recreate"]).exits(0).out;
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let none = project.topo("up", &["--color", "always", "--no-color", "--force-recreate"]).exits(0).out;
    assert!(!none.contains("\u{1b}["), "{none}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn containers_get_the_requested_time_to_stop() {
    let stubborn = "
services:
  web:
    image: busybox:1.37
    stop_grace_period: 10m
    command: sh -c 'trap \"\" TERM; while true; do sleep 1; done'
";
    let project = project("up-timeout", stubborn);
    project.topo("up", &["-d"]).exits(0);
    let first = project.id("web");
    project.topo("up", &["-d", "--force-recreate", "--timeout", "1"]).exits(0);
    assert_ne!(project.id("web"), first);
    project.topo("down", &["--timeout", "1"]).exits(0);
    project.assert_gone();
}
