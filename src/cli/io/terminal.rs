//! In: the terminal that topo was started in. Out: the same terminal raw, and afterwards as it was.
//! Must not: leave it raw, however topo ends.

use std::io::{self, IsTerminal, stdin, stdout};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr};

use crate::engine::TerminalSize;

/// What the terminal was like before it became raw.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// A raw terminal: every key goes to the program in the container, Ctrl-C too. It ends with this value.
pub(crate) struct Raw(());

impl Raw {
    /// Makes the terminal of the standard input raw.
    pub(crate) fn enter() -> io::Result<Self> {
        Self::change(Termios::make_raw)
    }

    /// Makes each key heard at once, and none shown; Ctrl-C stays a signal, and lines end as before.
    pub(crate) fn enter_for_keys() -> io::Result<Self> {
        Self::change(hear_keys)
    }

    /// [`Raw::enter_for_keys`], after somebody else had the terminal meanwhile.
    pub(crate) fn take_keys_again(&self) {
        // One that is gone has no keys.
        if let Ok(mut terminal) = tcgetattr(stdin()) {
            hear_keys(&mut terminal);
            let _ = tcsetattr(stdin(), OptionalActions::Now, &terminal);
        }
    }

    fn change(change: impl FnOnce(&mut Termios)) -> io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut raw = before.clone();
        change(&mut raw);
        restore_after_panic();
        *saved() = Some(before);
        tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        Ok(Self(()))
    }
}

fn hear_keys(terminal: &mut Termios) {
    terminal.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Makes the terminal what it was, if it is raw.
pub(crate) fn restore() {
    // In the background it is somebody else's, and as they want it.
    if let Some(before) = saved().take()
        && is_ours()
    {
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
    }
}

/// A release aborts on a panic: no value is dropped, only the hook runs.
fn restore_after_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            report(panic);
        }));
    });
}

fn saved() -> MutexGuard<'static, Option<Termios>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The size of the terminal; what old terminals had when it is not known.
pub(crate) fn size() -> TerminalSize {
    let known = tcgetwinsize(stdout()).or_else(|_| tcgetwinsize(stdin())).ok();
    match known {
        Some(size) if size.ws_row > 0 && size.ws_col > 0 => {
            TerminalSize { rows: size.ws_row, columns: size.ws_col }
        }
        _ => TerminalSize { rows: 24, columns: 80 },
    }
}

/// Whether a person types here.
pub(crate) fn is_input() -> bool {
    stdin().is_terminal()
}

/// Whether this program is in the foreground of its terminal: the system stops those in the background that read
/// it, or change it.
pub(crate) fn is_ours() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp())
}

/// Whether a person reads here.
pub(crate) fn is_output() -> bool {
    stdout().is_terminal()
}
