//! In: what is read of containers. Out: the same for whoever shows it, at the pace of its readers.
//! Must not: know how it is shown.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::sync::Notify;

use super::drain::{LogDrain, Unreadable};
use super::expected_exits::ComesBackAs;
use super::line_cutter::{BothLineEnds, Line};

/// Receives what is read of containers, and buffers it until its readers accept it.
pub trait LogSink {
    /// The line ends for each of a container's two streams.
    fn line_ends(&self) -> BothLineEnds;

    /// Adds a container with its label, if it is new.
    fn join(&mut self, label: &str) -> Label;

    /// Something was read of the container with this label, or happened to it.
    fn event(&mut self, label: Label, event: &LogEvent<'_>);

    /// How many bytes are buffered.
    fn held(&self) -> usize;

    /// Writes buffered data; pending while a reader accepts no more.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// Whether nothing can be written any more: a pipe was closed, a disk is full.
    fn is_broken(&self) -> bool;

    /// Why nothing can be written any more, as a text; `None` for a closed pipe: `topo logs | head`
    /// is fine.
    fn failure(&self) -> Option<String>;
}

/// A label in a [`LogSink`], by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(pub usize);

/// What is read of a container, or happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEvent<'a> {
    /// It printed a line.
    Line {
        /// The line.
        line: Line<'a>,
        /// Whether its time is shown.
        with_time: bool,
    },
    /// A hook printed a line in it.
    HookLine(&'a str),
    /// It exited, and is not restarted; without an exit code it is gone.
    Ended {
        /// The exit code.
        exit_code: Option<i64>,
    },
    /// It was restarted, by whatever.
    StartedAgain {
        /// The exit code of its last exit, if known.
        exit_code: Option<i64>,
    },
    /// A run of topo took it down, and it is back.
    CameBack(ComesBackAs),
    /// Its output can no longer be read.
    Unreadable(&'a Unreadable),
}

/// When this much is buffered, reading waits until it is written.
pub(super) const ENOUGH: usize = 16 * 1024;

/// Writes everything that a sink has buffered.
pub(super) async fn hand_on(sink: &mut dyn LogSink) {
    poll_fn(|context| sink.poll_flush(context)).await;
}

/// A sink that several readers pass lines to, while one task flushes it.
pub(super) struct SharedSink<'follow> {
    sink: RefCell<&'follow mut dyn LogSink>,
    /// Notified when nothing is buffered any more.
    handed_on: Notify,
}

impl<'follow> SharedSink<'follow> {
    pub(super) fn new(sink: &'follow mut dyn LogSink) -> Self {
        Self { sink: RefCell::new(sink), handed_on: Notify::new() }
    }

    pub(super) fn line_ends(&self) -> BothLineEnds {
        self.sink.borrow().line_ends()
    }

    pub(super) fn join(&self, label: &str) -> Label {
        self.sink.borrow_mut().join(label)
    }

    pub(super) fn event(&self, label: Label, event: &LogEvent<'_>) {
        self.sink.borrow_mut().event(label, event);
    }

    pub(super) fn is_broken(&self) -> bool {
        self.sink.borrow().is_broken()
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.sink.borrow().failure()
    }

    /// Writes buffered data as its readers accept it, until nothing can be written any more.
    pub(super) async fn hand_on_until_broken(&self, drain: &LogDrain) {
        poll_fn(|context| {
            let before = self.sink.borrow().held();
            // More may be read before the next poll.
            let _ = self.poll_flush(context);
            drain.hands_on(before, self.sink.borrow().held());
            if self.is_broken() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await
    }

    /// Writes everything buffered.
    pub(super) async fn hand_on(&self) {
        poll_fn(|context| self.poll_flush(context)).await;
    }

    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<()> {
        let handed_on = self.sink.borrow_mut().poll_flush(context);
        if handed_on.is_ready() {
            self.handed_on.notify_waiters();
        }
        handed_on
    }

    /// Waits until the flushing task has made room for more.
    pub(super) async fn has_room(&self) {
        self.holds_less_than(ENOUGH).await;
    }

    /// Waits until the flushing task has written everything.
    pub(super) async fn is_handed_on(&self) {
        self.holds_less_than(1).await;
    }

    async fn holds_less_than(&self, bytes: usize) {
        loop {
            let changed = self.handed_on.notified();
            if self.sink.borrow().held() < bytes {
                return;
            }
            changed.await;
        }
    }
}
