//! Real Compose files, and what Docker Compose says of them.
//!
//! They are no part of the project: they lie in `../shared/conformance` where it is developed.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use topo::topology::{self, Form, Resources};

use crate::golden::say;
use crate::loading::{Request, load};
use crate::reference::{difference, substitute};

#[test]
fn real_files_resolve_as_docker_compose_resolves_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
    let Ok(root) = root.canonicalize() else {
        say(&format!("SKIPPED: real files are not compared, there is no {}", root.display()));
        return;
    };
    let answers = answers(&root.join("expected"));
    let wrong: Vec<String> = answers
        .iter()
        .filter_map(|answer| {
            check(&root, answer).err().map(|reason| format!("{}: {reason}", answer.display()))
        })
        .collect();
    say(&format!("{} of {} real files agree with the reference", answers.len() - wrong.len(), answers.len()));
    assert!(!answers.is_empty(), "no files in {}", root.display());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Every answer below a folder, by its path from there.
fn answers(root: &Path) -> Vec<PathBuf> {
    let mut answers = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of answers").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                answers.push(path.strip_prefix(root).expect("below the root").to_owned());
            }
        }
    }
    answers.sort();
    answers
}

fn check(root: &Path, answer: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(root.join("expected").join(answer)).expect("an answer");
    let expected: Json = serde_json::from_str(&text).expect("an answer in JSON");
    let file = root.join("files").join(answer.with_extension(""));
    let loaded = load(&Request::of_file(&file));
    let is_accepted = expected["accepted"] == true;
    let errors =
        || loaded.found.sorted().iter().map(|found| format!("\n  {}", found.message)).collect::<String>();
    match &loaded.topology {
        Some(_) if !is_accepted => Err(format!("is accepted, the reference says {}", expected["because"])),
        None if is_accepted => Err(format!("is refused:{}", errors())),
        None => Ok(()),
        Some(topology) => {
            let home = ("<home>", "/root");
            let files = root.join("files");
            let model = substitute(&expected["model"], &[("<root>", &files.display().to_string()), home]);
            difference(&model, &topology::escape_variables(topology.canonical(Form::Model, Resources::Used)))
                .map_or(Ok(()), Err)
        }
    }
}
