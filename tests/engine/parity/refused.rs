//! What this machine's engine or kernel does not support: topo reports it based on the file, or
//! shows the engine's message.

use std::collections::BTreeMap;
use std::path::Path;

use crate::harness::{ROOT, project};

/// An engine that supports it after all is not a failure: then the container runs.
#[test]
#[ignore = "needs a Docker Engine"]
fn unsupported_attributes_are_reported_by_the_engine() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("tests/parity-refused.yaml")).expect("a list");
    let refused: BTreeMap<String, [String; 2]> = serde_yaml::from_str(&text).expect("YAML");
    for (attribute, [written, words]) in &refused {
        let topology = format!(
            "services: {{ a: {{ image: 'busybox:1.37', init: true, command: sleep 100, {written} }} }}\n"
        );
        let name = format!("refused-{}", attribute.replace('_', "-"));
        let project = project(&name, &topology);
        let ran = project.topo("up", &["-d"]);
        let is_refused = matches!(ran.code, 1 | 4) && (ran.err.contains(words) || ran.out.contains(words));
        assert!(ran.code == 0 || is_refused, "{attribute}: {}", ran.err);
        project.topo("down", &["-t", "0"]).exits(0);
    }
}
