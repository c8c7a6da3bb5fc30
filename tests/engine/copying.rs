//! `topo cp`, in both directions.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::harness::{Project, project};
use crate::terminal::Terminal;

const WEB: &str = "
services:
  web:
    image: busybox:1.37
    init: true
    command: sleep 1000
    user: '33'
";

fn up(name: &str) -> Project {
    let project = project(name, WEB);
    project.topo("up", &["-d"]).exits(0);
    let script = "mkdir -p /tmp/deep; echo inner > /tmp/deep/inner; ln -s inner /tmp/deep/link; mkfifo /tmp/pipe; chmod 750 /tmp/deep";
    project.topo("exec", &["web", "sh", "-c", script]).exits(0);
    project
}

fn in_container(project: &Project, script: &str) -> String {
    project.topo("exec", &["-T", "web", "sh", "-c", script]).exits(0).out
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The project's directory, with `files/one`, `files/deep/two` and a link to it.
fn files(project: &Project) -> std::path::PathBuf {
    project.write("files/one", "1\n");
    let two = project.write("files/deep/two", "2\n");
    fs::set_permissions(&two, fs::Permissions::from_mode(0o604)).expect("permissions");
    let directory = two.ancestors().nth(3).expect("the project's directory").to_owned();
    symlink("deep/two", directory.join("files/link")).expect("a link");
    directory
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_directory_or_its_contents_are_copied_into_a_container() {
    let project = up("cp-in");
    files(&project);
    project
        .topo("cp", &["files", "web:/tmp"])
        .exits(0)
        .says("copied files to topo-test-cp-in-web-1:/tmp/files");
    assert_eq!(
        in_container(&project, "cat /tmp/files/one /tmp/files/link; readlink /tmp/files/link"),
        "1\n2\ndeep/two\n"
    );
    assert_eq!(in_container(&project, "stat -c %a /tmp/files/deep/two"), "604\n");
    // To a new name, and only the contents.
    project.topo("cp", &["files", "web:/tmp/new"]).exits(0);
    project.topo("cp", &["files/.", "web:/tmp/deep"]).exits(0);
    assert_eq!(in_container(&project, "cat /tmp/new/one /tmp/deep/one /tmp/deep/inner"), "1\n1\ninner\n");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_file_is_copied_into_a_directory_or_over_another_file() {
    let project = up("cp-file");
    files(&project);
    for to in ["web:/tmp", "web:/tmp/deep/inner", "web:tmp/named", "web:/tmp/deep/link"] {
        project.topo("cp", &["files/one", to]).exits(0);
    }
    let script = "cat /tmp/one /tmp/named /tmp/deep/inner; readlink /tmp/deep/link";
    assert_eq!(in_container(&project, script), "1\n1\n1\ninner\n");
    // A link is copied as such unless it is followed.
    project.topo("cp", &["files/link", "web:/tmp/as-link"]).exits(0);
    project.topo("cp", &["-L", "files/link", "web:/tmp/as-file"]).exits(0);
    assert_eq!(in_container(&project, "readlink /tmp/as-link; cat /tmp/as-file"), "deep/two\n2\n");
    // With -a it belongs to the container's user.
    project.topo("cp", &["-a", "files/one", "web:/tmp/owned"]).exits(0);
    assert_eq!(in_container(&project, "stat -c %u /tmp/owned"), "33\n");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn files_are_copied_out_of_a_container() {
    let project = up("cp-out");
    let here = files(&project);
    project.topo("cp", &["web:/tmp/deep", "new"]).exits(0);
    project.topo("cp", &["web:/tmp/deep", "files"]).exits(0);
    project.topo("cp", &["web:/tmp/deep/.", "files"]).exits(0);
    for copied in ["new/inner", "files/deep/inner", "files/inner", "files/deep/link"] {
        assert_eq!(text(&here.join(copied)), "inner\n", "{copied}");
    }
    assert_eq!(fs::read_link(here.join("new/link")).expect("a link"), Path::new("inner"));
    assert_eq!(fs::metadata(here.join("new")).expect("a directory").mode() & 0o777, 0o750);
    assert_eq!(text(&here.join("files/deep/two")), "2\n");
    project.topo("cp", &["web:/tmp/deep/inner", "files/one"]).exits(0);
    project.topo("cp", &["web:/tmp/deep/link", "a-link"]).exits(0);
    project.topo("cp", &["-L", "web:/tmp/deep/link", "a-file"]).exits(0).says("to a-file");
    assert_eq!(
        (text(&here.join("files/one")).as_str(), text(&here.join("a-file")).as_str()),
        ("inner\n", "inner\n")
    );
    assert!(here.join("a-link").is_symlink());
    // Files can be copied from a stopped container too.
    project.topo("stop", &["-t", "0"]).exits(0);
    project.topo("cp", &["web:/tmp/deep/inner", "late"]).exits(0);
    assert_eq!(text(&here.join("late")), "inner\n");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn archives_are_piped() {
    let project = up("cp-pipe");
    files(&project);
    let mut topo = project.command("cp", &["web:/tmp/deep", "-"]);
    let archive = topo.output().expect("topo runs").stdout;
    project.topo("exec", &["web", "mkdir", "/tmp/again"]).exits(0);
    let ran = project.feed("cp", &["-", "web:/tmp/again"], &archive).exits(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    assert_eq!(in_container(&project, "cat /tmp/again/deep/inner"), "inner\n");
    project.feed("cp", &["-", "web:/tmp/nope"], &archive).exits(4).says("there is no directory `/tmp/nope`");
    project.feed("cp", &["-", "web:/tmp"], b"no archive at all, but some words").exits(4);
    let mut terminal = Terminal::start(project.command("cp", &["web:/tmp", "-"]));
    assert_eq!(terminal.ends(), 2);
    terminal.shows("cannot be written to a terminal");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn every_container_of_a_service_gets_the_files() {
    let project = project("cp-scale", &format!("{WEB}    scale: 2\n"));
    project.topo("up", &["-d"]).exits(0);
    let one_off = project.topo("run", &["-d", "web"]).exits(0).out.trim().to_owned();
    files(&project);
    let has = |container: &str, file: &str| {
        let status =
            std::process::Command::new("docker").args(["exec", container, "test", "-e", file]).status();
        status.expect("docker runs").success()
    };
    let [first, second] = [1, 2].map(|number| format!("{}-web-{number}", project.name()));
    project.topo("cp", &["files/one", "web:/tmp/both"]).exits(0);
    project.topo("cp", &["--index", "2", "files/one", "web:/tmp/second"]).exits(0);
    assert!(has(&first, "/tmp/both") && has(&second, "/tmp/both") && !has(&one_off, "/tmp/both"));
    assert!(!has(&first, "/tmp/second") && has(&second, "/tmp/second"));
    project.topo("cp", &["--all", "files/one", "web:/tmp/all"]).exits(0);
    assert!(has(&first, "/tmp/all") && has(&one_off, "/tmp/all"));
    project.topo("cp", &["--index", "3", "files/one", "web:/tmp"]).exits(4).says("number 3");
    project.feed("cp", &["-", "web:/tmp"], b"").exits(2).says("can only be copied into one container");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_cannot_be_copied_is_reported() {
    let project = up("cp-wrong");
    project.topo("exec", &["-T", "web", "ln", "-s", "loop", "/tmp/loop"]).exits(0);
    project.write("f", "f");
    let circle = "`/tmp/loop` in the container leads to itself: its symbolic links form a loop";
    project.topo("cp", &["f", "web:/tmp/loop"]).exits(4).says(circle);
    project.topo("cp", &["web:/tmp/loop/", "."]).exits(4).says(circle);
    files(&project);
    for (from, to, code, words) in [
        ("web:/nope", ".", 4, "there is no `/nope` in topo-test-cp-wrong-web-1"),
        ("web:/tmp/deep/inner/", "x", 4, "is a file, not a directory"),
        ("web:/tmp", "files/one", 4, "a directory cannot replace a file: `files/one` is a file"),
        ("web:/tmp", "nope/x", 4, "there is no directory `nope`"),
        ("web:/tmp/deep/inner", "nope/", 4, "there is no directory `nope/`"),
        ("files", "web:/nope/x", 4, "there is no directory `/nope`"),
        ("files", "web:/tmp/deep/inner", 4, "is a file"),
        ("files/one", "web:/nope/", 4, "there is no directory"),
        ("files/one", "web:/tmp/deep/inner/", 4, "is a file, not a directory"),
        ("files/one", "web:/tmp/pipe", 4, "neither a directory nor a file"),
        ("nope", "web:/tmp", 2, "`nope` does not exist"),
        ("web:/a", "web:/b", 2, "files are not copied between services"),
        ("a", "b", 2, "neither end names a service"),
        ("wep:/a", "b", 2, "did you mean `web`?"),
    ] {
        project.topo("cp", &[from, to]).exits(code).says(words);
    }
    project.topo("cp", &[]).exits(2).says("two ends are needed");
}

/// A device like `/dev/null`; false without the privilege to create one.
fn make_null_device(path: &Path) -> bool {
    let made = Command::new("mknod").args(["-m", "666"]).arg(path).args(["c", "1", "3"]).status();
    made.is_ok_and(|status| status.success())
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_device_or_a_pipe_is_written_to_and_kept() {
    let project = up("cp-node");
    let here = files(&project);
    let inner = "web:/tmp/deep/inner";
    if make_null_device(&here.join("node")) && make_null_device(&here.join("files/inner")) {
        project.topo("cp", &[inner, "node"]).exits(0);
        let words = "not copied: `files/inner` is a device here, which is not replaced";
        project.topo("cp", &["web:/tmp/deep/.", "files"]).exits(4).says(words);
        project.topo("export", &["-o", "node", "web"]).exits(0);
        for node in ["node", "files/inner"] {
            let kind = fs::symlink_metadata(here.join(node)).expect("it is there").file_type();
            assert!(kind.is_char_device(), "{node}");
        }
        assert!(here.join("files/link").is_symlink());
    }
    assert_eq!(project.topo("cp", &[inner, "/dev/stdout"]).exits(0).out, "inner\n");
    symlink("/proc/self/fd/1", here.join("out")).expect("a link");
    assert_eq!(project.topo("cp", &[inner, "out"]).exits(0).out, "inner\n");
    assert!(project.topo("export", &["-o", "out", "web"]).exits(0).out.contains("tmp/deep/inner"));
    assert!(here.join("out").is_symlink());
    // A special file in the container is reported too.
    project.topo("cp", &["web:/tmp/pipe", "x"]).exits(4).says("`/tmp/pipe` in");
    project.topo("cp", &["web:/tmp", "all"]).exits(4).says("not copied: `pipe` is a named pipe");
    assert_eq!(text(&here.join("all/deep/inner")), "inner\n");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_pipe_is_read_to_its_end() {
    let project = up("cp-fed");
    let here = files(&project);
    project.feed("cp", &["/dev/stdin", "web:/tmp/fed"], b"through\n").exits(0);
    assert_eq!(in_container(&project, "cat /tmp/fed"), "through\n");
    assert!(Command::new("mkfifo").arg(here.join("files/pipe")).status().expect("it runs").success());
    project.topo("cp", &["files", "web:/tmp"]).exits(4).says("not copied: `files/pipe` is a named pipe");
    assert_eq!(in_container(&project, "cat /tmp/files/one"), "1\n");
    project.topo("cp", &["/dev/zero", "web:/tmp/x"]).exits(2).says("`/dev/zero` is a device");
}
