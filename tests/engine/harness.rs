//! A separate project for each test, topo to run on it, and Docker's own client to check the
//! results.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The directory of the package.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Tests that publish the gateway's port run one at a time.
pub(crate) static GATEWAY_PORT: Turn = Turn(std::sync::Mutex::new(()));

/// A lock that a failed test does not poison for the others.
pub(crate) struct Turn(pub std::sync::Mutex<()>);

impl Turn {
    /// Waits for the lock.
    pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The output of a command, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The output of a finished program.
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails the test unless the exit code is this one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "standard output:\n{}\nstandard error:\n{}", self.out, self.err);
        self
    }

    /// Fails the test unless the text is in what was printed.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let is_there = self.out.contains(text) || self.err.contains(text);
        assert!(
            is_there,
            "`{text}` is missing\nstandard output:\n{}\nstandard error:\n{}",
            self.out, self.err
        );
        self
    }
}

/// The minor version of the engine's API.
pub(crate) fn engine_api() -> u32 {
    let version = docker(&["version", "--format", "{{.Server.APIVersion}}"]);
    version.trim().strip_prefix("1.").and_then(|minor| minor.parse().ok()).expect("a version 1.N")
}

/// The project of a test.
pub(crate) struct Project {
    name: String,
    directory: tempfile::TempDir,
    topology: PathBuf,
}

/// A project with this topology. The name must be unique to the test.
pub(crate) fn project(name: &str, topology: &str) -> Project {
    let project = empty_project(name);
    project.write("topology.yaml", topology);
    project
}

/// A project with a topology of the repository.
pub(crate) fn project_of(name: &str, topology: &str) -> Project {
    let mut project = empty_project(name);
    project.topology = Path::new(ROOT).join(topology);
    project
}

/// A project in a copy of this directory, whose topology is `compose.yaml`.
pub(crate) fn directory_project(name: &str, source: &Path) -> Project {
    let mut project = empty_project(name);
    copy_directory(source, project.directory());
    project.topology = project.directory().join("compose.yaml");
    project
}

fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory to copy") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            copy_directory(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a file is copied");
        }
    }
}

fn empty_project(name: &str) -> Project {
    assert_engine_answers();
    let directory = tempfile::tempdir().expect("a directory for the test");
    let topology = directory.path().join("topology.yaml");
    let project = Project { name: format!("topo-test-{name}"), directory, topology };
    // A killed run may have left something.
    project.clean_up();
    project
}

fn assert_engine_answers() {
    let asked = Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]).output();
    let answers = asked.is_ok_and(|output| output.status.success());
    assert!(answers, "no Docker Engine answers: start one by scripts/engine");
}

impl Project {
    /// Writes a file next to the topology.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it has a parent")).expect("a directory");
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// Runs `topo COMMAND TOPOLOGY ARGUMENTS...` on the project.
    pub(crate) fn topo(&self, command: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.command(command, arguments).output().expect("topo runs"))
    }

    /// Runs topo with this standard input.
    pub(crate) fn feed(&self, command: &str, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(command, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("topo runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_vec();
        // The output is not read meanwhile, which must not block on a large input.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().expect("topo ends");
        writer.join().expect("the input is written");
        Ran::of(output)
    }

    /// Starts topo in the background.
    pub(crate) fn start(&self, command: &str, arguments: &[&str]) -> Running {
        Running::spawn(self.command(command, arguments))
    }

    /// The command `topo COMMAND TOPOLOGY ARGUMENTS...`.
    pub(crate) fn command(&self, command: &str, arguments: &[&str]) -> Command {
        let mut topo = Command::new(env!("CARGO_BIN_EXE_topo"));
        topo.arg(command).arg(&self.topology).args(["--project-name", &self.name]).args(arguments);
        topo.current_dir(self.directory.path()).stdin(Stdio::null());
        topo
    }

    /// Runs `topo ARGUMENTS...` without a project.
    pub(crate) fn topo_alone(&self, arguments: &[&str]) -> Ran {
        let mut topo = Command::new(env!("CARGO_BIN_EXE_topo"));
        topo.args(arguments).current_dir(self.directory.path()).stdin(Stdio::null());
        Ran::of(topo.output().expect("topo runs"))
    }

    /// The path of the topology.
    pub(crate) fn topology(&self) -> String {
        self.topology.display().to_string()
    }

    /// The directory of the test, which contains the topology.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The project's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The full name of a service's container.
    pub(crate) fn container(&self, service: &str) -> String {
        format!("{}-{service}-1", self.name)
    }

    /// One value of `docker inspect`, by a template.
    pub(crate) fn inspect(&self, service: &str, template: &str) -> String {
        docker(&["inspect", "--format", template, &self.container(service)])
    }

    /// The container's id.
    pub(crate) fn id(&self, service: &str) -> String {
        self.inspect(service, "{{.Id}}")
    }

    /// Names of the project's objects of a kind: `container`, `network`, `volume`.
    pub(crate) fn objects(&self, kind: &str) -> Vec<String> {
        let filter = format!("label=com.docker.compose.project={}", self.name);
        let format = if kind == "container" { "{{.Names}}" } else { "{{.Name}}" };
        let all: &[&str] = if kind == "container" { &["--all"] } else { &[] };
        let listed = docker(&[&[kind, "ls", "--filter", &filter, "--format", format], all].concat());
        let mut names: Vec<String> = listed.lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Fails the test if anything of the project is left except volumes.
    #[track_caller]
    pub(crate) fn assert_gone(&self) {
        assert_eq!(self.objects("container"), Vec::<String>::new());
        assert_eq!(self.objects("network"), Vec::<String>::new());
    }

    /// Anonymous volumes of the project's containers. An inherited one is mounted by name, and is
    /// not removed with its container.
    fn unnamed_volumes(&self) -> Vec<String> {
        let names = "{{range .Mounts}}{{if eq .Type \"volume\"}}{{println .Name}}{{end}}{{end}}";
        let containers = self.objects("container");
        let listed: Vec<String> = containers
            .iter()
            .map(|name| docker(&["container", "inspect", "--format", names, name]))
            .collect();
        let is_unnamed = |name: &&str| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        listed.iter().flat_map(|names| names.lines()).filter(is_unnamed).map(str::to_owned).collect()
    }

    /// Removes the project from the engine.
    pub(crate) fn clean_up(&self) {
        let unnamed = self.unnamed_volumes();
        for kind in ["container", "network", "volume"] {
            for name in self.objects(kind) {
                let options: &[&str] = match kind {
                    "container" => &["--force", "--volumes"],
                    "volume" => &["--force"],
                    _ => &[],
                };
                let _ = Command::new("docker").args([kind, "rm"]).args(options).arg(name).output();
            }
        }
        for volume in unnamed {
            let _ = Command::new("docker").args(["volume", "rm", &volume]).output();
        }
        let images = docker(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
        for image in images.lines().filter(|image| image.starts_with(&format!("{}-", self.name))) {
            let _ = Command::new("docker").args(["image", "rm", "--force", image]).output();
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        self.clean_up();
    }
}

/// A topo in the background.
pub(crate) struct Running {
    child: Option<Child>,
    out: Collected,
    err: Collected,
}

impl Running {
    /// Starts a command.
    pub(crate) fn spawn(mut command: Command) -> Self {
        Self::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("topo runs"))
    }

    fn of(mut child: Child) -> Self {
        let out = Collected::of(child.stdout.take().expect("its output is asked for"));
        let err = Collected::of(child.stderr.take().expect("its errors are asked for"));
        Self { child: Some(child), out, err }
    }

    /// Its standard output so far.
    pub(crate) fn out(&self) -> String {
        self.out.so_far()
    }

    /// Waits until it has printed this.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        eventually(text, || [&self.out, &self.err].iter().any(|stream| stream.so_far().contains(text)));
    }

    /// Sends a signal: `INT`, `TERM`, `KILL`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.as_ref().expect("it was not waited for").id().to_string();
        let done = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(done.is_ok_and(|status| status.success()), "topo {id} gets SIG{name}");
    }

    /// Whether it has exited.
    pub(crate) fn has_ended(&mut self) -> bool {
        let child = self.child.as_mut().expect("it was not waited for");
        child.try_wait().expect("it is ours").is_some()
    }

    /// Waits until it exits.
    pub(crate) fn end(mut self) -> Ran {
        let mut child = self.child.take().expect("it was not waited for");
        let id = child.id().to_string();
        // One that hangs fails its test, without blocking others.
        let (over, watched) = std::sync::mpsc::channel::<()>();
        let guard = std::thread::spawn(move || {
            if watched.recv_timeout(Duration::from_secs(180)).is_err() {
                let _ = Command::new("kill").args(["-KILL", &id]).status();
            }
        });
        let status = child.wait().expect("topo ends");
        let output = Output { status, stdout: self.out.all(), stderr: self.err.all() };
        let _ = over.send(());
        let _ = guard.join();
        Ran::of(output)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Collects a program's output.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Collected {
    fn of(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let gathered = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut read = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut read) {
                gathered.lock().expect("nobody fails meanwhile").extend_from_slice(&read[..count]);
            }
        });
        Self { bytes, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("nobody fails meanwhile")).into_owned()
    }

    /// The complete output, once the stream has ended.
    fn all(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("what is printed is read");
        }
        std::mem::take(&mut self.bytes.lock().expect("nobody fails meanwhile"))
    }
}

/// The output of Docker's own client; empty if it fails.
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("docker runs");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Waits until a condition is true; fails the test if it does not become so.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_true() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} did not come true");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The body of an HTTP response; the status must be a success.
#[track_caller]
pub(crate) fn get(port: u16, path: &str) -> String {
    let answer = request(port, "GET", path, "").expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 2") || head.starts_with("HTTP/1.0 2"), "{answer}");
    body.to_owned()
}

/// Sends JSON and returns the body of the response.
#[track_caller]
pub(crate) fn post(port: u16, path: &str, json: &str) -> String {
    let answer = request(port, "POST", path, json).expect("an answer");
    answer.split_once("\r\n\r\n").expect("a head and a body").1.to_owned()
}

fn request(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
