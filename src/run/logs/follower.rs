//! In: what was found out about containers, and what is heard of them. Out: what is to be found out next, and
//! what is told of their ends.
//! Must not: call an engine, wait, or read a clock.
//!
//! | state | what happens | next state |
//! |---|---|---|
//! | `Locating` | its end was found, it runs or was started meanwhile | `Reading` |
//! | `Locating` | its end was found, it does not run | `Idle` |
//! | `Idle`, `Unstarted` | started | `Reading` |
//! | `Unstarted` | removed | `Over` |
//! | `Reading` | its output ended, it was started meanwhile | `Reading` |
//! | `Reading` | its output ended, it runs or the engine is to start it again | `Returning` |
//! | `Reading` | its output ended, it was never started | `Unstarted` |
//! | `Reading` | its output ended, and so did it | `Over` |
//! | `Returning` | started; or nothing was heard of one that runs | `Reading` |
//! | `Returning` | it ended, or is gone | `Over` |
//! | `Over` | started | `Reading` |
//! | `Locating`, `Reading` | its output cannot be read | `Over` |

use super::drain::Unreadable;
use super::expected_exits::ComesBackAs;
use super::follow::FollowContext;
use super::hook_lines::{HookLine, Speaker};
use super::log_stream::Position;
use super::sink::{Label, LogEvent, SharedSink};
use super::{Begin, Source};
use crate::engine::{Change, EngineError, LogChoice, What};
use crate::plan::observed::{ContainerState, Status};
use crate::run::Heard;
use crate::topology::name::ContainerName;

/// Follows containers.
pub(super) struct LogFollower<'follow> {
    context: FollowContext<'follow>,
    followed: Vec<Followed>,
    sink: &'follow SharedSink<'follow>,
}

/// A followed container.
struct Followed {
    source: Source,
    label: Label,
    state: FollowState,
    /// It was (re)started while its output was read, so that there is more.
    has_returned: bool,
    /// Its start was known before its event, which is still to come.
    is_ahead: bool,
    /// The exit code of its last exit, until it is reported.
    exit_code: Option<i64>,
    /// topo itself took it down, and brings it back.
    comes_back: Option<ComesBackAs>,
    /// How far its output was read.
    position: Position,
}

/// The phase of a followed container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FollowState {
    /// The beginning of its output is being determined.
    Locating,
    /// It has not been running since it joined.
    Idle,
    /// It was created, but never started.
    Unstarted,
    /// Its output is being read.
    Reading,
    /// It exited, but the engine will restart it.
    Returning,
    /// It exited.
    Over,
}

/// A request about a container.
pub(super) struct Reading {
    pub(super) place: usize,
    pub(super) label: Label,
    pub(super) container: ContainerName,
    pub(super) question: Question,
    /// Whether times are shown.
    pub(super) with_times: bool,
    /// How far its output was read.
    pub(super) position: Position,
}

/// What to request.
pub(super) enum Question {
    /// When the last line so far was printed.
    Begin,
    /// The output, which is passed to the sink.
    Output(LogChoice),
    /// Its state.
    State,
    /// Its state, if there is no event meanwhile.
    StateAfterSilence,
}

/// The result of a request.
pub(super) struct Answer {
    pub(super) place: usize,
    pub(super) error: Option<EngineError>,
    pub(super) state: Option<ContainerState>,
    pub(super) purpose: Purpose,
    pub(super) position: Position,
}

/// The purpose of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Output, or where it begins.
    Output,
    /// The state.
    State,
    /// The state after a while without events.
    StateAfterSilence,
}

impl<'follow> LogFollower<'follow> {
    pub(super) fn new(context: FollowContext<'follow>, sink: &'follow SharedSink<'follow>) -> Self {
        Self { context, followed: Vec::new(), sink }
    }

    /// Whether any container is in this phase.
    pub(super) fn has(&self, state: FollowState) -> bool {
        self.followed.iter().any(|followed| followed.state == state)
    }

    /// Follows a container from now on.
    pub(super) fn join(&mut self, source: Source) -> Reading {
        let label = self.sink.join(&source.label);
        let (choice, begin) = (source.choice.clone(), source.begin);
        self.followed.push(Followed {
            source,
            label,
            state: FollowState::Locating,
            has_returned: false,
            is_ahead: false,
            exit_code: None,
            comes_back: None,
            position: Position::default(),
        });
        let place = self.followed.len() - 1;
        match begin {
            Begin::Past => self.open(place, choice),
            Begin::Now => self.reading(place, Question::Begin),
        }
    }

    fn open(&mut self, place: usize, choice: LogChoice) -> Reading {
        let followed = &mut self.followed[place];
        followed.state = FollowState::Reading;
        followed.has_returned = false;
        self.context.drain.begins(&followed.source.container);
        self.reading(place, Question::Output(LogChoice { follow: true, ..choice }))
    }

    fn reading(&self, place: usize, question: Question) -> Reading {
        let Followed { source, label, position, .. } = &self.followed[place];
        Reading {
            place,
            label: *label,
            container: source.container.clone(),
            question,
            with_times: source.choice.timestamps,
            position: position.clone(),
        }
    }

    /// A hook printed a line.
    pub(super) fn hook_line(&self, line: HookLine) {
        let HookLine { speaker, text } = line;
        let label = match speaker {
            Speaker::Service(container) => self.label(&container),
            Speaker::Own(label) => label,
        };
        self.sink.event(self.sink.join(&label), &LogEvent::HookLine(&text));
    }

    fn label(&self, container: &ContainerName) -> String {
        let joined = self.followed.iter().find(|followed| followed.source.container == *container);
        match joined {
            Some(followed) => followed.source.label.clone(),
            None => (self.context.joins)(container).map_or(container.to_string(), |source| source.label),
        }
    }

    /// A request is finished, and the container's state is known.
    pub(super) fn answered(&mut self, answer: Answer) -> Option<Reading> {
        let Answer { place, error, state, purpose, position } = answer;
        let followed = &mut self.followed[place];
        // It was restarted meanwhile, or its exit was already reported.
        if purpose != Purpose::Output && followed.state != FollowState::Returning {
            return None;
        }
        let is_running = state.as_ref().is_some_and(ContainerState::is_running);
        match followed.state {
            FollowState::Locating => {
                followed.position = position;
                followed.state = FollowState::Idle;
                if let Some(error) = error {
                    self.lose(place, &error);
                    return None;
                }
                return (is_running || followed.has_returned).then(|| self.go_on(place));
            }
            FollowState::Reading => followed.position = position,
            FollowState::Idle | FollowState::Unstarted | FollowState::Returning | FollowState::Over => {}
        }
        if followed.has_returned {
            return Some(self.open_again(place));
        }
        if let Some(error) = error.filter(|error| !is_gone(error)) {
            self.lose(place, &error);
            return None;
        }
        let status = state.as_ref().map(|state| state.status);
        if purpose == Purpose::StateAfterSilence && status == Some(Status::Running) {
            return Some(self.go_on(place));
        }
        followed.state = match status {
            Some(Status::Created) => FollowState::Unstarted,
            _ if is_running => FollowState::Returning,
            _ => FollowState::Over,
        };
        if followed.state == FollowState::Over {
            self.tell_end(place, state);
        }
        self.context.drain.ends(&self.followed[place].source.container);
        let is_in_doubt = purpose == Purpose::Output && is_running;
        is_in_doubt.then(|| self.reading(place, Question::StateAfterSilence))
    }

    /// The output of a container can no longer be read.
    fn lose(&mut self, place: usize, error: &EngineError) {
        let followed = &mut self.followed[place];
        followed.state = FollowState::Over;
        let container = &followed.source.container;
        let unreadable = Unreadable { container: container.clone(), why: error.to_string() };
        self.sink.event(followed.label, &LogEvent::Unreadable(&unreadable));
        self.context.drain.hears(container);
        self.context.drain.loses(container);
        self.context.drain.ends(container);
    }

    /// How a container comes back that topo took down, which is known only while it is down.
    fn comes_back(&mut self, place: usize) -> Option<ComesBackAs> {
        let followed = &mut self.followed[place];
        followed.comes_back =
            followed.comes_back.or(self.context.expected_exits.comes_back_as(&followed.source.container));
        followed.comes_back
    }

    fn tell_end(&mut self, place: usize, state: Option<ContainerState>) {
        if self.comes_back(place).is_some() {
            return;
        }
        let followed = &mut self.followed[place];
        let heard = followed.exit_code.take();
        if heard.is_none() && followed.source.has_ended {
            return;
        }
        let exit_code = state.map(|state| state.exit_code).or(heard);
        self.sink.event(followed.label, &LogEvent::Ended { exit_code });
    }

    /// Handles an event of the project.
    pub(super) fn heard(&mut self, heard: &Heard) -> Vec<Reading> {
        match heard {
            Heard::Changed(change) => self.changed(change).into_iter().collect(),
            // A start, and what followed it, may have been missed.
            Heard::Holds => {
                self.followed.iter_mut().for_each(|followed| followed.is_ahead = false);
                let is_returning = |place: &usize| self.followed[*place].state == FollowState::Returning;
                let returning: Vec<_> = (0..self.followed.len()).filter(is_returning).collect();
                returning.into_iter().map(|place| self.go_on(place)).collect()
            }
            Heard::Broke => Vec::new(),
        }
    }

    /// A container was started, with or without an event.
    pub(super) fn started(&mut self, source: Source) -> Option<Reading> {
        let is_it = |followed: &Followed| followed.source.container == source.container;
        let (place, reading) = match self.followed.iter().position(is_it) {
            None => {
                let reading = self.join(source);
                (self.followed.len() - 1, reading)
            }
            Some(place)
                if matches!(self.followed[place].state, FollowState::Idle | FollowState::Unstarted) =>
            {
                (place, self.go_on(place))
            }
            Some(_) => return None,
        };
        self.followed[place].is_ahead = true;
        Some(reading)
    }

    fn changed(&mut self, change: &Change) -> Option<Reading> {
        let is_it = |followed: &Followed| followed.source.container == change.container;
        let Some(place) = self.followed.iter().position(is_it) else {
            let is_start = change.what == What::Started;
            return is_start
                .then(|| (self.context.joins)(&change.container))?
                .map(|source| self.join(source));
        };
        let followed = &mut self.followed[place];
        if change.what == What::Started && std::mem::take(&mut followed.is_ahead) {
            return None;
        }
        if matches!(change.what, What::Died { .. }) {
            // Events are in order: the event of that start is lost.
            followed.is_ahead = false;
        }
        match (&change.what, followed.state) {
            (What::Died { exit_code }, FollowState::Reading | FollowState::Returning) => {
                followed.exit_code = Some(*exit_code);
                self.comes_back(place);
            }
            (What::Removed, FollowState::Unstarted) => followed.state = FollowState::Over,
            (What::Started, FollowState::Locating) => followed.has_returned = true,
            (What::Started, FollowState::Idle | FollowState::Unstarted) => return Some(self.go_on(place)),
            // A start without an exit before it is the one whose output is being read.
            (What::Started, FollowState::Reading) => followed.has_returned = followed.exit_code.is_some(),
            (What::Started, FollowState::Returning | FollowState::Over) => {
                return Some(self.open_again(place));
            }
            _ => {}
        }
        let is_in_doubt = self.followed[place].state == FollowState::Returning;
        is_in_doubt.then(|| self.reading(place, Question::State))
    }

    fn open_again(&mut self, place: usize) -> Reading {
        let exit_code = self.followed[place].exit_code.take();
        let event = match self.followed[place].comes_back.take() {
            Some(comes_back) => LogEvent::CameBack(comes_back),
            None => LogEvent::StartedAgain { exit_code },
        };
        self.sink.event(self.followed[place].label, &event);
        self.go_on(place)
    }

    /// Continues after the last line.
    fn go_on(&mut self, place: usize) -> Reading {
        let source = &mut self.followed[place].source;
        source.has_ended = false;
        let choice = source.choice.clone();
        self.open(place, choice)
    }
}

/// Whether a container no longer exists, or is being removed.
fn is_gone(error: &EngineError) -> bool {
    matches!(error, EngineError::Refused { status: 404 | 409, .. })
}
