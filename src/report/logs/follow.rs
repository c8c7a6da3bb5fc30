//! In: containers, and the project's events. Out: what the containers print, as they print it.
//! Must not: ask at intervals.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, Stream, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, sleep_until};

use super::cutter::{BothLineEnds, Line};
use super::heard::cannot_be_read;
use super::hook_lines::{HookLine, Speaker};
use super::in_hand::Return;
use super::printer::{Printer, Voice, has_room, is_handed_on};
use super::tap::{Position, Tap};
use super::{Begin, HeardOut, HookLines, InHand, Source};
use crate::engine::{Change, Engine, EngineError, LogChoice, What};
use crate::plan::observed::{ContainerState, Status};
use crate::run::{Heard, subscription};
use crate::topology::name::{ContainerName, ProjectName};

/// Those around the containers that are followed.
#[derive(Clone, Copy)]
pub struct Company<'company> {
    /// The project whose containers may join.
    pub project: &'company ProjectName,
    /// Whether a container that was started joins, and how.
    pub joins: &'company dyn Fn(&ContainerName) -> Option<Source>,
    /// Told whose output was shown to its end.
    pub heard_out: &'company HeardOut,
    /// What hooks print meanwhile; it is shown as output of their services.
    pub hook_lines: &'company HookLines,
    /// The containers whose ends are topo's own doing, and no news.
    pub in_hand: &'company InHand,
    /// For how long one that comes back is waited for when all ended.
    pub patience: Duration,
}

/// The stream of a container that runs may end without its end: how long its events are waited for, which say
/// more, before it is read again.
const EVENTS_COME: Duration = Duration::from_secs(2);

/// Containers that are known to have been started; of some the events may not be heard yet, or ever.
pub type Started = UnboundedReceiver<Source>;

/// Prints what containers print, until all of them ended and `stay` is over, or said last that it is not needed. A container that is started
/// again goes on where it ended; one that was never started is waited for. That nothing can be written any
/// more ends it too. Output that cannot be read, although it was asked for again, is told as an error. While
/// nobody takes what is printed, no more of it is read, and all else goes on.
///
/// `stay` is polled from the time on at which nothing that happens is missed: it is known where the output
/// of each source begins, and a container that starts joins.
pub async fn follow<E: Engine>(
    engine: &E,
    sources: Vec<Source>,
    company: Company<'_>,
    mut started: Started,
    stay: impl Stream<Item = bool>,
    printer: &mut Printer<'_>,
) {
    let (sender, mut heard) = unbounded_channel();
    let hear = |heard| {
        // The receiver lives as long as this future.
        let _ = sender.send(heard);
    };
    let mut listening = pin!(subscription(engine, company.project, hear));
    let mut is_listening = true;
    // Containers that end before the subscription holds would be waited for in vain.
    tokio::select! { biased;
        _ = &mut listening => is_listening = false,
        _ = heard.recv() => {}
    }

    let printer = RefCell::new(printer);
    company.hook_lines.begin();
    let mut crowd = Crowd { company, members: Vec::new(), printer: &printer };
    let reading = |reading| read(engine, company.heard_out, &printer, reading);
    let mut readings: FuturesUnordered<_> =
        sources.into_iter().map(|source| reading(crowd.join(source))).collect();
    let mut stay = pin!(stay);
    let (mut is_staying, mut may_stay, mut may_start) = (true, true, true);
    let mut all_ended_at = None;
    loop {
        let can_grow = is_listening || may_start;
        let is_to_come = crowd.has(Hearing::Returning) || crowd.has(Hearing::Unstarted);
        let waits = (is_staying && can_grow) || (is_listening && is_to_come);
        let is_set = !crowd.has(Hearing::Beginning);
        if printer.borrow().is_broken() {
            break;
        }
        all_ended_at = (readings.is_empty() && !waits).then(|| all_ended_at.unwrap_or_else(Instant::now));
        let patience = if is_listening { company.patience } else { Duration::ZERO };
        let gives_up_at = all_ended_at.map(|ended| ended + patience);
        if gives_up_at.is_some_and(|end| end <= Instant::now()) {
            break;
        }
        let more = tokio::select! { biased;
            Some(over) = readings.next() => Vec::from_iter(crowd.note_over(over)),
            Some(heard) = heard.recv() => crowd.note(&heard),
            source = started.recv(), if may_start => {
                may_start = source.is_some();
                Vec::from_iter(source.and_then(|source| crowd.note_start(source)))
            }
            stays = stay.next(), if may_stay && is_set => {
                may_stay = stays.is_some();
                is_staying = stays.unwrap_or(false);
                Vec::new()
            }
            _ = &mut listening, if is_listening => { is_listening = false; Vec::new() }
            line = company.hook_lines.next() => { crowd.say(line); Vec::new() }
            () = until(gives_up_at) => Vec::new(),
            // It comes last: what was printed meanwhile is handed on before anything is waited for.
            () = hand_on_until_broken(&printer, company.heard_out) => Vec::new(),
        };
        readings.extend(more.into_iter().map(reading));
    }
    company.hook_lines.end();
    while let Some(line) = company.hook_lines.take() {
        crowd.say(line);
    }
    poll_fn(|context| printer.borrow_mut().poll_hand_on(context)).await;
    company.heard_out.breaks(printer.borrow().failure());
}

/// Ends at a time; never without one.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

/// Hands on what is printed, as its readers take it, until nobody reads any more.
async fn hand_on_until_broken(printer: &RefCell<&mut Printer<'_>>, heard_out: &HeardOut) {
    poll_fn(|context| {
        let mut printer = printer.borrow_mut();
        let held = printer.held();
        // More may be printed before this is asked again.
        let _ = printer.poll_hand_on(context);
        heard_out.hands_on(held, printer.held());
        if printer.is_broken() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await
}

/// Those who are followed.
struct Crowd<'follow, 'out> {
    company: Company<'follow>,
    members: Vec<Member>,
    printer: &'follow RefCell<&'follow mut Printer<'out>>,
}

struct Member {
    source: Source,
    voice: Voice,
    hearing: Hearing,
    /// It was started (again) while its output was read, so that there is more.
    has_returned: bool,
    /// Its start was known before the engine's event of it, which is to come.
    is_ahead: bool,
    /// The exit code when it ended last, until it is told.
    exit_code: Option<i64>,
    /// Topo itself took it down, and brings it back.
    comes_back: Option<Return>,
    /// How far its output was printed.
    position: Position,
}

/// How far a container is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hearing {
    /// It is found out where its output begins.
    Beginning,
    /// It does not run, and did not since it joined.
    Silent,
    /// It was created, and not started so far.
    Unstarted,
    /// Its output is being read.
    Open,
    /// It ended, but the engine is to start it again.
    Returning,
    /// It ended.
    Over,
}

/// Something to find out about a container.
struct Reading {
    place: usize,
    voice: Voice,
    container: ContainerName,
    task: Task,
    /// Whether times are printed.
    times: bool,
    /// How far its output was printed.
    position: Position,
}

/// What is to be found out.
enum Task {
    /// When the last line was printed before now.
    FindBegin,
    /// The output, which is printed.
    Print(LogChoice),
    /// What state it is in.
    Look,
    /// What state it is in if nothing is heard of it meanwhile.
    LookLater,
}

/// A reading that is over.
struct Over {
    place: usize,
    error: Option<EngineError>,
    state: Option<ContainerState>,
    /// What was wanted.
    found: Found,
    position: Position,
}

/// What a reading was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Output, or where it begins.
    Output,
    /// The state.
    State,
    /// The state after a while in which nothing was heard.
    StateAfterSilence,
}

impl Crowd<'_, '_> {
    fn has(&self, hearing: Hearing) -> bool {
        self.members.iter().any(|member| member.hearing == hearing)
    }

    fn join(&mut self, source: Source) -> Reading {
        let voice = self.printer.borrow_mut().join(&source.label);
        let (choice, begin) = (source.choice.clone(), source.begin);
        self.members.push(Member {
            source,
            voice,
            hearing: Hearing::Beginning,
            has_returned: false,
            is_ahead: false,
            exit_code: None,
            comes_back: None,
            position: Position::default(),
        });
        let place = self.members.len() - 1;
        match begin {
            Begin::Past => self.open(place, choice),
            Begin::Now => self.reading(place, Task::FindBegin),
        }
    }

    fn open(&mut self, place: usize, choice: LogChoice) -> Reading {
        let member = &mut self.members[place];
        member.hearing = Hearing::Open;
        member.has_returned = false;
        self.company.heard_out.begins(&member.source.container);
        self.reading(place, Task::Print(LogChoice { follow: true, ..choice }))
    }

    fn reading(&self, place: usize, task: Task) -> Reading {
        let Member { source, voice, position, .. } = &self.members[place];
        Reading {
            place,
            voice: *voice,
            container: source.container.clone(),
            task,
            times: source.choice.timestamps,
            position: position.clone(),
        }
    }

    fn say(&self, line: HookLine) {
        let HookLine { speaker, text } = line;
        let label = match speaker {
            Speaker::Service(container) => self.label(&container),
            Speaker::Own(label) => label,
        };
        self.printer.borrow_mut().hook_line(&label, &text);
    }

    fn label(&self, container: &ContainerName) -> String {
        let joined = self.members.iter().find(|member| member.source.container == *container);
        match joined {
            Some(member) => member.source.label.clone(),
            None => (self.company.joins)(container).map_or(container.to_string(), |source| source.label),
        }
    }

    /// A reading is over, and the container's state is known.
    fn note_over(&mut self, over: Over) -> Option<Reading> {
        let Over { place, error, state, found, position } = over;
        let member = &mut self.members[place];
        // It was started again meanwhile, or its end was told already.
        if found != Found::Output && member.hearing != Hearing::Returning {
            return None;
        }
        let is_running = state.as_ref().is_some_and(ContainerState::is_running);
        match member.hearing {
            Hearing::Beginning => {
                member.position = position;
                member.hearing = Hearing::Silent;
                if let Some(error) = error {
                    self.lose(place, &error);
                    return None;
                }
                return (is_running || member.has_returned).then(|| self.go_on(place));
            }
            Hearing::Open => member.position = position,
            Hearing::Silent | Hearing::Unstarted | Hearing::Returning | Hearing::Over => {}
        }
        if member.has_returned {
            return Some(self.open_again(place));
        }
        if let Some(error) = error.filter(|error| !is_gone(error)) {
            self.lose(place, &error);
            return None;
        }
        let status = state.as_ref().map(|state| state.status);
        if found == Found::StateAfterSilence && status == Some(Status::Running) {
            return Some(self.go_on(place));
        }
        member.hearing = match status {
            Some(Status::Created) => Hearing::Unstarted,
            _ if is_running => Hearing::Returning,
            _ => Hearing::Over,
        };
        if member.hearing == Hearing::Over {
            self.tell_end(place, state);
        }
        self.company.heard_out.ends(&self.members[place].source.container);
        let is_in_doubt = found == Found::Output && is_running;
        is_in_doubt.then(|| self.reading(place, Task::LookLater))
    }

    /// The output of a container cannot be read any more.
    fn lose(&mut self, place: usize, error: &EngineError) {
        let member = &mut self.members[place];
        member.hearing = Hearing::Over;
        let container = &member.source.container;
        let words = cannot_be_read(container, &error.to_string());
        self.printer.borrow_mut().complain(&words);
        self.company.heard_out.hears(container);
        self.company.heard_out.loses(container);
        self.company.heard_out.ends(container);
    }

    /// How a container comes back whose end was topo's own doing. That is known as long as it is gone.
    fn comes_back(&mut self, place: usize) -> Option<Return> {
        let member = &mut self.members[place];
        member.comes_back = member.comes_back.or(self.company.in_hand.return_of(&member.source.container));
        member.comes_back
    }

    fn tell_end(&mut self, place: usize, state: Option<ContainerState>) {
        if self.comes_back(place).is_some() {
            return;
        }
        let member = &mut self.members[place];
        let heard = member.exit_code.take();
        if heard.is_none() && member.source.has_ended {
            return;
        }
        let exit_code = state.map(|state| state.exit_code).or(heard);
        let words = exit_code.map_or("is gone".to_owned(), |code| format!("exited with code {code}"));
        self.remark(place, &words);
    }

    fn note(&mut self, heard: &Heard) -> Vec<Reading> {
        match heard {
            Heard::Changed(change) => self.note_change(change).into_iter().collect(),
            // Nobody may have heard of a start, and of what came after it.
            Heard::Holds => {
                self.members.iter_mut().for_each(|member| member.is_ahead = false);
                let is_returning = |place: &usize| self.members[*place].hearing == Hearing::Returning;
                let returning: Vec<_> = (0..self.members.len()).filter(is_returning).collect();
                returning.into_iter().map(|place| self.go_on(place)).collect()
            }
            Heard::Broke => Vec::new(),
        }
    }

    /// A container was started, whether or not the engine told of it.
    fn note_start(&mut self, source: Source) -> Option<Reading> {
        let is_it = |member: &Member| member.source.container == source.container;
        let (place, reading) = match self.members.iter().position(is_it) {
            None => {
                let reading = self.join(source);
                (self.members.len() - 1, reading)
            }
            Some(place) if matches!(self.members[place].hearing, Hearing::Silent | Hearing::Unstarted) => {
                (place, self.go_on(place))
            }
            Some(_) => return None,
        };
        self.members[place].is_ahead = true;
        Some(reading)
    }

    fn note_change(&mut self, change: &Change) -> Option<Reading> {
        let is_it = |member: &Member| member.source.container == change.container;
        let Some(place) = self.members.iter().position(is_it) else {
            let is_start = change.what == What::Started;
            return is_start
                .then(|| (self.company.joins)(&change.container))?
                .map(|source| self.join(source));
        };
        let member = &mut self.members[place];
        if change.what == What::Started && std::mem::take(&mut member.is_ahead) {
            return None;
        }
        if matches!(change.what, What::Died { .. }) {
            // The engine tells of things in their order: the event of that start is lost.
            member.is_ahead = false;
        }
        match (&change.what, member.hearing) {
            (What::Died { exit_code }, Hearing::Open | Hearing::Returning) => {
                member.exit_code = Some(*exit_code);
                self.comes_back(place);
            }
            (What::Removed, Hearing::Unstarted) => member.hearing = Hearing::Over,
            (What::Started, Hearing::Beginning) => member.has_returned = true,
            (What::Started, Hearing::Silent | Hearing::Unstarted) => return Some(self.go_on(place)),
            // A start without an end before it is the one whose output is being read.
            (What::Started, Hearing::Open) => member.has_returned = member.exit_code.is_some(),
            (What::Started, Hearing::Returning | Hearing::Over) => return Some(self.open_again(place)),
            _ => {}
        }
        let is_in_doubt = self.members[place].hearing == Hearing::Returning;
        is_in_doubt.then(|| self.reading(place, Task::Look))
    }

    fn open_again(&mut self, place: usize) -> Reading {
        let exit_code = self.members[place].exit_code.take();
        let words = match (self.members[place].comes_back.take(), exit_code) {
            (Some(way), _) => way.words().to_owned(),
            (None, Some(code)) => format!("exited with code {code} and was started again"),
            (None, None) => "was started again".to_owned(),
        };
        self.remark(place, &words);
        self.go_on(place)
    }

    /// Goes on behind the last line.
    fn go_on(&mut self, place: usize) -> Reading {
        let source = &mut self.members[place].source;
        source.has_ended = false;
        let choice = source.choice.clone();
        self.open(place, choice)
    }

    fn remark(&self, place: usize, words: &str) {
        self.printer.borrow_mut().remark(self.members[place].voice, words);
    }
}

/// Finds out what is to be found out, and sees what the container is at then.
async fn read<E: Engine>(
    engine: &E,
    heard_out: &HeardOut,
    printer: &RefCell<&mut Printer<'_>>,
    reading: Reading,
) -> Over {
    let Reading { place, voice, container, task, times, mut position } = reading;
    let mut error = None;
    let found = match task {
        Task::FindBegin | Task::Print(_) => Found::Output,
        Task::Look => Found::State,
        Task::LookLater => Found::StateAfterSilence,
    };
    let line_ends = printer.borrow().line_ends();
    match task {
        Task::FindBegin => match end_of_past(engine, &container, line_ends, heard_out).await {
            Ok(end) => position = end,
            Err(failed) => error = Some(failed),
        },
        Task::Print(choice) => {
            let mut tap = Tap::new(engine, container.clone(), choice, position, line_ends).telling(heard_out);
            let feed = Feed { voice, times, heard_out, printer };
            error = feed.print(&mut tap).await.err();
            position = tap.position().clone();
        }
        Task::Look => {}
        Task::LookLater => sleep(EVENTS_COME).await,
    }
    let state = engine.inspect(&container).await.ok();
    Over { place, error, state, found, position }
}

/// Whether a container is not there any more, or about to go.
fn is_gone(error: &EngineError) -> bool {
    matches!(error, EngineError::Refused { status: 404 | 409, .. })
}

/// The place behind the last line that a container printed so far.
async fn end_of_past<E: Engine>(
    engine: &E,
    container: &ContainerName,
    line_ends: BothLineEnds,
    heard_out: &HeardOut,
) -> Result<Position, EngineError> {
    let choice = LogChoice { tail: Some(1), ..LogChoice::default() };
    let mut tap =
        Tap::new(engine, container.clone(), choice, Position::default(), line_ends).telling(heard_out);
    let mut last = Vec::new();
    while tap.read(|line| last = last.as_slice().max(line.time).to_owned()).await? {}
    Ok(Position::after(&last))
}

/// One container's way to the printer.
struct Feed<'read, 'printer, 'out> {
    voice: Voice,
    times: bool,
    heard_out: &'read HeardOut,
    printer: &'read RefCell<&'printer mut Printer<'out>>,
}

impl Feed<'_, '_, '_> {
    async fn print<E: Engine>(&self, tap: &mut Tap<'_, E>) -> Result<(), EngineError> {
        let line = |line: Line<'_>| self.printer.borrow_mut().timed_line(self.voice, line, self.times);
        while tap.read(line).await? {
            self.heard_out.moves();
            has_room(self.printer).await;
            if self.printer.borrow().is_broken() {
                return Ok(());
            }
        }
        is_handed_on(self.printer).await;
        Ok(())
    }
}
