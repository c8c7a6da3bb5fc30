//! Texts that are kept beside the tests, and rewritten by `TOPO_UPDATE_GOLDEN=1`.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder `tests/` of the crate.
pub(crate) fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Whether golden texts are to be rewritten.
pub(crate) fn is_update() -> bool {
    std::env::var_os("TOPO_UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

/// Says something that is seen also when the test passes: only what macros print is held back.
pub(crate) fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("standard error");
}

/// Compares a text with the file that holds what it should be, or rewrites the file.
pub(crate) fn check(file: &Path, actual: &str) {
    compare(file, actual).unwrap_or_else(|wrong| panic!("{wrong}"));
}

/// Like [`check`], for those who go on to the next file.
pub(crate) fn compare(file: &Path, actual: &str) -> Result<(), String> {
    if is_update() {
        std::fs::write(file, actual).expect("the golden file can be written");
        return Ok(());
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    if actual == expected {
        return Ok(());
    }
    Err(format!(
        "{} is not as written (TOPO_UPDATE_GOLDEN=1 rewrites it)\n--- expected\n{expected}\n--- actual\n{actual}",
        file.display()
    ))
}
