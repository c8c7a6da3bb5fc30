//! Every command of the README's session is run, in order.

use std::path::Path;
use std::process::Command;

use crate::harness::{GATEWAY_PORT, ROOT, project_of};

#[test]
fn the_session_of_the_readme_works() {
    let Some(project) = project_of("readme", "topologies/desafio5.yaml") else { return };
    let _turn = GATEWAY_PORT.lock();
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).expect("README.md");
    let commands: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    assert!(commands.len() >= 5, "the session is found: {commands:?}");
    let folder = Path::new(env!("CARGO_BIN_EXE_topo")).parent().expect("a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    for command in commands {
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(ROOT)
            .env("PATH", &path)
            .env("COMPOSE_PROJECT_NAME", project.name())
            .output()
            .expect("a shell");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    project.is_gone();
}
