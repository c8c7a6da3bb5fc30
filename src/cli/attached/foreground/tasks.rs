//! In: what goes on at the same time while `up` is attached. Out: what happens, one event after the other.
//! Must not: decide what is done about it.

use std::future::pending;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::LocalBoxStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use crate::cli::error::CliError;
use crate::run::attached::AttachedEvent;

/// What goes on at the same time. What is not going on is absent.
pub(super) struct Tasks<'t> {
    interrupted: Option<&'t CancellationToken>,
    kill_requested: Option<&'t CancellationToken>,
    /// What ends of containers lead to.
    told: UnboundedReceiver<AttachedEvent>,
    /// Bringing up, draining, stopping: one at a time, and what comes of it.
    pub(super) work: Option<LocalBoxFuture<'t, Result<AttachedEvent, CliError>>>,
    /// Tells of the ends of containers, without an end of its own but a failure.
    pub(super) ends: Option<LocalBoxFuture<'t, CliError>>,
    /// The keys that are pressed.
    pub(super) keys: Option<LocalBoxStream<'t, AttachedEvent>>,
    /// Watches files.
    pub(super) watching: Option<LocalBoxFuture<'t, ()>>,
    /// Brings back what it has taken down, although files are not watched any more.
    pub(super) last_pass: Option<LocalBoxFuture<'t, ()>>,
    /// Shows the output.
    pub(super) output: Option<LocalBoxFuture<'t, ()>>,
    /// Hears what happens to containers; without that nothing aborts, and the output goes on.
    pub(super) listening: Option<LocalBoxFuture<'t, ()>>,
}

impl<'t> Tasks<'t> {
    pub(super) fn new(
        interrupted: &'t CancellationToken,
        kill_requested: &'t CancellationToken,
        told: UnboundedReceiver<AttachedEvent>,
    ) -> Self {
        Self {
            interrupted: Some(interrupted),
            kill_requested: Some(kill_requested),
            told,
            work: None,
            ends: None,
            keys: None,
            watching: None,
            last_pass: None,
            output: None,
            listening: None,
        }
    }

    /// Goes on with everything until something happens.
    ///
    /// # Errors
    ///
    /// Why work failed.
    pub(super) async fn next(&mut self) -> Result<AttachedEvent, CliError> {
        loop {
            return tokio::select! { biased;
                () = once(&mut self.interrupted) => Ok(AttachedEvent::Interrupted),
                () = once(&mut self.kill_requested) => Ok(AttachedEvent::KillRequested),
                done = end_of(&mut self.work) => done,
                Some(event) = self.told.recv() => Ok(event),
                failed = end_of(&mut self.ends) => Err(failed),
                event = next_of(&mut self.keys) => Ok(event),
                () = end_of(&mut self.watching) => Ok(AttachedEvent::WatchFailed),
                () = end_of(&mut self.output) => Ok(AttachedEvent::OutputEnded),
                () = end_of(&mut self.last_pass) => continue,
                () = end_of(&mut self.listening) => continue,
            };
        }
    }

    /// Waits until what watches files, or did, has ended.
    pub(super) async fn finish_watching(&mut self) {
        for task in [self.last_pass.take(), self.watching.take()].into_iter().flatten() {
            task.await;
        }
    }
}

/// Ends when the token is triggered, the first time that it is asked.
async fn once(token: &mut Option<&CancellationToken>) {
    match token {
        Some(is_triggered) => is_triggered.cancelled().await,
        None => pending().await,
    }
    *token = None;
}

/// The end of a task, if it goes on.
async fn end_of<T>(task: &mut Option<LocalBoxFuture<'_, T>>) -> T {
    let end = match task {
        Some(task) => task.await,
        None => pending().await,
    };
    *task = None;
    end
}

async fn next_of<T>(stream: &mut Option<LocalBoxStream<'_, T>>) -> T {
    let next = match stream {
        Some(stream) => stream.next().await,
        None => None,
    };
    match next {
        Some(next) => next,
        None => pending().await,
    }
}
