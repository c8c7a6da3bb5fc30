//! Images are built, pushed, pulled and removed, with a registry of the test.

use std::process::{Child, Command, Stdio};

use crate::harness::{Project, Ran, docker, eventually, project};

/// The account `ana` with the password `geheim-pw`, in htpasswd format.
const ACCOUNT: &str = "ana:$2y$05$abcdefghijklmnopqrstuuhCPfTs8iCCQEkkYqdxxSsKu.kPgwGhG\n";

/// A registry on this machine; it ends with the test.
pub(crate) struct Registry {
    process: Child,
    pub port: u16,
    _directory: tempfile::TempDir,
}

impl Registry {
    /// On a free port.
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// With additional configuration, in which `DIRECTORY` is the registry's directory.
    pub(crate) fn start_with(more: &str) -> Self {
        let port = free_port();
        let directory = tempfile::tempdir().expect("a directory for the registry");
        let config = directory.path().join("config.yml");
        let storage = directory.path().join("data");
        let text = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n{more}\n",
            storage.display()
        );
        let text = text.replace("DIRECTORY", &directory.path().display().to_string());
        std::fs::write(directory.path().join("accounts"), ACCOUNT).expect("a file");
        std::fs::write(&config, text).expect("a file");
        let started = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry is installed: scripts/engine installs it");
        let registry = Self { process: started, port, _directory: directory };
        eventually("the registry answers", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        registry
    }

    /// The full name of an image in it.
    pub(crate) fn image(&self, name: &str) -> String {
        format!("127.0.0.1:{}/topo-test-{name}", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        for image in docker(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]).lines() {
            if image.starts_with(&self.image("")) {
                docker(&["image", "rm", "--force", image]);
            }
        }
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("it has an address").port()
}

fn topology(name: &str, registry: &Registry) -> String {
    // Images of equal content are the same image, which another test's container may use.
    let (app, missing) = (registry.image("app"), registry.image("missing"));
    format!(
        "
services:
  app:
    build: {{ dockerfile_inline: \"FROM busybox:1.37\\nARG A\\nENV A=$$A\", labels: {{ app: {name} }}, tags: ['{app}:two'] }}
    image: {app}:one
  local:
    build: {{ dockerfile_inline: 'FROM busybox:1.37', labels: {{ local: {name} }} }}
    init: true
    command: sleep 1000
    depends_on: [app]
  buildable:
    build: {{ dockerfile_inline: 'FROM busybox:1.37' }}
    image: {missing}:one
  missing:
    image: {missing}:two
    profiles: [missing]
"
    )
}

fn started(name: &str) -> (Project, Registry) {
    let project = project(name, "");
    let registry = Registry::start();
    project.write("topology.yaml", &topology(name, &registry));
    (project, registry)
}

pub(crate) fn exists(image: &str) -> bool {
    !docker(&["image", "inspect", "--format", "{{.Id}}", image]).is_empty()
}

#[test]
#[ignore = "needs a Docker Engine"]
fn images_are_pushed_and_pulled_again() {
    let (project, registry) = started("registry");
    let (one, two) = (registry.image("app:one"), registry.image("app:two"));
    project.topo("push", &["app"]).exits(4).says("topo build");
    project.topo("build", &["local"]).exits(0);
    assert!(!exists(&one), "only what was named is built");
    project.topo("build", &["local", "--with-dependencies", "--push"]).exits(0).says("pushed");
    for image in [&one, &two] {
        docker(&["image", "rm", image]);
    }
    project.topo("pull", &["app"]).exits(0).says("1 image pulled");
    assert_eq!([exists(&one), exists(&two)], [true, false]);
    project.topo("pull", &["app", "--policy", "missing"]).exits(0).says("nothing to do");
    project.topo("pull", &["app", "--ignore-buildable"]).exits(0).says("nothing to do");
    assert!(project.topo("pull", &["app", "--quiet"]).exits(0).err.is_empty());
    docker(&["pull", &two]);
    project.topo("push", &["local"]).exits(0).says("nothing to do");
    project.topo("push", &["local", "--include-deps"]).exits(0).says("2 images pushed");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_failed_pull_is_a_failure_unless_ignored() {
    let (project, _registry) = started("pull-fails");
    project.topo("pull", &["buildable"]).exits(4).says("to build them: topo").says("build buildable");
    project.topo("pull", &["buildable", "--ignore-buildable"]).exits(0).says("nothing to do");
    project.topo("pull", &["missing"]).exits(4).says("no such image or tag");
    project.topo("pull", &["missing", "--ignore-pull-failures"]).exits(0).says("not required");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn down_removes_images_on_request_except_those_used_by_others() {
    let (project, registry) = started("rmi");
    let (app, local) = (registry.image("app:one"), format!("{}-local", project.name()));
    project.topo("up", &["-d", "local"]).exits(0);
    project.topo("plan", &["--down", "--rmi", "local"]).exits(0).says(&local);
    project.topo("down", &["--rmi", "local"]).exits(0).says("1 image removed");
    assert!(exists(&app) && !exists(&local));
    docker(&["image", "rm", &registry.image("app:two")]);
    let holder = docker(&["create", &app, "true"]);
    project.topo("down", &["--rmi", "all"]).exits(0).says("could not be removed").says("not required");
    assert!(exists(&app));
    docker(&["rm", &holder]);
    project.topo("down", &["--rmi", "all"]).exits(0).says("1 image removed");
    assert!(!exists(&app));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn builds_are_printed_and_checked_without_being_run() {
    let (project, registry) = started("build-print");
    let printed = project.topo("build", &["--print", "app"]).exits(0).out;
    let file: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(file["target"]["app"]["tags"][0], registry.image("app:one"));
    let checked = project.topo("build", &["--check", "app"]).exits(0).says("no warnings");
    assert!(
        !checked.out.contains("is not set"),
        "no word of a `$` that is the Dockerfile's: {}",
        checked.out
    );
    assert!(!exists(&registry.image("app:one")));
    project.topo("build", &["--memory", "1g"]).exits(2).says("limit of memory");
    project.topo("build", &["local", "--builder", "no-such-builder"]).exits(4).says("no-such-builder");
    let chosen = project.command("build", &["local"]).env("BUILDX_BUILDER", "no-such-builder").output();
    Ran::of(chosen.expect("topo runs")).exits(4).says("no-such-builder");
    // An SSH agent is unreachable without its socket.
    for agent in ["", "default"] {
        let build = project.command("build", &["local", "--ssh", agent]).env_remove("SSH_AUTH_SOCK").output();
        Ran::of(build.expect("topo runs")).exits(2).says("SSH_AUTH_SOCK");
    }
    project.topo("build", &["local", "--quiet"]).exits(0);
}
