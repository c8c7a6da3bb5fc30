//! The life cycle of a container: `pre_start`, `post_start`, `pre_stop`, `use_api_socket`.

use crate::harness::{docker, eventually, project};

const HOOKED: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    volumes: ['notes:/notes']
    post_start:
      - command: [sh, -c, 'sleep 1; echo started $$WHO as $$(id -u) in $$PWD >> /notes/log; echo warming up']
        user: '7'
        working_dir: /tmp
        environment: { WHO: web }
    pre_stop:
      - command: [sh, -c, 'echo first >> /notes/log']
      - command: [sh, -c, 'echo stopping >> /notes/log']
  after:
    image: busybox:1.37
    init: true
    command: sh -c 'cat /notes/log; sleep 1000'
    volumes: ['notes:/notes']
    depends_on: [web]
volumes: { notes: }
";

#[test]
#[ignore = "needs a Docker Engine"]
fn hooks_are_run_after_a_start_and_before_a_stop() {
    let topology = HOOKED.replace("user: '7'", "user: '0'");
    let project = project("hooks", &topology);
    let log = || {
        let volume = format!("{}_notes:/notes", project.name());
        docker(&["run", "--rm", "-v", &volume, "busybox:1.37", "cat", "/notes/log"])
    };
    let once = "started web as 0 in /tmp";
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(log(), once);
    // Dependants start after the hooks.
    let printed = || docker(&["logs", &project.container("after")]);
    eventually("the output of the other service", || printed() == once);
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(log(), once, "an unchanged container is left alone");
    project.topo("restart", &["-t", "0", "web"]).exits(0);
    assert_eq!(log(), format!("{once}\nfirst\nstopping\n{once}"));
    project.topo("stop", &["-t", "0"]).exits(0);
    project.topo("start", &["web"]).exits(0);
    project.topo("up", &["-d", "--force-recreate", "-t", "0", "web"]).exits(0);
    project.topo("down", &["-t", "0"]).exits(0);
    let round = format!("{once}\nfirst\nstopping");
    assert_eq!(log(), [round.as_str(); 4].join("\n"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn output_of_hooks_is_shown_with_that_of_the_service() {
    let topology = HOOKED.replace("'7'", "'0'").replace("echo first", "echo bye; echo first");
    let project = project("hooks-said", &topology);
    let up = project.start("up", &["web"]);
    eventually("the hook is done", || {
        docker(&["exec", &project.container("web"), "cat", "/notes/log"]).contains("started")
    });
    eventually("it is up", || project.topo("ps", &["--format", "{{.State}}"]).out == "running\n");
    up.signal("INT");
    let ran = up.end().exits(130);
    assert_eq!(ran.out, "web-1 ->  | warming up\nweb-1 ->  | bye\n", "{}", ran.err);
    assert!(!ran.err.contains("warming up") && !ran.err.contains("bye"), "{}", ran.err);
    // Without output, it is progress.
    let ran = project.topo("up", &["-d", "web"]).exits(0);
    assert!(ran.out.is_empty() && ran.err.contains("| warming up"), "{}", ran.err);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_failing_post_start_hook_fails_the_run() {
    let project = project(
        "hooks-start",
        &HOOKED.replace("echo warming up", "echo it is cold; exit 3").replace("'7'", "'0'"),
    );
    let ran = project.topo("up", &["-d"]).exits(4).says("ended with exit code 3").says("it is cold");
    let stopped = "was stopped again, because its post_start hook failed\n  post_start[0]: ";
    assert!(ran.err.contains(stopped), "{}", ran.err);
    assert!(!ran.err.contains("still running"), "{}", ran.err);
    assert!(ran.err.contains("after"), "{}", ran.err);
    let status = |service: &str| project.inspect(service, "{{.State.Status}}");
    assert_eq!((status("web"), status("after")), ("exited".to_owned(), "created".to_owned()));
    // It does not count as done: any start runs the hook again.
    for command in [&["up", "-d"][..], &["start"], &["restart", "web"]] {
        project.topo(command[0], &command[1..]).exits(4).says("post_start[0]: ");
        assert_eq!(status("web"), "exited");
    }
    let log = format!("{}_notes:/notes", project.name());
    let log = docker(&["run", "--rm", "-v", &log, "busybox:1.37", "cat", "/notes/log"]);
    assert_eq!(log.lines().count(), 4, "{log}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_failing_pre_stop_hook_leaves_the_container_running() {
    let topology = HOOKED.replace("echo first >> /notes/log", "test -e /tmp/done").replace("sleep 1;", "");
    let project = project("hooks-stop", &topology.replace("user: '7'", "user: '0'"));
    project.topo("up", &["-d", "web"]).exits(0);
    let ran = project.topo("down", &["-t", "0"]).exits(4).says("ended with exit code 1");
    assert!(ran.err.contains("its pre_stop hook failed\n  pre_stop["), "{}", ran.err);
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "true");
    docker(&["exec", &project.container("web"), "touch", "/tmp/done"]);
    // A paused or exited container runs no hooks.
    docker(&["stop", "-t", "0", &project.container("web")]);
    project.topo("down", &["-t", "0"]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_failing_pre_stop_hook_is_ignored_on_request() {
    let topology = "
services:
  web:
    image: busybox:1.37
    command: sleep 1000
    init: true
    pre_stop: [{ command: [sh, -c, 'exit 3'] }]
";
    let project = project("hooks-force", topology);
    project.topo("up", &["-d"]).exits(0);
    let ran = project.topo("down", &["-t", "0"]).exits(4);
    assert!(ran.err.contains("to continue:") && ran.err.contains("--force"), "{}", ran.err);
    assert!(!ran.err.contains("to clean up"), "{}", ran.err);
    project.topo("down", &["-t", "0", "--force"]).exits(0).says("a pre_stop hook failed");
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_failed_pre_start_container_is_removed_with_the_project() {
    let topology = "
services:
  web:
    image: busybox:1.37
    command: sleep 1000
    pre_start: [{ command: [sh, -c, 'exit 4'] }]
";
    let project = project("hooks-leftover", topology);
    project.topo("up", &["-d"]).exits(4);
    let ran = project.topo("down", &[]).exits(0);
    assert!(!ran.err.contains("topo run"), "{}", ran.err);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn hooks_are_run_for_one_off_containers_too() {
    let topology = HOOKED.replace("user: '7'", "user: '0'").replace("sleep 1;", "");
    let project = project("hooks-run", &topology);
    let ran = project.topo("run", &["--rm", "-T", "web", "sh", "-c", "sleep 2; cat /notes/log"]).exits(0);
    assert_eq!(ran.out, "started web as 0 in /tmp\n");
    // A failing hook is a failure, unless the program fails itself; further hooks are not run.
    let topology = "
services:
  web:
    image: busybox:1.37
    init: true
    post_start:
      - command: [sh, -c, 'touch /tmp/first; exit 5']
      - command: [touch, /tmp/second]
";
    project.write("topology.yaml", topology);
    for (code, expected) in [(0, 4), (7, 7)] {
        let script = format!("until test -e /tmp/first; do :; done; sleep 1; ls /tmp; exit {code}");
        let ran = project.topo("run", &["--rm", "-T", "web", "sh", "-c", &script]).exits(expected);
        assert_eq!(ran.out, "first\n");
        ran.says("post_start: ");
    }
    project.topo("run", &["--rm", "-d", "web", "sleep", "2"]).exits(4).says("post_start: ");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn output_of_pre_start_hooks_is_shown_with_that_of_the_service() {
    let topology = "
services:
  web:
    image: busybox:1.37
    init: true
    command: echo serving
    pre_start: [{ command: [sh, -c, 'echo migrating; echo careful >&2'] }]
";
    let project = project("hooks-attached", topology);
    let ran = project.topo("up", &[]).exits(0);
    for line in ["migrating", "careful"] {
        let shown = |text: &str| text.lines().any(|shown| shown.ends_with(&format!("| {line}")));
        assert!(shown(&ran.out) && !ran.err.contains(line), "{}\n{}", ran.out, ran.err);
    }
    assert!(ran.out.contains("web pre_start[0] ->"), "{}", ran.out);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_container_may_use_the_engine() {
    let topology = "
services:
  web: { image: 'busybox:1.37', command: sleep 1000, init: true, use_api_socket: true }
";
    let project = project("hooks-socket", topology);
    project.topo("up", &["-d"]).exits(0);
    assert!(project.inspect("web", "{{json .Mounts}}").contains("/var/run/docker.sock"));
    let ran = project.topo(
        "exec",
        &["-T", "web", "sh", "-c", "test -S /var/run/docker.sock && stat -c %a $DOCKER_CONFIG/config.json"],
    );
    assert_eq!(ran.exits(0).out, "600\n", "nobody but its main user reads the accounts");
}

const PREPARED: &str = "
services:
  web:
    image: busybox:1.37
    command: sleep 1000
    init: true
    environment: { WHO: web, OF: service }
    volumes: ['notes:/notes']
    networks: [inner]
    pre_start:
      - command: [sh, -c, 'sleep 1; echo first $$WHO $$OF >> /notes/log; echo migrating']
        environment: { WHO: hook }
      - image: busybox:1.37
        command: [sh, -c, 'cat /notes/log > /notes/copy; echo second as $$(id -u) >> /notes/log']
        user: '0'
networks: { inner: }
volumes: { notes: }
";

#[test]
#[ignore = "needs a Docker Engine"]
fn pre_start_containers_run_to_completion_before_the_first_start() {
    let topology = PREPARED;
    let project = project("hooks-before", topology);
    let log = || docker(&["exec", &project.container("web"), "cat", "/notes/log"]);
    let once = "first hook service\nsecond as 0";
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(log(), once);
    assert_eq!(project.objects("container"), [project.container("web")], "they are gone afterwards");
    // Completed hooks are not repeated: not immediately, not after a stop, not for another
    // container.
    project.topo("up", &["-d"]).exits(0);
    project.topo("stop", &["-t", "0"]).exits(0);
    project.topo("up", &["-d"]).exits(0);
    project.topo("up", &["-d", "--scale", "web=2"]).exits(0);
    assert_eq!(log(), once);
    project.topo("up", &["-d", "--force-recreate", "-t", "0"]).exits(0);
    assert_eq!(log(), format!("{once}\n{once}"));
    // A changed hook is a new container.
    project.write("topology.yaml", &topology.replace("echo first", "echo changed"));
    project.topo("up", &["-d", "-t", "0"]).exits(0);
    assert!(log().ends_with("changed hook service\nsecond as 0"), "{}", log());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn pre_start_containers_run_before_start_starts_a_created_container() {
    let project = project("hooks-before-start", PREPARED);
    let log = || docker(&["exec", &project.container("web"), "cat", "/notes/log"]);
    project.topo("create", &[]).exits(0);
    project.topo("start", &[]).exits(0);
    assert_eq!(log(), "first hook service\nsecond as 0");
    assert_eq!(project.objects("container"), [project.container("web")], "they are gone afterwards");
    project.topo("stop", &["-t", "0"]).exits(0);
    project.topo("start", &[]).exits(0);
    assert_eq!(log(), "first hook service\nsecond as 0", "what was done is not done again");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_failed_pre_start_container_is_kept_and_run_again() {
    let topology = PREPARED.replace("echo migrating", "test -e /notes/ok");
    let project = project("hooks-before-failed", &topology);
    let first = format!("{}-pre_start-0", project.container("web"));
    project.topo("up", &["-d"]).exits(4).says("\n  pre_start[0]: it ended with exit code 1");
    assert_eq!(project.inspect("web", "{{.State.Status}}"), "created");
    assert_eq!(docker(&["inspect", "--format", "{{.State.ExitCode}}", &first]), "1");
    let volume = format!("{}_notes:/notes", project.name());
    docker(&["run", "--rm", "-v", &volume, "busybox:1.37", "touch", "/notes/ok"]);
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "true");
    assert_eq!(project.objects("container"), [project.container("web")]);
    project.topo("down", &["-t", "0"]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn pre_start_hooks_can_run_for_each_replica() {
    let topology = PREPARED.replace("        user: '0'\n", "        user: '0'\n        per_replica: true\n");
    let project =
        project("hooks-before-each", &topology.replace("init: true\n", "init: true\n    scale: 2\n"));
    project.topo("up", &["-d"]).exits(0);
    let log = docker(&["exec", &project.container("web"), "cat", "/notes/log"]);
    let count = |text: &str| log.lines().filter(|line| line.starts_with(text)).count();
    assert_eq!((count("first"), count("second")), (1, 2), "{log}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn ctrl_c_leaves_no_pre_start_container_running() {
    let topology = PREPARED.replace("sleep 1;", "sleep 1000;");
    let project = project("hooks-before-left", &topology);
    let up = project.start("up", &["-d"]);
    let prepares = |container: &String| docker(&["top", container]).contains("sleep 1000");
    eventually("the preparation runs", || project.objects("container").iter().any(prepares));
    up.signal("INT");
    up.end().exits(130);
    assert_eq!(project.objects("container"), [project.container("web")]);
}
