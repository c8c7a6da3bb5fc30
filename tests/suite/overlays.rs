//! Texts that are not on disk, as an editor has them, in place of files and beside them.

use std::path::Path;

use topo::diagnostic::Code;
use topo::topology::{Form, Resources};

use crate::loading::{Loaded, Request, load};

/// A project of every kind of file that a topology names.
const PROJECT: &[(&str, &str)] = &[
    (".env", "TAG=1.37\nCOMPOSE_PROJECT_NAME=unsaved\n"),
    (
        "compose.yaml",
        "include: [more/included.yaml]\n\
         services:\n  \
           web:\n    \
             extends: {file: base/base.yaml, service: base}\n    \
             image: busybox:$TAG\n    \
             env_file: [web.env, {path: missing.env, required: false}]\n    \
             label_file: labels/web.labels\n    \
             security_opt: [seccomp=profile.json]\n    \
             secrets: [password]\n    \
             volumes: [./data:/data]\n  \
           built:\n    \
             build: ./app\n\
         secrets:\n  password: {file: password.txt}\n",
    ),
    ("compose.override.yaml", "services: {web: {hostname: overridden}}\n"),
    ("base/base.yaml", "services: {base: {command: [sleep, '1'], env_file: base.env}}\n"),
    ("base/base.env", "FROM_BASE=$TAG\n"),
    ("more/included.yaml", "services: {inner: {image: 'redis:$INNER'}}\n"),
    ("more/.env", "INNER=8\n"),
    ("web.env", "FROM_FILE=é\n"),
    ("labels/web.labels", "com.example.from=label\n"),
    ("profile.json", "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}"),
    ("password.txt", "geheim"),
    ("data/keep", ""),
    ("app/Dockerfile", "FROM busybox:1.37\n"),
    ("app/.dockerignore", "*.log\n"),
];

fn request(directory: &Path, overlay: &[(&str, &str)]) -> Request {
    let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    let overlay = overlay.iter().map(owned).collect();
    Request { directory: directory.to_owned(), overlay, ..Request::default() }
}

fn write(directory: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
}

/// The project, with this directory named otherwise in it.
fn resolved(loaded: &Loaded, directory: &Path) -> String {
    assert!(loaded.found.is_empty(), "{:#?}", loaded.found.sorted());
    let topology = loaded.topology.as_ref().expect("a topology");
    let contents = topology.contents.secrets.values().map(|content| content.fingerprint.as_str());
    let model = topology.canonical(Form::Model, Resources::All);
    let names = loaded.sources.files().map(|(_, file)| file.path.display().to_string());
    let whole = format!(
        "{model:#}\n{:?}\n{:?}\n{}",
        contents.collect::<Vec<_>>(),
        topology.bases,
        names.collect::<Vec<_>>().join("\n")
    );
    whole.replace(&directory.display().to_string(), "FOLDER")
}

#[test]
fn a_project_may_be_nowhere_but_in_an_editor() {
    let saved = tempfile::tempdir().expect("a directory");
    write(saved.path(), PROJECT);
    let on_disk = load(&request(saved.path(), &[]));
    let nowhere = Path::new("/nowhere/shop");
    let unsaved = load(&request(nowhere, PROJECT));
    assert_eq!(resolved(&unsaved, nowhere), resolved(&on_disk, saved.path()));
    assert!(resolved(&unsaved, nowhere).contains("overridden"));
}

#[test]
fn every_file_of_a_project_may_be_missing_on_disk() {
    let saved = tempfile::tempdir().expect("a directory");
    write(saved.path(), PROJECT);
    let expected = resolved(&load(&request(saved.path(), &[])), saved.path());
    for file in PROJECT {
        let directory = tempfile::tempdir().expect("a directory");
        let others: Vec<(&str, &str)> = PROJECT.iter().filter(|other| *other != file).copied().collect();
        write(directory.path(), &others);
        let loaded = load(&request(directory.path(), &[*file]));
        assert_eq!(resolved(&loaded, directory.path()), expected, "{}", file.0);
    }
}

#[test]
fn a_text_that_is_not_saved_is_read_in_place_of_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), PROJECT);
    let changed = [
        (".env", "TAG=changed-1\n", "changed-1"),
        ("compose.yaml", "services: {web: {image: busybox}, changed-2: {image: busybox}}\n", "changed-2"),
        ("./compose.override.yaml", "services: {web: {hostname: changed-3}}\n", "changed-3"),
        ("base/../base/base.yaml", "services: {base: {command: changed-4}}\n", "changed-4"),
        ("base/base.env", "FROM_BASE=changed-5\n", "changed-5"),
        ("more/included.yaml", "services: {changed-6: {image: busybox}}\n", "changed-6"),
        ("more/.env", "INNER=changed-7\n", "changed-7"),
        ("web.env", "FROM_FILE=changed-8\n", "changed-8"),
        ("labels/web.labels", "changed-9=\n", "changed-9"),
    ];
    for (path, text, sign) in changed {
        let loaded = load(&request(directory.path(), &[(path, text)]));
        // What else is said of the new texts does not matter here.
        let topology = loaded.topology.as_ref().unwrap_or_else(|| panic!("{:#?}", loaded.found.sorted()));
        let model = topology.canonical(Form::Model, Resources::All).to_string();
        assert!(model.contains(sign), "{path}: {model}");
    }
    let before = load(&request(directory.path(), &[]));
    let after = load(&request(directory.path(), &[("password.txt", "changed")]));
    let fingerprints = |loaded: &Loaded| {
        let topology = loaded.topology.as_ref().expect("a topology");
        topology.contents.secrets.values().map(|content| content.fingerprint.clone()).collect::<Vec<_>>()
    };
    assert_ne!(fingerprints(&before), fingerprints(&after));
    for (path, text) in PROJECT {
        assert_eq!(std::fs::read_to_string(directory.path().join(path)).expect("a file"), *text, "{path}");
    }
}

#[test]
fn a_text_that_is_not_saved_may_have_mistakes() {
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), PROJECT);
    assert!(load(&request(directory.path(), &[])).found.is_empty());
    for (path, text, code, place) in [
        ("compose.yaml", "services: {web: {image: busybox, imagee: x}}\n", "unknown-attribute", "imagee"),
        ("compose.override.yaml", "services:\n  web: [\n", "yaml-syntax", "["),
        ("base/base.yaml", "services: {other: {image: busybox}}\n", "bad-extends", "base"),
        ("more/included.yaml", "services: {inner: {imag: busybox}}\n", "unknown-attribute", "imag"),
        ("web.env", "no name here\n", "bad-env-file", "no name here"),
        ("profile.json", "[]", "bad-value", "seccomp=profile.json"),
        ("more/.env", "a b=c\n", "bad-env-file", "a b"),
    ] {
        let loaded = load(&request(directory.path(), &[(path, text)]));
        let seen: Vec<(Code, &str)> = loaded
            .found
            .sorted()
            .iter()
            .map(|found| (found.code, found.span().map_or("", |span| loaded.sources.text(span))))
            .collect();
        let is_there = seen.iter().any(|(seen, at)| seen.name() == code && *at == place);
        assert!(is_there, "{path}: {seen:?}");
    }
}
