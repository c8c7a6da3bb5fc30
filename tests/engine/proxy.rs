//! A proxy between topo and the engine, which delays, truncates, drops or fakes responses.
//!
//! ```ignore
//! let proxy = Proxy::start();
//! proxy.rule("GET /containers/*/logs*", Trouble::Cut { after: 60 }).times(1);
//! let topo = project.command("logs", &["-f"]).env("DOCKER_HOST", proxy.address());
//! ```
//!
//! A rule is for requests that match its pattern: method, path without the API's version, and query, in which
//! `*` stands for anything. The first rule that matches and is not used up decides; all else passes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A disruption of a response.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The connection breaks after this many bytes of the body.
    Cut { after: usize },
    /// The connection breaks after this time.
    CutAfter(Duration),
    /// The response stalls after this many bytes of its body, until the rule is lifted.
    Stall { after: usize },
    /// The request is delayed before it reaches the engine.
    Delay(Duration),
    /// The request does not reach the engine until the rule is lifted.
    Hang,
    /// The proxy responds itself, with this status and body.
    Answer { status: u16, body: String },
    /// Lines of the body with this text are dropped.
    DropLines(String),
    /// The connection breaks before the request reaches the engine.
    LoseRequest,
    /// The connection breaks once the engine has responded, without its response.
    LoseAnswer,
    /// The engine gets the request, but nothing of its response arrives until the rule is lifted.
    Mute,
    /// The engine is stopped before it gets the request, and started again after this time.
    Restart(Duration),
}

/// A proxy in front of an engine. Dropping it breaks all connections.
pub(crate) struct Proxy {
    _directory: tempfile::TempDir,
    state: Arc<State>,
}

/// A new rule.
pub(crate) struct Rule<'proxy> {
    proxy: &'proxy Proxy,
    index: usize,
}

impl Rule<'_> {
    /// Limits the rule to this many requests.
    pub(crate) fn times(self, count: usize) -> Self {
        self.proxy.state.lock().rules[self.index].left = Some(count);
        self
    }

    /// Lets this many requests pass first.
    pub(crate) fn after(self, count: usize) -> Self {
        self.proxy.state.lock().rules[self.index].passing = count;
        self
    }

    /// Removes the rule: requests that it holds up continue.
    pub(crate) fn lift(self) {
        self.proxy.state.lock().rules[self.index].is_lifted = true;
        self.proxy.state.changed.notify_all();
    }
}

impl Proxy {
    /// A proxy in front of the engine that the tests use.
    pub(crate) fn start() -> Self {
        let address =
            std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
        let engine = address.strip_prefix("unix://").expect("the tests' engine listens at a socket");
        Self::before(Path::new(engine))
    }

    /// A proxy in front of the server at this socket.
    pub(crate) fn before(engine: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a directory for the socket");
        let listener = UnixListener::bind(directory.path().join(SOCKET)).expect("a socket");
        let state = Arc::new(State {
            engine: engine.to_owned(),
            socket: directory.path().join(SOCKET),
            inner: Mutex::default(),
            changed: Condvar::new(),
        });
        let shared = state.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                if shared.lock().is_over {
                    return;
                }
                let state = shared.clone();
                thread::spawn(move || {
                    // Tests provoke broken connections.
                    let _ = state.serve(&client);
                    let _ = client.shutdown(Shutdown::Both);
                });
            }
        });
        Self { _directory: directory, state }
    }

    /// The value of `DOCKER_HOST`.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Disrupts responses to requests that match this pattern from now on.
    pub(crate) fn rule(&self, pattern: &str, trouble: Trouble) -> Rule<'_> {
        let mut inner = self.state.lock();
        let pattern = pattern.to_owned();
        inner.rules.push(Entry { pattern, trouble, passing: 0, left: None, is_lifted: false });
        Rule { proxy: self, index: inner.rules.len() - 1 }
    }

    /// Breaks all connections, and refuses new ones until the engine is back.
    pub(crate) fn go_away(&self) {
        self.state.go_away();
    }

    /// Accepts connections again.
    pub(crate) fn come_back(&self) {
        self.state.come_back();
    }

    /// The requests so far that match this pattern: `GET /containers/web-1/json`.
    pub(crate) fn requests(&self, pattern: &str) -> Vec<String> {
        let inner = self.state.lock();
        inner.requests.iter().filter(|request| matches(pattern, request)).cloned().collect()
    }

    fn socket(&self) -> &Path {
        &self.state.socket
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.lock().is_over = true;
        self.state.break_all();
        // The next connection wakes the listening thread.
        let _ = UnixStream::connect(self.socket()).or_else(|_| UnixStream::connect(self.state.hidden()));
    }
}

const SOCKET: &str = "engine.sock";

struct State {
    engine: PathBuf,
    /// The proxy's own socket.
    socket: PathBuf,
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    rules: Vec<Entry>,
    requests: Vec<String>,
    /// Both ends of all connections so far, including closed ones.
    connections: Vec<UnixStream>,
    is_over: bool,
}

struct Entry {
    pattern: String,
    trouble: Trouble,
    /// How many requests pass before it holds.
    passing: usize,
    /// How many requests it still applies to; unlimited when absent.
    left: Option<usize>,
    is_lifted: bool,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hidden(&self) -> PathBuf {
        self.socket.with_extension("hidden")
    }

    fn go_away(&self) {
        std::fs::rename(&self.socket, self.hidden()).expect("the socket is there");
        self.break_all();
    }

    fn come_back(&self) {
        std::fs::rename(self.hidden(), &self.socket).expect("the socket is hidden");
    }

    fn break_all(&self) {
        for connection in self.lock().connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
    }

    fn remember(&self, connection: &UnixStream) -> io::Result<()> {
        self.lock().connections.push(connection.try_clone()?);
        Ok(())
    }

    /// Records a request, and takes the rule for it.
    fn take_rule(&self, request: &str) -> Option<(usize, Trouble)> {
        let mut inner = self.lock();
        inner.requests.push(request.to_owned());
        let is_it = |rule: &Entry| !rule.is_lifted && rule.left != Some(0) && matches(&rule.pattern, request);
        let index = inner.rules.iter().position(is_it)?;
        let rule = &mut inner.rules[index];
        if rule.passing > 0 {
            rule.passing -= 1;
            return None;
        }
        rule.left = rule.left.map(|left| left - 1);
        Some((index, rule.trouble.clone()))
    }

    /// Waits until a rule is lifted; false if the proxy is dropped before.
    fn hold(&self, index: usize) -> bool {
        let holds = |inner: &mut Inner| !inner.is_over && !inner.rules[index].is_lifted;
        let inner = self.changed.wait_while(self.lock(), holds).unwrap_or_else(PoisonError::into_inner);
        !inner.is_over
    }

    /// One request per connection: the engine is told to close it.
    fn serve(&self, mut client: &UnixStream) -> io::Result<()> {
        self.remember(client)?;
        let mut from_client = BufReader::new(client.try_clone()?);
        let Some(head) = Head::read(&mut from_client)? else { return Ok(()) };
        let rule = self.take_rule(&head.request());
        match &rule {
            Some((index, Trouble::Hang)) if !self.hold(*index) => return Ok(()),
            Some((_, Trouble::Delay(time))) => thread::sleep(*time),
            Some((_, Trouble::LoseRequest)) => return Ok(()),
            Some((_, Trouble::Restart(time))) => {
                self.go_away();
                thread::sleep(*time);
                self.come_back();
                return Ok(());
            }
            Some((_, Trouble::Answer { status, body })) => {
                let length = body.len();
                return write!(
                    client,
                    "HTTP/1.1 {status} Trouble\r\nContent-Type: application/json\r\n\
                     Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            }
            _ => {}
        }
        let engine = UnixStream::connect(&self.engine)?;
        self.remember(&engine)?;
        head.closing().write(&mut &engine)?;
        let mut to_engine = engine.try_clone()?;
        thread::spawn(move || {
            let _ = pump(&mut from_client, &mut to_engine);
            let _ = to_engine.shutdown(Shutdown::Write);
        });
        if let Some((_, Trouble::CutAfter(time))) = rule {
            let client = client.try_clone()?;
            thread::spawn(move || {
                thread::sleep(time);
                let _ = client.shutdown(Shutdown::Both);
            });
        }
        let answered = self.answer(&mut BufReader::new(&engine), client, rule);
        let _ = engine.shutdown(Shutdown::Both);
        answered
    }

    fn answer(
        &self,
        engine: &mut impl BufRead,
        mut client: &UnixStream,
        rule: Option<(usize, Trouble)>,
    ) -> io::Result<()> {
        let Some(head) = Head::read(engine)? else { return Ok(()) };
        match &rule {
            Some((_, Trouble::LoseAnswer)) => return Ok(()),
            Some((index, Trouble::Mute)) if !self.hold(*index) => return Ok(()),
            _ => {}
        }
        head.write(&mut client)?;
        let mut body = Body { is_chunked: head.has("transfer-encoding", "chunked"), to: client };
        let mut passing = Passing::of(rule.as_ref().map(|(_, trouble)| trouble));
        loop {
            let piece = if body.is_chunked { read_chunk(engine)? } else { read_piece(engine)? };
            let Some(piece) = piece else { return body.end() };
            let (passed, kept) = passing.pass(piece);
            body.send(&passed)?;
            match (kept, &rule) {
                (None, _) => {}
                (Some(kept), Some((index, Trouble::Stall { .. }))) if self.hold(*index) => {
                    passing = Passing::Everything;
                    body.send(&kept)?;
                }
                (Some(_), _) => return Ok(()),
            }
        }
    }
}

/// The destination of a body.
struct Body<'client> {
    is_chunked: bool,
    to: &'client UnixStream,
}

impl Body<'_> {
    fn send(&mut self, piece: &[u8]) -> io::Result<()> {
        match (piece.len(), self.is_chunked) {
            // An empty chunk would be the end.
            (0, _) => Ok(()),
            (length, true) => {
                self.to.write_all(&[format!("{length:x}\r\n").as_bytes(), piece, b"\r\n"].concat())
            }
            (_, false) => self.to.write_all(piece),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.is_chunked { self.to.write_all(b"0\r\n\r\n") } else { Ok(()) }
    }
}

/// Which part of a body passes.
enum Passing {
    Everything,
    /// This many bytes more.
    UpTo(usize),
    /// Whole lines without this text.
    Without {
        text: Vec<u8>,
        line: Vec<u8>,
    },
}

impl Passing {
    fn of(trouble: Option<&Trouble>) -> Self {
        match trouble {
            Some(Trouble::Cut { after } | Trouble::Stall { after }) => Self::UpTo(*after),
            Some(Trouble::DropLines(text)) => {
                Self::Without { text: text.as_bytes().to_owned(), line: Vec::new() }
            }
            _ => Self::Everything,
        }
    }

    /// The passing part of a piece, and the rest if nothing passes any more.
    fn pass(&mut self, mut piece: Vec<u8>) -> (Vec<u8>, Option<Vec<u8>>) {
        match self {
            Self::Everything => (piece, None),
            Self::UpTo(left) => {
                let kept = piece.split_off(piece.len().min(*left));
                *left -= piece.len();
                (piece, (*left == 0).then_some(kept))
            }
            Self::Without { text, line } => {
                line.append(&mut piece);
                let whole = line.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                let rest = line.split_off(whole);
                let lines = std::mem::replace(line, rest);
                let is_kept =
                    |line: &&[u8]| !line.windows(text.len()).any(|window| window == text.as_slice());
                let kept = lines.split_inclusive(|byte| *byte == b'\n').filter(is_kept);
                (kept.flatten().copied().collect(), None)
            }
        }
    }
}

/// The first line and the headers of a request or a response.
struct Head(Vec<String>);

impl Head {
    /// `None` if the connection ends before.
    fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            match line.trim_end() {
                "" => return Ok(Some(Self(lines))),
                line => lines.push(line.to_owned()),
            }
        }
    }

    /// `GET /containers/json?all=1`, without the API's version.
    fn request(&self) -> String {
        let mut words = self.0[0].split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let version = path.strip_prefix("/v").and_then(|rest| rest.split_once('/'));
        match version {
            Some((number, rest)) if number.starts_with(|first: char| first.is_ascii_digit()) => {
                format!("{method} /{rest}")
            }
            _ => format!("{method} {path}"),
        }
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.0.iter().any(|line| line.to_ascii_lowercase() == format!("{name}: {value}"))
    }

    /// The same request with `Connection: close`, unless it is upgraded to a stream.
    fn closing(mut self) -> Self {
        let is_upgrade = self.0.iter().any(|line| line.to_ascii_lowercase().starts_with("upgrade:"));
        if !is_upgrade {
            self.0.retain(|line| !line.to_ascii_lowercase().starts_with("connection:"));
            self.0.push("Connection: close".to_owned());
        }
        self
    }

    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all((self.0.join("\r\n") + "\r\n\r\n").as_bytes())
    }
}

/// The next chunk; `None` at the end.
fn read_chunk(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let size = usize::from_str_radix(line.trim(), 16).map_err(|_| io::ErrorKind::UnexpectedEof)?;
    let mut chunk = vec![0; size + 2];
    from.read_exact(&mut chunk)?;
    chunk.truncate(size);
    Ok((size > 0).then_some(chunk))
}

/// The available data; `None` at the end.
fn read_piece(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let piece = from.fill_buf()?.to_owned();
    from.consume(piece.len());
    Ok((!piece.is_empty()).then_some(piece))
}

fn pump(from: &mut impl BufRead, to: &mut impl Write) -> io::Result<()> {
    while let Some(piece) = read_piece(from)? {
        to.write_all(&piece)?;
    }
    Ok(())
}

/// Whether a text matches a pattern, in which `*` stands for anything; after `!`, whether it does not.
fn matches(pattern: &str, text: &str) -> bool {
    if let Some(pattern) = pattern.strip_prefix('!') {
        return !matches(pattern, text);
    }
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches(rest, &text[at..]))
        }),
    }
}

mod tests;
