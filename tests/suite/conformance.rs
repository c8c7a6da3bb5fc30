//! Real Compose files, compared with Docker Compose.
//!
//! The files are not part of the project: they are in `../shared/conformance` where it is
//! developed.

use std::path::Path;

use serde_json::Value as Json;

use topo::topology::{self, Form, Resources};

use crate::golden::say;
use crate::loading::{Request, load};
use crate::reference::{answers, difference, real_files, substitute};

#[test]
fn real_files_resolve_as_in_docker_compose() {
    let Some(root) = real_files() else {
        say("SKIPPED: real files are not compared, there is no ../shared/conformance");
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

fn check(root: &Path, answer: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(root.join("expected").join(answer)).expect("an answer");
    let expected: Json = serde_json::from_str(&text).expect("an answer in JSON");
    let file = root.join("files").join(answer.with_extension(""));
    let loaded = load(&Request::for_file(&file));
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
