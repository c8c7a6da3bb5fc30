//! `topo watch` and `topo up --watch`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::{Project, Running, docker, eventually, project};
use crate::terminal::Terminal;

const SYNCED: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    user: '33'
    develop:
      watch:
        - { path: ./src, action: sync, target: /srv/src, ignore: ['*.log', node_modules/], initial_sync: true }
        - { path: ./config, action: sync+restart, target: /srv/config }
        - { path: ./hooked, action: sync+exec, target: /srv/hooked, include: '*.txt',
            exec: { command: [sh, -c, 'cat /srv/hooked/*.txt >> /tmp/ran; echo reloaded $$MODE'], environment: { MODE: now } } }
        - { path: ./flag, action: restart }
";

fn watched(name: &str) -> Project {
    let project = project(name, SYNCED);
    for path in ["src/first", "config/one", "hooked/a.txt", "flag"] {
        project.write(path, "1\n");
    }
    project
}

/// The content of a file in the container; `None` if it does not exist.
fn held(project: &Project, path: &str) -> String {
    docker(&["exec", &project.container("web"), "cat", path])
}

fn exists(project: &Project, path: &str) -> bool {
    let done = Command::new("docker").args(["exec", &project.container("web"), "test", "-e", path]).status();
    done.is_ok_and(|status| status.success())
}

fn root(project: &Project) -> PathBuf {
    project.write("flag", "1\n").parent().expect("a directory").to_owned()
}

/// `topo watch`, once it watches: the file that is synced first exists.
fn watch(project: &Project, arguments: &[&str]) -> Running {
    let watching = project.start("watch", arguments);
    eventually("the first sync", || held(project, "/srv/src/first") == "1");
    watching
}

#[test]
#[ignore = "needs a Docker Engine"]
fn changed_and_removed_files_are_synced_to_the_container() {
    let project = watched("watch-sync");
    let root = root(&project);
    let watching = watch(&project, &[]);
    project.write("src/new/deep/file", "2\n");
    project.write("src/first", "changed\n");
    eventually("a new file in new directories", || held(&project, "/srv/src/new/deep/file") == "2");
    eventually("a changed file", || held(&project, "/srv/src/first") == "changed");
    let owner = docker(&["exec", &project.container("web"), "stat", "-c", "%u", "/srv/src/first"]);
    assert_eq!(owner, "33");
    fs::remove_dir_all(root.join("src/new")).expect("a directory to remove");
    fs::rename(root.join("src/first"), root.join("src/renamed")).expect("a file to rename");
    eventually("a removed directory", || !exists(&project, "/srv/src/new"));
    eventually("a file with another name", || {
        held(&project, "/srv/src/renamed") == "changed" && !exists(&project, "/srv/src/first")
    });
    // A directory replaces a file, and the reverse.
    fs::remove_file(root.join("src/renamed")).expect("a file to remove");
    project.write("src/renamed/inner", "3\n");
    eventually("a directory in a file's place", || held(&project, "/srv/src/renamed/inner") == "3");
    project.write("src/x.log", "ignored\n");
    project.write("src/node_modules/y", "ignored\n");
    project.write("src/last", "4\n");
    eventually("the last file", || held(&project, "/srv/src/last") == "4");
    assert!(!exists(&project, "/srv/src/x.log") && !exists(&project, "/srv/src/node_modules"));
    fs::remove_file(root.join("src/last")).expect("a file to remove");
    eventually("a removed file", || !exists(&project, "/srv/src/last"));
    watching.signal("INT");
    watching
        .end()
        .exits(130)
        .says("synced to topo-test-watch-sync-web-1")
        .says("removed there")
        .says("watch: 1 file removed in topo-test-watch-sync-web-1");
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "true");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_thousand_files_are_one_pass() {
    let project = watched("watch-burst");
    let watching = watch(&project, &[]);
    for number in 0..1000 {
        project.write(&format!("src/many/{number}"), "x");
    }
    eventually("the last of many files", || held(&project, "/srv/src/many/999") == "x");
    let count = docker(&["exec", &project.container("web"), "sh", "-c", "ls /srv/src/many | wc -l"]);
    assert_eq!(count.trim(), "1000");
    watching.signal("INT");
    let ran = watching.end().exits(130);
    // The directory counts as well.
    let passes: Vec<&str> = ran.err.lines().filter(|line| line.contains("files synced")).collect();
    assert_eq!(passes, ["watch: 1001 files synced to topo-test-watch-burst-web-1"], "{}", ran.err);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_change_restarts_or_runs_a_command_by_its_rule() {
    let project = watched("watch-more");
    let watching = watch(&project, &[]);
    let started = || project.inspect("web", "{{.State.StartedAt}}");
    let (id, first) = (project.id("web"), started());
    project.write("config/one", "2\n");
    eventually("a restart after a sync", || started() != first && held(&project, "/srv/config/one") == "2");
    let second = started();
    project.write("flag", "2\n");
    eventually("a restart", || started() != second);
    eventually("it runs", || project.inspect("web", "{{.State.Running}}") == "true");
    project.write("hooked/b.md", "not included\n");
    project.write("hooked/a.txt", "2\n");
    eventually("the command", || held(&project, "/tmp/ran") == "2");
    assert!(!exists(&project, "/srv/hooked/b.md"));
    assert_eq!(project.id("web"), id, "the container is the same");
    watching.signal("INT");
    watching.end().exits(130).says("web-1: reloaded now");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn failures_are_reported_and_watching_continues() {
    let project = watched("watch-failure");
    let watching = watch(&project, &["--quiet"]);
    docker(&["stop", "-t", "0", &project.container("web")]);
    project.write("src/lost", "1\n");
    watching.shows("no container of web is running");
    docker(&["start", &project.container("web")]);
    project.write("src/found", "1\n");
    eventually("a later file", || held(&project, "/srv/src/found") == "1");
    watching.signal("TERM");
    watching.end().exits(143).says("no container of web is running");
}

const BUILT: &str = "
services:
  web:
    build: ./image
    init: true
    develop:
      watch:
        - { path: ./image, action: rebuild }
";

fn write_image(project: &Project, greeting: &str) {
    let dockerfile = "FROM busybox:1.37\nCOPY greeting /\nCMD cat /greeting && exec sleep 1000\n";
    if !project.write("image/.dockerignore", "ignored\n").with_file_name("Dockerfile").exists() {
        project.write("image/Dockerfile", dockerfile);
    }
    project.write("image/greeting", &format!("{greeting}\n"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_image_is_rebuilt_and_its_container_replaced() {
    let project = project("watch-build", BUILT);
    write_image(&project, "one");
    let watching = project.start("watch", &["--quiet"]);
    eventually("the first image", || held(&project, "/greeting") == "one");
    let (id, image) = (project.id("web"), project.inspect("web", "{{.Image}}"));
    // A failing build is reported, and the container is kept.
    project.write("image/Dockerfile", "FROM busybox:1.37\nRUN false\n");
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(project.id("web"), id);
    project.write(
        "image/Dockerfile",
        "FROM busybox:1.37\nCOPY greeting /\nCMD cat /greeting && exec sleep 1000\n",
    );
    write_image(&project, "two");
    eventually("the second image", || held(&project, "/greeting") == "two");
    eventually("the first image goes", || {
        docker(&["image", "inspect", "--format", "{{.Id}}", &image]).is_empty()
    });
    let id = project.id("web");
    project.write("image/ignored", "nothing\n");
    // Nothing must happen, which only time can show.
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(project.id("web"), id);
    project.write("topology.yaml", &format!("{BUILT}    environment: {{ NEW: '1' }}\n"));
    std::thread::sleep(std::time::Duration::from_secs(2));
    watching.signal("INT");
    let err = watching.end().exits(130).says("rebuilding web").says("is not up to date").err;
    assert!(!err.contains("to continue:") && !err.contains("as asked"), "it goes on by itself: {err}");
    let again = format!("`topo up {} -p {}`", project.topology(), project.name());
    let told = format!("topology.yaml changed; run {again} again for it to take effect");
    assert_eq!(err.matches(&told).count(), 1, "{err}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_rebuild_restarts_dependants_that_ask_for_it() {
    let dependants = "
  with:
    image: busybox:1.37
    init: true
    command: sleep 1000
    depends_on: { web: { condition: service_started, restart: true } }
  without:
    image: busybox:1.37
    init: true
    command: sleep 1000
    depends_on: [web]
";
    let project = project("watch-with", &format!("{BUILT}{dependants}"));
    write_image(&project, "one");
    let watching = project.start("watch", &[]);
    eventually("the last one is started", || project.inspect("without", "{{.State.Running}}") == "true");
    let started = |service: &str| project.inspect(service, "{{.State.StartedAt}}");
    let (id, with, without) = (project.id("with"), started("with"), started("without"));
    let mut number = 1;
    eventually("the second image", || {
        // Watching may begin only now.
        number += 1;
        write_image(&project, &number.to_string());
        std::thread::sleep(std::time::Duration::from_secs(2));
        !["", "one"].contains(&held(&project, "/greeting").as_str())
    });
    eventually("the restart", || {
        started("with") != with && project.inspect("with", "{{.State.Running}}") == "true"
    });
    assert_eq!((project.id("with"), started("without")), (id, without));
    watching.signal("INT");
    watching.end().exits(130);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn new_paths_are_watched_and_links_are_followed() {
    let topology = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    develop:
      watch:
        - { path: ./data, action: sync, target: /app/data }
        - { path: ./late/dist, action: sync, target: /srv/dist }
";
    let project = project("watch-late", topology);
    project.write("data/first", "1\n");
    project.topo("up", &["-d"]).exits(0);
    let script = "mkdir -p /app/data /var/sub; ln -s /var/sub /app/data/sub";
    project.topo("exec", &["web", "sh", "-c", script]).exits(0);
    let watching = project.start("watch", &[]);
    eventually("watching begins", || {
        project.write("data/ready", "1\n");
        held(&project, "/app/data/ready") == "1"
    });
    project.write("data/sub/hello", "through\n");
    eventually("a file behind a link", || held(&project, "/var/sub/hello") == "through");
    let is_link = ["exec", &project.container("web"), "readlink", "/app/data/sub"];
    assert_eq!(docker(&is_link), "/var/sub");
    for number in ["1", "2"] {
        let file = project.write(&format!("late/dist/deep/{number}"), number);
        let there = format!("/srv/dist/deep/{number}");
        eventually("a directory that comes later", || held(&project, &there) == number);
        let late = file.ancestors().nth(3).expect("the directory");
        fs::remove_dir_all(late).expect("it is removed");
        eventually("a removed directory", || !exists(&project, &there));
    }
    watching.signal("INT");
    watching.end().exits(130).says("does not exist yet: waiting for it");
    // Copying follows the link as well.
    for (from, to, text) in [("data/.", "web:/app/data", "contents"), ("data", "web:/app", "folder")] {
        project.write("data/sub/copied", text);
        project.topo("cp", &[from, to]).exits(0);
        assert_eq!(held(&project, "/var/sub/copied"), text);
        assert_eq!(docker(&is_link), "/var/sub");
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn up_shows_the_output_and_watches() {
    let project = project("watch-up", BUILT);
    write_image(&project, "one");
    let up = project.start("up", &["--watch", "--scale", "web=2"]);
    eventually("the first image", || held(&project, "/greeting") == "one");
    std::thread::sleep(std::time::Duration::from_secs(1));
    write_image(&project, "two");
    eventually("the second image", || held(&project, "/greeting") == "two");
    up.shows("| two");
    up.signal("INT");
    let ran = up.end().exits(130);
    for line in ["one", "two"] {
        assert!(ran.out.lines().any(|shown| shown.ends_with(line)), "{line}:\n{}\n{}", ran.out, ran.err);
    }
    for number in [1, 2] {
        let name = format!("web-{number}");
        assert_eq!(ran.err.matches(&format!("{name} was recreated")).count(), 1, "{}", ran.err);
        let exits = ran.err.lines().filter(|line| line.contains(&name) && line.contains("exited with code"));
        assert_eq!(exits.count(), 1, "the new one at the end: {}", ran.err);
    }
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "false");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn keys_toggle_watching_and_detach() {
    let project = watched("watch-keys");
    let mut terminal = Terminal::start(project.command("up", &[]));
    terminal.shows("keys: `w` toggles watching files, `d` detaches and leaves the services running");
    project.write("src/unwatched", "1\n");
    terminal.types("w");
    terminal.shows("watching the files of web");
    eventually("the first sync", || held(&project, "/srv/src/first") == "1");
    // An empty line has no effect.
    terminal.types("\rw");
    terminal.shows("watch: stopped");
    assert_eq!(terminal.screen().matches("watching the files").count(), 1, "{}", terminal.screen());
    terminal.types("d");
    terminal.shows("keep running in the background");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_restored());
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "true");
    // Ctrl-C stops them, and restores the terminal.
    let mut terminal = Terminal::start(project.command("up", &["--no-build"]));
    terminal.shows("leaves the services running");
    terminal.types("\x03");
    assert_eq!(terminal.ends(), 130);
    assert!(terminal.is_restored());
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "false");
    // The keys can be disabled.
    let mut terminal = Terminal::start(project.command("up", &["--menu=false"]));
    eventually("it runs", || project.inspect("web", "{{.State.Running}}") == "true");
    terminal.types("d");
    project.topo("stop", &["-t", "0"]).exits(0);
    assert_eq!(terminal.ends(), 0);
    assert!(!terminal.screen().contains("keys:"), "{}", terminal.screen());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn keys_work_while_services_are_brought_up() {
    let project = watched("watch-early");
    let slow = "    depends_on: { db: { condition: service_healthy } }
  db:
    image: busybox:1.37
    init: true
    command: sh -c 'echo output-of-db; exec sleep 1000'
    healthcheck: { test: [CMD, test, -e, /ready], interval: 1s, start_period: 100s, start_interval: 1s }
";
    project.write("topology.yaml", &format!("{SYNCED}{slow}"));
    let ready = || crate::harness::docker(&["exec", &project.container("db"), "touch", "/ready"]);
    // A request to watch files is remembered.
    let mut terminal = Terminal::start(project.command("up", &[]));
    terminal.shows("leaves the services running");
    terminal.types("w");
    terminal.shows("watch: starts once the services are up");
    terminal.shows("output-of-db");
    ready();
    terminal.shows("watching the files of web");
    terminal.types("d");
    assert_eq!(terminal.ends(), 0);
    project.topo("down", &["-t", "0"]).exits(0);
    // After detaching, the rest is brought up without output.
    let mut terminal = Terminal::start(project.command("up", &[]));
    terminal.shows("output-of-db");
    terminal.types("d");
    terminal.shows("detached");
    ready();
    terminal.shows(" is up");
    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_restored());
    assert_eq!(project.inspect("web", "{{.State.Running}}"), "true");
    // A failure meanwhile is a failure.
    let failing = slow.replace("exec sleep 1000", "until test -e /ready; do sleep 0.1; done; exit 3");
    project.write("topology.yaml", &format!("{SYNCED}{failing}"));
    let mut terminal = Terminal::start(project.command("up", &[]));
    terminal.shows("output-of-db");
    terminal.types("d");
    terminal.shows("detached");
    ready();
    assert_eq!(terminal.ends(), 4);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn up_ends_with_its_services_unless_their_files_are_watched() {
    let project = watched("watch-ends");
    let on = "    depends_on: [db]\n  db: { image: 'busybox:1.37', init: true, command: sleep 1000 }\n";
    project.write("topology.yaml", &format!("{SYNCED}{on}"));
    let mut terminal = Terminal::start(project.command("up", &[]));
    terminal.shows("leaves the services running");
    terminal.shows(" is up");
    project.topo("stop", &["-t", "0"]).exits(0);
    assert_eq!(terminal.ends(), 0);
    for named in [&[][..], &["web", "--attach-dependencies"]] {
        let mut terminal = Terminal::start(project.command("up", named));
        terminal.shows("leaves the services running");
        terminal.types("w");
        terminal.shows("watching the files of web");
        project.topo("stop", &["-t", "0"]).exits(0);
        terminal.shows("exited with code");
        // It is followed again after a start by another command.
        project.topo("start", &[]).exits(0);
        terminal.shows("started again");
        project.topo("stop", &["-t", "0"]).exits(0);
        terminal.shows("exited with code");
        terminal.types("w");
        terminal.shows("watch: stopped");
        assert_eq!(terminal.ends(), 0);
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_cannot_be_watched_is_reported() {
    let nothing = "services: { web: { image: 'busybox:1.37' } }\n";
    let project = project("watch-wrong", nothing);
    project.topo("watch", &[]).exits(4).says("nothing to watch");
    project.topo("watch", &["wep"]).exits(2).says("did you mean `web`?");
    let mounted = "
services:
  web:
    image: busybox:1.37
    volumes: ['./src:/srv']
    develop: { watch: [{ path: ./src, action: sync, target: /srv }] }
";
    project.write("topology.yaml", mounted);
    project.topo("watch", &[]).exits(4).says("is already mounted at `/srv` in `web`");
    project.write("topology.yaml", BUILT);
    write_image(&project, "one");
    project.topo("build", &[]).exits(0);
    project.topo("up", &["--watch", "--no-build"]).exits(2).says("which `--no-build` forbids");
}
