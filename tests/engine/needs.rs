//! Which mistakes stop which command, compared with Docker Compose.

use std::path::Path;
use std::process::{Command, Stdio};

/// Commands that Docker Compose has as well.
const SHARED: [&str; 10] = ["ps", "down", "stop", "exec", "run", "create", "scale", "up", "config", "logs"];

/// What Docker Compose finds out from the engine, too late, or never.
const LATER: [(&str, &str); 13] = [
    ("name_clash", "scale a=2"),
    ("name_clash", "config --services"),
    ("port_clash", "scale a=2"),
    ("port_clash", "up -d"),
    ("port_clash", "config --services"),
    ("port_clash", "config"),
    ("ports_of_one_text", "scale a=2"),
    ("ports_of_one_text", "up -d"),
    ("ports_of_one_text", "config --services"),
    ("ports_of_one_text", "config"),
    ("secret_of_b", "run --rm b true"),
    ("secret_of_b", "up -d b"),
    ("secret_of_b", "up -d"),
];

#[test]
#[ignore = "needs a Docker Engine"]
fn mistakes_stop_the_same_commands_as_in_docker_compose() {
    let version = Command::new("docker").args(["compose", "version", "--short"]).output();
    if !version.is_ok_and(|version| version.stdout.starts_with(b"2.40")) {
        return;
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/needs");
    let table = std::fs::read_to_string(directory.join("expected.txt")).expect("a table");
    let mut topology = "";
    let mut compared = 0;
    for line in table.lines() {
        let Some(cell) = line.strip_prefix("  ") else {
            topology = line;
            continue;
        };
        let Some(command) = cell.trim().strip_suffix("refuses").map(str::trim) else { continue };
        let is_shared = SHARED.contains(&command.split(' ').next().unwrap_or_default());
        if is_shared && !LATER.contains(&(topology, command)) {
            assert!(
                compose_refuses(&directory.join(format!("{topology}.yaml")), command),
                "{topology}: {command}"
            );
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared}");
}

/// Without an engine, Docker Compose reports errors in the file before the missing engine.
fn compose_refuses(topology: &Path, command: &str) -> bool {
    let ended = Command::new("docker")
        .args(["compose", "-f"])
        .arg(topology)
        .args(command.split(' '))
        .stdin(Stdio::null())
        .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
        .output()
        .expect("Docker Compose runs");
    let text = String::from_utf8_lossy(&ended.stderr).into_owned();
    !ended.status.success() && !text.contains("Cannot connect to the Docker daemon")
}
