//! `topo up` in the foreground: output is shown from the first line on, along with the progress.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::harness::{Project, docker, eventually, project};
use crate::terminal::Terminal;

const WAITING: &str = "
services:
  db:
    image: busybox:1.37
    init: true
    stop_grace_period: 1s
    command: sh -c 'echo db speaks; echo trouble >&2; sleep 1000'
    healthcheck: { test: [CMD, test, -e, /ok], interval: 200ms, start_period: 100s, start_interval: 200ms }
  a_web_with_a_long_name:
    image: busybox:1.37
    init: true
    stop_grace_period: 1s
    command: sh -c 'echo web speaks; sleep 1000'
    depends_on: { db: { condition: service_healthy } }
";

const CRASHING: &str = "
services:
  db:
    image: busybox:1.37
    command: sh -c 'echo the disk is full; exit 3'
    healthcheck: { test: [CMD, 'false'], interval: 1s }
  slow:
    image: busybox:1.37
    init: true
    stop_grace_period: 1s
    command: sleep 1000
    healthcheck: { test: [CMD, test, -e, /ok], interval: 200ms, start_period: 100s, start_interval: 200ms }
  web:
    image: busybox:1.37
    command: sleep 1000
    depends_on: { db: { condition: service_healthy }, slow: { condition: service_healthy } }
";

/// A running topo whose output can be read.
struct Read {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Read {
    fn start(project: &Project, mut command: Command) -> Self {
        let (out, err) = (project.directory().join("out"), project.directory().join("err"));
        let file = |path: &PathBuf| File::create(path).expect("a file");
        let child = command.stdout(file(&out)).stderr(file(&err)).spawn().expect("topo runs");
        Self { child, out, err }
    }

    fn out(&self) -> String {
        std::fs::read_to_string(&self.out).expect("a file")
    }

    fn err(&self) -> String {
        std::fs::read_to_string(&self.err).expect("a file")
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    #[track_caller]
    fn ends(&mut self, code: i32) {
        let mut status = None;
        eventually("the end of topo", || {
            status = self.child.try_wait().expect("a child");
            status.is_some()
        });
        assert_eq!(status.and_then(|status| status.code()), Some(code), "{}\n{}", self.out(), self.err());
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn becomes_healthy(project: &Project, service: &str) {
    docker(&["exec", &project.container(service), "touch", "/ok"]);
}

/// The summaries of topo about the project.
fn summaries<'text>(project: &Project, text: &'text str) -> Vec<&'text str> {
    let about = format!("project {} ", project.name());
    text.lines().filter(|line| line.contains(&about)).collect()
}

#[test]
#[ignore = "needs a Docker Engine"]
fn output_is_shown_while_others_wait_for_the_container() {
    let project = project("heard-at-once", WAITING);
    let mut up = Read::start(&project, project.command("up", &[]));
    eventually("the first line", || up.out().contains("db speaks"));
    assert_eq!(project.inspect("a_web_with_a_long_name", "{{.State.Status}}"), "created");
    assert!(summaries(&project, &up.err()).is_empty(), "it is not up yet: {}", up.err());
    becomes_healthy(&project, "db");
    eventually("the last line", || up.out().contains("web speaks"));
    eventually("it is up", || !summaries(&project, &up.err()).is_empty());
    up.signal("INT");
    up.ends(130);
    // The column of names is wide enough for all names from the first line on.
    let first = "db-1                      | db speaks\na_web_with_a_long_name-1  | web speaks\n";
    assert_eq!(up.out(), first);
    let err = up.err();
    assert_eq!(err.matches("trouble").count(), 1, "{err}");
    assert_eq!(err.matches("exited with code").count(), 2, "each end is told once: {err}");
    assert!(err.contains("stopping; press Ctrl-C again to kill"), "{err}");
    assert_eq!(summaries(&project, &err).len(), 2, "one when it is up and one at the end: {err}");
    assert!(err.trim_end().lines().last().is_some_and(|line| line.contains("is stopped")), "{err}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn on_a_terminal_output_appears_above_the_progress() {
    let project = project("heard-on-terminal", WAITING);
    let mut terminal = Terminal::start(project.command("up", &[]));
    terminal.shows("db speaks");
    // The progress is redrawn below.
    terminal.shows("waiting until");
    becomes_healthy(&project, "db");
    terminal.shows("web speaks");
    eventually("it is up", || terminal.screen().contains(" is up"));
    terminal.types("\x03");
    terminal.shows("stopping; press Ctrl-C again to kill");
    terminal.shows("is stopped");
    assert_eq!(terminal.ends(), 130);
    assert_eq!(terminal.screen().matches("db speaks").count(), 1);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn output_of_a_crash_is_shown_at_once_and_not_repeated() {
    let project = project("heard-crash", CRASHING);
    let mut up = Read::start(&project, project.command("up", &[]));
    eventually("its last words", || up.out().contains("the disk is full"));
    eventually("its end", || up.err().contains("db-1 exited with code 3"));
    assert!(summaries(&project, &up.err()).is_empty(), "another service is waited for: {}", up.err());
    becomes_healthy(&project, "slow");
    up.ends(4);
    let all = up.out() + &up.err();
    assert_eq!(all.matches("the disk is full").count(), 1, "{all}");
    // Without its output, the failure shows it.
    project.topo("down", &[]).exits(0);
    project.write("topology.yaml", &CRASHING.replace("test, -e, /ok", "'true'"));
    let ran = project.topo("up", &["--no-attach", "db"]).exits(4).says("it printed last:");
    assert_eq!((ran.out + &ran.err).matches("the disk is full").count(), 1);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn output_of_running_containers_is_shown_from_now_on() {
    let topology = "
services:
  talker:
    image: busybox:1.37
    init: true
    stop_grace_period: 1s
    command: sh -c 'n=0; while true; do n=$$((n+1)); echo line $$n; sleep 0.2; done'
  job:
    image: busybox:1.37
    command: sh -c 'echo run >> /runs; echo done $$(wc -l < /runs)'
  unheard:
    image: busybox:1.37
    init: true
    stop_grace_period: 1s
    command: sh -c 'while true; do echo nothing; sleep 0.2; done'
    attach: false
";
    let project = project("heard-from-now", topology);
    project.topo("up", &["-d"]).exits(0);
    eventually("some lines", || project.topo("logs", &["talker"]).out.lines().count() > 5);
    let before = project.topo("logs", &["talker"]).out.lines().count();
    let mut up = Read::start(&project, project.command("up", &["--no-log-prefix", "--timestamps"]));
    eventually("the job's second run", || up.out().contains("done 2"));
    eventually("more lines", || up.out().contains("line"));
    up.signal("INT");
    up.ends(130);
    let out = up.out();
    let lines: Vec<usize> = out
        .lines()
        .filter_map(|line| line.split_once(" line ").and_then(|(_, number)| number.parse().ok()))
        .collect();
    assert!(lines[0] > before, "{out}");
    let wanted: Vec<usize> = (lines[0]..lines[0] + lines.len()).collect();
    assert_eq!(lines, wanted, "no line is lost or twice");
    assert!(out.lines().all(|line| line.starts_with("20")) && !out.contains("nothing"), "{out}");
    assert!(!out.contains("done 1"), "that was before: {out}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_reader_that_stops_reading_does_not_block_others() {
    let topology = "
services:
  talker:
    image: busybox:1.37
    init: true
    stop_grace_period: 1s
    command: sh -c 'seq 100000; touch /ok; sleep 1000'
    healthcheck: { test: [CMD, test, -e, /ok], interval: 200ms }
  web:
    image: busybox:1.37
    init: true
    stop_grace_period: 1s
    command: sleep 1000
    depends_on: { talker: { condition: service_healthy } }
";
    let project = project("heard-late", topology);
    let err = project.directory().join("err");
    let mut command = project.command("up", &[]);
    command.stdout(Stdio::piped()).stderr(File::create(&err).expect("a file"));
    let mut up = command.spawn().expect("topo runs");
    let said = || std::fs::read_to_string(&err).expect("a file");
    eventually("the end of the bring-up", || said().contains("is up"));
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "true");
    let out = BufReader::new(up.stdout.take().expect("a pipe"));
    let lines: Vec<String> = out.lines().take(100_000).map(|line| line.expect("text")).collect();
    let printed = (1..=100_000).map(|number| format!("talker-1  | {number}"));
    assert!(lines.iter().eq(printed.collect::<Vec<_>>().iter()), "a line is lost, cut or twice");
    // The closed pipe ends it with the next line or Ctrl-C.
    let stopped = Command::new("kill").args(["-INT", &up.id().to_string()]).status();
    assert!(stopped.is_ok_and(|status| status.success()));
    assert_eq!(up.wait().expect("topo ends").code(), Some(130), "{}", said());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn ctrl_c_during_startup_ends_with_one_summary() {
    let project = project("heard-ctrl-c", WAITING);
    let mut up = Read::start(&project, project.command("up", &[]));
    eventually("the first line", || up.out().contains("db speaks"));
    up.signal("INT");
    up.ends(130);
    let err = up.err();
    assert!(err.contains("stopping; press Ctrl-C again to kill"), "{err}");
    assert_eq!(summaries(&project, &err).len(), 1, "{err}");
    assert!(err.trim_end().lines().last().is_some_and(|line| line.contains("is stopped")), "{err}");
    assert_eq!(project.inspect("db", "{{.State.Running}}"), "false");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_crash_loop_is_not_up() {
    let topology = "
services:
  looping:
    image: busybox:1.37
    restart: RESTART
    command: sh -c 'echo no config; exit 7'
";
    let project = project("heard-loop", "");
    for (restart, says) in
        [("'no'", "exited with code 7 before it was ready"), ("always", "exited with code 7")]
    {
        project.write("topology.yaml", &topology.replace("RESTART", restart));
        project.topo("up", &["--wait"]).exits(4).says(says).says("no config");
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn other_services_keep_running_and_are_reported() {
    let topology = "
services:
  web: { image: 'busybox:1.37', init: true, command: sleep 1000, depends_on: [db] }
  db: { image: 'busybox:1.37', init: true, command: sleep 1000 }
";
    let project = project("runs-on", topology);
    let mut up = Read::start(&project, project.command("up", &["web"]));
    eventually("it is up", || up.err().contains(" is up"));
    up.signal("INT");
    up.ends(130);
    let err = up.err();
    assert!(err.contains("web: 1 container stopped in "), "{err}");
    assert!(err.ends_with("db keeps running\n"), "{err}");
    assert_eq!(project.inspect("db", "{{.State.Running}}"), "true");
}
