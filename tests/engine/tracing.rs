//! The log of `TOPO_LOG`.

use crate::harness::{Ran, project};

const TOPOLOGY: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    environment: {PASSWORD: hunter2}
    labels: {of: hunter2}
";

#[test]
#[ignore = "needs a Docker Engine"]
fn requests_are_logged_without_possible_secrets() {
    let project = project("tracing", TOPOLOGY);
    let up = |filter: &str| {
        let mut command = project.command("up", &["-d", "--force-recreate"]);
        let output = command.env("TOPO_LOG", filter).output().expect("topo runs");
        Ran::of(output).exits(0)
    };
    let ran = up("topo=debug").says("method=POST").says("/containers/create\" status=201");
    assert!(ran.err.contains("step ended"), "{}", ran.err);
    assert_eq!(ran.out, "", "the log goes to standard error");
    for filter in ["topo=trace", "trace"] {
        let ran = up(filter);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    }
    assert!(!up("").err.contains("DEBUG"), "it is off by default");
}
