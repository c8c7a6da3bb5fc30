//! Tests with hostile texts: nothing may panic, take long or much memory, or report an invalid
//! span. `TOPO_MUTATIONS` sets how many mutated texts are tried.

use super::testing::load;
use super::{Document, Node, Value};
use crate::diagnostic::render::{RenderOptions, render};
use crate::diagnostic::{Diagnostics, code};
use crate::source::{
    Damage, Environment, FILE_LIMIT, FileChoice, FileSystem, ReadError, Sources, Span, discover,
};
use std::path::Path;
use std::time::{Duration, Instant};

/// Texts with everything that this directory reads.
const SEEDS: &[&str] = &[
    "name: ${NAME:-demo}\nservices:\n  web: &web\n    image: \"nginx:$TAG\"\n    ports: ['8080:80', {target: 443}]\n    environment:\n      A: ${A:?needed}\n      B: ${B-${C:+x$$}}\n  api:\n    <<: *web\n    command: |\n      echo $$HOME\n      ${X}\n",
    "x-a: &a {k: 1, l: [1, 2]}\nx-b: &b\n  - *a\n  - <<: [*a, {m: 2}]\nservices: {s: {<<: *a, image: x, labels: *b}}\n",
    "services:\n  a: {extends: b, ports: !override ['1']}\n  b: {extends: {file: base.yaml, service: base}, command: !reset}\n  c: {extends: {service: a}}\n",
    "include:\n- base.yaml\n- path: [base.yaml, over.yaml]\n  project_directory: sub\n  env_file: [one.env]\nservices:\n  z: {image: x}\n",
    "services:\n  web:\n    depends_on: [a]\n    networks: [n]\n    build: .\n---\nservices:\n  web:\n    depends_on: {a: {condition: service_healthy}}\n    networks: {n: {aliases: [w]}}\n    build: {args: [A=1]}\n---\nservices: {web: {build: {args: {A: 2}}}}\n",
    "a: >+2\n    folded\n   text\n\nb: \"esc \\x41 \\u00e9 \\\"q\\\"\"\nc: 'it''s $A'\n? complex\n: v\n? [x]\n: y\n1: z\n!!str 2: !!int \"3\"\nd: 2024-01-01\n",
    "\u{feff}# comment\r\nservices:\r\n  caf\u{e9}: {image: x} # é\r\n  \u{1f600}:\r\n    image: ~\r\n\tports: [1]\r\n",
    "logging: &l {driver: a}\nservices:\n  s:\n    logging: {<<: *l, options: {a: 1}}\n    healthcheck: {test: [CMD, x]}\n    extra_hosts: {a: [1.1.1.1, ::1]}\n    ulimits: {nofile: 1}\nnetworks: {n: {ipam: {config: [{subnet: 10.0.0.0/8}]}}}\n",
];

/// Texts of env files.
const ENV_SEEDS: &[&str] = &[
    "A=1\nexport B = 'two\nlines' # c\nC=\"x\\n$A ${B:-d} \\\" \\$\"\nD: 4\nE\n#F=1\n",
    "\u{feff}A=${A:-${B:-${C}}}\r\nB=a b #c\r\nX Y=1\r\n=2\r\nQ=\"open\r\nZ='x'\r\n",
];

/// Fragments that are inserted when a text is changed.
const PIECES: &[&str] = &[
    "$",
    "${",
    "}",
    "${A",
    "$$",
    ":-",
    ":?",
    "\"",
    "'",
    "\\",
    "\n",
    "\r",
    "\t",
    " ",
    "  ",
    ": ",
    "- ",
    "&a ",
    "*a",
    "<<: ",
    "!reset ",
    "!override ",
    "!!str ",
    "|",
    ">",
    "[",
    "]",
    "{",
    "}",
    ",",
    "#",
    "---\n",
    "...\n",
    "? ",
    "é",
    "\u{0}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "%YAML 1.2\n",
    "=",
    "extends: ",
    "include: ",
    "base.yaml",
    "../",
    "/dev/zero",
    "services:\n",
];

/// A pseudo-random sequence that is the same on every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap_or_default()
    }

    fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

fn mutations() -> usize {
    std::env::var("TOPO_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
}

/// One to eight changes of a seed, each at a character boundary.
fn mutated(seeds: &[&str], numbers: &mut Numbers) -> String {
    let mut text = numbers.pick(seeds).to_owned();
    for _ in 0..=numbers.below(8) {
        let at = boundary(&text, numbers);
        let to = boundary(&text, numbers).max(at);
        match numbers.below(6) {
            0 => text.replace_range(at..to.min(next_boundary(&text, at + 9)), ""),
            1 => text.insert_str(at, numbers.pick(PIECES)),
            2 => text.insert_str(at, &numbers.pick(PIECES).repeat(numbers.below(200))),
            3 => text = text.clone() + &text[at..to],
            4 => text.truncate(at),
            _ => text.insert_str(at, numbers.pick(seeds)),
        }
        text.truncate(next_boundary(&text, 20_000));
    }
    text
}

fn boundary(text: &str, numbers: &mut Numbers) -> usize {
    next_boundary(text, numbers.below(text.len() + 1))
}

fn next_boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// Loads a text from a directory with files to extend and include.
fn load_text(text: &str, directory: &Path) -> (Sources, Document, Diagnostics) {
    let mut sources = Sources::default();
    let file = sources.add(directory.join("compose.yaml"), text);
    let environment = Environment::from_pairs([("A", "a"), ("TAG", "1")]);
    let mut found = Diagnostics::default();
    let document = load(&mut sources, &[file], directory, &environment, &mut found);
    (sources, document, found)
}

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let files =
        [("base.yaml", SEEDS[1]), ("over.yaml", "services: {base: {image: $B}}"), ("one.env", ENV_SEEDS[0])];
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).expect("a file");
    }
    directory
}

/// What must be true for every text.
#[track_caller]
fn check(text: &str, directory: &Path) {
    let start = Instant::now();
    let (sources, document, found) = load_text(text, directory);
    assert!(start.elapsed() < Duration::from_secs(20), "slow: {text:?}");
    assert!(document.unparsed.is_none() || found.has_errors(), "incomplete without a word: {text:?}");
    check_node(&document.root, &sources, 0);
    let sorted = found.sorted();
    for label in sorted.iter().flat_map(|diagnostic| &diagnostic.labels) {
        check_span(label.span, &sources);
    }
    render(&sources, &sorted, RenderOptions::PLAIN);
    render(&sources, &sorted, RenderOptions { color: true, width: Some(40), ..RenderOptions::PLAIN });
}

fn check_node(node: &Node, sources: &Sources, depth: usize) {
    assert!(depth <= 258, "deeper than allowed");
    check_span(node.span, sources);
    node.earlier.iter().for_each(|span| check_span(*span, sources));
    assert_eq!(node.directive, None);
    match &node.value {
        Value::Null | Value::Scalar(_) => {}
        Value::List(list) => list.iter().for_each(|node| check_node(node, sources, depth + 1)),
        Value::Map(map) => {
            let mut keys = std::collections::HashSet::new();
            for (key, node) in &map.entries {
                assert!(keys.insert(&key.text), "`{}` twice", key.text);
                check_span(key.span, sources);
                check_node(node, sources, depth + 1);
            }
        }
    }
}

#[track_caller]
fn check_span(span: Span, sources: &Sources) {
    let text = &sources.get(span.file).text;
    assert!(text.get(span.range()).is_some(), "{span:?} is no part of {text:?}");
}

#[test]
fn mutated_topologies_are_read_without_panics() {
    let directory = directory();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for seed in SEEDS {
        check(seed, directory.path());
    }
    for _ in 0..mutations() {
        check(&mutated(SEEDS, &mut numbers), directory.path());
    }
}

#[test]
fn mutated_env_files_are_read_without_panics() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    for _ in 0..mutations() {
        let mut sources = Sources::default();
        let file = sources.add(".env", mutated(ENV_SEEDS, &mut numbers));
        let mut environment = Environment::from_pairs([("A", "a")]);
        environment.add_file(&sources, file);
        environment.problems().iter().for_each(|problem| check_span(problem.span, &sources));
        let mut found = Diagnostics::default();
        super::report_env_problems(environment.problems(), &environment, &mut found);
        render(&sources, &found.sorted(), RenderOptions::PLAIN);
    }
}

#[test]
fn every_prefix_of_a_topology_is_read_without_panics() {
    let directory = directory();
    for seed in SEEDS {
        for end in (0..seed.len()).filter(|end| seed.is_char_boundary(*end)) {
            check(&seed[..end], directory.path());
        }
    }
}

#[test]
fn large_texts_take_linear_time() {
    let directory = directory();
    let size = 1 << 17;
    let repeated = |piece: &str| piece.repeat(size / piece.len());
    let texts = [
        format!("a: {}", repeated("x")),
        format!("a: \"{}\"", repeated("\\x41 ")),
        format!("a: |\n{}", repeated("  line $A\n")),
        format!("a: {}", repeated("${A:-")),
        format!("a: {}", repeated("$N ")),
        format!("a: {}", repeated("${A:-b}")),
        repeated("- "),
        repeated("a: b\n---\n"),
        repeated("# comment\n"),
        repeated("\n"),
        format!("a: [{}", repeated("x, ")),
        format!("a:\n{}", repeated("  k: v\n")),
        repeated("*a "),
        repeated("- *a\n"),
        repeated("- &a *b\n"),
        format!("a: &a b\nl:\n{}", repeated("- *a\n")),
        repeated("a: b: c\n"),
        repeated("a: 'b\n"),
        repeated("a: [\n"),
        repeated("&a "),
        repeated("!a "),
        repeated("? "),
        repeated("\"a\\\n"),
        format!("<<: [{}]", repeated("{a: 1}, ")),
    ];
    for text in texts {
        let start = Instant::now();
        check(&text, directory.path());
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", &text[..40]);
    }
}

#[test]
fn a_scalar_may_fill_the_whole_file() {
    let directory = directory();
    let text = format!("a: {}", "x".repeat(usize::try_from(FILE_LIMIT).expect("a size") - 3));
    let (_, document, found) = load_text(&text, directory.path());
    assert!(found.is_empty());
    assert_eq!(
        document.root.as_map().and_then(|map| map.get("a")?.as_text()).map(str::len),
        Some(text.len() - 3)
    );
}

#[test]
fn growth_by_variables_is_bounded() {
    let mut sources = Sources::default();
    let file = sources.add("compose.yaml", format!("a: {}", "$A".repeat(1_000_000)));
    let environment = Environment::from_pairs([("A", "x".repeat(100_000))]);
    let mut found = Diagnostics::default();
    load(&mut sources, &[file], Path::new("/"), &environment, &mut found);
    assert_eq!(found.sorted()[0].code, code::TOO_LARGE);
}

#[test]
fn binary_files_are_refused() {
    let directory = directory();
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    };
    let utf16: Vec<u8> = "\u{feff}services:".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut sources = Sources::default();
    let mut read = |path: &Path| sources.read(path);
    assert!(matches!(
        read(&write("utf16.yaml", &utf16[..utf16.len() - 1])),
        Err(ReadError::NotUtf8 { line: 1, column: 1, damage: Damage::Utf16, .. })
    ));
    assert!(matches!(
        read(&write("latin1.yaml", b"a: 1\nb: caf\xe9")),
        Err(ReadError::NotUtf8 { line: 2, column: 7, .. })
    ));
    let too_large = vec![b' '; usize::try_from(FILE_LIMIT).expect("a size") + 1];
    assert!(matches!(read(&write("large.yaml", &too_large)), Err(ReadError::TooLarge(_))));
    for path in [directory.path(), Path::new("/dev/zero")] {
        assert!(matches!(read(path), Err(ReadError::NotAFile(_))), "{}", path.display());
    }
}

#[test]
fn the_null_device_is_an_empty_file_under_any_name() {
    let directory = directory();
    let link = directory.path().join("none.env");
    std::os::unix::fs::symlink("/dev/null", &link).expect("a link");
    for path in [link.as_path(), Path::new("/dev/null")] {
        let mut sources = Sources::default();
        let file = sources.read(path).expect("an empty file");
        assert_eq!(sources.get(file).text, "");
        assert_eq!(FileSystem::default().bytes(path).expect("an empty file"), b"");
    }
    assert!(matches!(FileSystem::default().bytes(Path::new("/dev/stdin")), Err(ReadError::NotAFile(_))));
}

#[cfg(unix)]
#[test]
fn a_pipe_without_a_writer_does_not_block() {
    let directory = directory();
    let pipe = directory.path().join("pipe.yaml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let choice = FileChoice {
        files: vec![pipe],
        file_system: FileSystem::new(directory.path()),
        ..FileChoice::default()
    };
    assert!(discover(&choice, Environment::default()).is_err());
    for text in [
        "include: [pipe.yaml]",
        "services: {a: {extends: {file: pipe.yaml, service: b}}}",
        "include: [/dev/zero]",
    ] {
        let (_, _, found) = load_text(text, directory.path());
        assert_eq!(
            found.sorted().iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>(),
            [code::MISSING_FILE]
        );
    }
}

#[cfg(unix)]
#[test]
fn cyclic_links_are_refused() {
    let directory = directory();
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, directory.path().join(name)).expect("a link");
    };
    link("loop.yaml", "loop.yaml");
    link(".", "again");
    std::fs::write(directory.path().join("self.yaml"), "include: [again/self.yaml]\n").expect("a file");
    for text in [
        "include: [loop.yaml]",
        "include: [again/self.yaml]",
        "services: {a: {extends: {file: loop.yaml, service: b}}}",
    ] {
        let (_, document, found) = load_text(text, directory.path());
        assert!(!document.unparsed.is_none() && found.has_errors(), "{text}");
    }
    let choice = FileChoice {
        files: vec!["loop.yaml".into()],
        file_system: FileSystem::new(directory.path()),
        ..FileChoice::default()
    };
    assert!(discover(&choice, Environment::default()).is_err());
}
