//! Every command of the README's session is run, in order.

use std::path::Path;
use std::process::Command;

use crate::harness::{GATEWAY_PORT, ROOT, project_of};

/// The commands whose output is always the same.
const ALIKE: [&str; 3] = [
    "topo validate topologies/desafio5.yaml",
    "topo plan topologies/desafio5.yaml",
    "topo up topologies/desafio5.yaml -d",
];

#[test]
#[ignore = "needs a Docker Engine"]
fn the_session_of_the_readme_works() {
    let project = project_of("readme", "topologies/desafio5.yaml");
    let _turn = GATEWAY_PORT.lock();
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).expect("README.md");
    let commands: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    let session: Vec<&str> = readme.lines().collect();
    assert!(commands.len() >= 5, "the session is found: {commands:?}");
    let directory = Path::new(env!("CARGO_BIN_EXE_topo")).parent().expect("a directory");
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap_or_default());
    project.topo("down", &["--rmi", "local"]).exits(0);
    for command in commands {
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(ROOT)
            .env("PATH", &path)
            .env("COMPOSE_PROJECT_NAME", project.name())
            .output()
            .expect("a shell");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {error}");
        if ALIKE.contains(&command) {
            let printed =
                (String::from_utf8_lossy(&output.stdout) + error).replace(project.name(), "desafio5");
            assert_eq!(shown(&session, command), printed.trim_end(), "{command}");
        }
    }
    project.assert_gone();
}

/// The output that the README shows for a command.
fn shown(session: &[&str], command: &str) -> String {
    let below = session.iter().skip_while(|line| line.strip_prefix("$ ") != Some(command)).skip(1);
    let lines: Vec<&str> =
        below.take_while(|line| !line.starts_with("$ ") && !line.starts_with("```")).copied().collect();
    lines.join("\n")
}
