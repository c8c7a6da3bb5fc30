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

/// Copies a folder; what is there already stays.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        match entry.path() {
            folder if folder.is_dir() => copy_folder(&folder, &target),
            file => drop(std::fs::copy(file, target).expect("a copied file")),
        }
    }
}

/// A test for each folder of `tests/$folder`, and one that no folder is left out.
macro_rules! fixtures {
    ($folder:literal, $check:expr; $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let check: fn(&std::path::Path) = $check;
                check(&$crate::golden::tests_folder().join($folder).join(stringify!($name)));
            }
        )*

        #[test]
        fn every_folder_has_its_test() {
            $crate::golden::assert_folders($folder, &[$(stringify!($name)),*]);
        }
    };
}
pub(crate) use fixtures;

/// Fails unless these are the folders of `tests/folder`, in the order of their names.
pub(crate) fn assert_folders(folder: &str, names: &[&str]) {
    let entries = std::fs::read_dir(tests_folder().join(folder)).expect("a folder of fixtures");
    let mut found: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    found.sort();
    assert_eq!(names, found, "tests of `tests/{folder}`: list every folder, in the order of the names");
}
