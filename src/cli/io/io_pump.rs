//! Between this terminal, or these pipes, and a program in a container.
//!
//! Reading the standard input and writing the outputs may block for as long as they like: each has a
//! thread of its own, so that neither holds up the other, nor the connection.

use std::convert::Infallible;
use std::fs::File;
use std::future::{Future, pending};
use std::io::{self, Read, Write, stderr, stdin, stdout};
use std::os::fd::AsFd;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use crate::cli::io::detach::DetachKeys;
use crate::cli::io::signals::Received;
use crate::cli::io::terminal;
use crate::engine::attach::Input;
use crate::engine::{Attached, TerminalSize};
use crate::engine::{EngineError, LogChunk, OutputStream};

/// How many bytes are read at once.
const PIECE: usize = 32 * 1024;
/// How many pieces may wait on their way.
const WAITING: usize = 16;

/// How the program is connected.
pub(crate) struct Wiring {
    /// What it gets of the standard input.
    pub(crate) input: InputWiring,
    /// Whether it has a terminal.
    pub(crate) terminal: TerminalWiring,
    /// The keys that leave it alone, in a terminal.
    pub(crate) detach_keys: Option<DetachKeys>,
}

/// What a program gets of the standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputWiring {
    /// Nothing.
    None,
    /// Everything, its end too.
    Whole,
    /// Everything but its end: the engine would cut off the output with it.
    WithoutEnd,
}

/// Whether a program has a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TerminalWiring {
    /// It has none.
    None,
    /// It has one that knows its size.
    OfKnownSize,
    /// It has one that must be told its size as soon as it is there.
    OfUnknownSize,
}

/// How it was over.
#[derive(Debug)]
pub(crate) enum End {
    /// The program ended, or closed its output.
    Closed,
    /// The user left it alone.
    Detached,
    /// Nobody reads the output any more.
    NoReader,
    /// The output cannot be written: a disk is full.
    Unwritable(io::Error),
    /// A signal made topo leave.
    Left(Received),
    /// The connection broke, or the program could not be run.
    Failed(EngineError),
}

/// Connects a program with this terminal, until one of the ends in [`End`]. `resize` tells the
/// program's terminal its new size, and whether it took it; `leave` ends when topo is to leave.
pub(crate) async fn io_pump<Resizing: Future<Output = bool>>(
    attached: Attached,
    wiring: Wiring,
    resize: impl Fn(TerminalSize) -> Resizing,
    leave: impl Future<Output = Received>,
) -> End {
    let Attached { output, input } = attached;
    let Wiring { input: wanted, terminal, detach_keys } = wiring;
    let (writer, written) = writer();
    let end = tokio::select! {
        end = show(output, &writer) => end,
        () = forward(input, wanted, detach_keys) => End::Detached,
        never = follow_size(terminal, resize) => match never {},
        received = leave => End::Left(received),
    };
    drop(writer);
    if matches!(end, End::Left(_)) {
        return end;
    }
    // The thread ends when everything is written.
    match written.await {
        Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => End::Unwritable(error),
        _ => end,
    }
}

async fn show(
    mut output: impl futures_util::Stream<Item = Result<LogChunk, EngineError>> + Unpin,
    writer: &mpsc::Sender<LogChunk>,
) -> End {
    while let Some(chunk) = output.next().await {
        match chunk {
            Ok(chunk) => {
                if writer.send(chunk).await.is_err() {
                    return End::NoReader;
                }
            }
            Err(error) => return End::Failed(error),
        }
    }
    End::Closed
}

/// Hands the standard input on; ends when the user detaches, and at no other time.
async fn forward(mut input: Input, wanted: InputWiring, mut detach_keys: Option<DetachKeys>) {
    if wanted == InputWiring::None {
        return pending().await;
    }
    let mut pieces = reader();
    // An input that cannot be read has ended.
    while let Some(Ok(piece)) = pieces.recv().await {
        let Some(keys) = &mut detach_keys else {
            if !input.send(&piece).await {
                return pending().await;
            }
            continue;
        };
        let typed = keys.take(&piece);
        let is_taken = input.send(&typed.bytes).await;
        if typed.is_detached {
            return;
        }
        if !is_taken {
            return pending().await;
        }
    }
    if wanted == InputWiring::Whole {
        input.close().await;
    }
    pending().await
}

/// Tells the program's terminal when this one changes its size.
async fn follow_size<Resizing: Future<Output = bool>>(
    terminal: TerminalWiring,
    resize: impl Fn(TerminalSize) -> Resizing,
) -> Infallible {
    if terminal == TerminalWiring::OfUnknownSize {
        // The engine takes it only once the program runs, and does not say when that is.
        for attempt in 1..=10 {
            if resize(terminal::size()).await {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10 * attempt)).await;
        }
    }
    if terminal != TerminalWiring::None
        && let Ok(mut changes) = signal(SignalKind::window_change())
    {
        while changes.recv().await.is_some() {
            resize(terminal::size()).await;
        }
    }
    pending().await
}

/// Reads the standard input, as it comes.
pub(crate) fn reader() -> mpsc::Receiver<io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        let Ok(mut input) = stdin().as_fd().try_clone_to_owned().map(File::from) else { return };
        let mut piece = vec![0; PIECE];
        loop {
            let read = match input.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => Ok(Bytes::copy_from_slice(&piece[..count])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_last = read.is_err();
            // Nobody wants it any more, or the terminal is gone.
            if sender.blocking_send(read).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

/// Writes to the standard output and the standard error, in the order in which the pieces came. The
/// second value is ready when all is written, or nothing can be written any more.
fn writer() -> (mpsc::Sender<LogChunk>, oneshot::Receiver<io::Result<()>>) {
    let (sender, mut receiver) = mpsc::channel::<LogChunk>(WAITING);
    let (done, written) = oneshot::channel();
    std::thread::spawn(move || {
        let out = stdout().as_fd().try_clone_to_owned().map(File::from);
        let err = stderr().as_fd().try_clone_to_owned().map(File::from);
        let mut result = Ok(());
        if let (Ok(mut out), Ok(mut err)) = (out, err) {
            while let Some(LogChunk { stream, bytes }) = receiver.blocking_recv() {
                match stream {
                    OutputStream::Out => result = out.write_all(&bytes),
                    OutputStream::Err => {
                        // Whoever closes the standard error wants nothing of it.
                        let _ = err.write_all(&bytes);
                    }
                }
                if result.is_err() {
                    break;
                }
            }
        }
        // What is on its way to a writer that is gone is not waited for.
        drop(receiver);
        let _ = done.send(result);
    });
    (sender, written)
}
