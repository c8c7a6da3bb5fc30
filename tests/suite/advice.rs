//! Advice works when followed literally: after writing what a help says, nothing is reported any
//! more.

use topo::diagnostic::{Diagnostic, fix};

use crate::golden::tests_directory;
use crate::loading::{Loaded, Request, load};

/// Attributes of a service, each with one mistake, and the result of following the advice.
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
    (r#"build: "./ ""#, r#"build: "./""#),
    (r#"build: {context: " ."}"#, r#"build: {context: "."}"#),
    (r#"build: {context: ., dockerfile: "Dockerfile "}"#, r#"build: {context: ., dockerfile: "Dockerfile"}"#),
    (
        r#"build: {context: ., additional_contexts: {more: " ./"}}"#,
        r#"build: {context: ., additional_contexts: {more: "./"}}"#,
    ),
    (
        r#"build: {context: ., secrets: [{source: s, target: "x "}]}"#,
        r#"build: {context: ., secrets: [{source: s, target: "x"}]}"#,
    ),
    (
        r#"develop: {watch: [{path: "./my.env ", action: restart}]}"#,
        r#"develop: {watch: [{path: "./my.env", action: restart}]}"#,
    ),
    (
        r#"develop: {watch: [{path: ./my.env, action: sync, target: " /app"}]}"#,
        r#"develop: {watch: [{path: ./my.env, action: sync, target: "/app"}]}"#,
    ),
    (
        "platform: windows/amd64\n    credential_spec: {file: \"my.env \"}",
        "platform: windows/amd64\n    credential_spec: {file: \"my.env\"}",
    ),
    ("gpus: 1", "gpus: [{count: 1}]"),
    ("gpus: ALL", "gpus: all"),
    ("gpus: [0, 1]", r#"gpus: [{device_ids: ["0", "1"]}]"#),
    (r#"gpus: "device=0,1""#, r#"gpus: [{device_ids: ["0", "1"]}]"#),
    ("gpus: {count: 2}", "gpus: [{count: 2}]"),
    ("ulimits: {nofile: 1000:2000}", "ulimits: {nofile: {hard: 2000, soft: 1000}}"),
    ("ulimits: {nofile: [1000, 2000]}", "ulimits: {nofile: {hard: 2000, soft: 1000}}"),
    ("ulimits: {memlock: unlimited}", r#"ulimits: {memlock: "-1"}"#),
    (r#"ulimits: ["nofile=1000:2000"]"#, "ulimits: {nofile: {hard: 2000, soft: 1000}}"),
    ("ulimits: nproc=64", "ulimits: {nproc: 64}"),
    ("extends: ./base.yaml", "extends: {file: ./base.yaml, service: a}"),
    ("extends: base.yaml:b", "extends: {file: base.yaml, service: b}"),
    ("extends: base.yaml#b", "extends: {file: base.yaml, service: b}"),
    ("extends: [b]", "extends: b"),
    (r#"ports: ["127.0.0.1:80"]"#, r#"ports: ["127.0.0.1:80:80"]"#),
    (r#"ports: ["[::1]:80/udp"]"#, r#"ports: ["[::1]:80:80/udp"]"#),
    (r#"ports: ["localhost:80"]"#, r#"ports: ["127.0.0.1:80:80"]"#),
    (r#"ports: ["8080=80"]"#, r#"ports: ["8080:80"]"#),
    (r#"ports: ["80 tcp"]"#, r#"ports: ["80/tcp"]"#),
    (r#"ports: {"8080": 80}"#, r#"ports: ["8080:80"]"#),
    ("ports: {target: 80, published: 8080}", "ports: [{published: 8080, target: 80}]"),
    (r#"extra_hosts: ["b 192.0.2.7"]"#, r#"extra_hosts: ["b=192.0.2.7"]"#),
    (r#"extra_hosts: ["192.0.2.7 b"]"#, r#"extra_hosts: ["b=192.0.2.7"]"#),
    (r#"extra_hosts: ["192.0.2.7:b"]"#, r#"extra_hosts: ["b=192.0.2.7"]"#),
    (r#"extra_hosts: ["::1 b"]"#, r#"extra_hosts: ["b=::1"]"#),
    (r#"extra_hosts: ["b:192.0.2.7,c:192.0.2.8"]"#, r#"extra_hosts: ["b=192.0.2.7", "c=192.0.2.8"]"#),
    (r#"secrets: [{s: ./my.env}]"#, r#"secrets: ["s"]"#),
    (r#"configs: [{c: /etc/c}]"#, r#"configs: [{source: c, target: /etc/c}]"#),
    (r#"configs: {c: /etc/c}"#, r#"configs: [{source: c, target: /etc/c}]"#),
    (r#"dns: "9.9.9.9, 1.1.1.1""#, r#"dns: [9.9.9.9, 1.1.1.1]"#),
    (r#"dns: 9.9.9.9 1.1.1.1"#, r#"dns: [9.9.9.9, 1.1.1.1]"#),
    (r#"dns: ["9.9.9.9,1.1.1.1", 8.8.8.8]"#, r#"dns: [9.9.9.9, 1.1.1.1, 8.8.8.8]"#),
    (r#"dns: ["9.9.9.9:53"]"#, r#"dns: ["9.9.9.9"]"#),
    (r#"dns_search: "a.com, b.com""#, r#"dns_search: [a.com, b.com]"#),
    (r#"volumes: ["v=/b"]"#, r#"volumes: ["v:/b"]"#),
    (r#"volumes: ["type=tmpfs,target=/b"]"#, r#"volumes: [{type: tmpfs, target: /b}]"#),
    (r#"volumes: {v: /b}"#, r#"volumes: ["v:/b"]"#),
    (r#"volumes: "v:/b:ro,z""#, r#"volumes: ["v:/b:ro,z"]"#),
    (r#"tmpfs: ["type=tmpfs,target=/b"]"#, r#"tmpfs: ["/b"]"#),
    (r#"tmpfs: {/b: size=1m}"#, r#"tmpfs: ["/b:size=1m"]"#),
    (r#"devices: {/dev/null: /dev/x}"#, r#"devices: ["/dev/null:/dev/x"]"#),
    (r#"devices: ["/dev/null=/dev/x"]"#, r#"devices: ["/dev/null:/dev/x"]"#),
    (r#"security_opt: {seccomp: unconfined}"#, r#"security_opt: ["seccomp:unconfined"]"#),
    (r#"cap_add: "NET_ADMIN,SYS_TIME""#, r#"cap_add: [NET_ADMIN, SYS_TIME]"#),
    (r#"build: {context: ., tags: "a:1,b:2"}"#, r#"build: {context: ., tags: ["a:1", "b:2"]}"#),
    (
        r#"build: {context: ., cache_from: "type=local,src=a"}"#,
        r#"build: {context: ., cache_from: ["type=local,src=a"]}"#,
    ),
    (r#"storage_opt: ["size=1G"]"#, r#"storage_opt: {size: 1G}"#),
    (r#"storage_opt: size=1G"#, r#"storage_opt: {size: 1G}"#),
    (
        r#"logging: {driver: json-file, options: ["max-size=10m"]}"#,
        r#"logging: {driver: json-file, options: {max-size: 10m}}"#,
    ),
    (
        "platform: windows/amd64\n    credential_spec: ./my.env",
        "platform: windows/amd64\n    credential_spec: {file: ./my.env}",
    ),
    (r#"user: [1000, 1000]"#, r#"user: "1000:1000""#),
    (r#"user: {uid: 1000, gid: 50}"#, r#"user: "1000:50""#),
    (r#"cpuset: [0, 1]"#, r#"cpuset: "0,1""#),
    (r#"pull_policy: [always]"#, r#"pull_policy: always"#),
    (r#"network_mode: [host]"#, r#"network_mode: host"#),
    (r#"restart: [always]"#, r#"restart: always"#),
    (r#"restart: {condition: on-failure}"#, r#"restart: on-failure"#),
    (r#"deploy: {restart_policy: always}"#, r#"deploy: {restart_policy: {condition: any}}"#),
    (
        r#"deploy: {restart_policy: "on-failure:3"}"#,
        r#"deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}"#,
    ),
    (r#"deploy: {resources: {limits: 512m}}"#, r#"deploy: {resources: {limits: {memory: 512m}}}"#),
    (r#"deploy: 2"#, r#"deploy: {replicas: 2}"#),
    (r#"blkio_config: 300"#, r#"blkio_config: {weight: 300}"#),
    (r#"env_file: {path: my.env}"#, r#"env_file: [{path: my.env}]"#),
    (r#"develop: {watch: ./my.env}"#, r#"develop: {watch: [{action: rebuild, path: ./my.env}]}"#),
    (
        r#"develop: {watch: ["./my.env:/app"]}"#,
        r#"develop: {watch: [{action: sync, path: ./my.env, target: /app}]}"#,
    ),
    (
        r#"develop: {watch: {path: ./my.env, action: restart}}"#,
        r#"develop: {watch: [{action: restart, path: ./my.env}]}"#,
    ),
    (r#"post_start: echo hi"#, r#"post_start: [{command: echo hi}]"#),
    (r#"post_start: [echo hi]"#, r#"post_start: [{command: echo hi}]"#),
    (r#"healthcheck: [CMD, "true"]"#, r#"healthcheck: {test: [CMD, "true"]}"#),
    (r#"stop_grace_period: 30"#, r#"stop_grace_period: "30s""#),
    (r#"networks: {default: [x, z]}"#, r#"networks: {default: {aliases: [x, z]}}"#),
];

#[test]
fn advice_is_right_when_followed_literally() {
    let wrong: Vec<String> = MISTAKES.iter().filter_map(|(mistake, right)| check(mistake, right)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the advice for a mistake.
fn check(mistake: &str, right: &str) -> Option<String> {
    let before = load_service(mistake);
    let found = before.found.sorted();
    let [diagnostic] = found.as_slice() else {
        return Some(format!("{mistake}: {} diagnostics instead of one", found.len()));
    };
    let followed = follow(&before, diagnostic);
    if !followed.contains(&format!("    {right}\n")) {
        return Some(format!("{mistake}: the advice leads to\n{followed}"));
    }
    let after = load_text(&followed);
    let left: Vec<&str> = after.found.sorted().iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    (!left.is_empty()).then(|| format!("{mistake}: once followed: {}", left.join(", ")))
}

/// The text with the last code of a help applied: in place of its key's line if it begins with that
/// key, of the key before the place, of the list around the place if it is a list, or else of the
/// place itself.
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
    if let Some((key, _)) = code.split_once(": ")
        && text[..start].ends_with(&format!("{key}: "))
    {
        return format!("{}{code}{}", &text[..start - key.len() - ": ".len()], &text[end..]);
    }
    let list = text[line_start..start].rfind('[').map(|opened| line_start + opened);
    if let Some(opened) = list.filter(|_| code.starts_with('[') && text[end..line_end].contains(']')) {
        let closed = end + text[end..].find(']').expect("the end of the list") + 1;
        return format!("{}{code}{}", &text[..opened], &text[closed..]);
    }
    if code.starts_with(['[', '{', '"']) {
        return format!("{}{code}{}", &text[..start], &text[end..]);
    }
    let element = code.strip_prefix("- ").unwrap_or(code);
    format!("{}\"{element}\"{}", &text[..start], &text[end..])
}

fn load_service(attributes: &str) -> Loaded {
    let definitions = "volumes: {v: }\nsecrets: {s: {file: ./my.env}}\nconfigs: {c: {file: ./my.env}}\n";
    load_text(&format!(
        "name: t\nservices:\n  a:\n    image: busybox:1.37\n    {attributes}\n  b:\n    image: busybox:1.37\n{definitions}"
    ))
}

fn load_text(text: &str) -> Loaded {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("topology.yaml");
    std::fs::write(&file, text).expect("a file");
    let files = [
        ("my.env", "A=1\n"),
        ("Dockerfile", "FROM busybox:1.37\n"),
        ("base.yaml", "services:\n  a: {tty: true}\n  b: {tty: true}\n"),
    ];
    for (name, content) in files {
        std::fs::write(directory.path().join(name), content).expect("a file");
    }
    load(&Request::for_file(&file))
}

/// Every fix that a golden topology offers resolves its diagnostic, guesses included, keeps comments, and
/// writes nothing that is a mistake again.
#[test]
fn every_fix_resolves_its_diagnostic() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for case in std::fs::read_dir(tests_directory().join("diagnostics")).expect("cases").flatten() {
        let request = Request::for_case(&case.path());
        let before = load(&request);
        for diagnostic in before.found.sorted() {
            let fixed = fix::apply(&before.sources, &[diagnostic], true);
            if fixed.count == 0 {
                continue;
            }
            tried += 1;
            let path = |path: &std::path::Path| path.display().to_string();
            let overlay = fixed.texts.iter().map(|(name, text)| (path(name), text.clone())).collect();
            let after = load(&Request { overlay, ..request.clone() });
            wrong.extend(
                wrong_with(&before, diagnostic, &fixed, &after)
                    .into_iter()
                    .map(|what| format!("{}: {}: {what}", case.path().display(), diagnostic.message)),
            );
        }
    }
    assert!(tried > 200, "only {tried} fixes were tried");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a mistake hides: where a name or a path leads is looked up once it can be read, and what is
/// inside a value once that has the right type.
const HIDDEN: &[&str] = &[
    " does not exist",
    ", which is not a service in `topology.yaml`",
    "no volume is named `",
    " has no `healthcheck`",
    " has neither `image` nor `build`",
    " has no subnet to take ",
    " probably does not share its IPC namespace",
    "the name server `1` is not an IP address",
    "a mapping is needed here, not a string",
];

/// What is wrong with a fix that was applied.
fn wrong_with(before: &Loaded, fixed: &Diagnostic, fix: &fix::Fixed, after: &Loaded) -> Vec<String> {
    let mut wrong = Vec::new();
    let same =
        |loaded: &Loaded| loaded.found.sorted().iter().filter(|other| other.message == fixed.message).count();
    if same(after) >= same(before) {
        wrong.push(format!("is still there: {:#?}", fix.texts));
    }
    let comments = |loaded: &Loaded| {
        let files = loaded.sources.files();
        let comments = files.flat_map(|(file, _)| loaded.sources.comments(file).iter());
        comments.map(|comment| loaded.sources.text(*comment).to_owned()).collect::<Vec<_>>()
    };
    let removes_lines = fix.edits.iter().any(|edit| edit.text.is_empty());
    let is_syntax = matches!(fixed.code.name(), "yaml-syntax" | "bad-encoding");
    if !removes_lines && !is_syntax && comments(before) != comments(after) {
        wrong.push(format!("has other comments: {:?} {:?}", comments(before), comments(after)));
    }
    let known: Vec<&str> = before.found.sorted().iter().map(|found| found.message.as_str()).collect();
    for found in after.found.sorted() {
        let Some(at) = found.span().filter(|_| !known.contains(&found.message.as_str())) else { continue };
        let path = &after.sources.get(at.file).path;
        let is_written = |edit: &fix::Edit| {
            let file = before.sources.get(edit.span.file);
            let start = edit.span.range().start;
            file.path == *path
                && at.range().start <= start + edit.text.len()
                && start <= at.range().end
                && !edit.text.is_empty()
        };
        // Where one edit is made, it stands where it was.
        let was_hidden = HIDDEN.iter().any(|words| found.message.contains(words));
        if !was_hidden && fix.edits.len() == 1 && fix.edits.iter().any(is_written) {
            wrong.push(format!("leads to: {}", found.message));
        }
    }
    wrong
}
