//! Commands with a stub engine that answers over a socket just enough for them.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A stub for an empty engine.
struct StubEngine {
    directory: TempDir,
    /// The heads of the requests so far.
    requests: Arc<Mutex<Vec<String>>>,
}

/// The response to every request but the first: a status and a body.
type Answer = fn(target: &str) -> (u16, &'static str);

fn nothing(target: &str) -> (u16, &'static str) {
    match target {
        _ if target.contains("/volumes") => (200, r#"{"Volumes":[]}"#),
        _ if target.contains("/images/") => (404, r#"{"message":"no such image"}"#),
        _ if target.contains("/info") => (200, r#"{"NCPU":2}"#),
        _ if target.contains("/version") => (200, r#"{"Version":"28.5.2","ApiVersion":"1.51"}"#),
        _ => (200, "[]"),
    }
}

impl StubEngine {
    fn new(answer: Answer) -> Self {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let listener =
            UnixListener::bind(directory.path().join("engine.sock")).expect("a socket can be made");
        let noted = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let noted = noted.clone();
                std::thread::spawn(move || serve(stream, answer, &noted));
            }
        });
        Self { directory, requests }
    }

    fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in the directory"))
            .expect("a directory can be made");
        std::fs::write(path, text).expect("a file can be written");
        self
    }

    fn topo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_topo"));
        let socket = self.directory.path().join("engine.sock");
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("DOCKER_HOST", format!("unix://{}", socket.display()))
            .env("DOCKER_CONFIG", self.directory.path().join("docker"))
            .env_remove("DOCKER_CUSTOM_HEADERS")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = self.topo(arguments).output().expect("topo runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (status.code(), text(stdout), text(stderr))
    }
}

fn serve(stream: UnixStream, answer: Answer, noted: &Mutex<Vec<String>>) {
    let mut writer = stream.try_clone().expect("a socket can be cloned");
    let mut lines = BufReader::new(stream).lines();
    loop {
        let head: Vec<String> =
            lines.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        let Some(target) = head.first().and_then(|line| line.split(' ').nth(1)) else { return };
        noted.lock().expect("nobody panics with it").push(head.join("\n"));
        let (status, body) = if target.ends_with("/_ping") { (200, "OK") } else { answer(target) };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\nApi-Version: 1.51\r\nContent-Length: {length}\r\n\r\n");
        if writer.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn headers_of_the_docker_cli_are_sent_with_every_request() {
    let engine = StubEngine::new(nothing);
    engine.file("docker/config.json", r#"{"HttpHeaders": {"X-Meta": "evf", "Authorization": "Bearer abc"}}"#);
    for command in [vec!["ls"], vec!["-p", "shop", "ps"], vec!["-p", "shop", "down"]] {
        engine.run(&command);
    }
    let requests = engine.requests.lock().expect("nobody panics with it");
    assert!(requests.len() > 5, "{requests:?}");
    for request in &*requests {
        let request = request.to_ascii_lowercase();
        assert!(
            request.contains("x-meta: evf") && request.contains("authorization: bearer abc"),
            "{request}"
        );
    }
}

#[test]
fn an_empty_configuration_is_accepted_and_a_broken_one_is_a_warning() {
    let engine = StubEngine::new(nothing);
    for (text, warnings) in
        [("", 0), (" \n", 0), ("{}", 0), ("{", 1), ("nonsense", 1), (r#"{"proxies": 1}"#, 1)]
    {
        engine.file("docker/config.json", text);
        for command in [vec!["ls"], vec!["-p", "shop", "ps"], vec!["-p", "shop", "down"]] {
            let (code, _, errors) = engine.run(&command);
            assert_eq!(code, Some(0), "{text} {command:?}: {errors}");
            assert_eq!(
                errors.matches("cannot understand `").count(),
                warnings,
                "{text} {command:?}: {errors}"
            );
        }
    }
}

#[test]
fn the_configured_format_of_ps_is_overridden_by_an_option() {
    let engine = StubEngine::new(nothing);
    engine.file("docker/config.json", r#"{"psFormat": "table {{.Service}}\t{{.Status}}"}"#);
    assert_eq!(
        engine.run(&["-p", "shop", "ps"]).1.split_whitespace().collect::<Vec<_>>(),
        ["SERVICE", "STATUS"]
    );
    assert!(engine.run(&["-p", "shop", "ps", "--format", "table"]).1.contains("IMAGE"));
    engine.file("docker/config.json", r#"{"psFormat": "nonsense"}"#);
    let (code, listed, errors) = engine.run(&["-p", "shop", "ps"]);
    assert_eq!(code, Some(0));
    assert!(listed.contains("IMAGE") && errors.contains("`psFormat`"), "{listed}{errors}");
}

#[test]
fn texts_from_elsewhere_are_printed_without_escape_sequences() {
    let answers: [(Answer, &str); 2] = [
        (|_| (500, "a\u{1b}[2Jb\u{1b}]0;t\u{7}c"), "error: abc"),
        (
            |_| (502, "<html><head><title>502 Bad\u{1b}[2J Gateway</title></head><body>x</body></html>"),
            "error: something other than the engine answered with a page and HTTP status 502: 502 Bad Gateway",
        ),
    ];
    for (answer, said) in answers {
        let engine = StubEngine::new(answer);
        for command in
            ["ps", "ls", "images", "top", "volumes", "logs", "stats", "events", "down", "stop", "wait a"]
        {
            let arguments: Vec<&str> = ["-p", "shop"].into_iter().chain(command.split(' ')).collect();
            let (code, _, errors) = engine.run(&arguments);
            assert_eq!(code, Some(4), "{command}: {errors}");
            assert_eq!(errors.lines().next(), Some(said), "{command}");
        }
    }
}

#[test]
fn an_address_for_programs_contains_no_prose() {
    let engine = StubEngine::new(nothing);
    let (_, text, _) = engine.run(&["version", "--format", "json"]);
    let version: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let socket = engine.directory.path().join("engine.sock");
    assert_eq!(version["engine"]["address"], format!("unix://{}", socket.display()));
    assert_eq!(version["engine"]["address_source"], "DOCKER_HOST");
}

#[test]
fn down_and_stop_handle_signals_while_a_provider_runs() {
    for (command, signal, code) in
        [("down", "INT", 130), ("down", "TERM", 143), ("stop", "INT", 130), ("stop", "TERM", 143)]
    {
        let engine = StubEngine::new(nothing);
        engine.file("compose.yaml", "name: shop\nservices: {db: {provider: {type: slow}}}\n");
        let script = "#!/bin/sh\ncase \"$*\" in\n  *metadata*) echo '{\"description\": \"x\", \"stop\": {}}' ;;\n  \
                      *) echo $$ > called.tmp; mv called.tmp called; exec sleep 600 ;;\nesac\n";
        engine.file("bin/slow", script);
        executable(&engine.directory.path().join("bin/slow"));
        let path = std::env::var("PATH").expect("there is a PATH");
        let bin = engine.directory.path().join("bin");
        let mut topo = engine.topo(&[command]);
        topo.env("PATH", format!("{}:{path}", bin.display())).stderr(Stdio::piped());
        let child = topo.spawn().expect("topo runs");
        let provider = until(|| std::fs::read_to_string(engine.directory.path().join("called")).ok());
        kill(signal, &child.id().to_string());
        let output = child.wait_with_output().expect("it ends");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{command} {signal}: {errors}");
        assert!(errors.contains("the provider of `db` was interrupted"), "{errors}");
        let is_gone = || (!Path::new("/proc").join(provider.trim()).join("cwd").exists()).then_some(());
        until(is_gone);
    }
}

#[test]
fn a_file_that_is_not_executable_hides_no_provider() {
    let engine = StubEngine::new(nothing);
    engine.file("compose.yaml", "name: shop\nservices: {db: {provider: {type: maker}}}\n");
    engine.file("plain/maker", "no program").file("real/maker", "#!/bin/sh\ntouch \"$3\"\n");
    executable(&engine.directory.path().join("real/maker"));
    let path = |directories: &str| {
        let directories = directories.split(' ').map(|directory| match directory {
            "." | "" => directory.to_owned(),
            directory => engine.directory.path().join(directory).display().to_string(),
        });
        let path = std::env::var("PATH").expect("there is a PATH");
        directories.chain([path]).collect::<Vec<_>>().join(":")
    };
    let called = |directories: &str| {
        let output = engine.topo(&["down"]).env("PATH", path(directories)).output().expect("topo runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(called("plain real").0, Some(0));
    engine.file("maker", "#!/bin/sh\n");
    executable(&engine.directory.path().join("maker"));
    for here in [". real", " real"] {
        let (code, errors) = called(here);
        assert_eq!(code, Some(4), "{errors}");
        assert!(errors.contains("`maker` is not run: it is only found as `./maker`"), "{errors}");
    }
}

fn executable(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("its mode can be changed");
}

fn kill(signal: &str, process: &str) {
    let status = Command::new("kill").args([&format!("-{signal}"), process]).status();
    assert!(status.expect("kill is there").success());
}

/// Waits for something that happens soon.
fn until<T>(happens: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = happens() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}
