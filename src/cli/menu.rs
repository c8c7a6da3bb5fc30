//! The keys that `up` listens to in the foreground.

use std::io;

use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

use crate::cli::relay;
use crate::cli::terminal::{self, Raw};

/// What the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// `d`: leave the services running.
    Detach,
    /// `w`: begin to watch files, or end it.
    Watch,
}

/// A terminal whose keys are heard one by one. Ctrl-C stays a signal.
pub(super) struct Menu {
    keys: Receiver<io::Result<Bytes>>,
    typed: Vec<u8>,
    _terminal: Raw,
}

impl Menu {
    /// Listens, if there is a terminal.
    pub(super) fn open() -> Option<Self> {
        let is_possible = terminal::is_input() && terminal::is_output();
        let terminal = is_possible.then(Raw::enter_for_keys)?.ok()?;
        Some(Self { keys: relay::reader(), typed: Vec::new(), _terminal: terminal })
    }

    /// The next key that means something. Never, when the terminal is gone.
    pub(super) async fn next(&mut self) -> Key {
        loop {
            while let Some(byte) = self.typed.pop() {
                match byte {
                    b'd' => return Key::Detach,
                    b'w' => return Key::Watch,
                    _ => {}
                }
            }
            match self.keys.recv().await {
                Some(Ok(piece)) => self.typed.extend(piece.iter().rev()),
                Some(Err(_)) | None => std::future::pending().await,
            }
        }
    }
}
