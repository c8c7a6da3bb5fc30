//! The keys that `up` listens to in the foreground.

use std::fs::File;
use std::io::{self, Read, stdin};
use std::os::fd::AsFd;
use std::time::Duration;

use futures_util::stream::{self, LocalBoxStream, StreamExt};
use rustix::event::{PollFd, PollFlags, poll};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::sleep;

use crate::cli::io::terminal::{self, Raw};

/// What the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `d`: leave the services running.
    Detach,
    /// `w`: begin to watch files, or end it.
    Watch,
}

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A key that means something.
    Key(Key),
    /// Enter: an empty line between what was printed and what comes.
    EmptyLine,
}

/// A terminal whose keys are heard one by one. Ctrl-C and Ctrl-Z stay signals.
pub(crate) struct Menu {
    keys: Receiver<u8>,
    terminal: Raw,
    /// Whoever goes on after Ctrl-Z finds the terminal as the shell left it.
    goes_on: Option<Signal>,
}

impl Menu {
    /// Listens, if there is a terminal, and it is this program's to listen to: not in the background.
    pub(crate) fn open() -> Option<Self> {
        let is_possible = terminal::is_input() && terminal::is_output() && terminal::is_ours();
        let terminal = is_possible.then(Raw::enter_for_keys)?.ok()?;
        let goes_on = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())).ok();
        Some(Self { keys: reader(), terminal, goes_on })
    }

    /// What is typed, one after the other.
    pub(crate) fn into_stream<'a>(self) -> LocalBoxStream<'a, Typed> {
        stream::unfold(self, async |mut menu| Some((menu.next().await, menu))).boxed_local()
    }

    /// What is typed next. Never anything, when the terminal is gone.
    async fn next(&mut self) -> Typed {
        loop {
            let byte = tokio::select! {
                byte = self.keys.recv() => byte,
                () = continued(&mut self.goes_on) => {
                    // The shell says nothing when it brings a program back that runs in the background.
                    while !terminal::is_ours() {
                        sleep(IN_BACKGROUND).await;
                    }
                    self.terminal.take_keys_again();
                    continue;
                }
            };
            match byte {
                Some(b'd') => return Typed::Key(Key::Detach),
                Some(b'w') => return Typed::Key(Key::Watch),
                Some(b'\r' | b'\n') => return Typed::EmptyLine,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }
}

async fn continued(signal: &mut Option<Signal>) {
    let received = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if received.is_none() {
        std::future::pending().await
    }
}

/// How long a program in the background waits before it looks whether it is in the foreground.
const IN_BACKGROUND: Duration = Duration::from_millis(500);

/// Reads keys as they are typed. The system stops whoever reads a terminal in the background, so that one first
/// looks whether there is something, and for whom.
fn reader() -> Receiver<u8> {
    let (sender, receiver) = channel(16);
    std::thread::spawn(move || {
        let Ok(mut input) = stdin().as_fd().try_clone_to_owned().map(File::from) else { return };
        let mut piece = [0; 64];
        while !sender.is_closed() {
            match poll(&mut [PollFd::new(&input, PollFlags::IN)], None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return,
            }
            if !terminal::is_ours() {
                std::thread::sleep(IN_BACKGROUND);
                continue;
            }
            let count = match input.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            for byte in &piece[..count] {
                if sender.blocking_send(*byte).is_err() {
                    return;
                }
            }
        }
    });
    receiver
}
