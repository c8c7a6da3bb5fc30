//! In: containers, and the project's events. Out: the output of the containers as it is printed.
//! Must not: poll.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, Stream, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, sleep_until};

use super::drain::LogDrain;
use super::follower::{Answer, FollowState, LogFollower, Purpose, Question, Reading};
use super::line_cutter::{BothLineEnds, Line};
use super::log_stream::{LogStream, Position};
use super::sink::{Label, LogEvent, LogSink, SharedSink};
use super::{ExpectedExits, HookLines, Source};
use crate::engine::{EngineError, Events, LogChoice, Logs, Observe};
use crate::run::subscription;
use crate::topology::name::{ContainerName, ProjectName};

/// The context of the containers that are followed.
#[derive(Clone, Copy)]
pub struct FollowContext<'context> {
    /// The project whose containers may join.
    pub project: &'context ProjectName,
    /// Whether a started container joins, and how.
    pub joins: &'context dyn Fn(&ContainerName) -> Option<Source>,
    /// Is told whose output was shown completely.
    pub drain: &'context LogDrain,
    /// The output of hooks, shown as output of their services.
    pub hook_lines: &'context HookLines,
    /// The containers whose exits are caused by topo, and not reported.
    pub expected_exits: &'context ExpectedExits,
    /// How long to wait for a container to come back when all have exited.
    pub patience: Duration,
}

/// The stream of a running container may end before the container: how long to wait for its events,
/// which say more, before reading again.
const EVENTS_COME: Duration = Duration::from_secs(2);

/// Containers that are known to have been started, although their events may arrive later, or
/// never.
pub type Started = UnboundedReceiver<Source>;

/// Reads what containers print, until all of them ended and `stay` is over, or said last that it is not needed.
/// A container that is started again goes on where it ended; one that was never started is waited for. That
/// nothing can be written any more ends it too. Output that cannot be read, although it was asked for again, is
/// told as an error. While nobody takes what is read, no more of it is read, and all else goes on.
///
/// `stay` is polled from the time on at which nothing that happens is missed: it is known where the output
/// of each source begins, and a container that starts joins.
pub async fn follow<E: Observe + Events + Logs>(
    engine: &E,
    sources: Vec<Source>,
    context: FollowContext<'_>,
    mut started: Started,
    stay: impl Stream<Item = bool>,
    sink: &mut dyn LogSink,
) {
    let (sender, mut heard) = unbounded_channel();
    let hear = |heard| {
        // The receiver lives as long as this future.
        let _ = sender.send(heard);
    };
    let mut listening = pin!(subscription(engine, context.project, hear));
    let mut is_listening = true;
    // Containers that exit before the subscription would be waited for in vain.
    tokio::select! { biased;
        _ = &mut listening => is_listening = false,
        _ = heard.recv() => {}
    }

    let sink = SharedSink::new(sink);
    context.hook_lines.begin();
    let mut follower = LogFollower::new(context, &sink);
    let reading = |reading| read(engine, context.drain, &sink, reading);
    let mut readings: FuturesUnordered<_> =
        sources.into_iter().map(|source| reading(follower.join(source))).collect();
    let mut stay = pin!(stay);
    let (mut is_staying, mut may_stay, mut may_start) = (true, true, true);
    let mut all_ended_at = None;
    loop {
        let can_grow = is_listening || may_start;
        let is_to_come = follower.has(FollowState::Returning) || follower.has(FollowState::Unstarted);
        let waits = (is_staying && can_grow) || (is_listening && is_to_come);
        let is_set = !follower.has(FollowState::Locating);
        if sink.is_broken() {
            break;
        }
        all_ended_at = (readings.is_empty() && !waits).then(|| all_ended_at.unwrap_or_else(Instant::now));
        let patience = if is_listening { context.patience } else { Duration::ZERO };
        let gives_up_at = all_ended_at.map(|ended| ended + patience);
        if gives_up_at.is_some_and(|end| end <= Instant::now()) {
            break;
        }
        let more = tokio::select! { biased;
            Some(answer) = readings.next() => Vec::from_iter(follower.answered(answer)),
            Some(heard) = heard.recv() => follower.heard(&heard),
            source = started.recv(), if may_start => {
                may_start = source.is_some();
                Vec::from_iter(source.and_then(|source| follower.started(source)))
            }
            stays = stay.next(), if may_stay && is_set => {
                may_stay = stays.is_some();
                is_staying = stays.unwrap_or(false);
                Vec::new()
            }
            _ = &mut listening, if is_listening => { is_listening = false; Vec::new() }
            line = context.hook_lines.next() => { follower.hook_line(line); Vec::new() }
            () = until(gives_up_at) => Vec::new(),
            // Last in order: what was read is written before anything is waited for.
            () = sink.hand_on_until_broken(context.drain) => Vec::new(),
        };
        readings.extend(more.into_iter().map(reading));
    }
    context.hook_lines.end();
    while let Some(line) = context.hook_lines.take() {
        follower.hook_line(line);
    }
    sink.hand_on().await;
    context.drain.breaks(sink.failure());
}

/// Ends at a time; never without one.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

/// Performs a reading, and determines the container's state afterwards.
async fn read<E: Observe + Logs>(
    engine: &E,
    drain: &LogDrain,
    sink: &SharedSink<'_>,
    reading: Reading,
) -> Answer {
    let Reading { place, label, container, question, with_times, mut position } = reading;
    let mut error = None;
    let purpose = match question {
        Question::Begin | Question::Output(_) => Purpose::Output,
        Question::State => Purpose::State,
        Question::StateAfterSilence => Purpose::StateAfterSilence,
    };
    let line_ends = sink.line_ends();
    match question {
        Question::Begin => match end_of_past(engine, &container, line_ends, drain).await {
            Ok(end) => position = end,
            Err(failed) => error = Some(failed),
        },
        Question::Output(choice) => {
            let stream = LogStream::new(engine, container.clone(), choice, position, line_ends);
            let mut stream = stream.telling(drain);
            let feed = Feed { label, with_times, drain, sink };
            error = feed.read(&mut stream).await.err();
            position = stream.position().clone();
        }
        Question::State => {}
        Question::StateAfterSilence => sleep(EVENTS_COME).await,
    }
    let state = engine.inspect(&container).await.ok();
    Answer { place, error, state, purpose, position }
}

/// The position after the last line that a container has printed so far.
async fn end_of_past<E: Logs>(
    engine: &E,
    container: &ContainerName,
    line_ends: BothLineEnds,
    drain: &LogDrain,
) -> Result<Position, EngineError> {
    let choice = LogChoice { tail: Some(1), ..LogChoice::default() };
    let stream = LogStream::new(engine, container.clone(), choice, Position::default(), line_ends);
    let mut stream = stream.telling(drain);
    let mut last = Vec::new();
    while stream.read(|line| last = last.as_slice().max(line.time).to_owned()).await? {}
    Ok(Position::after(&last))
}

/// Passes the output of one container to the sink.
struct Feed<'read, 'follow> {
    label: Label,
    with_times: bool,
    drain: &'read LogDrain,
    sink: &'read SharedSink<'follow>,
}

impl Feed<'_, '_> {
    async fn read<E: Logs>(&self, stream: &mut LogStream<'_, E>) -> Result<(), EngineError> {
        let give = |line: Line<'_>| {
            self.sink.event(self.label, &LogEvent::Line { line, with_time: self.with_times });
        };
        while stream.read(give).await? {
            self.drain.moves();
            self.sink.has_room().await;
            if self.sink.is_broken() {
                return Ok(());
            }
        }
        self.sink.is_handed_on().await;
        Ok(())
    }
}
