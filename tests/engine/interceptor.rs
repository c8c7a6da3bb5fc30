//! A server in front of a registry: a test sees the first request of each connection, and decides
//! how it is answered.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;

/// A client with a plain HTTP request.
pub(crate) struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
}

/// Starts the server, which runs as long as the tests, and returns its port. Each client has a
/// thread.
pub(crate) fn start(answer: impl Fn(Connection) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || Connection::accept(stream).map(|connection| answer(connection)));
        }
    });
    port
}

impl Connection {
    /// The engine tries HTTPS first, which fails here.
    fn accept(mut stream: TcpStream) -> Option<Self> {
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
    pub(crate) fn request(&self) -> String {
        String::from_utf8_lossy(&self.request).into_owned()
    }

    /// Responds with a status (`200 OK`), headers (`name: value`) and a body, and closes the
    /// connection.
    pub(crate) fn answer(mut self, status: &str, headers: &[&str], body: &str) {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        // If the engine disconnected, it needs no response.
        let _ = write!(
            self.stream,
            "HTTP/1.1 {status}\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        );
    }

    /// Forwards the connection to a registry, until either side closes it. At most `most` bytes of
    /// the response are forwarded.
    pub(crate) fn pass_on(self, port: u16, most: u64) {
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

/// Whether the request is complete, including its body.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}
