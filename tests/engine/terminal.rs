//! A pseudo terminal.

use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use pty_process::Size;
use pty_process::blocking::{Pts, Pty, open};
use rustix::termios::{LocalModes, tcgetattr};

use crate::harness::eventually;

/// A terminal with a program in its foreground.
pub(crate) struct Terminal {
    pty: Arc<Pty>,
    pts: Pts,
    child: Child,
    screen: Arc<Mutex<Vec<u8>>>,
    seen: usize,
}

impl Terminal {
    /// Starts a program in a terminal of 24 lines of 80 columns.
    pub(crate) fn start(command: Command) -> Self {
        Self::of_width(80, command)
    }

    /// Starts a program in a terminal of 24 lines of this many columns.
    pub(crate) fn of_width(columns: u16, command: Command) -> Self {
        let (pty, pts) = open().expect("a terminal");
        pty.resize(Size::new(24, columns)).expect("a size");
        let child = with_terminal(command).spawn_borrowed(&pts).expect("the program starts");
        let (pty, screen) = (Arc::new(pty), Arc::new(Mutex::new(Vec::new())));
        let (reader, shown) = (Arc::clone(&pty), Arc::clone(&screen));
        // It ends with the test's process: the terminal stays open.
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count) = (&*reader).read(&mut piece) {
                shown.lock().expect("no panic").extend_from_slice(&piece[..count]);
            }
        });
        Self { pty, pts, child, screen, seen: 0 }
    }

    /// Types keys; `\x03` is Ctrl-C.
    pub(crate) fn types(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("the keys are taken");
    }

    /// Waits until a text is shown, after the one that was waited for before.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) {
        let mut shown = String::new();
        let (screen, seen) = (Arc::clone(&self.screen), self.seen);
        let mut end = 0;
        eventually(&format!("`{text}` on the screen"), || {
            let bytes = screen.lock().expect("no panic");
            shown = String::from_utf8_lossy(&bytes[seen..]).into_owned();
            let found = bytes[seen..].windows(text.len()).position(|window| window == text.as_bytes());
            end = found.map_or(0, |at| seen + at + text.len());
            found.is_some()
        });
        self.seen = end;
    }

    /// Changes the size of the window.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        self.pty.resize(Size::new(rows, columns)).expect("a size");
    }

    /// Sends a signal to the program itself.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// Whether the terminal echoes and reads lines, as the shell set it up.
    pub(crate) fn is_restored(&self) -> bool {
        let modes = tcgetattr(&self.pts).expect("the terminal's settings").local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }

    /// Waits until the program exits.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> i32 {
        let mut status = None;
        let child = &mut self.child;
        eventually("the end of the program", || {
            status = child.try_wait().expect("a child");
            status.is_some()
        });
        status.and_then(|status| status.code()).unwrap_or(-1)
    }

    /// Everything shown so far.
    pub(crate) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("no panic")).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes the terminal the program's input and output.
fn with_terminal(command: Command) -> pty_process::blocking::Command {
    let mut inside = pty_process::blocking::Command::new(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        inside = inside.current_dir(directory);
    }
    inside.env("TERM", "xterm")
}
