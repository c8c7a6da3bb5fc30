//! A door before a registry: a test sees each request that comes first on a connection, and says what
//! becomes of it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;

/// Somebody who asks by plain HTTP.
pub struct Visitor {
    stream: TcpStream,
    request: Vec<u8>,
}

/// Opens a door, which stays open as long as the tests run: its port. Each visitor has a thread.
pub fn open(answer: impl Fn(Visitor) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || Visitor::come(stream).map(|visitor| answer(visitor)));
        }
    });
    port
}

impl Visitor {
    /// The engine asks by HTTPS first, which finds nobody here.
    fn come(mut stream: TcpStream) -> Option<Self> {
        let mut request = Vec::new();
        let mut piece = [0; 4096];
        loop {
            let length = stream.read(&mut piece).ok().filter(|length| *length > 0)?;
            request.extend_from_slice(&piece[..length]);
            if !request[0].is_ascii_uppercase() {
                return None;
            }
            if is_whole(&request) {
                return Some(Self { stream, request });
            }
        }
    }

    /// The request: its head and its body.
    pub fn request(&self) -> String {
        String::from_utf8_lossy(&self.request).into_owned()
    }

    /// Answers with a status (`200 OK`), further headers (`name: value`) and a body; the connection ends.
    pub fn answer(mut self, status: &str, headers: &[&str], body: &str) {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        // An engine that went away needs no answer.
        let _ = write!(
            self.stream,
            "HTTP/1.1 {status}\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        );
    }

    /// Passes the request on to a registry, and all that follows, until either side ends. No more than
    /// `most` bytes come back.
    pub fn pass_on(self, port: u16, most: u64) {
        let _ = self.try_to_pass_on(port, most);
    }

    fn try_to_pass_on(mut self, port: u16, most: u64) -> std::io::Result<()> {
        let mut registry = TcpStream::connect(("127.0.0.1", port))?;
        registry.write_all(&self.request)?;
        let (from_registry, mut to_client) = (registry.try_clone()?, self.stream.try_clone()?);
        let back = std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_registry.take(most), &mut to_client);
            let _ = to_client.shutdown(Shutdown::Both);
        });
        let _ = std::io::copy(&mut self.stream, &mut registry);
        let _ = registry.shutdown(Shutdown::Write);
        let _ = back.join();
        Ok(())
    }
}

/// Whether the head and as much of a body as it tells of are there.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}
