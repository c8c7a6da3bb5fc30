//! What stands in a command's way is compared with Docker Compose, command by command.

use std::path::Path;
use std::process::{Command, Stdio};

/// Commands of Docker Compose's own, too.
const SHARED: [&str; 10] = ["ps", "down", "stop", "exec", "run", "create", "scale", "up", "config", "logs"];

/// What Docker Compose finds out at the engine, half way, or not at all.
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
fn what_stands_in_the_way_of_a_command_does_so_in_docker_compose_too() {
    let version = Command::new("docker").args(["compose", "version", "--short"]).output();
    if !version.is_ok_and(|version| version.stdout.starts_with(b"2.40")) {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/needs");
    let table = std::fs::read_to_string(folder.join("expected.txt")).expect("a table");
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
                compose_refuses(&folder.join(format!("{topology}.yaml")), command),
                "{topology}: {command}"
            );
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared}");
}

/// Without an engine, what Docker Compose says of the file comes before what it says of that.
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
