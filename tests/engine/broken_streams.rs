//! The connection to the engine breaks while output is shown: no line is lost or repeated.

use std::process::Stdio;

use crate::harness::{Project, Ran, docker, eventually, project};
use crate::proxy::{Proxy, Trouble};

const TICKING: &str = "
services:
  t:
    image: busybox:1.37
    init: true
    stop_grace_period: 1s
    command: sh -c 'i=0; while true; do i=$$((i+1)); echo tick $$i; sleep 0.1; done'
";

/// topo through a proxy, in the background, with its output in two files.
fn start(project: &Project, proxy: &Proxy, command: &str, arguments: &[&str]) -> std::process::Child {
    let file = |name: &str| std::fs::File::create(project.directory().join(name)).expect("a file");
    let mut topo = project.command(command, arguments);
    topo.env("DOCKER_HOST", proxy.address()).stdout(file("out")).stderr(file("err"));
    topo.spawn().expect("topo runs")
}

fn said(project: &Project, name: &str) -> String {
    std::fs::read_to_string(project.directory().join(name)).expect("a file")
}

/// The numbers of the ticks that were shown.
fn ticks(text: &str) -> Vec<usize> {
    let number = |line: &str| line.split_once("tick ").and_then(|(_, number)| number.trim().parse().ok());
    text.lines().filter_map(number).collect()
}

#[track_caller]
fn assert_without_gap(ticks: &[usize]) {
    let whole: Vec<usize> = (ticks[0]..ticks[0] + ticks.len()).collect();
    assert_eq!(ticks, whole, "a line is lost or comes twice");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_short_break_loses_nothing() {
    let project = project("blink", TICKING);
    project.topo("up", &["-d"]).exits(0);
    for (command, arguments) in [("logs", &["-f"][..]), ("up", &["--no-log-prefix"])] {
        let proxy = Proxy::start();
        let mut topo = start(&project, &proxy, command, arguments);
        let count = || ticks(&said(&project, "out")).len();
        eventually("some lines", || count() > 5);
        proxy.go_away();
        let before = count();
        // The engine is away for this time, during which the container prints unread lines.
        std::thread::sleep(std::time::Duration::from_millis(700));
        proxy.come_back();
        eventually("more lines", || count() > before + 15);
        // A single truncated response is a break too.
        proxy.rule("GET /containers/*/logs*", Trouble::Cut { after: 100 }).times(1);
        proxy.go_away();
        proxy.come_back();
        let before = count();
        eventually("more lines after a cut", || count() > before + 15);
        project.topo("stop", &[]).exits(0);
        assert_eq!(topo.wait().expect("topo ends").code(), Some(0), "{}", said(&project, "err"));
        assert_without_gap(&ticks(&said(&project, "out")));
        assert!(!said(&project, "err").contains("error"), "{}", said(&project, "err"));
        project.topo("start", &[]).exits(0);
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_engine_that_does_not_come_back_is_an_error() {
    let project = project("gone-engine", TICKING);
    project.topo("up", &["-d"]).exits(0);
    for (command, arguments) in [("logs", &["-f", "--no-log-prefix"][..]), ("up", &[])] {
        let proxy = Proxy::start();
        let mut topo = start(&project, &proxy, command, arguments);
        eventually("some lines", || ticks(&said(&project, "out")).len() > 2);
        proxy.go_away();
        assert_eq!(topo.wait().expect("topo ends").code(), Some(4), "{command}");
        let said = said(&project, "err");
        assert!(said.contains("error: the output of `topo-test-gone-engine-t-1` cannot be read: "), "{said}");
        proxy.come_back();
    }
    assert_eq!(project.inspect("t", "{{.State.Running}}"), "true");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn following_ends_when_nothing_is_running() {
    let topology = format!("{TICKING}  done: {{ image: 'busybox:1.37', command: echo done }}\n");
    let project = project("follow-ends", &topology);
    project.topo("up", &["-d"]).exits(0);
    let shown = || said(&project, "out");
    eventually("some lines", || ticks(&project.topo("logs", &["t"]).out).len() > 5);
    let proxy = Proxy::start();
    let mut logs = start(&project, &proxy, "logs", &["-f", "--tail", "1"]);
    eventually("a line", || !ticks(&shown()).is_empty());
    // A restart by another topo is not the end.
    project.topo("restart", &["t"]).exits(0);
    eventually("a line after it", || ticks(&shown()).contains(&1));
    project.topo("stop", &[]).exits(0);
    assert_eq!(logs.wait().expect("topo ends").code(), Some(0));
    assert_eq!(shown().matches("tick 1\n").count(), 1, "{}", shown());
    // The exit of a job before is not reported.
    assert!(!said(&project, "err").contains("done-1"), "{}", said(&project, "err"));
    assert!(said(&project, "err").contains("t-1 exited with code "), "{}", said(&project, "err"));
    project.topo("logs", &["-f"]).exits(0).says("done");
    let logs = project.start("logs", &["-f"]);
    project.topo("down", &[]).exits(0);
    logs.end().exits(0);
    project.topo("logs", &["-f"]).exits(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn following_ends_with_the_named_services_whatever_else_is_shown() {
    let topology =
        format!("{TICKING}  foo: {{ image: 'busybox:1.37', command: echo hello, depends_on: [t] }}\n");
    let project = project("named-end", &topology);
    let ran = project.start("up", &["--attach-dependencies", "foo"]).end().exits(0).says("hello");
    assert!(ran.out.contains("tick 1"), "{}", ran.out);
    assert_eq!(project.inspect("t", "{{.State.Running}}"), "true");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_lost_connection_to_a_program_is_reported_with_a_way_back() {
    let project = project("lost-program", TICKING);
    project.topo("up", &["-d"]).exits(0);
    let lost = |command: &str, arguments: &[&str], way_back: &str| {
        let proxy = Proxy::start();
        let mut topo = start(&project, &proxy, command, arguments);
        eventually("some lines", || ticks(&said(&project, "out")).len() > 2);
        proxy.go_away();
        assert_eq!(topo.wait().expect("topo ends").code(), Some(4), "{command}: {}", said(&project, "err"));
        let said = said(&project, "err");
        assert!(said.contains(" may still be running, but the connection to it was lost: "), "{said}");
        assert!(said.contains(way_back), "{said}");
        proxy.come_back();
    };
    lost("attach", &["--no-stdin", "t"], " t` connects to it again, ");
    let name = format!("{}-one", project.name());
    lost("run", &["-T", "--name", &name, "t"], &format!("`docker attach {name}` connects to it again, "));
    assert_eq!(docker(&["inspect", "--format", "{{.State.Running}}", &name]), "true");
    docker(&["rm", "-f", &name]);
    let ticks = "i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.1; done";
    lost("exec", &["-T", "t", "sh", "-c", ticks], "shows whether the command still runs in it");
    // The connection of the output may be the only one that breaks.
    let proxy = Proxy::start();
    proxy.rule("POST /containers/*/attach*", Trouble::CutAfter(std::time::Duration::from_secs(1)));
    let mut topo = start(&project, &proxy, "attach", &["--no-stdin", "t"]);
    assert_eq!(topo.wait().expect("topo ends").code(), Some(4));
    assert!(
        said(&project, "err").contains(" may still be running, but the connection to it was lost"),
        "{}",
        said(&project, "err")
    );
}

#[test]
#[ignore = "needs a Docker Engine"]
fn output_that_breaks_before_the_program_exits_is_not_a_success() {
    let topology = format!(
        "{TICKING}  j: {{ image: 'busybox:1.37', command: [sh, -c, 'seq 1 5000; sleep 1; seq 5001 10000; exit 3'] }}\n"
    );
    let project = project("cut-output", &topology);
    project.topo("up", &["-d", "t"]).exits(0);
    let cut = |pattern: &str, trouble: Trouble, command: &str, arguments: &[&str]| {
        let proxy = Proxy::start();
        proxy.rule(pattern, trouble);
        let mut topo = project.command(command, arguments);
        let output = topo.env("DOCKER_HOST", proxy.address()).output().expect("topo runs");
        Ran::of(output).exits(4).says(" may still be running, but the connection to it was lost: ");
    };
    let exec = "POST /exec/*/start*";
    let within = Trouble::Cut { after: 2000 };
    cut(exec, within.clone(), "exec", &["-T", "t", "sh", "-c", "seq 1 5000; sleep 2; echo END"]);
    cut(exec, within, "exec", &["-T", "t", "seq", "1", "5000"]);
    let between = Trouble::CutAfter(std::time::Duration::from_millis(500));
    cut(exec, between, "exec", &["-T", "t", "sh", "-c", "echo 1; sleep 2; echo 2"]);
    cut("POST /containers/*/attach*", Trouble::Cut { after: 20_000 }, "run", &["--rm", "-T", "j"]);
    // A program that closes its output itself is waited for.
    project.topo("exec", &["-T", "t", "sh", "-c", "exec >&- 2>&-; sleep 1; exit 5"]).exits(5);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn output_that_up_could_not_show_is_not_a_success() {
    let job = "services: { j: { image: 'busybox:1.37', command: [sh, -c, 'seq 1 3; sleep 1'] } }\n";
    let project = project("unread-output", job);
    for options in [&["--exit-code-from", "j"][..], &["--abort-on-container-exit"], &[]] {
        let proxy = Proxy::start();
        let boom = Trouble::Answer { status: 500, body: r#"{"message": "boom"}"#.to_owned() };
        proxy.rule("GET /containers/*/logs*", boom);
        let mut topo = project.command("up", options);
        let output = topo.env("DOCKER_HOST", proxy.address()).output().expect("topo runs");
        Ran::of(output).exits(4).says("-j-1` cannot be read: boom");
        project.topo("down", &[]).exits(0);
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_full_disk_is_reported() {
    let project = project("full-disk", TICKING);
    project.topo("up", &["-d"]).exits(0);
    eventually("a line", || project.topo("logs", &[]).out.contains("tick 1"));
    let full = |command: &str, arguments: &[&str]| {
        let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let mut topo = project.command(command, arguments);
        let child = topo.stdout(full()).stderr(Stdio::piped()).spawn().expect("topo runs");
        Ran::of(child.wait_with_output().expect("topo ends"))
    };
    for (command, arguments) in [
        ("logs", &[][..]),
        ("logs", &["-f"]),
        ("up", &[]),
        ("exec", &["-T", "t", "echo", "a"]),
        ("run", &["--rm", "-T", "t", "echo", "a"]),
        ("export", &["t"]),
        ("cp", &["t:/etc/hosts", "-"]),
    ] {
        full(command, arguments).exits(2).says("standard output cannot be written: ");
    }
    assert_eq!(project.inspect("t", "{{.State.Running}}"), "true");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn bytes_are_not_changed_on_their_way_into_a_pipe() {
    let topology = "
services:
  bar: { image: 'busybox:1.37', command: [sh, -c, 'printf \"10%%\\r20%%\\r\\ndone\\n\"; head -c 200000 /dev/zero | tr \"\\\\0\" x; echo'] }
";
    let project = project("bytes", topology);
    let ran = project.topo("up", &["--no-log-prefix"]).exits(0);
    let whole = format!("10%\r20%\r\ndone\n{}\n", "x".repeat(200_000));
    assert!(ran.out == whole, "{} bytes in place of {}", ran.out.len(), whole.len());
    assert!(project.topo("logs", &["--no-log-prefix"]).out == whole);
    assert!(project.topo("logs", &["--no-log-prefix", "-f"]).out == whole);
    assert_eq!(docker(&["logs", &project.container("bar")]).len(), whole.trim_end().len());
}
