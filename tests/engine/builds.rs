//! Builds with every part of the build section, from directories, archives and repositories.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::harness::{Project, Ran, docker, engine_api, eventually, project};
use crate::images::free_port;

/// The traces of a build that depend on the build section.
const DOCKERFILE: &str = "\
FROM busybox:1.37 AS base
ARG GIVEN=default
ARG PASSED=unset
ENV GIVEN=$GIVEN PASSED=$PASSED
COPY . /context
RUN find /context | sort > /facts; ulimit -n >> /facts; df /dev/shm | tail -n 1 | awk '{print $2}' >> /facts
RUN grep somewhere /etc/hosts >> /facts; ls /sys/class/net >> /facts
FROM base AS last
USER 1000
CMD [\"last\"]
FROM base AS other
CMD [\"other\"]
";

const EVERYTHING: &str = "
services:
  app:
    image: topo-test-everything:1
    build:
      context: ./app
      dockerfile: Dockerfile.dev
      target: last
      args: { GIVEN: given, PASSED: }
      labels: { com.example.a: '1' }
      network: none
      shm_size: 32m
      tags: ['topo-test-everything:2']
      extra_hosts: ['somewhere:10.1.1.1']
      ulimits: { nofile: { soft: 1000, hard: 2000 } }
      no_cache: true
      platforms: [linux/amd64]
      cache_from: ['topo-test-everything:1']
";

fn facts(image: &str) -> String {
    let config = docker(&[
        "image",
        "inspect",
        "--format",
        "{{.Config.Env}} {{.Config.User}} {{.Config.Cmd}} {{index .Config.Labels \"com.example.a\"}}",
        image,
    ]);
    let seen = docker(&["run", "--rm", "--network=none", "--entrypoint=cat", image, "/facts"]);
    format!("{config}\n{seen}")
}

fn remove_images(images: &[&str]) {
    for image in images {
        docker(&["image", "rm", "--force", image]);
    }
}

fn run(project: &Project, mut command: Command) -> Ran {
    command.env("PASSED", "through").current_dir(project.directory());
    Ran::of(command.output().expect("it runs"))
}

#[test]
#[ignore = "needs a Docker Engine"]
fn builds_are_those_of_docker_compose() {
    let images = ["topo-test-everything:1", "topo-test-everything:2"];
    let project = project("everything", EVERYTHING);
    project.write("app/Dockerfile.dev", DOCKERFILE);
    project.write("app/.dockerignore", "*\n");
    project.write("app/Dockerfile.dev.dockerignore", "# Its own.\n*.log\ndirectory\n!directory/kept\n");
    for file in ["a.log", "b.txt", "directory/gone", "directory/kept"] {
        project.write(&format!("app/{file}"), file);
    }
    remove_images(&images);
    let command = project.command("build", &[]);
    run(&project, command).exits(0);
    let ours = images.map(facts);
    assert!(ours[0].contains("PASSED=through") && ours[0].contains("/context/directory/kept"), "{}", ours[0]);
    assert!(!ours[0].contains("a.log") && !ours[0].contains("gone"), "{}", ours[0]);
    assert_eq!(ours[0], ours[1]);
    remove_images(&images);
    let mut compose = Command::new("docker");
    compose.args(["compose", "--file", &project.topology(), "--project-name", project.name(), "build"]);
    if run(&project, compose).code == 0 {
        assert_eq!(images.map(facts), ours);
    }
    remove_images(&images);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_image_is_built_after_its_base_of_another_service() {
    let project = project("ordered", "");
    let base = format!("{}-base", project.name());
    project.write(
        "topology.yaml",
        &format!(
            "
services:
  a-first-by-name: {{ build: {{ dockerfile_inline: \"FROM {base}\\nRUN test -e /base\" }} }}
  base: {{ build: {{ dockerfile_inline: \"FROM busybox:1.37\\nRUN sleep 1; touch /base\" }} }}
  contexts:
    build:
      dockerfile_inline: \"FROM from-base\\nRUN test -e /base\"
      additional_contexts: {{ from-base: 'service:base' }}
"
        ),
    );
    project.topo("build", &[]).exits(0).says("3 images built");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_failed_line_of_the_dockerfile_is_shown_with_its_output() {
    let project = project("line", "services: { web: { build: . } }\n");
    project.write("Dockerfile", "FROM busybox:1.37\n\nRUN echo compiling && exit 7\n");
    let ran = project.topo("build", &[]).exits(4).says("  Dockerfile:3: ");
    assert!(ran.err.contains("> 3 | RUN echo compiling && exit 7"), "{}", ran.err);
    assert_eq!(ran.err.matches("| compiling\n").count(), 1, "{}", ran.err);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn plain_progress_has_the_output_of_steps_and_marks_cached_ones() {
    let project = project("steps", "services: { web: { build: . } }\n");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_nanos();
    project.write("Dockerfile", &format!("FROM busybox:1.37\nRUN echo made-at-{now}\n"));
    let printed = format!("image topo-test-steps-web  | made-at-{now}\n");
    project.topo("build", &[]).exits(0).says(&printed);
    let again = project.topo("build", &[]).exits(0).says(&format!("[2/2] RUN echo made-at-{now}  cached"));
    assert!(!again.err.contains(&printed), "{}", again.err);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn containers_are_recreated_when_an_image_they_mount_is_rebuilt() {
    let project = project("mounted-image", "");
    if engine_api() < 48 {
        // Older engines do not mount images.
        return;
    }
    let image = format!("{}-assets:1", project.name());
    project.write(
        "topology.yaml",
        &format!(
            "
services:
  assets: {{ build: assets, image: '{image}', command: sleep 1000, init: true }}
  web:
    image: busybox:1.37
    command: sleep 1000
    init: true
    volumes: [{{ type: image, source: '{image}', target: /m }}]
  other: {{ image: busybox:1.37, command: sleep 1000, init: true }}
"
        ),
    );
    project.write("assets/Dockerfile", "FROM busybox:1.37\nCOPY f /f\n");
    project.write("assets/f", "v1");
    let seen = || docker(&["exec", &format!("{}-web-1", project.name()), "cat", "/m/f"]);
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(seen().trim(), "v1");
    let same = project.topo("up", &["-d", "--build"]).exits(0);
    assert!(!same.err.contains("recreated"), "{}", same.err);
    project.write("assets/f", "v2");
    project
        .topo("up", &["-d", "--build"])
        .exits(0)
        .says("container topo-test-mounted-image-web-1  recreated");
    assert_eq!(seen().trim(), "v2");
    project.write("assets/f", "v3");
    project.topo("build", &[]).exits(0);
    project.topo("plan", &[]).exits(0).says(&format!("image {image}, which it mounts, changed"));
    project.topo("up", &["-d"]).exits(0);
    assert_eq!(seen().trim(), "v3");
    project.topo("plan", &["--exit-code"]).exits(0);
    project.topo("down", &[]).exits(0);
    remove_images(&[&image]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_archive_is_fetched_from_its_address() {
    let project = project("archive", "");
    project.write("context/Dockerfile", "FROM busybox:1.37\nCOPY file /file\n");
    project.write("context/file", "from the archive");
    let context = project.directory().join("context");
    let packed = Command::new("tar").arg("-C").arg(context).args(["-cz", "."]).output().expect("tar runs");
    let port = serve(packed.stdout);
    project.write(
        "topology.yaml",
        &format!("services: {{ app: {{ build: 'http://127.0.0.1:{port}/context.tar.gz' }} }}\n"),
    );
    assert_built(&project, "from the archive");
}

/// A server on loopback that responds to every request with these bytes, until the test ends.
fn serve(body: Vec<u8>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            let _read = client.read(&mut request);
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/gzip\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = client.write_all(head.as_bytes());
            if !request.starts_with(b"HEAD") {
                let _ = client.write_all(&body);
            }
        }
    });
    port
}

/// A Git server; it ends with the test.
struct GitDaemon(Child);

impl Drop for GitDaemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_repository_is_fetched_from_its_address() {
    let project = project("git", "");
    project.write("repository/sub/Dockerfile", "FROM busybox:1.37\nCOPY file /file\n");
    project.write("repository/sub/file", "from the repository");
    let repository = project.directory().join("repository");
    for arguments in [&["init", "-q", "-b", "main"][..], &["add", "."], &["commit", "-q", "-m", "one"]] {
        let who = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
        let done = Command::new("git").arg("-C").arg(&repository).args(who).args(arguments).status();
        assert!(done.is_ok_and(|status| status.success()), "git {arguments:?}");
    }
    let Some((_daemon, port)) = git_daemon(project.directory()) else { return };
    project.write(
        "topology.yaml",
        &format!("services: {{ app: {{ build: 'git://127.0.0.1:{port}/repository#main:sub' }} }}\n"),
    );
    assert_built(&project, "from the repository");
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn git_daemon(directory: &Path) -> Option<(GitDaemon, u16)> {
    let port = free_port();
    let (base, listen) = (format!("--base-path={}", directory.display()), format!("--port={port}"));
    let mut command = Command::new("git");
    command.args(["daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", &listen, &base]);
    let mut daemon = GitDaemon(command.stderr(Stdio::null()).spawn().ok()?);
    let answers = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
    eventually("git daemon answers or ends", || {
        answers() || daemon.0.try_wait().is_ok_and(|end| end.is_some())
    });
    if !answers() {
        eprintln!("SKIPPED: `git daemon` is not installed");
        return None;
    }
    Some((daemon, port))
}

fn assert_built(project: &Project, text: &str) {
    project.topo("build", &[]).exits(0).says("built");
    let image = format!("{}-app", project.name());
    assert_eq!(docker(&["run", "--rm", "--network=none", &image, "cat", "/file"]), text);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_large_context_is_never_held_in_memory() {
    let project = project("large", "services: { app: { build: . } }\n");
    project.write("Dockerfile", "FROM busybox:1.37\n");
    let file = std::fs::File::create(project.directory().join("large")).expect("a file");
    // A hole is read as zeros, but takes no space on the disk.
    file.set_len(200 << 20).expect("a large file");
    let topo = project.command("build", &[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -v 700000; exec \"$@\"", "sh"]).arg(topo.get_program()).args(topo.get_args());
    Ran::of(shell.current_dir(project.directory()).output().expect("topo runs")).exits(0).says("built");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_impossible_build_is_refused_before_anything_is_created() {
    let topology = "
services:
  web: { build: ./nowhere, image: 'topo-test-nowhere:1' }
  there: { build: ./nowhere, image: 'busybox:1.37', command: 'true' }
";
    let project = project("nowhere", topology);
    for (command, words) in
        [("up", &["-d"][..]), ("create", &[]), ("build", &[]), ("plan", &[]), ("run", &["web"])]
    {
        project.topo(command, words).exits(1).says("nowhere` does not exist");
        assert!(project.objects("network").is_empty(), "{command}");
    }
    // Its image exists: nothing is built.
    project.topo("up", &["-d", "there"]).exits(0);
}
