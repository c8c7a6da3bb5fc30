//! In: what is read of containers. Out: the same, to whoever shows it, at the pace of its readers.
//! Must not: know how it is shown.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::sync::Notify;

use super::drain::{LogDrain, Unreadable};
use super::expected_exits::ComesBackAs;
use super::line_cutter::{BothLineEnds, Line};

/// Takes what is read of containers, and holds it until its readers take it.
pub trait LogSink {
    /// What ends a line there, for each of a container's two streams.
    fn line_ends(&self) -> BothLineEnds;

    /// Lets a container join under its label, if it has not.
    fn join(&mut self, label: &str) -> Label;

    /// Something was read of the container with this label, or happened to it.
    fn event(&mut self, label: Label, event: &LogEvent<'_>);

    /// How many bytes are held.
    fn held(&self) -> usize;

    /// Hands on what is held; pending while a reader takes no more of it.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// True when nothing can be written any more: a pipe was closed, a disk is full.
    fn is_broken(&self) -> bool;

    /// Why nothing can be written any more, in words, unless the reader has just gone: `topo logs | head` is
    /// fine.
    fn failure(&self) -> Option<String>;
}

/// A label that joined a [`LogSink`], by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(pub usize);

/// What is read of a container, or happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEvent<'a> {
    /// It printed a line.
    Line {
        /// The line.
        line: Line<'a>,
        /// Whether its time is wanted.
        with_time: bool,
    },
    /// A hook printed a line in it.
    HookLine(&'a str),
    /// It ended, and is not started again; without an exit code it is gone.
    Ended {
        /// The exit code.
        exit_code: Option<i64>,
    },
    /// It was started again, by whomever.
    StartedAgain {
        /// The exit code that it ended with before, if its end was heard.
        exit_code: Option<i64>,
    },
    /// A run of topo took it down, and it is back.
    CameBack(ComesBackAs),
    /// Its output cannot be read any more.
    Unreadable(&'a Unreadable),
}

/// So many bytes are worth handing on; whoever reads more waits until that is done.
pub(super) const ENOUGH: usize = 16 * 1024;

/// Hands on all that a sink holds.
pub(super) async fn hand_on(sink: &mut dyn LogSink) {
    poll_fn(|context| sink.poll_flush(context)).await;
}

/// A sink that several readings give lines to, while one task hands them on.
pub(super) struct SharedSink<'follow> {
    sink: RefCell<&'follow mut dyn LogSink>,
    /// Notified when nothing is held any more.
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

    /// Hands on what is held, as its readers take it, until nobody reads any more.
    pub(super) async fn hand_on_until_broken(&self, drain: &LogDrain) {
        poll_fn(|context| {
            let before = self.sink.borrow().held();
            // More may be read before this is asked again.
            let _ = self.poll_flush(context);
            drain.hands_on(before, self.sink.borrow().held());
            if self.is_broken() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await
    }

    /// Hands on all that is held.
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

    /// Waits until somebody else has handed on so much that there is room for more.
    pub(super) async fn has_room(&self) {
        self.holds_less_than(ENOUGH).await;
    }

    /// Waits until somebody else has handed on all that is held.
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
