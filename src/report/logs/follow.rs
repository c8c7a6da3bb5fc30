//! In: containers, and the project's events. Out: what the containers print, as they print it.
//! Must not: ask at intervals.

use std::cell::RefCell;
use std::pin::pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::unbounded_channel;

use super::Source;
use super::cutter::{Cutter, Line, unix_seconds};
use super::printer::{Printer, Voice};
use crate::engine::{Change, Engine, EngineError, LogChoice, What};
use crate::plan::observed::ContainerState;
use crate::run::{Heard, subscription};
use crate::topology::name::{ContainerName, ProjectName};

/// Those around the containers that are followed.
#[derive(Clone, Copy)]
pub struct Company<'company> {
    /// The project whose containers may join.
    pub project: &'company ProjectName,
    /// Whether a container that was started joins, and how.
    pub joins: &'company dyn Fn(&ContainerName) -> Option<Source>,
}

/// Prints what containers print, until all of them ended and `stay` is over. A container that is started
/// again goes on where it ended. A closed pipe ends it too. Output that cannot be read is remarked on.
pub async fn follow<E: Engine>(
    engine: &E,
    sources: Vec<Source>,
    company: Company<'_>,
    stay: impl Future<Output = ()>,
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
    let mut crowd = Crowd { company, members: Vec::new(), printer: &printer };
    let reading = |reading| read(engine, &printer, reading);
    let mut readings: FuturesUnordered<_> =
        sources.into_iter().map(|source| reading(crowd.join(source))).collect();
    let mut stay = pin!(stay);
    let mut is_staying = true;
    loop {
        let waits = is_listening && (is_staying || crowd.members.iter().any(|member| member.may_return));
        if printer.borrow().is_broken() || (readings.is_empty() && !waits) {
            return;
        }
        let more = tokio::select! { biased;
            Some(over) = readings.next() => Vec::from_iter(crowd.note_over(over)),
            Some(heard) = heard.recv() => crowd.note(&heard),
            () = &mut stay, if is_staying => { is_staying = false; Vec::new() }
            _ = &mut listening, if is_listening => { is_listening = false; Vec::new() }
        };
        readings.extend(more.into_iter().map(reading));
    }
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
    /// Its output is being read.
    is_open: bool,
    /// It ended, but the engine is to start it again.
    may_return: bool,
    /// It was started again while its output was read, so that there is more.
    has_returned: bool,
    /// The exit code when it ended last.
    exit_code: Option<i64>,
    /// The time of the last line that was printed; empty before the first.
    last_time: Vec<u8>,
}

/// Something to find out about a container.
struct Reading {
    place: usize,
    voice: Voice,
    container: ContainerName,
    /// Which output is to be read; none when only the container's state is asked for.
    choice: Option<LogChoice>,
    /// Whether times are printed.
    times: bool,
    /// Lines up to this time were printed already.
    last_time: Vec<u8>,
}

/// A reading that is over.
struct Over {
    place: usize,
    error: Option<EngineError>,
    state: Option<ContainerState>,
    /// Nothing was read, because only the state was wanted.
    is_look: bool,
    last_time: Vec<u8>,
}

impl Crowd<'_, '_> {
    fn join(&mut self, source: Source) -> Reading {
        let voice = self.printer.borrow_mut().join(&source.label);
        let choice = source.choice.clone();
        self.members.push(Member {
            source,
            voice,
            is_open: false,
            may_return: false,
            has_returned: false,
            exit_code: None,
            last_time: Vec::new(),
        });
        self.open(self.members.len() - 1, choice)
    }

    fn open(&mut self, place: usize, choice: LogChoice) -> Reading {
        let member = &mut self.members[place];
        member.is_open = true;
        member.may_return = false;
        member.has_returned = false;
        // Times are needed to go on at the right line, also when nobody wants to see them.
        self.reading(place, Some(LogChoice { follow: true, timestamps: true, ..choice }))
    }

    fn reading(&self, place: usize, choice: Option<LogChoice>) -> Reading {
        let Member { source, voice, last_time, .. } = &self.members[place];
        Reading {
            place,
            voice: *voice,
            container: source.container.clone(),
            choice,
            times: source.choice.timestamps,
            last_time: last_time.clone(),
        }
    }

    /// A container's output ended, or its state is known.
    fn note_over(&mut self, over: Over) -> Option<Reading> {
        let Over { place, error, state, is_look, last_time } = over;
        let member = &mut self.members[place];
        if is_look && member.is_open {
            return None;
        }
        member.is_open = false;
        member.last_time = last_time;
        if let Some(error) = error {
            self.remark(place, &format!("cannot be heard: {error}"));
            return None;
        }
        if member.has_returned {
            return Some(self.open_again(place));
        }
        member.may_return = state.as_ref().is_some_and(ContainerState::is_running);
        if !member.may_return {
            let exit_code = state.map(|state| state.exit_code);
            let exit_code = exit_code.or(member.exit_code);
            let words = exit_code.map_or("is gone".to_owned(), |code| format!("exited with code {code}"));
            self.remark(place, &words);
        }
        None
    }

    fn note(&mut self, heard: &Heard) -> Vec<Reading> {
        match heard {
            Heard::Changed(change) => self.note_change(change).into_iter().collect(),
            // Nobody may have heard of a start, and of what came after it.
            Heard::Holds => {
                let places = 0..self.members.len();
                let returning: Vec<_> = places.filter(|place| self.members[*place].may_return).collect();
                returning.into_iter().map(|place| self.go_on(place)).collect()
            }
            Heard::Broke => Vec::new(),
        }
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
        match change.what {
            What::Died { exit_code } => member.exit_code = Some(exit_code),
            // A start without an end before it is the one whose output is being read.
            What::Started if member.is_open => member.has_returned = member.exit_code.is_some(),
            What::Started => return Some(self.open_again(place)),
            _ => {}
        }
        let is_in_doubt = !self.members[place].is_open && self.members[place].may_return;
        is_in_doubt.then(|| self.reading(place, None))
    }

    fn open_again(&mut self, place: usize) -> Reading {
        let exit_code = self.members[place].exit_code.take();
        let exit = exit_code.map_or(String::new(), |code| format!("exited with code {code} and "));
        self.remark(place, &format!("{exit}was started again"));
        self.go_on(place)
    }

    /// Goes on behind the last line.
    fn go_on(&mut self, place: usize) -> Reading {
        let member = &self.members[place];
        let choice = match unix_seconds(&member.last_time) {
            Some(since) => {
                LogChoice { since: Some(since.to_string()), tail: None, ..member.source.choice.clone() }
            }
            None => member.source.choice.clone(),
        };
        self.open(place, choice)
    }

    fn remark(&self, place: usize, words: &str) {
        self.printer.borrow_mut().remark(self.members[place].voice, words);
    }
}

/// Prints what comes until it ends, and sees what the container is at then.
async fn read<E: Engine>(engine: &E, printer: &RefCell<&mut Printer<'_>>, reading: Reading) -> Over {
    let is_look = reading.choice.is_none();
    let mut feed = Feed { voice: reading.voice, times: reading.times, last_time: reading.last_time, printer };
    let container = &reading.container;
    let error = match &reading.choice {
        Some(choice) => feed.print(engine, container, choice).await.err(),
        None => None,
    };
    let state = engine.inspect(container).await.ok();
    Over { place: reading.place, error, state, is_look, last_time: feed.last_time }
}

/// One container's way to the printer.
struct Feed<'read, 'printer, 'out> {
    voice: Voice,
    times: bool,
    last_time: Vec<u8>,
    printer: &'read RefCell<&'printer mut Printer<'out>>,
}

impl Feed<'_, '_, '_> {
    async fn print<E: Engine>(
        &mut self,
        engine: &E,
        container: &ContainerName,
        choice: &LogChoice,
    ) -> Result<(), EngineError> {
        let mut cutter = Cutter::default();
        let mut was_printed = AlreadyPrinted::up_to(self.last_time.clone());
        let mut chunks = engine.logs(container, choice).await?;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            cutter.push(&chunk, |line| self.line(line, &mut was_printed));
            self.printer.borrow_mut().flush();
            if self.printer.borrow().is_broken() {
                return Ok(());
            }
        }
        cutter.finish(|line| self.line(line, &mut was_printed));
        self.printer.borrow_mut().flush();
        Ok(())
    }

    fn line(&mut self, line: Line<'_>, was_printed: &mut AlreadyPrinted) {
        if was_printed.covers(line.time) {
            return;
        }
        if !line.time.is_empty() {
            line.time.clone_into(&mut self.last_time);
        }
        self.printer.borrow_mut().timed_line(self.voice, line, self.times);
    }
}

/// Tells lines that were printed already from new ones: the engine is asked for whole seconds.
struct AlreadyPrinted {
    last_time: Vec<u8>,
    /// Whether the last line with a time was printed already; those without one go with it.
    is_last: bool,
}

impl AlreadyPrinted {
    fn up_to(last_time: Vec<u8>) -> Self {
        Self { last_time, is_last: false }
    }

    fn covers(&mut self, time: &[u8]) -> bool {
        if !time.is_empty() {
            self.is_last = time <= self.last_time.as_slice();
        }
        self.is_last
    }
}
