//! Signals that topo gets while a program in a container is in the foreground.

use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal: the name that the engine knows it by, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// `INT`, `TERM`...
    pub(crate) name: &'static str,
    /// Its number on this system.
    pub(crate) number: i32,
}

impl Received {
    /// Whether somebody wants topo to end.
    pub(crate) fn asks_to_end(self) -> bool {
        matches!(self.name, "INT" | "TERM" | "HUP" | "QUIT")
    }
}

/// Every signal that can be passed on, caught from now on.
pub(crate) struct Signals(Vec<(Received, Signal)>);

impl Signals {
    /// Catches them. One that cannot be caught keeps the system's own way.
    pub(crate) fn listen() -> Self {
        let kinds = [
            ("INT", SignalKind::interrupt()),
            ("TERM", SignalKind::terminate()),
            ("HUP", SignalKind::hangup()),
            ("QUIT", SignalKind::quit()),
            ("USR1", SignalKind::user_defined1()),
            ("USR2", SignalKind::user_defined2()),
        ];
        let caught = kinds.into_iter().filter_map(|(name, kind)| {
            Some((Received { name, number: kind.as_raw_value() }, signal(kind).ok()?))
        });
        Self(caught.collect())
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Received {
        std::future::poll_fn(|context| {
            let mut ready =
                self.0.iter_mut().filter_map(|(received, signal)| match signal.poll_recv(context) {
                    Poll::Ready(Some(())) => Some(*received),
                    Poll::Ready(None) | Poll::Pending => None,
                });
            ready.next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
