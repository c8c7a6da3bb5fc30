//! Nothing of a file is lost: values, keys, comments and what stands between them are its bytes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::source::Sources;

/// Where something of a file stands, in bytes.
type Range = std::ops::Range<usize>;

fn read_text(text: &str) -> (Sources, Read, Diagnostics) {
    let mut sources = Sources::default();
    let file = sources.add("topology.yaml", text);
    let mut found = Diagnostics::default();
    let read = read(file, &sources.get(file).text, &mut found);
    (sources, read, found)
}

#[track_caller]
fn check(text: &str, comments: &[&str]) {
    let (sources, read, found) = read_text(text);
    assert!(found.is_empty(), "{text:?}: {:?}", found.sorted());
    let places: Vec<&str> = read.comments.iter().map(|place| sources.text(*place)).collect();
    assert_eq!(places, comments, "{text:?}");
    whole(&sources.files().next().expect("the text").1.text, &read).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn comments_are_found_wherever_they_stand() {
    check("# a\nb: 1\n", &["# a"]);
    check("b: 1 # a", &["# a"]);
    check("b: 1\n# a", &["# a"]);
    check("# only\n#\n  # these", &["# only", "#", "# these"]);
    check(
        "a:\n  # between\n  b: 1\n\n  # and\n  # more\n  c: # after a key\n    d\n",
        &["# between", "# and", "# more", "# after a key"],
    );
    check("a:\n- b # x\n# y\n- # z\n  c: 1\n  # w\n- d\n", &["# x", "# y", "# z", "# w"]);
    check("a:\nb: # nothing\n# c\nd:\n  # below\n", &["# nothing", "# c", "# below"]);
    check(
        "a: [1, # x\n  2 # y\n  , 3] # z\nb: { # u\n  c: 1, # v\n  # w\n}\n",
        &["# x", "# y", "# z", "# u", "# v", "# w"],
    );
    check(
        "# a\n---\n# b\nc: 1\n# d\n--- # e\nf: 1\n... # g\n# h\n",
        &["# a", "# b", "# d", "# e", "# g", "# h"],
    );
    check(
        "%YAML 1.2 # a\n--- # b\nc: &x # d\n  e: 1\nf: !override # g\n  - *x # h\n",
        &["# a", "# b", "# d", "# g", "# h"],
    );
}

#[test]
fn what_looks_like_a_comment_in_a_value_is_none() {
    check("a: 'x # n' # y\nb: \"# n\n  # n\"\nc: x#n\nd: http://x/#n\n'# n': 1\n", &["# y"]);
    check("c: |\n  # n\n  x # n\n\n  # n\n# y\nd: >- # y, z\n  # n\n  x\n  # n\n", &["# y", "# y, z"]);
    check("a:\n  - |+ # y\n    # n\n\n  # z\n  - x\n    y # w\n", &["# y", "# z", "# w"]);
}

#[test]
fn line_ends_marks_tabs_and_other_letters_move_no_comment() {
    check("# a\r\nb: 1 # c\r\nd: |\r\n  # n\r\n# e\r\n", &["# a", "# c", "# e"]);
    check("\u{feff}# a\nb: 1\n", &["# a"]);
    check("a: 1\t# b\n\t# c\nd:\t[1,\t# e\n\t2]\n", &["# b", "# c", "# e"]);
    check("é: ü # ñ 😀\n# 漢字\nb: '😀' #\u{a0}x\n", &["# ñ 😀", "# 漢字", "#\u{a0}x"]);
}

#[test]
fn a_mistake_hides_no_comment_elsewhere() {
    let (sources, read, found) = read_text("# a\nb: [1, # c\nd: 1 # e\nf: x: y\n# g\nh: 1 # i\n");
    assert!(found.has_errors());
    let places: Vec<&str> = read.comments.iter().map(|place| sources.text(*place)).collect();
    for comment in ["# a", "# e", "# g", "# i"] {
        assert!(places.contains(&comment), "{comment} is not among {places:?}");
    }
}

#[test]
fn values_comments_and_what_is_between_them_are_the_whole_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    // Real files lie beside the project where it is developed.
    for directory in ["tests", "examples", "topologies", "../shared/conformance/files"] {
        add_files(&root.join(directory), &mut files);
    }
    let (mut clean, mut wrong) = (0, Vec::new());
    for path in &files {
        let mut sources = Sources::default();
        let Ok(file) = sources.read(path) else { continue };
        let mut found = Diagnostics::default();
        let read = read(file, &sources.get(file).text, &mut found);
        let source = sources.get(file);
        let bytes = std::fs::read(path).expect("a file");
        if source.encoded(&source.text) != bytes {
            wrong.push(format!("{}: other bytes", path.display()));
        }
        // What is left out because of a mistake is in no value.
        if found.is_empty() {
            clean += 1;
            wrong
                .extend(whole(&source.text, &read).err().map(|error| format!("{}: {error}", path.display())));
        }
    }
    assert!(clean > 300, "only {clean} files of {} were read", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn add_files(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        match path.is_dir() {
            true => add_files(&path, files),
            false if is_yaml => files.push(path),
            false => {}
        }
    }
}

/// Puts a text together from what was read of it; says what is missing or there twice.
fn whole(text: &str, read: &Read) -> Result<(), String> {
    let comments: Vec<Range> = read.comments.iter().map(|place| place.range()).collect();
    let mut pieces: BTreeSet<(usize, usize)> = BTreeSet::new();
    for document in &read.documents {
        add_pieces(document, text, &comments, &mut pieces);
    }
    for comment in &comments {
        if !text[comment.clone()].starts_with('#') || text[comment.clone()].contains(['\n', '\r']) {
            return Err(format!("{:?} is not a comment", &text[comment.clone()]));
        }
        pieces.insert((comment.start, comment.end));
    }
    let (mut end, mut together) = (0, String::new());
    for (start, next) in pieces {
        let between =
            text.get(end..start).ok_or_else(|| format!("{:?} is there twice", &text[start..next]))?;
        check_between(between)?;
        together += between;
        together += &text[start..next];
        end = next;
    }
    check_between(&text[end..])?;
    together += &text[end..];
    if together == text { Ok(()) } else { Err("another text".to_owned()) }
}

/// Places of keys and values; that of a text in lines of its own is divided by a comment behind its `|`.
fn add_pieces(node: &Node, text: &str, comments: &[Range], pieces: &mut BTreeSet<(usize, usize)>) {
    let mut add = |span: Span| {
        let range = span.range();
        let first_line = range.start + text[range.clone()].find('\n').unwrap_or(range.len());
        let is_block = text[range.clone()].starts_with(['|', '>']);
        let inside = |comment: &&Range| {
            is_block && (range.start..=first_line).contains(&comment.start) && comment.end <= range.end
        };
        match comments.iter().find(inside) {
            Some(comment) => pieces.extend([(range.start, comment.start), (comment.end, range.end)]),
            None if range.is_empty() => {}
            None => drop(pieces.insert((range.start, range.end))),
        }
    };
    match &node.value {
        Value::Null | Value::Scalar(_) => add(node.span),
        Value::List(list) => list.iter().for_each(|item| add_pieces(item, text, comments, pieces)),
        Value::Map(map) => {
            map.entries.iter().for_each(|(key, _)| add(key.span));
            map.entries.iter().for_each(|(_, value)| add_pieces(value, text, comments, pieces));
        }
    }
}

/// Between keys, values and comments there are only the signs of YAML.
fn check_between(between: &str) -> Result<(), String> {
    let mut rest = between;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ' ' | '\t' | '\r' | '\n' | ':' | '-' | ',' | '[' | ']' | '{' | '}' | '?' => 1,
            '&' | '*' | '!' => rest.find([' ', '\t', '\r', '\n', ',', ']', '}']).unwrap_or(rest.len()),
            '%' => rest.find(['\r', '\n']).unwrap_or(rest.len()),
            '<' if rest.starts_with("<<") => 2,
            '.' if rest.starts_with("...") => 3,
            _ => return Err(format!("{rest:?} is in no value")),
        };
        rest = &rest[length..];
    }
    Ok(())
}
