//! topo in place of Docker Compose: as a plugin of the Docker CLI, and for programs that call it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{Project, ROOT, Ran, project};

const ONE: &str = "services: {web: {image: 'busybox:1.37', init: true, command: sleep 1000}}\n";

#[test]
#[ignore = "needs a Docker Engine"]
fn docker_compose_is_topo_once_it_is_a_plugin() {
    let project = project("drop-in-plugin", ONE);
    let docker = |words: &[&str]| {
        let own = ["--project-name", project.name(), "-f", &project.topology()].map(str::to_owned);
        let [first, rest @ ..] = words else { unreachable!("a command is named") };
        let words = ["compose".to_owned()].into_iter().chain(own).chain([(*first).to_owned()]);
        let words = words.chain(rest.iter().map(|word| (*word).to_owned()));
        run(as_plugin(&project).args(words))
    };
    docker(&["version", "--short"]).exits(0).says("2.40.3\n");
    docker(&["version"]).exits(0).says("Docker Compose version v2.40.3 (topo ");
    docker(&["up", "-d", "-y"]).exits(0).says("warning: `-y` has no effect: topo asks nothing here");
    docker(&["exec", "-T", "web", "echo", "-y"]).exits(0).says("-y\n");
    docker(&["stop", "-t", "0"]).exits(0);
    let refused = docker(&["exec", "web", "true"]).exits(4);
    refused.says(&format!("start it: `docker compose -f {}", project.topology()));
    docker(&["down", "-t", "0"]).exits(0);
    project.assert_gone();
}

#[test]
#[ignore = "needs a Docker Engine"]
fn options_of_the_docker_command_line_reach_the_plugin() {
    let project = project("drop-in-options", ONE);
    let far = run(as_plugin(&project).args(["--host", "unix:///nobody/there", "compose", "ls"])).exits(3);
    far.says("unix:///nobody/there (set by DOCKER_HOST)");
    let here =
        run(as_plugin(&project).args(["--context", "default", "--log-level", "error", "compose", "ls"]));
    here.exits(0);
    run(as_plugin(&project).args(["topo", "version", "--short"])).exits(0).says(env!("CARGO_PKG_VERSION"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn docker_knows_the_plugins() {
    let project = project("drop-in-known", ONE);
    let format = "{{range .ClientInfo.Plugins}}{{.Name}} {{.Version}} {{.Err}}{{println}}{{end}}";
    let known = run(as_plugin(&project).args(["info", "--format", format])).exits(0);
    known.says("compose 2.40.3 ").says(&format!("topo {} ", env!("CARGO_PKG_VERSION")));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_links_of_the_readme_make_topo_a_plugin() {
    let project = project("drop-in-readme", ONE);
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).expect("README.md");
    let (_, section) = readme.split_once("## In place of Docker Compose").expect("a section");
    let (_, block) = section.split_once("```sh\n").expect("a block of commands");
    let (commands, _) = block.split_once("```").expect("its end");
    let topo = Path::new(env!("CARGO_BIN_EXE_topo")).parent().expect("a directory");
    let path = format!("{}:{}", topo.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell
        .args(["-e", "-c", commands])
        .env("PATH", path)
        .env("HOME", project.directory())
        .env_remove("DOCKER_CONFIG");
    let ran = run(&mut shell).exits(0);
    ran.says(&format!("topo    {}", env!("CARGO_PKG_VERSION"))).says("Docker Compose version v2.40.3 (topo ");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn docker_compose_of_npm_calls_topo() {
    calls("npm-docker-compose", |project, directory| node(project, directory, "docker-compose.mjs"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn testcontainers_of_npm_calls_topo() {
    calls("npm-testcontainers", |project, directory| node(project, directory, "testcontainers.mjs"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn testcontainers_of_python_calls_topo() {
    calls("testcontainers", |project, directory| python(project, directory, "testcontainers_compose.py"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn python_on_whales_calls_topo() {
    calls("whales", |project, directory| python(project, directory, "whales.py"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn pytest_docker_calls_topo() {
    calls("pytest-docker", |project, directory| {
        let mut command = program(project, &directory.join("python/bin/pytest"))?;
        command.args(["-q", "-p", "no:cacheprovider"]).arg(caller("test_web.py"));
        command.env("COMPOSE_DIRECTORY", project.directory()).env("COMPOSE_PROJECT", project.name());
        Some(command)
    });
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_dev_containers_command_line_calls_topo() {
    calls("devcontainer", |project, directory| {
        let settings = r#"{"dockerComposeFile": "../compose.yaml", "service": "web", "workspaceFolder": "/",
            "overrideCommand": true, "updateRemoteUserUID": false, "postCreateCommand": "echo made > /made"}"#;
        project.write(".devcontainer/devcontainer.json", settings);
        let mut command = program(project, &directory.join("npm/node_modules/.bin/devcontainer"))?;
        command.args(["up", "--workspace-folder"]).arg(project.directory());
        command.env("COMPOSE_PROJECT_NAME", project.name());
        Some(command)
    });
}

/// Runs a program that brings up `tests/callers/compose.yaml`, if scripts/callers has installed it.
fn calls(name: &str, command: impl Fn(&Project, &Path) -> Option<Command>) {
    let project = project(&format!("callers-{name}"), ONE);
    let topology = std::fs::read_to_string(caller("compose.yaml")).expect("a file of the repository");
    project.write("compose.yaml", &topology);
    let directory = std::env::var_os("TOPO_TEST_CALLERS").map(PathBuf::from);
    let Some(mut command) = directory.and_then(|directory| command(&project, &directory)) else {
        #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!(
                "SKIPPED: scripts/callers installs what calls Docker Compose, TOPO_TEST_CALLERS names its directory"
            );
        }
        return;
    };
    run(&mut command).exits(0);
}

fn node(project: &Project, directory: &Path, script: &str) -> Option<Command> {
    let modules = directory.join("npm/node_modules");
    let mut command = modules.is_dir().then(|| plugin_environment(project, Command::new("node")))?;
    command.arg(caller(script)).arg(modules).arg(project.directory()).arg(project.name());
    Some(command)
}

fn python(project: &Project, directory: &Path, script: &str) -> Option<Command> {
    let mut command = program(project, &directory.join("python/bin/python"))?;
    command.arg(caller(script)).arg(project.directory()).arg(project.name());
    Some(command)
}

fn program(project: &Project, path: &Path) -> Option<Command> {
    path.exists().then(|| plugin_environment(project, Command::new(path)))
}

fn caller(name: &str) -> PathBuf {
    Path::new(ROOT).join("tests/callers").join(name)
}

/// `docker` with topo as its plugins.
fn as_plugin(project: &Project) -> Command {
    plugin_environment(project, Command::new("docker"))
}

fn plugin_environment(project: &Project, mut command: Command) -> Command {
    let plugins = project.directory().join("docker/cli-plugins");
    std::fs::create_dir_all(&plugins).expect("a directory");
    for name in ["docker-compose", "docker-topo"] {
        // A previous command may have created it.
        let _ = std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_topo"), plugins.join(name));
    }
    command
        .env("DOCKER_CONFIG", project.directory().join("docker"))
        .env("TESTCONTAINERS_RYUK_DISABLED", "true");
    command.current_dir(project.directory()).stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> Ran {
    Ran::of(command.output().expect("it runs"))
}
