//! Ctrl-C, and a killed topo.

use std::time::{Duration, Instant};

use crate::harness::{eventually, project};

const SLOW: &str = "
services:
  db:
    image: busybox:1.37
    init: true
    command: sleep 1000
    healthcheck: { test: [CMD, 'false'], interval: 1s, start_period: 100s }
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    depends_on: { db: { condition: service_healthy } }
";

const TALKING: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sh -c 'echo first; echo to-error >&2; while true; do echo again; sleep 0.2; done'
";

#[test]
#[ignore = "needs a Docker Engine"]
fn ctrl_c_while_waiting_starts_nothing_new() {
    let project = project("ctrl-c", SLOW);
    let up = project.start("up", &["-d"]);
    eventually("db runs", || project.inspect("db", "{{.State.Running}}") == "true");
    let pressed = Instant::now();
    up.signal("INT");
    let ran = up.end().exits(130);
    assert!(pressed.elapsed() < Duration::from_secs(30), "it ended by itself: {}", ran.err);
    assert_eq!(project.inspect("web", "{{.State.Status}}"), "created");
    project.topo("down", &[]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn ctrl_c_in_the_foreground_stops_the_services() {
    let project = project("foreground", TALKING);
    let up = project.start("up", &[]);
    up.shows("first");
    up.shows("to-error");
    up.signal("INT");
    let ran = up.end().exits(130);
    assert!(ran.out.contains("web-1") && ran.out.contains("first"), "{}", ran.out);
    assert!(ran.err.contains("to-error"), "each stream goes to its own: {}", ran.err);
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "false");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn up_in_the_foreground_ends_with_all_services() {
    let topology = "services:\n  job:\n    image: busybox:1.37\n    command: echo all done\n";
    let project = project("ends", topology);
    project.topo("up", &[]).exits(0).says("job-1").says("all done");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_second_ctrl_c_kills_what_does_not_stop() {
    let topology = "
services:
  stubborn:
    image: busybox:1.37
    command: sh -c 'trap \"echo no\" TERM; echo ready; while true; do sleep 0.1; done'
    stop_grace_period: 100s
";
    let project = project("second", topology);
    let up = project.start("up", &[]);
    up.shows("| ready");
    let pressed = Instant::now();
    up.signal("INT");
    up.shows("| no");
    up.signal("INT");
    let ran = up.end().exits(130).says("killing the remaining containers");
    let summary = format!("project {} is killed", project.name());
    assert!(ran.err.contains(&summary) && !ran.err.contains("is not stopped"), "one summary: {}", ran.err);
    let told: Vec<&str> =
        ran.err.lines().skip_while(|line| !line.contains("killing the remaining containers")).collect();
    let lines_of_it = told.iter().filter(|line| line.starts_with("container ")).count();
    assert_eq!(lines_of_it, 1, "one line for one container: {told:?}");
    assert!(ran.out.contains("no\n"), "it was asked to stop first: {}", ran.out);
    assert!(pressed.elapsed() < Duration::from_secs(20));
    assert_eq!(project.inspect("stubborn", "{{.State.ExitCode}}"), "137");
}
