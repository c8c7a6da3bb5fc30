//! Ctrl-C: once, nothing new is started; once more than there is an answer to, topo leaves.

use std::sync::OnceLock;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::terminal;
use crate::report::StopSignal;

/// Cancels `token` at the first SIGINT or SIGTERM; the second one ends the program at once.
pub(crate) fn listen(token: CancellationToken) -> Option<AbortHandle> {
    listen_for(vec![token])
}

/// Cancels a token at each SIGINT or SIGTERM, one after the other; one more ends the program at once.
/// Aborting what is returned leaves these signals to another listener.
pub(crate) fn listen_for(tokens: Vec<CancellationToken>) -> Option<AbortHandle> {
    let (Ok(interrupt), Ok(terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the system's own way holds: the program ends.
        return None;
    };
    let listener = tokio::spawn(async move {
        let mut signals = (interrupt, terminate);
        for token in tokens {
            next(&mut signals).await;
            token.cancel();
        }
        next(&mut signals).await;
        leave();
        std::process::exit(i32::from(exit().code()));
    });
    Some(listener.abort_handle())
}

/// The first signal.
pub(crate) static FIRST_SIGNAL: OnceLock<StopSignal> = OnceLock::new();

/// How the program ends that a signal interrupted, as shells have it: the first signal counts.
pub(crate) fn exit() -> Exit {
    match FIRST_SIGNAL.get() {
        Some(StopSignal::Terminate) => Exit::Terminated,
        Some(StopSignal::Interrupt) | None => Exit::Interrupted,
    }
}

/// Does what comes before a run, which the first SIGINT or SIGTERM ends.
pub(crate) async fn unless_asked_to_end<T>(
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    tokio::select! { biased;
        done = work => done,
        () = asked_to_end() => Err(CliError::Interrupted),
    }
}

/// Ends at the next SIGINT or SIGTERM. Where these cannot be caught, the system ends the program.
pub(crate) async fn asked_to_end() {
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(interrupt), Ok(terminate)) => next(&mut (interrupt, terminate)).await,
        _ => std::future::pending().await,
    }
}

async fn next((interrupt, terminate): &mut (Signal, Signal)) {
    let signal = tokio::select! {
        _ = interrupt.recv() => StopSignal::Interrupt,
        _ = terminate.recv() => StopSignal::Terminate,
    };
    // Another one came first.
    let _ = FIRST_SIGNAL.set(signal);
}

/// What is under way is left to the engine; the shell's prompt gets a line of its own.
fn leave() {
    terminal::restore();
    let terminal = console::Term::stderr();
    // Nothing can be done about a terminal that is gone.
    if terminal.is_term() {
        let _ = terminal.show_cursor();
    }
    let _ = terminal.write_line(
        "\nquit: the engine completes what it was asked to do; `topo ps --all` lists the containers",
    );
}
