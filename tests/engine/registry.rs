//! Registries that want an account or a token, or are not there.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::door;
use crate::harness::{Project, Ran, docker, project};
use crate::images::{Registry, free_port, is_there};

/// What makes the registry ask for a password.
const WITH_PASSWORD: &str = "auth: { htpasswd: { realm: test, path: FOLDER/accounts } }";

fn topology(image: &str, name: &str) -> String {
    // Images of equal content are one image, which another test's container may use.
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

/// Runs topo with the configuration of the Docker CLI that is in `docker/` beside the topology.
fn topo(project: &Project, command: &str, arguments: &[&str]) -> Ran {
    let folder = project.folder();
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let mut topo = project.command(command, arguments);
    topo.env("DOCKER_CONFIG", folder.join("docker")).env("PATH", path);
    Ran::of(topo.output().expect("topo runs"))
}

fn configure(project: &Project, config: &str) {
    project.write("docker/config.json", config);
}

/// `docker login` writes such an entry.
fn account(registry: &Registry, auth: &str) -> String {
    format!(r#"{{"auths": {{"127.0.0.1:{}": {{"auth": "{auth}"}}}}}}"#, registry.port)
}

/// Base64 of `ana:geheim-pw`, and of the same with another password.
const RIGHT: &str = "YW5hOmdlaGVpbS1wdw==";
const WRONG: &str = "YW5hOmZhbHNjaC1wdw==";

#[test]
#[ignore = "needs a Docker Engine"]
fn with_an_account_an_image_is_pushed_and_up_pulls_it() {
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
    // The engine knows since when an image has its name only of those that were named here.
    docker(&["tag", &image, &image]);
    topo(&project, "up", &["-d"]).exits(0).says("nothing to do");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_private_base_image_comes_with_the_account_and_without_one_is_told() {
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
fn a_wrong_password_and_none_are_told_with_what_to_do_and_without_the_password() {
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
fn an_image_that_is_missing_and_a_registry_that_is_down_are_told() {
    let (project, registry, image) = started("missing");
    configure(&project, &account(&registry, RIGHT));
    project.write("topology.yaml", &format!("services: {{ app: {{ image: '{image}' }} }}\n"));
    topo(&project, "up", &["-d"]).exits(4).says(&image).says("the registry has");
    let nobody = format!("127.0.0.1:{}/topo-test-missing:1", free_port());
    project.write("topology.yaml", &format!("services: {{ app: {{ image: '{nobody}' }} }}\n"));
    topo(&project, "up", &["-d"]).exits(4).says(&nobody).says("connection refused");
}

/// A helper speaks by the protocol of docker-credential-helpers: `get`, the server on standard input.
fn install_helper(folder: &Path, name: &str, answer: &str) {
    let program = folder.join("bin").join(format!("docker-credential-{name}"));
    std::fs::create_dir_all(program.parent().expect("a folder")).expect("a folder");
    let script = format!("#!/bin/sh\n[ \"$1\" = get ] || exit 3\nread -r server\n{answer}\n");
    std::fs::write(&program, script).expect("a helper");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("it can be run");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn helpers_are_asked_for_the_account() {
    let (project, registry, _) = started("helper");
    let server = format!("127.0.0.1:{}", registry.port);
    let knows = format!(
        "[ \"$server\" = '{server}' ] && echo '{{\"ServerURL\":\"{server}\",\"Username\":\"ana\",\"Secret\":\"geheim-pw\"}}'"
    );
    install_helper(project.folder(), "test-knows", &knows);
    install_helper(project.folder(), "test-locked", "echo the key ring is locked; exit 1");
    install_helper(project.folder(), "test-empty", "echo credentials not found in native keychain; exit 1");
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

/// Stands before a registry, and lets in who shows a ticket. One is handed out for an identity token: the
/// way of registries whose accounts are somewhere else.
fn ticket_office(registry: u16) -> u16 {
    door::open(move |visitor| {
        let request = visitor.request();
        if request.starts_with("POST /token ") {
            return match request.contains("refresh_token=the-identity-token") {
                true => visitor.answer("200 OK", &[], r#"{"access_token": "a-ticket", "expires_in": 300}"#),
                false => visitor.answer("401 Unauthorized", &[], r#"{"details": "no such token"}"#),
            };
        }
        if request.contains("Authorization: Bearer a-ticket\r\n") {
            return visitor.pass_on(registry, u64::MAX);
        }
        let host = request.lines().find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default();
        let office = format!("WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"test\"");
        visitor.answer("401 Unauthorized", &[&office], r#"{"errors": [{"code": "UNAUTHORIZED"}]}"#);
    })
}

#[test]
#[ignore = "needs a Docker Engine"]
fn identity_tokens_are_shown_wherever_they_are_kept() {
    let project = project("identity", "");
    let registry = Registry::start();
    let server = format!("127.0.0.1:{}", ticket_office(registry.port));
    let image = format!("{server}/topo-test-identity:1");
    project.write("topology.yaml", &topology(&image, "identity"));
    topo(&project, "build", &[]).exits(0);
    let answer = |token: &str| {
        format!("echo '{{\"ServerURL\":\"{server}\",\"Username\":\"<token>\",\"Secret\":\"{token}\"}}'")
    };
    install_helper(project.folder(), "test-token", &answer("the-identity-token"));
    let in_file = |token: &str| format!(r#"{{"auths": {{"{server}": {{"identitytoken": "{token}"}}}}}}"#);
    for config in [in_file("the-identity-token"), r#"{"credsStore": "test-token"}"#.to_owned()] {
        configure(&project, &config);
        topo(&project, "push", &[]).exits(0).says("1 image pushed");
        docker(&["image", "rm", &image]);
        topo(&project, "pull", &["--policy", "always"]).exits(0).says("1 image pulled");
        assert!(is_there(&image));
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
fn a_platform_is_asked_for_and_layers_are_told_as_they_come() {
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
    project.topo("up", &["-d"]).exits(4).says("linux/s390x");
    docker(&["image", "rm", &image]);
    wanted("linux/amd64");
    let told = project.topo("pull", &["--progress", "json"]).exits(0);
    let lines = format!("{}{}", told.out, told.err);
    assert!(lines.contains("\"total\":") || lines.contains("\"done\":"), "bytes of layers are told: {lines}");
}
