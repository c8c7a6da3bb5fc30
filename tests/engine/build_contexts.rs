//! Which files of a directory reach an image, wherever its Dockerfile is.

use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::harness::{Project, Ran, docker, engine_api, project};

/// Dockerfiles in the context, next to it, excluded from it, or inline.
const TOPOLOGY: &str = "
services:
  inline:
    build:
      context: app
      dockerfile_inline: |
        FROM busybox:1.37
        COPY . /context
        CMD [\"find\", \"/context\"]
  outside: { build: { context: app, dockerfile: ../Outside } }
  ignored: { build: { context: app } }
  subdirectory: { build: { context: app, dockerfile: docker/Own } }
";

const SERVICES: [&str; 4] = ["inline", "outside", "ignored", "subdirectory"];

fn dockerfile(command: &str) -> String {
    format!("FROM busybox:1.37\nCOPY . /context\nCMD [\"{command}\", \"/context\"]\n")
}

fn write_dockerfiles(project: &Project, command: &str) {
    for path in ["Outside", "app/Dockerfile", "app/docker/Own"] {
        project.write(path, &dockerfile(command));
    }
}

/// The content of the images, and their commands.
fn contents(project: &Project) -> Vec<(String, String)> {
    let image = |service: &&str| format!("{}-{service}", project.name());
    let content = |image: String| {
        let command = docker(&["image", "inspect", "--format", "{{.Config.Cmd}}", &image]);
        let listed = docker(&["run", "--rm", "--network=none", &image, "find", "/context"]);
        let mut listed: Vec<&str> =
            listed.lines().filter_map(|line| line.strip_prefix("/context/")).collect();
        listed.sort_unstable();
        (command.trim().to_owned(), listed.join(" "))
    };
    SERVICES.iter().map(image).map(content).collect()
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_image_has_the_files_of_its_context_and_no_other_dockerfile() {
    let project = project("contexts", TOPOLOGY);
    write_dockerfiles(&project, "find");
    project.write("app/.dockerignore", "Dockerfile\n.dockerignore\n*.log\n");
    project.write("app/docker/Own.dockerignore", "# Its own.\n**\n!docker/*.txt\n");
    for path in ["app/file", "app/a.log", "app/docker/b.txt"] {
        project.write(path, path);
    }
    project.topo("build", &[]).exits(0);
    let built = contents(&project);
    let listed: Vec<&str> = built.iter().map(|(_, listed)| listed.as_str()).collect();
    let common = "docker docker/Own docker/Own.dockerignore docker/b.txt file";
    assert_eq!(listed, [common, common, common, "docker docker/b.txt"]);
    let mut compose = Command::new("docker");
    compose.args(["compose", "--file", &project.topology(), "--project-name", project.name(), "build"]);
    Ran::of(compose.output().expect("it runs")).exits(0);
    assert_eq!(contents(&project), built);

    // No copied file has changed unless the Dockerfile itself is among them: `docker/Own` is in the
    // context.
    project.write("Outside", &dockerfile("ls"));
    project.write("app/Dockerfile", &dockerfile("ls"));
    project.write("topology.yaml", &TOPOLOGY.replace("CMD [\"find\"", "CMD [\"ls\""));
    let again = project.topo("build", &["inline", "outside", "ignored"]).exits(0);
    let cached = again.err.lines().filter(|line| line.ends_with("COPY . /context  cached")).count();
    assert_eq!(cached, 3, "{}", again.err);
    assert!(contents(&project)[..3].iter().all(|(command, _)| command == "[ls /context]"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn additional_contexts_contain_no_dockerfile_either() {
    let project = project(
        "further-contexts",
        "
services:
  web:
    build:
      context: app
      dockerfile_inline: |
        FROM busybox:1.37
        COPY . /context
        COPY --from=other . /other
      additional_contexts: { other: ./other }
",
    );
    if engine_api() < 42 {
        // The builder of Engine 20.10 does not support additional contexts.
        return;
    }
    for path in ["app/a", "other/b", "other/Dockerfile"] {
        project.write(path, path);
    }
    project.topo("build", &[]).exits(0);
    let image = format!("{}-web", project.name());
    let seen = docker(&["run", "--rm", "--network=none", &image, "sh", "-c", "ls -A /context /other"]);
    assert_eq!(seen.split_whitespace().collect::<Vec<_>>(), ["/context:", "a", "/other:", "Dockerfile", "b"]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn changes_and_removals_in_a_context_reach_the_image() {
    let project = project("incremental", "services: { web: { build: app } }\n");
    project.write("app/Dockerfile", "FROM busybox:1.37\nCOPY link/ /context\nCOPY *.txt /context/\n");
    project.write("app/real/kept", "kept");
    project.write("app/real/gone", "gone");
    project.write("app/a.txt", "before");
    symlink("real", project.directory().join("app/link")).expect("a link");
    let image = format!("{}-web", project.name());
    let seen =
        || docker(&["run", "--rm", "--network=none", &image, "sh", "-c", "cd /context; grep -r . * | sort"]);
    project.topo("build", &[]).exits(0);
    assert_eq!(seen().trim(), "a.txt:before\ngone:gone\nkept:kept");
    std::fs::remove_file(project.directory().join("app/real/gone")).expect("it is there");
    project.write("app/a.txt", "and after");
    project.write("app/b.txt", &"x".repeat(300_000));
    project.topo("build", &[]).exits(0);
    assert_eq!(seen().trim(), format!("a.txt:and after\nb.txt:{}\nkept:kept", "x".repeat(300_000)));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn pipes_sockets_and_unreadable_files_are_treated_as_in_docker() {
    let project = project("special-files", "services: { web: { build: app } }\n");
    project.write("app/Dockerfile", "FROM busybox:1.37\nCOPY . /context\n");
    let pipe = project.directory().join("app/pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
    let socket = project.directory().join("app/socket");
    let _listening = std::os::unix::net::UnixListener::bind(socket).expect("a socket");
    project.topo("build", &[]).exits(0);
    let image = format!("{}-web", project.name());
    let seen =
        docker(&["run", "--rm", "--network=none", &image, "sh", "-c", "stat -c '%F %n' /context/[ps]*"]);
    assert!(seen.contains("regular empty file /context/socket"), "{seen}");
    let name = std::ffi::OsString::from_vec(b"app/a\xff".to_vec());
    std::fs::write(project.directory().join(name), "").expect("a file");
    project.topo("build", &[]).exits(4).says("has a name that is not UTF-8 text");
}
