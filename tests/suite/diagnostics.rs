//! What is said of bad topologies: each folder of `tests/diagnostics/` is a claim, a topology that it
//! is about, and the whole text that a user sees.
//!
//! `args` may hold a line of command: `NAME=value -f FILE --profile NAME --run`.

use std::path::Path;

use topo::diagnostic::render;

use crate::golden;
use crate::loading::{Loaded, Request, load};

#[test]
fn every_mistake_is_shown_as_written() {
    let mut cases: Vec<_> = std::fs::read_dir(golden::tests_folder().join("diagnostics"))
        .expect("the folder of cases")
        .map(|entry| entry.expect("a case").path())
        .collect();
    cases.sort();
    let wrong: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(case: &Path) -> Result<(), String> {
    let mut request = Request::of_file(&case.join("topology.yaml"));
    if let Ok(arguments) = std::fs::read_to_string(case.join("args")) {
        if arguments.contains("-f ") {
            request.files.clear();
        }
        request.add_arguments(&arguments);
    }
    golden::compare(&case.join("expected.txt"), &shown(&load(&request), case))
}

/// All findings as they are shown where there is no terminal, without the path of this checkout.
fn shown(loaded: &Loaded, case: &Path) -> String {
    let text = render::plain(&loaded.sources, &loaded.found.sorted());
    if text.is_empty() {
        return "nothing is wrong\n".to_owned();
    }
    // Files are shown from the folder on that the tests are run in: this crate's.
    let from_here = case.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("a case in this crate");
    text.replace(&format!("{}/", from_here.display()), "").replace(&from_here.display().to_string(), ".")
}
