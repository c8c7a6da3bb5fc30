//! Failures are reported with the service, the step, the engine's message and what to do.

use crate::harness::{Ran, docker, project};
use crate::proxy::{Proxy, Trouble};

#[test]
#[ignore = "needs a Docker Engine"]
fn a_container_that_exits_before_it_is_healthy_shows_its_last_output() {
    let topology = "
services:
  db:
    image: busybox:1.37
    command: sh -c 'echo the disk is full; exit 3'
    healthcheck: { test: [CMD, 'false'], interval: 1s }
  web:
    image: busybox:1.37
    command: sleep 1000
    depends_on: { db: { condition: service_healthy } }
";
    let project = project("dies", topology);
    let ran = project.topo("up", &["-d"]).exits(4).says("the disk is full").says("code 3").says("db");
    assert!(ran.err.contains("topo down"), "the way to clean up is named: {}", ran.err);
    assert_eq!(project.inspect("web", "{{.State.Status}}"), "created");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_unhealthy_container_shows_the_output_of_its_check() {
    let topology = "
services:
  db:
    image: busybox:1.37
    init: true
    command: sh -c 'echo I am starting; sleep 1000'
    healthcheck: { test: 'echo no connection; exit 1', interval: 100ms, retries: 2 }
  web:
    image: busybox:1.37
    command: sleep 1000
    depends_on: { db: { condition: service_healthy } }
";
    let project = project("unhealthy", topology);
    project.topo("up", &["-d"]).exits(4).says("unhealthy").says("no connection").says("I am starting");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_earlier_crash_loop_is_not_ready_and_exited_containers_are_not_listed_as_running() {
    let topology = "
services:
  web:
    image: busybox:1.37
    restart: always
    command: sh -c 'echo the disk is full; exit 3'
  job: { image: 'busybox:1.37', command: 'true' }
  good: { image: 'busybox:1.37', init: true, command: sleep 1000 }
";
    let project = project("crashes", topology);
    project.topo("up", &["-d"]).exits(0);
    let ran = project.topo("up", &["-d", "--wait"]).exits(4).says("exited with code 3, restarting");
    let running = ran.err.lines().find(|line| line.starts_with("still running:")).expect("one runs");
    assert!(running.contains("good-1") && !running.contains("job-1"), "{running}");
    assert!(ran.err.contains("the disk is full"), "{}", ran.err);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn containers_that_are_stopped_next_are_not_listed_as_running() {
    let topology = "
services:
  db:
    image: busybox:1.37
    init: true
    command: sleep 1000
    healthcheck: { test: [CMD, 'false'], interval: 100ms, retries: 1 }
  web:
    image: busybox:1.37
    depends_on: { db: { condition: service_healthy } }
";
    let project = project("aborts", topology);
    let ran = project.topo("up", &["--abort-on-container-exit", "-t", "0"]).exits(4).says("unhealthy");
    assert!(!ran.err.contains("still running"), "{}", ran.err);
    assert_eq!(project.inspect("db", "{{.State.Status}}"), "exited");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_failing_build_shows_the_failing_step() {
    let project = project("build-fails", "services:\n  web:\n    build: .\n");
    project.write("Dockerfile", "FROM busybox:1.37\nRUN echo compiling && echo missing header && exit 7\n");
    project.topo("up", &["-d"]).exits(4).says("missing header").says("7");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_independent_service_is_started_despite_a_failure() {
    let topology = "
services:
  bad:
    image: busybox:1.37
    command: /no/such/program
  good:
    image: busybox:1.37
    init: true
    command: sleep 1000
";
    let project = project("beside", topology);
    project.topo("up", &["-d"]).exits(4).says("bad").says("/no/such/program");
    assert_eq!(project.inspect("good", "{{.State.Running}}"), "true");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_failed_replacement_leaves_the_old_container_running() {
    let topology = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
";
    let project = project("keeps-old", topology);
    project.topo("up", &["-d"]).exits(0);
    let old = project.id("web");
    project.write("topology.yaml", &topology.replace("busybox:1.37", "topo-test/no-such-image:1"));
    project.topo("up", &["-d"]).exits(1).says("no-such-image").says("`--no-preflight`");
    assert_eq!(project.id("web"), old);
    project.topo("up", &["-d", "--no-preflight"]).exits(4).says("no-such-image");
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "true");
    assert_eq!(project.id("web"), old);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_taken_port_is_named() {
    let project = project(
        "port-taken",
        "
services:
  one:
    image: busybox:1.37
    init: true
    command: sleep 1000
    ports: ['127.0.0.1:18971:80']
  two:
    image: busybox:1.37
    init: true
    command: sleep 1000
    depends_on: [one]
",
    );
    let listener = std::net::TcpListener::bind(("127.0.0.1", 18971)).expect("the port is free");
    project.topo("up", &["-d", "--no-preflight"]).exits(4).says("18971");
    drop(listener);
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(docker(&["port", &project.container("one"), "80"]), "127.0.0.1:18971");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_missing_external_network_is_reported_before_anything_is_created() {
    let project = project(
        "external",
        "
services:
  web:
    image: busybox:1.37
    networks: [shared]
  other:
    image: busybox:1.37
    init: true
    command: sleep 1000
networks:
  shared: { external: true, name: topo-test-no-such-network }
",
    );
    project.topo("up", &["-d"]).exits(1).says("topo-test-no-such-network").says("docker network create");
    assert_eq!(project.objects("container"), Vec::<String>::new());
    project.topo("up", &["-d", "other"]).exits(0);
}

#[test]
fn without_an_engine_the_address_and_a_hint_are_shown() {
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_topo"))
        .args(["ps", "-p", "any"])
        .env("DOCKER_HOST", "unix:///no/such/engine.sock")
        .current_dir(std::env::temp_dir())
        .output()
        .expect("topo runs");
    let err = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(3), "{err}");
    assert!(err.contains("/no/such/engine.sock") && err.contains("DOCKER_HOST"), "{err}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_disconnecting_or_refusing_engine_is_reported() {
    let project = project("broken-engine", "services: { web: { image: 'busybox:1.37' } }");
    let proxy = Proxy::start();
    let ps = || {
        let mut ps = project.command("ps", &[]);
        Ran::of(ps.env("DOCKER_HOST", proxy.address()).output().expect("topo runs"))
    };
    let refusal = Trouble::Answer { status: 500, body: r#"{"message": "the disk is full"}"#.to_owned() };
    proxy.rule("GET /containers/json*", refusal).times(1);
    ps().exits(4).says("error: the disk is full");
    proxy.rule("GET /containers/json*", Trouble::Cut { after: 1 }).times(1);
    ps().exits(4).says("the connection to the engine broke");
    ps().exits(0);
    proxy.go_away();
    ps().exits(3);
}
