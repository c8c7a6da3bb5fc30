//! In: an endpoint. Out: byte streams to it for hyper. Must not: know HTTP.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep};
use tracing::debug;

use super::error::is_crowded;
use crate::engine::Endpoint;
use crate::source::program::Programs;

/// Opens connections for hyper; the URI is ignored.
#[derive(Clone, Debug)]
pub struct Connector {
    /// What is connected to.
    pub endpoint: Endpoint,
    /// Where a program is found that connects.
    pub programs: Programs,
}

impl tower_service::Service<http::Uri> for Connector {
    type Response = TokioIo<Wire>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Wire>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        let Self { endpoint, programs } = self.clone();
        Box::pin(async move {
            let dialled = dial(&endpoint, &programs).await;
            match &dialled {
                Ok(_) => debug!(%endpoint, "connected"),
                Err(error) => debug!(%endpoint, %error, "not connected"),
            }
            Ok(TokioIo::new(dialled?))
        })
    }
}

/// How long to wait for another connection to close when too many files are open.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often to try meanwhile.
const RETRY: Duration = Duration::from_millis(50);

async fn dial(endpoint: &Endpoint, programs: &Programs) -> io::Result<Wire> {
    let begun = Instant::now();
    loop {
        match dial_once(endpoint, programs).await {
            Err(error) if is_crowded(&error) && begun.elapsed() < PATIENCE => sleep(RETRY).await,
            dialled => return dialled,
        }
    }
}

async fn dial_once(endpoint: &Endpoint, programs: &Programs) -> io::Result<Wire> {
    Ok(Wire(match endpoint {
        Endpoint::Unix(path) => Box::pin(UnixStream::connect(path).await?),
        Endpoint::Tcp { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            keep_alive(&stream)?;
            Box::pin(stream)
        }
        Endpoint::Program { command, .. } => Box::pin(ProgramStream::start(command, programs)?),
    }))
}

/// How long a connection may be idle before it is probed, and the interval of probes: routers and
/// firewalls forget idle connections after a few minutes.
const IDLE: Duration = Duration::from_secs(30);

/// How many probes may go unanswered.
const UNANSWERED: u32 = 4;

/// Makes the system detect a dead connection, and keep an idle one alive.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, IDLE)?;
    sockopt::set_tcp_keepintvl(stream, IDLE)?;
    Ok(sockopt::set_tcp_keepcnt(stream, UNANSWERED)?)
}

/// An open connection.
pub struct Wire(Pin<Box<dyn Stream>>);

trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_shutdown(context)
    }
}

/// A program whose standard input and output are the connection. When it exits, the last output on
/// its standard error is the reason.
struct ProgramStream {
    /// `None` once the input is closed.
    input: Option<ChildStdin>,
    output: ChildStdout,
    stderr: ChildStderr,
    stderr_tail: Vec<u8>,
    exit: Pin<Box<dyn Future<Output = io::Result<ExitStatus>> + Send>>,
}

/// How much of a program's standard error is kept, in bytes.
const STDERR_LIMIT: usize = 4096;

impl ProgramStream {
    fn start(command: &[String], programs: &Programs) -> io::Result<Self> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let cannot_run =
            |error: io::Error| io::Error::new(error.kind(), format!("cannot run `{program}`: {error}"));
        let mut child = Command::new(programs.find(program).map_err(cannot_run)?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            // Ctrl-C must not reach it: topo still needs the connection to stop what it started.
            .process_group(0)
            .spawn()
            .map_err(cannot_run)?;
        let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
        Ok(Self {
            input: Some(child.stdin.take().ok_or_else(missing)?),
            output: child.stdout.take().ok_or_else(missing)?,
            stderr: child.stderr.take().ok_or_else(missing)?,
            stderr_tail: Vec::new(),
            exit: Box::pin(async move { child.wait().await }),
        })
    }

    /// Reads the available standard error, so that the program never blocks on it.
    fn read_stderr(&mut self, context: &mut Context<'_>) {
        loop {
            let mut bytes = [0; 1024];
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut self.stderr).poll_read(context, &mut buffer);
            if !matches!(read, Poll::Ready(Ok(()))) || buffer.filled().is_empty() {
                return;
            }
            self.stderr_tail.extend_from_slice(buffer.filled());
            let excess = self.stderr_tail.len().saturating_sub(STDERR_LIMIT);
            self.stderr_tail.drain(..excess);
        }
    }
}

impl AsyncRead for ProgramStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.read_stderr(context);
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.output).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            return Poll::Ready(Ok(()));
        }
        // Only after its exit is all of its standard error in the pipe.
        let status = ready!(this.exit.as_mut().poll(context))?;
        this.exit = Box::pin(std::future::ready(Ok(status)));
        this.read_stderr(context);
        let words = String::from_utf8_lossy(&this.stderr_tail).trim().to_owned();
        if status.success() || words.is_empty() {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, words)))
    }
}

impl AsyncWrite for ProgramStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.input {
            Some(input) => Pin::new(input).poll_write(context, bytes),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.input {
            Some(input) => Pin::new(input).poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    /// The program sees the end of its input only when this end of the pipe is closed.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        self.input = None;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_over_tcp_is_kept_alive() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        keep_alive(&stream).unwrap();
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&stream).unwrap(), IDLE);
        assert_eq!(sockopt::tcp_keepcnt(&stream).unwrap(), UNANSWERED);
    }
}
