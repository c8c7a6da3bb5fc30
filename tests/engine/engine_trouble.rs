//! An engine in trouble: `up` ends with a message that names a command which works, and leaves no mess. Planning
//! never writes.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{Project, Ran, docker, project};
use crate::proxy::{Proxy, Trouble};

const TWO: &str = "
services:
  web: { image: 'busybox:1.37', command: sleep 1000, init: true, depends_on: [db], networks: [front] }
  db: { image: 'busybox:1.37', command: sleep 1000, init: true, volumes: ['data:/data'], networks: [front] }
networks: { front: {} }
volumes: { data: {} }
";

/// Longer than topo may take to give up an engine that does not respond to a query.
const BOUND: Duration = Duration::from_secs(90);

fn troubles() -> Vec<Trouble> {
    vec![
        Trouble::Answer { status: 500, body: r#"{"message":"the disk is full"}"#.to_owned() },
        Trouble::LoseRequest,
        Trouble::LoseAnswer,
        Trouble::Restart(Duration::from_millis(700)),
        Trouble::Cut { after: 1 },
        Trouble::Delay(Duration::from_millis(500)),
    ]
}

fn running(project: &Project) -> usize {
    let filter = format!("label=com.docker.compose.project={}", project.name());
    docker(&["ps", "--quiet", "--filter", &filter]).lines().count()
}

/// `up -d` through a proxy.
fn up_through(project: &Project, proxy: &Proxy, arguments: &[&str]) -> Ran {
    let mut up = project.command("up", &[&["-d"], arguments].concat());
    Ran::of(up.env("DOCKER_HOST", proxy.address()).output().expect("topo runs"))
}

/// The command that a failed run names.
fn named(err: &str) -> Option<&str> {
    err.lines().find_map(|line| {
        let (_, command) = line.split_once("to continue:").or_else(|| line.split_once("to try again:"))?;
        Some(command.trim().trim_matches('`'))
    })
}

/// Types what a failed run says.
fn type_in(project: &Project, command: &str) -> Ran {
    let programs = Path::new(env!("CARGO_BIN_EXE_topo")).parent().expect("a directory").display();
    let path = std::env::var("PATH").expect("a path");
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(project.directory()).env("PATH", format!("{programs}:{path}"));
    Ran::of(shell.output().expect("a shell runs"))
}

/// Whatever became of a run, the next one makes the project whole. A failed one says by which command.
fn assert_recovers(project: &Project, ran: &Ran, what: &str) {
    assert!(!ran.err.contains("panicked"), "{what}");
    let next = match (ran.code, named(&ran.err)) {
        (0, None) => {
            assert_eq!(running(project), 2, "{what}");
            project.topo("up", &["-d"])
        }
        // Nothing was begun: the engine is to be started first.
        (3, None) => {
            assert!(ran.err.contains("error: "), "{what}");
            project.topo("up", &["-d"])
        }
        (3 | 4, Some(command)) => type_in(project, command),
        (code, named) => panic!("exit code {code}, and {named:?} is named: {what}"),
    };
    let what = format!("{what}\nthe next one:\n{}", next.err);
    assert_eq!((next.code, running(project)), (0, 2), "{what}");
    let after = project.topo("up", &["-d"]).exits(0);
    assert!(after.err.contains("up to date"), "{what}\nafter it:\n{}", after.err);
    assert_eq!(project.objects("container").len(), 2, "{what}");
}

/// Runs `up -d` where something happens to its request of this number. Returns whether there is one.
fn up_with(project: &Project, number: usize, trouble: &Trouble) -> bool {
    let proxy = Proxy::start();
    proxy.rule("*", trouble.clone()).after(number).times(1);
    let begun = Instant::now();
    let ran = up_through(project, &proxy, &[]);
    let requests = proxy.requests("*");
    let what = format!("{trouble:?} at {:?}\n{}", requests.get(number), ran.err);
    assert!(begun.elapsed() < BOUND, "{what}");
    assert_recovers(project, &ran, &what);
    requests.len() > number
}

/// Every third request of an `up` gets a trouble, another one each time; with `TOPO_EVERY_TROUBLE` in the
/// environment every request gets all of them.
fn walk(project: &Project, prepare: impl Fn(&Project)) {
    let all = troubles();
    let is_thorough = std::env::var("TOPO_EVERY_TROUBLE").is_ok();
    let (stride, each) = if is_thorough { (1, all.len()) } else { (3, 1) };
    for (round, number) in (0..).step_by(stride).enumerate() {
        let mut is_over = false;
        for trouble in all.iter().cycle().skip(round).take(each) {
            prepare(project);
            is_over |= !up_with(project, number, trouble);
        }
        if is_over {
            assert!(number > 10, "an `up` has so many requests: {number}");
            return;
        }
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn trouble_at_any_request_of_a_first_up_leaves_no_mess() {
    let project = project("trouble-first", TWO);
    walk(&project, |project| {
        project.topo("down", &["-v", "--timeout", "1"]).exits(0);
    });
}

#[test]
#[ignore = "needs a Docker Engine"]
fn trouble_at_any_request_of_a_replacement_leaves_no_mess() {
    let project = project("trouble-again", TWO);
    project.topo("up", &["-d"]).exits(0);
    let edition = std::cell::Cell::new(1);
    walk(&project, |project| {
        edition.set(edition.get() + 1);
        let label = format!("init: true, labels: {{ edition: '{}' }}", edition.get());
        project.write("topology.yaml", &TWO.replace("init: true", &label));
    });
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_response_that_never_ends_is_not_waited_for_beyond_the_limit() {
    let project = project("trouble-stalls", TWO);
    let proxy = Proxy::start();
    let stalls = proxy.rule("POST /containers/create*", Trouble::Stall { after: 1 });
    let ran = up_through(&project, &proxy, &["--wait", "--wait-timeout", "5"]);
    stalls.lift();
    let ran = ran.exits(4).says("the engine has not answered within 5 s");
    assert_recovers(&project, &ran, &ran.err);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn planning_and_reading_never_write() {
    let project = project("trouble-reading", TWO);
    let proxy = Proxy::start();
    proxy.rule("!GET *", Trouble::Answer { status: 500, body: "{}".to_owned() });
    let check = || {
        for (command, arguments) in [
            ("plan", &[][..]),
            ("plan", &["--down"]),
            ("plan", &["--format", "json"]),
            ("plan", &["-o", "kept"]),
            ("config", &[]),
            ("validate", &[]),
            ("ps", &["--all"]),
            ("logs", &[]),
            ("images", &[]),
            ("volumes", &[]),
            ("top", &[]),
            ("graph", &[]),
            ("events", &["--since", "1m", "--until", "0s"]),
        ] {
            let mut read = project.command(command, arguments);
            let ran = Ran::of(read.env("DOCKER_HOST", proxy.address()).output().expect("topo runs"));
            assert_eq!(proxy.requests("!GET *"), [""; 0], "{command}");
            assert!(matches!(ran.code, 0 | 5), "{command}: {}", ran.err);
        }
    };
    check();
    project.topo("up", &["-d"]).exits(0);
    project.write("topology.yaml", &TWO.replace("sleep 1000", "sleep 2000"));
    check();
}
