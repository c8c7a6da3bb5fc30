use super::*;

/// A temporary directory with these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
    directory
}

fn find(choice: FileChoice, process: &[(&str, &str)]) -> Result<Discovered, DiscoverError> {
    discover(&choice, Environment::from_pairs(process.iter().copied()))
}

fn here(directory: &tempfile::TempDir, below: &str) -> FileChoice {
    FileChoice { file_system: FileSystem::new(directory.path().join(below)), ..FileChoice::default() }
}

fn shown(found: &Discovered) -> Vec<String> {
    found.files.iter().map(|file| found.sources.get(*file).path.display().to_string()).collect()
}

#[test]
fn the_preferred_name_and_its_override_are_found() {
    let directory = directory(&[
        ("docker-compose.yml", ""),
        ("compose.yml", ""),
        ("compose.override.yaml", ""),
        ("docker-compose.override.yml", ""),
    ]);
    let found = find(here(&directory, ""), &[]).expect("files");
    assert_eq!(shown(&found), ["compose.yml", "compose.override.yaml"]);
    assert_eq!(
        found.passed_over,
        [Path::new("docker-compose.yml"), Path::new("docker-compose.override.yml")]
    );
}

#[test]
fn parent_directories_are_searched_and_become_the_project_directory() {
    let directory = directory(&[("My App/compose.yaml", ""), ("My App/a/b/x", ""), ("My App/.env", "A=1")]);
    let found = find(here(&directory, "My App/a/b"), &[]).expect("a file");
    assert_eq!(found.project_directory, directory.path().join("My App"));
    assert_eq!(
        (found.environment.value("A"), found.environment.value(PROJECT_NAME)),
        (Some("1"), Some("myapp"))
    );
}

#[test]
fn named_files_keep_their_order_and_the_first_sets_the_project_directory() {
    let directory = directory(&[
        ("p/a.yaml", ""),
        ("b.yaml", ""),
        ("compose.yaml", ""),
        (".env", "A=1"),
        ("p/.env", "A=2"),
    ]);
    let choice = FileChoice { files: vec!["p/a.yaml".into(), "./b.yaml".into()], ..here(&directory, "") };
    let found = find(choice, &[("COMPOSE_FILE", "compose.yaml")]).expect("files");
    assert_eq!(shown(&found), ["p/a.yaml", "./b.yaml"]);
    assert_eq!(found.project_directory, directory.path().join("p"));
    assert_eq!(found.environment.value("A"), Some("2"));
}

#[test]
fn compose_file_may_be_set_in_the_env_file() {
    let directory = directory(&[
        (".env", "COMPOSE_FILE=p/a.yaml,b.yaml\nCOMPOSE_PATH_SEPARATOR=,\nA=1"),
        ("p/.env", "A=2\nB=2"),
        ("p/a.yaml", ""),
        ("b.yaml", ""),
    ]);
    let found = find(here(&directory, ""), &[]).expect("files");
    assert_eq!(shown(&found), ["p/a.yaml", "b.yaml"]);
    assert_eq!((found.environment.value("A"), found.environment.value("B")), (Some("1"), Some("2")));
}

#[test]
fn named_env_files_replace_the_default_one() {
    let directory =
        directory(&[("compose.yaml", ""), (".env", "A=0\nD=0"), ("1.env", "A=1\nB=1"), ("2.env", "A=2")]);
    let choice = FileChoice { env_files: vec!["1.env".into(), "2.env".into()], ..here(&directory, "") };
    let found = find(choice, &[]).expect("a file");
    assert_eq!(["A", "B", "D"].map(|name| found.environment.value(name)), [Some("2"), Some("1"), None]);
    let found = find(here(&directory, ""), &[("COMPOSE_ENV_FILES", "2.env,1.env")]).expect("a file");
    assert_eq!(found.environment.value("A"), Some("1"));
    let found = find(here(&directory, ""), &[("COMPOSE_DISABLE_ENV_FILE", "1")]).expect("a file");
    assert_eq!(found.environment.value("A"), None);
    let choice = FileChoice { env_files: vec!["/dev/null".into()], ..here(&directory, "") };
    assert_eq!(find(choice, &[]).expect("a file").environment.value("A"), None);
}

#[test]
fn the_project_name_comes_from_option_then_variable_then_directory() {
    let directory = directory(&[("_Foo.Bar/compose.yaml", "")]);
    let name = |choice, process: &[(&str, &str)]| {
        let found = find(choice, process).expect("a file");
        found.environment.get(PROJECT_NAME).cloned().expect("a name")
    };
    let named = FileChoice { project_name: Some("given".to_owned()), ..here(&directory, "_Foo.Bar") };
    let process = [("COMPOSE_PROJECT_NAME", "variable")];
    assert_eq!(name(named, &process), Variable { value: "given".to_owned(), origin: Origin::CommandLine });
    assert_eq!(name(here(&directory, "_Foo.Bar"), &process).value, "variable");
    let fallback = Variable { value: "foobar".to_owned(), origin: Origin::Fallback };
    assert_eq!(name(here(&directory, "_Foo.Bar"), &[("COMPOSE_PROJECT_NAME", "")]), fallback);
}

#[test]
fn files_are_searched_in_the_given_project_directory() {
    let directory = directory(&[("p/compose.yaml", ""), ("compose.yaml", ""), ("p/.env", "A=1")]);
    let choice = FileChoice { project_directory: Some("p".into()), ..here(&directory, "") };
    let found = find(choice, &[]).expect("a file");
    assert_eq!((shown(&found), found.environment.value("A")), (vec!["p/compose.yaml".to_owned()], Some("1")));
}

#[test]
fn errors_tell_missing_files_from_missing_names() {
    let directory = directory(&[]);
    let error = find(here(&directory, ""), &[]).expect_err("nothing has a default name");
    assert!(matches!(error, DiscoverError::NothingFound { .. }));
    let choice = FileChoice { files: vec![directory.path().join("wbe.yaml")], ..here(&directory, "") };
    let error = find(choice, &[]).expect_err("a missing file");
    let DiscoverError::Unreadable { named_by, error: ReadError::Missing(_) } = error else {
        panic!("{error:?}");
    };
    assert_eq!(named_by, NamedBy::CommandLine);
    let error = find(here(&directory, ""), &[("COMPOSE_DISABLE_ENV_FILE", "maybe")]).expect_err("no boolean");
    assert!(matches!(error, DiscoverError::BadSwitch(_)));
}

#[test]
fn directories_and_devices_are_refused() {
    let directory = directory(&[("x/compose.yaml", "")]);
    for path in [directory.path().to_owned(), PathBuf::from("/dev/zero")] {
        let choice = FileChoice { files: vec![path], ..here(&directory, "") };
        let error = find(choice, &[]).expect_err("not a file");
        assert!(matches!(error, DiscoverError::Unreadable { error: ReadError::NotAFile(_), .. }));
    }
}

#[test]
fn dot_segments_are_removed_from_paths() {
    assert_eq!(cleaned(Path::new("/a/./b/../../c")), Path::new("/c"));
    assert_eq!(cleaned(Path::new("/..")), Path::new("/"));
    assert_eq!(cleaned(Path::new("../a/..")), Path::new(".."));
}
