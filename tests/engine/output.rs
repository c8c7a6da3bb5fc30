//! Output of containers is complete, in the right stream, and ends with its reader.

use std::process::Command;

use crate::harness::{Project, docker, eventually, project};

const TALKERS: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    stop_grace_period: 1s
    command: sh -c 'for n in 1 2 3 4 5; do echo web $$n; done; echo trouble >&2; sleep 1000'
  screen:
    image: busybox:1.37
    tty: true
    init: true
    stop_grace_period: 1s
    command: sh -c 'echo shown; echo also shown >&2; printf half'
";

fn printed(project: &Project, text: &str) -> bool {
    let ran = project.topo("logs", &[]);
    ran.out.contains(text) || ran.err.contains(text)
}

#[test]
#[ignore = "needs a Docker Engine"]
fn logs_accepts_every_option() {
    let project = project("output-options", TALKERS);
    project.topo("up", &["-d"]).exits(0);
    eventually("the last lines", || printed(&project, "trouble") && printed(&project, "half"));
    let logs = |arguments: &[&str]| project.topo("logs", arguments).exits(0);

    let all = logs(&["web"]);
    assert_eq!(all.out, (1..=5).map(|n| format!("web-1  | web {n}\n")).collect::<String>());
    assert_eq!(all.err, "web-1  | trouble\n", "the streams stay apart");
    // The engine counts the lines of both streams, and does not know their order.
    let last = logs(&["web", "-n", "2", "--no-log-prefix"]);
    assert_eq!(last.out.lines().count() + last.err.lines().count(), 2, "{last:?}");
    assert!(last.out.ends_with("web 5\n"), "{last:?}");
    assert_eq!(logs(&["web", "--tail", "0"]).out, "");
    assert_eq!(logs(&["web", "--tail", "all"]).out, all.out);
    project.topo("logs", &["web", "--index", "2"]).exits(4).says("`web` has no container number 2");
    assert_eq!(logs(&["web", "--since", "1h"]).out, all.out);
    assert_eq!(logs(&["web", "--until", "1h"]).out, "");
    let timed = logs(&["web", "-t"]).out;
    let time = timed.lines().next().and_then(|line| line.split(' ').nth(3)).unwrap_or_default();
    assert!(time.starts_with("20") && time.ends_with('Z'), "{timed}");
    assert_eq!(logs(&["web", "--until", time]).out, "web-1  | web 1\n");
    let screen = logs(&["screen"]);
    assert_eq!(screen.out.replace('\r', ""), "screen-1  | shown\nscreen-1  | also shown\nscreen-1  | half\n");
    assert_eq!(screen.err, "");
    project.topo("logs", &["--tail", "few"]).exits(2);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_restarted_container_is_followed_without_lost_or_repeated_lines() {
    let counting = "
services:
  counter:
    image: busybox:1.37
    init: true
    restart: always
    command: sh -c 'n=$$(cat /n 2>/dev/null || echo 0); for i in 1 2 3; do n=$$((n+1)); echo line $$n; done; echo $$n > /n; sleep 1'
";
    let project = project("output-restarts", counting);
    project.topo("up", &["-d"]).exits(0);
    let following = project.start("logs", &["--follow", "--no-log-prefix"]);
    let restarts = || project.inspect("counter", "{{.RestartCount}}").parse::<u32>().unwrap_or_default();
    eventually("four restarts", || restarts() >= 4);
    project.topo("stop", &["-t", "1"]).exits(0);
    let printed = docker(&["logs", &project.container("counter")]);
    eventually("the last line", || following.out().trim_end().ends_with(printed.trim_end()));
    following.signal("INT");
    let out = following.end().exits(130).out;
    let wanted: Vec<String> = (1..=out.lines().count()).map(|n| format!("line {n}")).collect();
    assert_eq!(out.lines().collect::<Vec<_>>(), wanted);
    assert!(wanted.len() >= 12, "{out}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn new_containers_join_those_that_are_followed() {
    let topology = "
services:
  web:
    image: busybox:1.37
    init: true
    stop_grace_period: 1s
    command: sh -c 'echo here; sleep 1000'
  named:
    image: busybox:1.37
    container_name: topo-test-output-joins-by-name
    init: true
    stop_grace_period: 1s
    command: sh -c 'echo here; sleep 1000'
";
    let project = project("output-joins", topology);
    project.topo("up", &["-d", "web"]).exits(0);
    let following = project.start("logs", &["--follow"]);
    following.shows("web-1");
    project.topo("up", &["-d", "--scale", "web=2", "web", "named"]).exits(0);
    following.shows("web-2");
    following.shows("named-1");
    following.signal("INT");
    let out = following.end().exits(130).out;
    for line in ["web-1", "web-2", "named-1"] {
        let count = out.lines().filter(|shown| shown.starts_with(line) && shown.ends_with("| here")).count();
        assert_eq!(count, 1, "{line} in\n{out}");
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_closed_pipe_ends_the_output() {
    let project = project("output-pipe", TALKERS);
    project.topo("up", &["-d"]).exits(0);
    eventually("the last lines", || printed(&project, "trouble"));
    let topo = env!("CARGO_BIN_EXE_topo");
    let head = |command: &str| {
        let about = format!("{} -p {}", project.topology(), project.name());
        let line = format!("set -o pipefail; timeout 20 {topo} {command} {about} 2>&1 | head -1");
        let output = Command::new("bash").args(["-c", &line]).output().expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_ne!(output.status.code(), Some(124), "{command} went on: {text}");
        assert_ne!(output.status.code(), Some(101), "{command} panicked: {text}");
        assert_eq!(text.lines().count(), 1, "{command}: {text}");
    };
    for command in ["logs", "ps", "config", "plan", "images", "top"] {
        head(command);
    }
    docker(&["rm", "-f", &project.container("web")]);
    head("up -d --progress plain");
    head("up -d --force-recreate --progress json");
    head("down --progress json");
    eventually("the end of down", || project.objects("container").is_empty());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn json_progress_has_one_object_per_line() {
    let project = project("output-json", TALKERS);
    let up = project.topo("up", &["-d", "--progress", "json", "web"]).exits(0);
    assert_eq!(up.out, "");
    let lines: Vec<serde_json::Value> =
        up.err.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let shown: Vec<String> = lines
        .iter()
        .filter(|line| line["event"] == "ended")
        .map(|line| {
            format!("{} {} {} {}", line["action"], line["object"], line["name"], line["end"]).replace('"', "")
        })
        .collect();
    let wanted = [
        format!("create network {}_default done", project.name()),
        format!("create container {} done", project.container("web")),
        format!("start container {} done", project.container("web")),
    ];
    assert_eq!(shown[..3], wanted);
    let last = lines.last().expect("a last line");
    assert_eq!((&last["event"], &last["success"]), (&"finished".into(), &true.into()), "{last}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn warnings_of_the_engine_are_shown() {
    let topology =
        "services: { web: { image: 'busybox:1.37', command: sleep 1000, init: true, cpu_percent: 50 } }\n";
    let project = project("output-warning", topology);
    let words = "linux does not support CPU percent";
    project.topo("up", &["-d"]).exits(0).says("warning:").says(words);
    project
        .topo("up", &["-d", "--force-recreate", "--progress", "json"])
        .exits(0)
        .says("\"warning\":")
        .says(words);
}
