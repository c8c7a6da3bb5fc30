//! Golden files next to the tests, rewritten by `TOPO_UPDATE_GOLDEN=1`.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The directory `tests/` of the crate.
pub(crate) fn tests_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Whether golden files are to be rewritten.
pub(crate) fn is_update() -> bool {
    std::env::var_os("TOPO_UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

/// Prints something even if the test passes: only the output of macros is captured.
pub(crate) fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("standard error");
}

/// Compares a text with its golden file, or rewrites the file.
pub(crate) fn check(file: &Path, actual: &str) {
    if is_update() {
        std::fs::write(file, actual).expect("the golden file can be written");
        return;
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        actual == expected,
        "{} is not as written (TOPO_UPDATE_GOLDEN=1 rewrites it)\n--- expected\n{expected}\n--- actual\n{actual}",
        file.display()
    );
}

/// Copies a directory; existing files are kept.
pub(crate) fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        match entry.path() {
            directory if directory.is_dir() => copy_directory(&directory, &target),
            file => drop(std::fs::copy(file, target).expect("a copied file")),
        }
    }
}

/// A test for each directory of `tests/$directory`, and one that none is missing.
macro_rules! fixtures {
    ($directory:literal, $check:expr; $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let check: fn(&std::path::Path) = $check;
                check(&$crate::golden::tests_directory().join($directory).join(stringify!($name)));
            }
        )*

        #[test]
        fn every_directory_has_its_test() {
            $crate::golden::assert_directories($directory, &[$(stringify!($name)),*]);
        }
    };
}
pub(crate) use fixtures;

/// Fails unless these are the directories of `tests/directory`, sorted by name.
pub(crate) fn assert_directories(directory: &str, names: &[&str]) {
    let entries = std::fs::read_dir(tests_directory().join(directory)).expect("a directory of fixtures");
    let mut found: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    found.sort();
    assert_eq!(names, found, "tests of `tests/{directory}`: list every directory, in the order of the names");
}
