//! Commands that access containers: `exec`, `run`, `attach`, `cp`, `commit`, `export`.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::{Project, docker, eventually, project};
use crate::terminal::Terminal;

const WEB: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    restart: always
    environment: { COLOR: blue }
    networks: { default: { aliases: [www] } }
";

fn up(name: &str, topology: &str) -> Project {
    let project = project(name, topology);
    project.topo("up", &["-d"]).exits(0);
    project
}

fn exec(project: &Project, arguments: &[&str]) -> Terminal {
    Terminal::start(project.command("exec", arguments))
}

#[test]
#[ignore = "needs a Docker Engine"]
fn exec_passes_streams_and_the_exit_code_on() {
    let project = up("exec", WEB);
    let ran = project.topo("exec", &["-T", "web", "sh", "-c", "echo out; echo err >&2; exit 7"]).exits(7);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("out\n", "err\n"));
    let ran = project.topo(
        "exec",
        &["-e", "A=1", "-w", "/tmp", "-u", "7", "web", "sh", "-c", "echo $A $COLOR $PWD $(id -u)"],
    );
    assert_eq!(ran.exits(0).out, "1 blue /tmp 7\n");
    project
        .topo("exec", &["web", "nope"])
        .exits(127)
        .says("executable file not found")
        .says("check the command");
    project
        .topo("exec", &["web", "/etc"])
        .exits(126)
        .says("permission denied")
        .says("not an executable program");
    project.topo("exec", &["-d", "web", "nope"]).exits(127).says("check the command");
    project.topo("exec", &["-w", "/nowhere", "web", "ls"]).exits(127).says("check `--workdir`");
    project.topo("exec", &["--index", "2", "web", "true"]).exits(4).says("number 2");
    project.topo("exec", &["wep", "true"]).exits(2).says("did you mean `web`?");
    project.topo("exec", &["web"]).exits(2).says("no command");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn exec_in_the_background_leaves_the_command_running() {
    let project = up("exec-detached", WEB);
    project.topo("exec", &["-d", "web", "sh", "-c", "sleep 1; touch /done"]).exits(0);
    let is_done = || project.topo("exec", &["web", "test", "-e", "/done"]).code == 0;
    eventually("the command is done", is_done);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_large_input_is_passed_completely_with_its_end() {
    let project = up("exec-pipe", WEB);
    let large: Vec<u8> = (0..8_000_000_u32).map(|number| b'a' + (number % 23) as u8).collect();
    let ran = project.feed("exec", &["-T", "web", "cat"], &large).exits(0);
    assert!(ran.out.as_bytes() == large, "{} of {} bytes came back", ran.out.len(), large.len());
    // The command continues after the end of its input.
    let ran = project.feed("exec", &["web", "sh", "-c", "wc -c; echo after"], b"12345");
    assert_eq!(ran.exits(0).out, "5\nafter\n");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_command_that_closes_its_output_is_waited_for() {
    let project = up("exec-closed", WEB);
    project.topo("exec", &["web", "sh", "-c", "exec >&- 2>&-; sleep 1; exit 3"]).exits(3);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn exec_is_interactive_in_a_terminal() {
    let project = up("exec-terminal", WEB);
    let mut terminal = exec(&project, &["web", "sh"]);
    terminal.shows("# ");
    terminal.types("stty size; tty\r");
    terminal.shows("24 80");
    terminal.shows("/dev/pts/");
    terminal.resize(40, 100);
    terminal.types("sleep 0.3; stty size\r");
    terminal.shows("40 100");
    // Ctrl-C is for the command: it ends `sleep`, but neither the shell nor topo.
    terminal.types("sleep 2000\r");
    eventually("it sleeps", || docker(&["top", &project.container("web")]).contains("sleep 2000"));
    terminal.types("\x03");
    terminal.shows("# ");
    assert!(!terminal.is_restored(), "the terminal is raw meanwhile");
    terminal.types("exit 5\r");
    assert_eq!(terminal.ends(), 5);
    assert!(terminal.is_restored());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_terminal_is_restored_after_a_signal() {
    let project = up("exec-signal", WEB);
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("INT", 130), ("QUIT", 131)] {
        let mut terminal = exec(&project, &["web", "sh"]);
        terminal.shows("# ");
        assert!(!terminal.is_restored());
        terminal.signal(signal);
        assert_eq!(terminal.ends(), code, "{}", terminal.screen());
        assert!(terminal.is_restored(), "SIG{signal}");
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn detach_keys_leave_the_command_running() {
    let project = up("exec-keys", WEB);
    let mut terminal =
        exec(&project, &["--detach-keys", "ctrl-x,d", "web", "sh", "-c", "echo ready; sleep 2; touch /on"]);
    terminal.shows("ready");
    terminal.types("\x18d");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_restored());
    eventually("the command goes on", || project.topo("exec", &["web", "test", "-e", "/on"]).code == 0);
    project.topo("exec", &["--detach-keys", "ctrl", "web", "sh"]).exits(2).says("not a sequence of keys");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_terminal_is_restored_when_the_container_is_gone() {
    let project = up("exec-gone", WEB);
    let mut terminal = exec(&project, &["web", "sh"]);
    terminal.shows("# ");
    docker(&["rm", "-f", &project.container("web")]);
    assert_ne!(terminal.ends(), 0);
    assert!(terminal.is_restored());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_creates_another_container_and_removes_it() {
    let project = up("run", WEB);
    let web = project.id("web");
    let ran =
        project.topo("run", &["--rm", "-T", "web", "sh", "-c", "echo $COLOR; hostname; exit 3"]).exits(3);
    assert!(ran.out.starts_with("blue\n"), "{}", ran.out);
    assert_eq!(project.objects("container"), [project.container("web")]);
    assert_eq!(web, project.id("web"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_uses_the_labels_of_compose_but_not_the_ports_and_names_of_the_service() {
    let topology = format!("{WEB}    ports: ['18977:80']\n");
    let project = project("run-labels", &topology);
    let name = project.topo("run", &["-d", "-l", "a=b", "web"]).exits(0).out.trim().to_owned();
    let (prefix, slug) = name.rsplit_once('-').expect("a name with a slug");
    assert_eq!(prefix, format!("{}-web-run", project.name()));
    assert!(slug.len() == 12 && slug.chars().all(|digit| digit.is_ascii_hexdigit()), "{name}");
    let inspect = |template: &str| docker(&["inspect", "--format", template, &name]);
    let label = |name: &str| inspect(&format!("{{{{index .Config.Labels \"{name}\"}}}}"));
    assert_eq!(label("com.docker.compose.oneoff"), "True");
    assert!(label("com.docker.compose.slug").starts_with(slug));
    assert_eq!((label("com.docker.compose.service"), label("a")), ("web".to_owned(), "b".to_owned()));
    assert_eq!(label("com.docker.compose.container-number"), "");
    assert_eq!(inspect("{{.HostConfig.RestartPolicy.Name}}"), "no");
    assert_eq!(inspect("{{.HostConfig.PortBindings}}"), "map[]");
    assert!(!inspect("{{json .NetworkSettings.Networks}}").contains("www"));
    project.topo("down", &[]).exits(0).says("a container of `topo run` stays");
    assert_eq!(project.objects("container"), [name]);
    project.topo("plan", &["--down", "--remove-orphans"]).exits(0).says("stop, remove");
    project.topo("kill", &[]).exits(0).says("killed");
    project.topo("down", &["--remove-orphans"]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_accepts_every_option() {
    let topology = format!("{WEB}    ports: ['18975:80']\n");
    let project = project("run-options", &topology);
    project.write("more.env", "A=file\nB=file\n");
    project.write("data/file", "mounted\n");
    let script = "echo $A $B $COLOR $PWD; id -u; cat /data/file; grep CapEff /proc/1/status";
    let ran = project.topo(
        "run",
        &[
            "--rm",
            "-T",
            "--name",
            "topo-test-run-options-mine",
            "-e",
            "A=option",
            "--env-from-file",
            "more.env",
            "-e",
            "COLOR=red",
            "-u",
            "0",
            "-w",
            "/tmp",
            "-v",
            "./data:/data:ro",
            "-p",
            "18976:80",
            "--use-aliases",
            "--cap-drop",
            "ALL",
            "--cap-add",
            "CHOWN",
            "--entrypoint",
            "sh -c",
            "web",
            script,
        ],
    );
    assert_eq!(ran.exits(0).out, "option file red /tmp\n0\nmounted\nCapEff:\t0000000000000001\n");
    let name = project.topo("run", &["-d", "-P", "web"]).exits(0).out.trim().to_owned();
    assert!(docker(&["port", &name]).contains(":18975"));
    let name =
        project.topo("run", &["-d", "-p", "18976:80", "--use-aliases", "web"]).exits(0).out.trim().to_owned();
    assert!(docker(&["port", &name]).contains(":18976"));
    assert!(docker(&["inspect", "--format", "{{json .NetworkSettings.Networks}}", &name]).contains("www"));
    project.topo("run", &["-p", "nope", "web"]).exits(2).says("`nope` is not a port mapping");
    project.topo("run", &["-v", "a::b", "web"]).exits(2).says("is not a mount");
    project.topo("run", &["-l", "a", "web"]).exits(2).says("is not a label");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_starts_what_is_needed_and_nothing_else() {
    let topology = "
services:
  db:
    image: busybox:1.37
    init: true
    command: sh -c 'sleep 1; touch /ready; sleep 1000'
    healthcheck: { test: [CMD, test, -e, /ready], interval: 1s, start_period: 20s, start_interval: 250ms }
  web:
    image: busybox:1.37
    command: wget -T 1 -O- http://db
    depends_on: { db: { condition: service_healthy } }
  other:
    image: busybox:1.37
    command: sleep 1000
";
    let project = project("run-needs", topology);
    project.topo("run", &["--rm", "--no-deps", "-T", "web", "echo", "alone"]).exits(0);
    assert_eq!(project.objects("container"), Vec::<String>::new());
    let ran = project.topo("run", &["--rm", "-T", "web", "ping", "-c", "1", "db"]).exits(0);
    assert!(ran.out.contains("1 packets received"), "{}", ran.out);
    assert_eq!(project.objects("container"), [project.container("db")]);
    assert_eq!(project.inspect("db", "{{.State.Health.Status}}"), "healthy");
    // The second time there is nothing to report.
    let ran = project.topo("run", &["--rm", "-T", "web", "echo", "quick"]).exits(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("quick\n", ""));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_builds_a_missing_image() {
    let topology = "
services:
  job:
    build:
      dockerfile_inline: |
        FROM busybox:1.37
        CMD [\"echo\", \"from the image\"]
";
    let project = project("run-build", topology);
    let ran = project.topo("run", &["--rm", "-T", "job"]).exits(0);
    assert_eq!(ran.out, "from the image\n");
    assert!(ran.err.contains("built"), "{}", ran.err);
    let ran = project.topo("run", &["--rm", "-T", "--build", "-q", "job"]).exits(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("from the image\n", ""));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn no_output_is_lost_of_a_program_that_exits_at_once() {
    let project = project("run-quick", WEB);
    for _ in 0..5 {
        let ran = project.topo("run", &["--rm", "-T", "web", "seq", "1", "2000"]).exits(0);
        assert_eq!(ran.out.lines().count(), 2000);
        assert!(ran.out.ends_with("2000\n"));
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_reads_a_pipe_to_its_end() {
    let project = project("run-pipe", WEB);
    let ran = project.feed("run", &["--rm", "-T", "web", "sha1sum"], b"docker").exits(0);
    assert_eq!(ran.out, "e982f17bcbe0f724063b708a4f76db211a999304  -\n");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_leaves_a_foreign_container_of_the_same_name_alone() {
    let topology = format!("{WEB}  needs:\n    image: busybox:1.37\n    depends_on: [web]\n");
    let project = project("run-stranger", &topology);
    let name = format!("{}-stranger", project.name());
    // Its label makes sure that it is removed with the project's containers if this test fails.
    let label = format!("com.docker.compose.project={}", project.name());
    let stranger =
        docker(&["run", "-d", "--name", &name, "--label", &label, "busybox:1.37", "sleep", "1000"]);
    let refused = project.topo("run", &["--rm", "-T", "--name", &name, "needs", "true"]);
    let there = docker(&["inspect", "--format", "{{.Id}} {{.State.Running}}", &name]);
    docker(&["rm", "--force", &name]);
    refused.exits(4).says("already in use");
    assert_eq!(there, format!("{stranger} true"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_reports_what_cannot_be_run_and_leaves_nothing() {
    let project = project("run-nope", &WEB.replace("init: true", "init: false"));
    let ran = project.topo("run", &["-T", "web", "nope"]).exits(127);
    ran.says("executable file not found").says("check the command, and the `entrypoint`");
    project.topo("run", &["-T", "--entrypoint", "nope", "web"]).exits(127).says("check `--entrypoint`");
    project.topo("run", &["--rm", "-T", "web", "/etc"]).exits(126);
    assert_eq!(project.objects("container"), Vec::<String>::new());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn ctrl_c_reaches_the_container_and_the_third_one_kills_it() {
    let project = project("run-signals", WEB);
    let script = "trap 'echo interrupted; exit 9' INT; echo ready; while true; do sleep 0.1; done";
    let running = project.start("run", &["--rm", "-T", "web", "sh", "-c", script]);
    running.shows("ready");
    running.signal("INT");
    let ran = running.end().exits(9);
    assert!(ran.out.contains("interrupted"), "{}", ran.out);
    let running = project.start(
        "run",
        &[
            "--rm",
            "-T",
            "web",
            "sh",
            "-c",
            "n=0; trap 'n=$((n+1)); echo caught $n' INT; echo ready; while true; do sleep 0.1; done",
        ],
    );
    running.shows("ready");
    // Two signals at once arrive as one, so each is waited for.
    for number in 1..3 {
        running.signal("INT");
        running.shows(&format!("caught {number}"));
    }
    running.signal("INT");
    running.end().exits(137);
    assert_eq!(project.objects("container"), Vec::<String>::new());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_is_interactive_in_a_terminal_and_can_be_detached_from() {
    let project = project("run-terminal", WEB);
    let mut terminal = Terminal::start(project.command("run", &["--rm", "web", "sh"]));
    terminal.shows("# ");
    terminal.types("stty size\r");
    terminal.shows("24 80");
    terminal.resize(30, 90);
    terminal.types("sleep 0.3; stty size\r");
    terminal.shows("30 90");
    terminal.types("\x10\x11");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_restored());
    terminal.shows("keeps running in the background");
    assert_eq!(project.objects("container").len(), 1);
    project.topo("down", &["--remove-orphans", "-t", "1"]).exits(0);
    let mut terminal = Terminal::start(project.command("run", &["--rm", "web", "sh"]));
    terminal.shows("# ");
    terminal.types("exit 4\r");
    assert_eq!(terminal.ends(), 4);
    assert!(terminal.is_restored());
    assert_eq!(project.objects("container"), Vec::<String>::new());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_closed_pipe_ends_the_container() {
    let project = project("run-head", WEB);
    let mut topo = project.command("run", &["--rm", "-T", "web", "yes"]);
    let mut child = topo.stdout(Stdio::piped()).spawn().expect("topo runs");
    let mut first = [0; 2];
    std::io::Read::read_exact(&mut child.stdout.take().expect("a pipe"), &mut first).expect("a line");
    let begun = Instant::now();
    assert_eq!(child.wait().expect("topo ends").code(), Some(141));
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(project.objects("container"), Vec::<String>::new());
}

const TALKER: &str = "
services:
  talker:
    image: busybox:1.37
    stdin_open: true
    command: sh -c 'trap \"echo bye; exit 6\" INT; echo begun; while read line; do echo heard $$line; done; echo over; exit 5'
";

#[test]
#[ignore = "needs a Docker Engine"]
fn attach_connects_to_the_main_process() {
    let project = up("attach", TALKER);
    let mut topo = project.command("attach", &["talker"]);
    topo.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = topo.spawn().expect("topo runs");
    child.stdin.take().expect("a pipe").write_all(b"one\ntwo\n").expect("it reads");
    // The pipe is closed now, and remaining output is still shown.
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for wanted in ["heard one", "heard two"] {
        assert_eq!(lines.next().expect("a line").expect("UTF-8"), wanted);
    }
    docker(&["kill", "-s", "INT", &project.container("talker")]);
    assert_eq!(lines.next().expect("a line").expect("UTF-8"), "bye");
    assert_eq!(child.wait().expect("topo ends").code(), Some(6));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn attach_in_a_terminal_can_be_detached_from_and_repeated() {
    let topology = TALKER.replace("stdin_open: true", "stdin_open: true\n    tty: true");
    let project = up("attach-terminal", &topology);
    let mut terminal = Terminal::start(project.command("attach", &["talker"]));
    eventually("the terminal is raw", || !terminal.is_restored());
    terminal.types("one\r");
    terminal.shows("heard one");
    terminal.types("\x10\x11");
    terminal.shows("detached: `topo-test-attach-terminal-talker-1` keeps running");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_restored());
    assert_eq!(project.inspect("talker", "{{.State.Running}}"), "true");
    let mut terminal = Terminal::start(project.command("attach", &["talker"]));
    eventually("the terminal is raw", || !terminal.is_restored());
    terminal.types("two\r");
    terminal.shows("heard two");
    terminal.types("\x03");
    terminal.shows("bye");
    assert_eq!(terminal.ends(), 6);
    assert!(terminal.is_restored());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn attach_passes_signals_on_unless_told_not_to() {
    let topology = "
services:
  talker:
    image: busybox:1.37
    command: sh -c 'trap \"echo bye; exit 6\" INT; while true; do echo again; sleep 0.2; done'
";
    let project = up("attach-signals", topology);
    let mut terminal = Terminal::start(project.command("attach", &["talker"]));
    terminal.shows("`--sig-proxy=false`");
    drop(terminal);
    let attached = project.start("attach", &["--sig-proxy=false", "--no-stdin", "talker"]);
    attached.shows("again");
    attached.signal("INT");
    let ran = attached.end().exits(130);
    assert!(ran.out.contains("again"));
    assert_eq!(project.inspect("talker", "{{.State.Running}}"), "true");
    let attached = project.start("attach", &["talker"]);
    attached.shows("again");
    attached.signal("INT");
    attached.end().exits(6).says("bye");
    project.topo("attach", &["talker"]).exits(4).says("no container of `talker` is running");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn commit_creates_an_image_and_export_an_archive() {
    let project = up("commit", WEB);
    project.topo("exec", &["web", "sh", "-c", "echo changed > /file"]).exits(0);
    let image = format!("{}-made:1", project.name());
    let change = "CMD [\"cat\", \"/file\"]";
    let id = project.topo("commit", &["-m", "why", "-a", "Ana", "-c", change, "web", &image]).exits(0).out;
    assert_eq!(
        docker(&["image", "inspect", "--format", "{{.Id}} {{.Author}} {{.Comment}}", &image]),
        format!("{} Ana why", id.trim())
    );
    assert_eq!(docker(&["run", "--rm", &image]), "changed");
    let archive = project.write("out/made", "").with_file_name("all.tar");
    project.topo("export", &["-o", archive.to_str().expect("UTF-8"), "web"]).exits(0);
    let listed = std::process::Command::new("tar").arg("-tf").arg(&archive).output().expect("tar runs");
    assert!(String::from_utf8_lossy(&listed.stdout).lines().any(|line| line == "file"));
    let mut terminal = Terminal::start(project.command("export", &["web"]));
    assert_eq!(terminal.ends(), 2);
    terminal.shows("cannot be written to a terminal");
}
