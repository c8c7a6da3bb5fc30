//! The pictures next to the topologies are the output of `topo graph`.

use std::path::Path;
use std::process::Command;

use crate::golden;

#[test]
fn every_topology_has_its_picture() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("topologies");
    for entry in std::fs::read_dir(&directory).expect("topologies") {
        let topology = entry.expect("an entry").path();
        if topology.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let graph = Command::new(env!("CARGO_BIN_EXE_topo"))
            .args(["graph", "--format", "svg", "--profile", "*", "--lang", "pt"])
            .arg(&topology)
            .output()
            .expect("topo runs");
        assert!(graph.status.success(), "{}", String::from_utf8_lossy(&graph.stderr));
        let picture = topology.with_extension("svg");
        golden::check(&picture, &String::from_utf8(graph.stdout).expect("UTF-8"));
        let name = picture.file_name().expect("a name").to_string_lossy();
        let lesson = topology.with_extension("").join("README.md");
        let lesson = std::fs::read_to_string(lesson).expect("the lesson of the topology");
        assert!(lesson.contains(&format!("](../{name})")), "{name} is not in its lesson");
    }
}
