//! Advice is taken at its word: what a help says to write is written, and nothing is found any more.

use topo::diagnostic::{Diagnostic, fix};

use crate::golden::{copy_folder, tests_folder};
use crate::loading::{Loaded, Request, load};

/// Attributes of a service, each with one mistake, and what is to be there once the advice is followed.
const MISTAKES: &[(&str, &str)] = &[
    (r#"volumes: ["/a: /b"]"#, r#"volumes: ["/a:/b"]"#),
    (r#"volumes: [" /a:/b"]"#, r#"volumes: ["/a:/b"]"#),
    (r#"volumes: ["/a:/b: ro"]"#, r#"volumes: ["/a:/b:ro"]"#),
    (r#"volumes: ["/a:/b:ro "]"#, r#"volumes: ["/a:/b:ro"]"#),
    (r#"volumes: ["/a:/b:ro, z"]"#, r#"volumes: ["/a:/b:ro,z"]"#),
    (r#"volumes: ["/a :/b"]"#, r#"volumes: ["/a:/b"]"#),
    (r#"volumes: [" /b"]"#, r#"volumes: ["/b"]"#),
    (r#"volumes: ["/a:/b:U"]"#, r#"volumes: ["/a:/b"]"#),
    (r#"volumes: ["/a:/b:ro,idmap"]"#, r#"volumes: ["/a:/b:ro"]"#),
    (r#"volumes: ["v :/b"]"#, r#"volumes: ["v:/b"]"#),
    (
        r#"volumes: [{type: volume, source: "v ", target: /b}]"#,
        r#"volumes: [{type: volume, source: "v", target: /b}]"#,
    ),
    (
        r#"volumes: [{type: volume, source: v, target: "/b "}]"#,
        r#"volumes: [{type: volume, source: v, target: "/b"}]"#,
    ),
    (r#"tmpfs: ["/t ", /u]"#, r#"tmpfs: ["/t", /u]"#),
    (r#"tmpfs: "/t :size=1m""#, r#"tmpfs: "/t:size=1m""#),
    (r#"devices: ["/dev/null :/dev/x"]"#, r#"devices: ["/dev/null:/dev/x"]"#),
    (r#"devices: [" /dev/null"]"#, r#"devices: ["/dev/null"]"#),
    (r#"devices: ["/dev/null:/dev/x : rw"]"#, r#"devices: ["/dev/null:/dev/x:rw"]"#),
    (r#"devices: [{source: "/dev/null "}]"#, r#"devices: ["/dev/null"]"#),
    (r#"configs: [{source: c, target: " /x"}]"#, r#"configs: [{source: c, target: "/x"}]"#),
    (r#"secrets: [{source: s, target: "x "}]"#, r#"secrets: [{source: s, target: "x"}]"#),
    (r#"secrets: ["s "]"#, r#"secrets: ["s"]"#),
    (r#"env_file: [" my.env"]"#, r#"env_file: ["my.env"]"#),
    (r#"env_file: "my.env ""#, r#"env_file: "my.env""#),
    (r#"env_file: [{path: "./my.env "}]"#, r#"env_file: [{path: "./my.env"}]"#),
    (r#"label_file: [" my.env"]"#, r#"label_file: ["my.env"]"#),
    (r#"working_dir: "/app ""#, r#"working_dir: "/app""#),
    (r#"security_opt: ["seccomp=/dev/null"]"#, r#"security_opt: ["seccomp=unconfined"]"#),
    (r#"security_opt: ["seccomp=unconfined "]"#, r#"security_opt: ["seccomp=unconfined"]"#),
    (r#"volumes: ["./my.env;/b"]"#, r#"volumes: ["./my.env:/b"]"#),
    (r#"restart: on-failure 3"#, r#"restart: "on-failure:3""#),
    (r#"environment: ["A: b"]"#, r#"environment: ["A=b"]"#),
    (r#"environment: ["A:b"]"#, r#"environment: ["A=b"]"#),
    (r#"environment: ["A : b"]"#, r#"environment: ["A=b"]"#),
    (r#"environment: ['A: "b c"']"#, r#"environment: ["A=b c"]"#),
    (r#"labels: ["com.x: y z"]"#, r#"labels: ["com.x=y z"]"#),
    (r#"annotations: ["A: b"]"#, r#"annotations: ["A=b"]"#),
    (r#"command: ["sh", "-c", "a", "&&", "b"]"#, r#"command: ["sh", "-c", "a && b"]"#),
    (r#"command: sh -c echo hi"#, r#"command: ["sh", "-c", "echo hi"]"#),
    (r#"command: "echo oi && sleep 3""#, r#"command: ["sh", "-c", "echo oi && sleep 3"]"#),
    (r#"command: echo $$HOME && sleep 3"#, r#"command: ["sh", "-c", "echo $$HOME && sleep 3"]"#),
    (r#"command: ["echo", "a b", "&&", "ls"]"#, r#"command: ["sh", "-c", "echo 'a b' && ls"]"#),
    (r#"command: ["echo", "$$(date)"]"#, r#"command: ["sh", "-c", "echo $$(date)"]"#),
    (r#"command: echo don't"#, r#"command: ["echo", "don't"]"#),
    (r#"healthcheck: {test: ["redis-cli", "ping"]}"#, r#"healthcheck: {test: ["CMD", "redis-cli", "ping"]}"#),
    (
        "entrypoint: [\"sh\", \"-c\"]\n    command: a && b",
        "entrypoint: [\"sh\", \"-c\"]\n    command: [\"a && b\"]",
    ),
    (
        "entrypoint: [tini, --, sh, -c]\n    command: a && b",
        "entrypoint: [tini, --, sh, -c]\n    command: [\"a && b\"]",
    ),
    (
        "entrypoint: [env, A=1, /entry.sh, bash, -ec]\n    command: a | b",
        "entrypoint: [env, A=1, /entry.sh, bash, -ec]\n    command: [\"a | b\"]",
    ),
    (r#"command: [tini, --, sh, -c, a, "&&", b]"#, r#"command: ["tini", "--", "sh", "-c", "a && b"]"#),
    (
        "entrypoint: /bin/bash -c\n    command: sleep 9",
        "entrypoint: /bin/bash -c\n    command: [\"sleep 9\"]",
    ),
    (
        "entrypoint: [\"sh\", \"-c\"]\n    command: [a, '|', b]",
        "entrypoint: [\"sh\", \"-c\"]\n    command: [\"a | b\"]",
    ),
    (
        r#"healthcheck: {test: ["CMD", "curl", "-f", "http://x", "||", "exit", "1"]}"#,
        r#"healthcheck: {test: ["CMD-SHELL", "curl -f http://x || exit 1"]}"#,
    ),
    (
        r#"healthcheck: {test: ["CMD", "pg_isready", "-U", "$$NAME"]}"#,
        r#"healthcheck: {test: ["CMD-SHELL", "pg_isready -U $$NAME"]}"#,
    ),
];

#[test]
fn what_a_help_says_to_write_is_right() {
    let wrong: Vec<String> = MISTAKES.iter().filter_map(|(mistake, right)| check(mistake, right)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the advice for a mistake.
fn check(mistake: &str, right: &str) -> Option<String> {
    let before = load_service(mistake);
    let found = before.found.sorted();
    let [diagnostic] = found.as_slice() else {
        return Some(format!("{mistake}: {} findings in place of one", found.len()));
    };
    let followed = follow(&before, diagnostic);
    if !followed.contains(&format!("    {right}\n")) {
        return Some(format!("{mistake}: the advice leads to\n{followed}"));
    }
    let after = load_text(&followed);
    let left: Vec<&str> = after.found.sorted().iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    (!left.is_empty()).then(|| format!("{mistake}: once followed: {}", left.join(", ")))
}

/// The text with the last code of a help in it: in the place of its key's line where it begins with that
/// key, of the list around the place where it is a list and there is one, and of the place itself otherwise.
fn follow(loaded: &Loaded, diagnostic: &Diagnostic) -> String {
    let help = diagnostic.help.as_deref().expect("a help");
    let code = help.rsplit('`').nth(1).expect("something to write");
    let span = diagnostic.span().expect("a place");
    let (start, end) = (span.start as usize, span.end as usize);
    let text = &loaded.sources.get(span.file).text;
    let line_start = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let line_end = start + text[start..].find('\n').expect("a line");
    if let Some((key, _)) = code.split_once(": ")
        && text[line_start..line_end].trim_start().starts_with(&format!("{key}:"))
    {
        return format!("{}    {code}{}", &text[..line_start], &text[line_end..]);
    }
    if code.starts_with('[') {
        let Some(opened) = text[line_start..start].rfind('[').map(|at| line_start + at) else {
            return format!("{}{code}{}", &text[..start], &text[end..]);
        };
        let closed = end + text[end..].find(']').expect("the end of the list") + 1;
        return format!("{}{code}{}", &text[..opened], &text[closed..]);
    }
    let element = code.strip_prefix("- ").unwrap_or(code);
    format!("{}\"{element}\"{}", &text[..start], &text[end..])
}

fn load_service(attributes: &str) -> Loaded {
    let definitions = "volumes: {v: }\nsecrets: {s: {file: ./my.env}}\nconfigs: {c: {file: ./my.env}}\n";
    load_text(&format!("name: t\nservices:\n  a:\n    image: busybox:1.37\n    {attributes}\n{definitions}"))
}

fn load_text(text: &str) -> Loaded {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("topology.yaml");
    std::fs::write(&file, text).expect("a file");
    std::fs::write(folder.path().join("my.env"), "A=1\n").expect("a file");
    load(&Request::of_file(&file))
}

/// Every fix that a golden topology offers mends what it is offered for, guesses included.
#[test]
fn a_fix_mends_what_it_is_offered_for() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for case in std::fs::read_dir(tests_folder().join("diagnostics")).expect("cases").flatten() {
        for index in 0.. {
            let copy = tempfile::tempdir().expect("a folder");
            copy_folder(&case.path(), copy.path());
            let request = Request::of_case(copy.path());
            let before = load(&request);
            let found = before.found.sorted();
            let Some(diagnostic) = found.get(index) else { break };
            let fix::Fixed { texts, edits: _, count } = fix::apply(&before.sources, &[diagnostic], true);
            tried += count;
            for (path, text) in &texts {
                std::fs::write(copy.path().join(path), text).expect("a file");
            }
            let same = |loaded: &Loaded| {
                loaded.found.sorted().iter().filter(|other| other.message == diagnostic.message).count()
            };
            if count > 0 && same(&load(&request)) >= same(&before) {
                wrong.push(format!("{}: {}: {texts:#?}", case.path().display(), diagnostic.message));
            }
        }
    }
    assert!(tried > 120, "only {tried} fixes were tried");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
