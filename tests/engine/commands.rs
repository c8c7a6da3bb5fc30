//! Commands on existing containers affect the right ones.

use std::process::Stdio;

use crate::harness::{Project, docker, project};

const CHAIN: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    depends_on: { db: { condition: service_healthy, restart: true } }
  db:
    image: busybox:1.37
    init: true
    command: sleep 1000
    volumes: [/data]
    healthcheck: { test: [CMD, 'true'], interval: 200ms, start_interval: 100ms, start_period: 5s }
  other:
    image: busybox:1.37
    init: true
    command: sleep 1000
";

fn status(project: &Project, service: &str) -> String {
    project.inspect(service, "{{.State.Status}}")
}

fn started_at(project: &Project, service: &str) -> String {
    project.inspect(service, "{{.State.StartedAt}}")
}

#[test]
#[ignore = "needs a Docker Engine"]
fn start_starts_what_is_needed_and_nothing_else() {
    let project = project("start", CHAIN);
    project.topo("start", &[]).exits(4).says("has no container to start").says("topo up");
    project.topo("up", &["-d", "--no-start"]).exits(0);
    let web = project.id("web");
    project.topo("start", &["web", "--wait"]).exits(0).says("2 containers started");
    assert_eq!(web, project.id("web"));
    assert_eq!(project.inspect("db", "{{.State.Health.Status}}"), "healthy");
    assert_eq!(status(&project, "other"), "created");
    assert!(started_at(&project, "db") < started_at(&project, "web"));
    project.topo("start", &["web"]).exits(0).says("nothing to do");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn stop_keeps_dependencies_running_and_start_starts_the_same_containers() {
    let project = project("stop", CHAIN);
    project.topo("up", &["-d"]).exits(0);
    let ids = ["web", "db", "other"].map(|service| project.id(service));
    project.topo("stop", &["web"]).exits(0).says("1 container stopped");
    assert_eq!([status(&project, "web"), status(&project, "db")], ["exited", "running"]);
    project.topo("stop", &["-t", "1"]).exits(0).says("is stopped");
    project.topo("stop", &[]).exits(0).says("nothing to do");
    let finished = |service| project.inspect(service, "{{.State.FinishedAt}}");
    assert!(finished("web") < finished("db"), "dependants stop first");
    project.topo("start", &[]).exits(0);
    assert_eq!(ids, ["web", "db", "other"].map(|service| project.id(service)));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn restart_restarts_dependants_that_ask_for_it() {
    let project = project("restart", CHAIN);
    project.topo("up", &["-d"]).exits(0);
    let before = ["web", "db", "other"].map(|service| started_at(&project, service));
    project.topo("restart", &["db", "-t", "1"]).exits(0).says("2 containers restarted");
    let after = ["web", "db", "other"].map(|service| started_at(&project, service));
    assert!(after[0] > before[0] && after[1] > before[1] && after[2] == before[2], "{before:?} {after:?}");
    assert!(after[0] > after[1], "web starts after db");
    project.topo("restart", &["db", "--no-deps", "-t", "1"]).exits(0).says("1 container restarted");
    assert_eq!(started_at(&project, "web"), after[0]);
    docker(&["kill", &project.container("other")]);
    let id = project.id("other");
    project.topo("restart", &["other"]).exits(0);
    assert_eq!((status(&project, "other"), project.id("other")), ("running".to_owned(), id));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_satisfies_a_dependency_stays() {
    let topology = "
services:
  a: { image: 'busybox:1.37', init: true, command: sleep 1000 }
  b: { image: 'busybox:1.37', init: true, command: sleep 1000, depends_on: [a] }
";
    let project = project("satisfied", topology);
    project.topo("up", &["-d", "--scale", "a=3"]).exits(0);
    let of_a = || -> Vec<String> {
        let names = project.objects("container").into_iter().filter(|name| name.contains("-a-"));
        names.map(|name| docker(&["inspect", "--format", "{{.Id}} {{.State.StartedAt}}", &name])).collect()
    };
    let before = of_a();
    assert_eq!(before.len(), 3);
    for (command, arguments) in [
        ("up", &["-d", "b"][..]),
        ("run", &["--rm", "b", "true"]),
        ("create", &["b", "--force-recreate"]),
        ("start", &["b"]),
        ("scale", &["b=2"]),
        ("restart", &["b", "-t", "0"]),
    ] {
        project.topo(command, arguments).exits(0);
        assert_eq!(of_a(), before, "{command}");
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn excluded_services_are_left_unchanged_even_when_others_depend_on_them() {
    let project = project("exclude", CHAIN);
    let up = project.topo("up", &["-d", "--exclude", "db", "--exclude", "other"]);
    up.exits(0).says("`web` depends on `db`, which is excluded").says("1 container created");
    project.topo("up", &["-d"]).exits(0).says("2 containers created");
    let db = started_at(&project, "db");
    project.topo("stop", &["--exclude", "db", "-t", "1"]).exits(0).says("2 containers stopped");
    let states = |of: [&str; 3]| of.map(|service| status(&project, service));
    assert_eq!(states(["web", "db", "other"]), ["exited", "running", "exited"]);
    project.topo("ps", &["-a", "--services", "--exclude", "other"]).exits(0);
    project.topo("stop", &["-t", "1"]).exits(0);
    project.topo("start", &["web", "--exclude", "db"]).exits(0).says("1 container started");
    assert_eq!(states(["web", "db", "other"]), ["running", "exited", "exited"]);
    // Without a file, the engine knows the services.
    project.topo_alone(&["-p", project.name(), "start", "--exclude", "web"]).exits(0);
    assert!(started_at(&project, "db") > db);
    project.topo("restart", &["db", "--exclude", "web", "-t", "1"]).exits(0).says("1 container restarted");
    project.topo("down", &["--exclude", "web", "-t", "1"]).exits(0).says("2 containers removed");
    assert_eq!(status(&project, "web"), "running");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn kill_sends_a_signal_or_kills_the_process() {
    let topology = "
services:
  web:
    image: busybox:1.37
    command: sh -c 'trap \"echo got it\" USR1; while true; do sleep 0.1; done'
  other:
    image: busybox:1.37
    init: true
    command: sleep 1000
";
    let project = project("kill", topology);
    project.topo("up", &["-d"]).exits(0);
    project.topo("kill", &["-s", "usr1", "web"]).exits(0).says("sent SIGUSR1");
    crate::harness::eventually("the signal arrives", || {
        project.topo("logs", &["web"]).out.contains("got it")
    });
    project.topo("kill", &["-s", "USR3"]).exits(2).says("SIGUSR1");
    project.topo("kill", &["web"]).exits(0).says("killed");
    assert_eq!(project.inspect("web", "{{.State.ExitCode}}"), "137");
    assert_eq!(status(&project, "other"), "running");
    project.topo("kill", &["web"]).exits(0).says("nothing to do");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn orphans_are_killed_only_on_request() {
    let project = project("kill-orphans", CHAIN);
    project.topo("up", &["-d", "other", "db"]).exits(0);
    let without_other = CHAIN.split("  other:").next().expect("a text");
    project.write("topology.yaml", without_other);
    project.topo("stop", &["-t", "1"]).exits(0);
    assert_eq!(status(&project, "other"), "running", "a service of somebody else goes on");
    project.topo("kill", &[]).exits(0).says("nothing to do");
    project.topo("kill", &["--remove-orphans"]).exits(0);
    assert_eq!([status(&project, "other"), status(&project, "db")], ["exited", "exited"]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn paused_containers_stand_still_until_resumed() {
    let project = project("pause", CHAIN);
    project.topo("up", &["-d"]).exits(0);
    project.topo("pause", &["web"]).exits(0).says("1 container paused");
    assert_eq!([status(&project, "web"), status(&project, "db")], ["paused", "running"]);
    project.topo("pause", &[]).exits(0).says("2 containers paused");
    project.topo("pause", &[]).exits(0).says("nothing to do");
    project.topo("unpause", &["db"]).exits(0);
    assert_eq!([status(&project, "web"), status(&project, "db")], ["paused", "running"]);
    project.topo("unpause", &[]).exits(0).says("2 containers unpaused");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn rm_asks_and_removes_only_stopped_containers() {
    let project = project("rm", CHAIN);
    project.topo("up", &["-d"]).exits(0);
    project.topo("rm", &[]).exits(0).says("nothing to do");
    project.topo("stop", &["web", "-t", "1"]).exits(0);
    project.topo("rm", &[]).exits(2).says("--force");
    for (answer, left) in [("n\n", 3), ("y\n", 2)] {
        let mut asked = project.command("rm", &[]).stdin(Stdio::piped()).spawn().expect("topo runs");
        std::io::Write::write_all(&mut asked.stdin.take().expect("a pipe"), answer.as_bytes())
            .expect("it reads");
        assert!(asked.wait().expect("it ends").success());
        assert_eq!(project.objects("container").len(), left);
    }
    let volume = project.inspect("db", "{{range .Mounts}}{{.Name}}{{end}}");
    project.topo("rm", &["--stop", "--force", "-v", "db"]).exits(0).says("removed");
    assert_eq!(project.objects("container"), [project.container("other")]);
    assert_eq!(docker(&["volume", "inspect", "--format", "{{.Name}}", &volume]), "");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn create_creates_everything_and_starts_nothing() {
    let project = project("create", CHAIN);
    project.topo("create", &["web", "--scale", "web=2"]).exits(0).says("is created");
    assert_eq!(project.objects("container").len(), 3, "web twice, and what it needs");
    assert_eq!([status(&project, "web"), status(&project, "db")], ["created", "created"]);
    let id = project.id("db");
    project.topo("create", &["web", "--scale", "web=2"]).exits(0).says("nothing to do");
    project.topo("create", &["db", "--force-recreate"]).exits(0);
    assert_ne!(id, project.id("db"));
    project.topo("create", &["--scale", "wbe=2"]).exits(2).says("did you mean `web`?");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn scale_changes_numbers_without_touching_other_containers() {
    let project = project("scale-command", CHAIN);
    project.topo("scale", &["other=1", "--no-deps"]).exits(0).says("is scaled");
    let first = project.id("other");
    project.topo("scale", &["other=3", "web=1"]).exits(0);
    assert_eq!(project.objects("container").len(), 5, "web brought db along");
    assert_eq!(first, project.id("other"));
    project.topo("scale", &["other=0"]).exits(0);
    assert_eq!(project.objects("container"), [project.container("db"), project.container("web")]);
    project.topo("scale", &["other"]).exits(2).says("other=3");
    project.topo("scale", &[]).exits(2).says("=3`; services here: `db`, `other` and `web`");
}

const JOBS: &str = "
services:
  fast:
    image: busybox:1.37
    command: sh -c 'sleep 1; exit 3'
  slow:
    image: busybox:1.37
    init: true
    command: sh -c 'sleep 3; exit 4'
  other:
    image: busybox:1.37
    init: true
    command: sleep 1000
";

#[test]
#[ignore = "needs a Docker Engine"]
fn wait_passes_on_the_code_of_the_first_exit() {
    let project = project("wait", JOBS);
    project.topo("wait", &["fast"]).exits(4).says("no container");
    project.topo("up", &["-d"]).exits(0);
    let ran = project.topo("wait", &["slow", "fast"]).exits(3);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        lines,
        ["topo-test-wait-fast-1 exited with code 3", "topo-test-wait-slow-1 exited with code 4"]
    );
    project.topo("wait", &["slow"]).exits(4).says("exited with code 4");
    project.topo("start", &["slow"]).exits(0);
    project.topo("wait", &["--down-project", "other", "slow"]).exits(4).says("is down");
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_first_exit_or_the_first_failure_stops_everything() {
    let topology = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    depends_on: [db]
  db:
    image: busybox:1.37
    init: true
    command: sh -c 'trap \"echo db bye; exit 0\" TERM; while true; do sleep 0.1; done'
  ends:
    image: busybox:1.37
    command: sh -c 'sleep 1; exit ${CODE:-0}'
    depends_on: { job: { condition: service_completed_successfully } }
  job:
    image: busybox:1.37
    command: echo done
";
    let project = project("abort", topology);
    project.write(".env", "CODE=3");
    let ran = project.topo("up", &["--abort-on-container-exit"]).exits(3).says("ends-1 exited with code 3");
    assert!(ran.out.contains("db bye"), "what is printed while it stops is shown: {}", ran.out);
    assert_eq!(status(&project, "db"), "exited");
    project.topo("up", &["--abort-on-container-failure"]).exits(3);
    project.topo("up", &["--exit-code-from", "web"]).exits(143);
    project.topo("up", &["--exit-code-from", "db", "--no-attach", "db"]).exits(0);
    project.topo("up", &["--exit-code-from", "bd"]).exits(2).says("no service is named `bd`");
    project.topo("up", &["-d", "--abort-on-container-exit"]).exits(2);
    project.write(".env", "CODE=0");
    project.topo("up", &["--abort-on-container-exit"]).exits(0).says("ends-1 exited with code 0");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_first_exit_stops_everything_despite_a_restart_policy() {
    let topology = |policy: &str| {
        format!(
            "
services:
  web:
    image: busybox:1.37
    restart: {policy}
    command: sh -c 'echo web bye; sleep 1; exit 3'
  db:
    image: busybox:1.37
    init: true
    restart: always
    command: sleep 1000
"
        )
    };
    let project = project("abort-restarts", &topology("always"));
    for policy in ["always", "on-failure"] {
        project.write("compose.yaml", &topology(policy));
        for options in [
            &["--exit-code-from", "web"][..],
            &["--abort-on-container-exit"],
            &["--abort-on-container-failure", "--exit-code-from", "web"],
        ] {
            let ran = project.topo("up", options).exits(3).says("web-1 exited with code 3");
            assert!(ran.out.contains("web bye"), "{options:?}: {}", ran.out);
            assert_eq!(status(&project, "web"), "exited", "{options:?}");
            assert_eq!(status(&project, "db"), "exited", "{options:?}");
        }
    }
    project.topo("up", &["--exit-code-from", "db"]).exits(143);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn only_output_of_chosen_services_is_shown() {
    let talk = |name: &str, more: &str| {
        format!("  {name}:\n    image: busybox:1.37\n    command: echo {name} talks\n{more}")
    };
    let needs = "    depends_on: [db]\n";
    let topology =
        format!("services:\n{}{}{}", talk("web", needs), talk("db", ""), talk("mute", "    attach: false\n"));
    let project = project("attach", &topology);
    for (arguments, voices) in [
        (&[][..], &["web", "db"][..]),
        (&["web"], &["web"]),
        (&["web", "--attach-dependencies"], &["web", "db"]),
        (&["--attach", "mute", "--attach", "web"], &["mute", "web"]),
        (&["--no-attach", "web"], &["db"]),
    ] {
        let ran = project.topo("up", &[&["--force-recreate"], arguments].concat()).exits(0);
        for name in ["web", "db", "mute"] {
            let is_heard = ran.out.contains(&format!("{name} talks"));
            assert_eq!(is_heard, voices.contains(&name), "{name} with {arguments:?}:\n{}", ran.out);
        }
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn unchanged_dependencies_are_replaced_only_on_request() {
    let project = project("recreate-deps", CHAIN);
    project.topo("up", &["-d"]).exits(0);
    let ids = ["web", "db", "other"].map(|service| project.id(service));
    project.topo("up", &["-d", "web", "--always-recreate-deps"]).exits(0);
    let now = ["web", "db", "other"].map(|service| project.id(service));
    assert!(ids[0] == now[0] && ids[1] != now[1] && ids[2] == now[2], "{ids:?} {now:?}");
}
