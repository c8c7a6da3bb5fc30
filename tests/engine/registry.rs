//! Registries that require credentials or a token, or do not exist.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::{Project, Ran, docker, project};
use crate::images::{Registry, exists, free_port};
use crate::interceptor;

/// Makes the registry require a password.
const WITH_PASSWORD: &str = "auth: { htpasswd: { realm: test, path: DIRECTORY/accounts } }";

fn topology(image: &str, name: &str) -> String {
    // Images of equal content are the same image, which another test's container may use.
    format!(
        "
services:
  app:
    build: {{ dockerfile_inline: 'FROM busybox:1.37', labels: {{ app: {name} }} }}
    image: {image}
    init: true
    command: sleep 1000
"
    )
}

fn started(name: &str) -> (Project, Registry, String) {
    let project = project(name, "");
    let registry = Registry::start_with(WITH_PASSWORD);
    let image = registry.image(&format!("{name}:1"));
    project.write("topology.yaml", &topology(&image, name));
    (project, registry, image)
}

/// Runs topo with the Docker CLI configuration in `docker/` next to the topology.
fn topo(project: &Project, command: &str, arguments: &[&str]) -> Ran {
    let directory = project.directory();
    let path = format!("{}:{}", directory.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let mut topo = project.command(command, arguments);
    topo.env("DOCKER_CONFIG", directory.join("docker")).env("PATH", path);
    Ran::of(topo.output().expect("topo runs"))
}

fn configure(project: &Project, config: &str) {
    project.write("docker/config.json", config);
}

/// The format of an entry of `docker login`.
fn account(registry: &Registry, auth: &str) -> String {
    format!(r#"{{"auths": {{"127.0.0.1:{}": {{"auth": "{auth}"}}}}}}"#, registry.port)
}

/// Base64 of `ana:geheim-pw`, and of the same with another password.
const RIGHT: &str = "YW5hOmdlaGVpbS1wdw==";
const WRONG: &str = "YW5hOmZhbHNjaC1wdw==";

#[test]
#[ignore = "needs a Docker Engine"]
fn with_credentials_an_image_is_pushed_and_pulled_by_up() {
    let (project, registry, image) = started("account");
    configure(&project, &account(&registry, RIGHT));
    topo(&project, "build", &[]).exits(0);
    topo(&project, "push", &[]).exits(0).says("1 image pushed");
    docker(&["image", "rm", &image]);
    let digest = docker(&["image", "ls", "--digests", "--format", "{{.Repository}}"]);
    assert!(!digest.contains("account"), "it is gone here: {digest}");
    project.write(
        "topology.yaml",
        &format!("services: {{ app: {{ image: '{image}', init: true, command: sleep 1000 }} }}\n"),
    );
    topo(&project, "up", &["-d"]).exits(0).says("pulled");
    assert_eq!(project.inspect("app", "{{.State.Running}}"), "true");
    let aged = "pull_policy: refresh, pull_refresh_after: 24h";
    project.write(
        "topology.yaml",
        &format!("services: {{ app: {{ image: '{image}', init: true, command: sleep 1000, {aged} }} }}\n"),
    );
    topo(&project, "up", &["-d"]).exits(0).says("pulled");
    // The engine knows the time of tagging only for images that were tagged here.
    docker(&["tag", &image, &image]);
    topo(&project, "up", &["-d"]).exits(0).says("nothing to do");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_private_base_image_is_pulled_with_credentials_and_reported_without() {
    let (project, registry, image) = started("private-base");
    configure(&project, &account(&registry, RIGHT));
    topo(&project, "build", &["--push"]).exits(0);
    let text = format!("services: {{ app: {{ build: {{ dockerfile_inline: 'FROM {image}' }} }} }}\n");
    project.write("topology.yaml", &text);
    docker(&["image", "rm", "--force", &image]);
    configure(&project, "{}");
    topo(&project, "build", &[]).exits(4).says(&image).says("docker login");
    configure(&project, &account(&registry, RIGHT));
    topo(&project, "build", &[]).exits(0);
    docker(&["image", "rm", "--force", &image]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_image_is_pinned_by_its_digest() {
    let (project, registry, image) = started("pinned");
    configure(&project, &account(&registry, RIGHT));
    topo(&project, "build", &["--push"]).exits(0);
    let digest = docker(&["image", "inspect", "--format", "{{index .RepoDigests 0}}", &image]);
    assert!(digest.contains("@sha256:"), "{digest}");
    docker(&["image", "rm", &image]);
    project.write(
        "topology.yaml",
        &format!("services: {{ app: {{ image: '{digest}', init: true, command: sleep 1000 }} }}\n"),
    );
    topo(&project, "up", &["-d"]).exits(0).says("pulled");
    assert_eq!(project.inspect("app", "{{.Config.Image}}"), digest);
    topo(&project, "up", &["-d"]).exits(0).says("nothing to do");
    topo(&project, "down", &["--rmi", "all", "-t", "0"]).exits(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn wrong_and_missing_passwords_are_reported_with_a_hint_and_without_the_password() {
    let (project, registry, _) = started("wrong-password");
    topo(&project, "build", &[]).exits(0);
    for config in [account(&registry, WRONG), "{}".to_owned()] {
        configure(&project, &config);
        for command in ["push", "pull"] {
            let ran = topo(&project, command, if command == "pull" { &["--policy", "always"] } else { &[] });
            let said = format!("{}{}", ran.out, ran.err);
            assert!(!said.contains("falsch-pw") && !said.contains(WRONG), "{said}");
            ran.exits(4).says("docker login");
        }
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_missing_image_and_an_unreachable_registry_are_reported() {
    let (project, registry, image) = started("missing");
    configure(&project, &account(&registry, RIGHT));
    project.write("topology.yaml", &format!("services: {{ app: {{ image: '{image}' }} }}\n"));
    topo(&project, "up", &["-d"]).exits(1).says(&image).says("the registry has");
    topo(&project, "up", &["-d", "--no-preflight"]).exits(4).says(&image).says("the registry has");
    let nobody = format!("127.0.0.1:{}/topo-test-missing:1", free_port());
    project.write("topology.yaml", &format!("services: {{ app: {{ image: '{nobody}' }} }}\n"));
    topo(&project, "up", &["-d"]).exits(1).says(&nobody).says("connection refused");
    topo(&project, "up", &["-d", "--no-preflight"]).exits(4).says(&nobody).says("connection refused");
}

/// A helper with the protocol of docker-credential-helpers: `get`, with the server on standard
/// input.
fn install_helper(directory: &Path, name: &str, answer: &str) {
    let program = directory.join("bin").join(format!("docker-credential-{name}"));
    std::fs::create_dir_all(program.parent().expect("a directory")).expect("a directory");
    let script = format!("#!/bin/sh\n[ \"$1\" = get ] || exit 3\nread -r server\n{answer}\n");
    std::fs::write(&program, script).expect("a helper");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("it can be run");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn helpers_are_asked_for_credentials() {
    let (project, registry, _) = started("helper");
    let server = format!("127.0.0.1:{}", registry.port);
    let knows = format!(
        "[ \"$server\" = '{server}' ] && echo '{{\"ServerURL\":\"{server}\",\"Username\":\"ana\",\"Secret\":\"geheim-pw\"}}'"
    );
    install_helper(project.directory(), "test-knows", &knows);
    install_helper(project.directory(), "test-locked", "echo the key ring is locked; exit 1");
    install_helper(
        project.directory(),
        "test-empty",
        "echo credentials not found in native keychain; exit 1",
    );
    topo(&project, "build", &[]).exits(0);
    for config in [
        r#"{"credsStore": "test-knows"}"#.to_owned(),
        format!(r#"{{"credsStore": "test-locked", "credHelpers": {{"{server}": "test-knows"}}}}"#),
    ] {
        configure(&project, &config);
        topo(&project, "push", &[]).exits(0).says("1 image pushed");
        topo(&project, "pull", &["--policy", "always"]).exits(0).says("1 image pulled");
    }
    configure(&project, r#"{"credsStore": "test-locked"}"#);
    topo(&project, "push", &[]).exits(4).says("the key ring is locked");
    configure(&project, r#"{"credsStore": "test-empty"}"#);
    topo(&project, "push", &[]).exits(4).says("docker login");
    configure(&project, r#"{"credsStore": "test-not-installed"}"#);
    topo(&project, "push", &[]).exits(4).says("docker-credential-test-not-installed");
}

/// A server in front of a registry that lets in clients with a token. It issues one for an identity
/// token, like registries with separate authentication servers.
fn token_server(registry: u16) -> u16 {
    interceptor::start(move |connection| {
        let request = connection.request();
        if request.starts_with("POST /token ") {
            return match request.contains("refresh_token=the-identity-token") {
                true => {
                    connection.answer("200 OK", &[], r#"{"access_token": "a-ticket", "expires_in": 300}"#)
                }
                false => connection.answer("401 Unauthorized", &[], r#"{"details": "no such token"}"#),
            };
        }
        if request.contains("Authorization: Bearer a-ticket\r\n") {
            return connection.pass_on(registry, u64::MAX);
        }
        let host = request.lines().find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default();
        let office = format!("WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"test\"");
        connection.answer("401 Unauthorized", &[&office], r#"{"errors": [{"code": "UNAUTHORIZED"}]}"#);
    })
}

#[test]
#[ignore = "needs a Docker Engine"]
fn identity_tokens_are_used_wherever_they_are_stored() {
    let project = project("identity", "");
    let registry = Registry::start();
    let server = format!("127.0.0.1:{}", token_server(registry.port));
    let image = format!("{server}/topo-test-identity:1");
    project.write("topology.yaml", &topology(&image, "identity"));
    topo(&project, "build", &[]).exits(0);
    let answer = |token: &str| {
        format!("echo '{{\"ServerURL\":\"{server}\",\"Username\":\"<token>\",\"Secret\":\"{token}\"}}'")
    };
    install_helper(project.directory(), "test-token", &answer("the-identity-token"));
    let in_file = |token: &str| format!(r#"{{"auths": {{"{server}": {{"identitytoken": "{token}"}}}}}}"#);
    for config in [in_file("the-identity-token"), r#"{"credsStore": "test-token"}"#.to_owned()] {
        configure(&project, &config);
        topo(&project, "push", &[]).exits(0).says("1 image pushed");
        docker(&["image", "rm", &image]);
        topo(&project, "pull", &["--policy", "always"]).exits(0).says("1 image pulled");
        assert!(exists(&image));
    }
    for config in [in_file("a-stale-token"), "{}".to_owned()] {
        configure(&project, &config);
        let ran = topo(&project, "push", &[]).exits(4).says("docker login");
        assert!(!format!("{}{}", ran.out, ran.err).contains("a-stale-token"), "{ran:?}");
    }
    docker(&["image", "rm", &image]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_requested_platform_is_pulled_with_progress_of_layers() {
    let project = project("platform", "");
    let registry = Registry::start();
    let image = registry.image("platform:1");
    let build = "FROM busybox:1.37\nRUN head -c 3000000 /dev/urandom > /noise\n";
    project.write("Dockerfile", build);
    project.write("topology.yaml", &format!("services: {{ app: {{ build: ., image: '{image}' }} }}\n"));
    project.topo("build", &["--push"]).exits(0);
    docker(&["image", "rm", &image]);
    let wanted = |platform: &str| {
        project.write(
            "topology.yaml",
            &format!("services: {{ app: {{ image: '{image}', platform: {platform} }} }}\n"),
        );
    };
    wanted("linux/s390x");
    project.topo("up", &["-d"]).exits(1).says("its registry has it for linux/amd64");
    project.topo("up", &["-d", "--no-preflight"]).exits(4).says("linux/s390x");
    docker(&["image", "rm", &image]);
    wanted("linux/amd64");
    let told = project.topo("pull", &["--progress", "json"]).exits(0);
    let lines = format!("{}{}", told.out, told.err);
    assert!(lines.contains("\"total\":") || lines.contains("\"done\":"), "bytes of layers are told: {lines}");
}
