//! Output is shown completely, however the run ends.

use crate::harness::project;

/// `test` prints its report and fails; `db` prints a lot while it is being stopped.
const REPORT: &str = "
services:
  db:
    image: busybox:1.37
    init: true
    command: sh -c \"trap 'seq 1 20000; echo goodbye; exit 0' TERM; while true; do sleep 0.1; done\"
  test:
    image: busybox:1.37
    depends_on: [db]
    command: sh -c 'seq 1 60000; echo 3 tests FAILED; exit 3'
";

#[test]
#[ignore = "needs a Docker Engine"]
fn output_of_the_container_that_stops_everything_is_shown_completely() {
    let project = project("last-words", REPORT);
    for options in
        [&["--exit-code-from", "test"][..], &["--abort-on-container-exit"], &["--abort-on-container-failure"]]
    {
        let ran = project.topo("up", options).exits(3);
        let said = |label: &str| ran.out.lines().filter(|line| line.starts_with(label)).count();
        assert_eq!((said("test-1  | "), said("db-1    | ")), (60_001, 20_001), "{options:?}");
        let stopping = ran.err.find("stopping: ").expect("it says why it ends");
        let end = ran.err.find("test-1 exited with code 3").expect("it tells the end");
        assert!(end < stopping, "its output came before: {}", ran.err);
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn output_during_the_stop_is_shown_completely() {
    let project = project("last-words-int", REPORT);
    let up = project.start("up", &["db", "--no-log-prefix"]);
    crate::harness::eventually("it runs", || project.inspect("db", "{{.State.Running}}") == "true");
    // Its shell must have installed the trap.
    crate::harness::eventually("it waits", || {
        crate::harness::docker(&["top", &project.container("db")]).contains("sleep 0.1")
    });
    up.signal("INT");
    let ran = up.end().exits(130);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!((lines.len(), lines.last()), (20_001, Some(&"goodbye")));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_exit_code_is_that_of_the_chosen_service() {
    let topology = "
services:
  db:
    image: busybox:1.37
    command: sh -c 'exit 3'
    healthcheck: { test: [CMD, 'false'], interval: 1s }
  test: { image: 'busybox:1.37', command: 'true', depends_on: { db: { condition: service_healthy } } }
";
    let project = project("whose-code", topology);
    project.topo("up", &["--exit-code-from", "test"]).exits(4);
    project.topo("up", &["--exit-code-from", "db"]).exits(3);
    project.topo("up", &["--abort-on-container-exit"]).exits(3);
}
