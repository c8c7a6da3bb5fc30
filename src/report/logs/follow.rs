//! In: containers, and the project's events. Out: what the containers print, as they print it.
//! Must not: ask at intervals.

use std::cell::RefCell;
use std::pin::pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::unbounded_channel;

use super::Source;
use super::printer::{Cutter, Printer, Voice};
use crate::engine::{Change, Engine, EngineError, LogChoice, What};
use crate::plan::observed::{ContainerState, Status};
use crate::run::{Heard, subscription};
use crate::topology::name::{ContainerName, ProjectName};

/// How long before a start, in nanoseconds, its first lines are looked for when the end before it was not
/// seen: the engine tells of a start after the process has begun.
const HEAD_START: i64 = 1_000_000_000;

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
    let mut readings = FuturesUnordered::new();
    for source in sources {
        let reading = crowd.join(source);
        readings.push(read(engine, &printer, reading));
    }
    let mut stay = pin!(stay);
    let mut is_staying = true;
    loop {
        let waits = is_listening && (is_staying || crowd.members.iter().any(|member| member.may_return));
        if printer.borrow().is_broken() || (readings.is_empty() && !waits) {
            return;
        }
        tokio::select! { biased;
            Some(over) = readings.next() => {
                if let Some(reading) = crowd.note_over(over) {
                    readings.push(read(engine, &printer, reading));
                }
            }
            Some(heard) = heard.recv() => {
                for reading in crowd.note(&heard) {
                    readings.push(read(engine, &printer, reading));
                }
            }
            () = &mut stay, if is_staying => is_staying = false,
            _ = &mut listening, if is_listening => is_listening = false,
        }
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
    death: Option<Death>,
}

#[derive(Clone, Copy)]
struct Death {
    exit_code: i64,
    /// In nanoseconds since 1970, by the engine's clock.
    at: i64,
}

/// Some output to read: all that comes, or nothing when only the container's state is asked for.
struct Reading {
    place: usize,
    voice: Voice,
    container: ContainerName,
    choice: Option<LogChoice>,
}

/// A reading that is over.
struct Over {
    place: usize,
    error: Option<EngineError>,
    state: Option<ContainerState>,
    /// Nothing was read, because only the state was wanted.
    is_look: bool,
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
            death: None,
        });
        self.open(self.members.len() - 1, choice)
    }

    fn open(&mut self, place: usize, choice: LogChoice) -> Reading {
        let member = &mut self.members[place];
        member.is_open = true;
        member.may_return = false;
        member.has_returned = false;
        self.reading(place, Some(LogChoice { follow: true, ..choice }))
    }

    fn reading(&self, place: usize, choice: Option<LogChoice>) -> Reading {
        let Member { source, voice, .. } = &self.members[place];
        Reading { place, voice: *voice, container: source.container.clone(), choice }
    }

    /// A container's output ended, or its state is known.
    fn note_over(&mut self, over: Over) -> Option<Reading> {
        let Over { place, error, state, is_look } = over;
        let member = &mut self.members[place];
        if is_look && member.is_open {
            return None;
        }
        member.is_open = false;
        if let Some(error) = error {
            self.remark(place, &format!("cannot be heard: {error}"));
            return None;
        }
        // At an output's end the event of the next start is still to come; at a look it went unheard.
        let is_back = state.as_ref().is_some_and(|state| state.status == Status::Running);
        if member.has_returned || (is_look && is_back) {
            return Some(self.open_again(place, None));
        }
        member.may_return = state.as_ref().is_some_and(ContainerState::is_running);
        if !member.may_return {
            let exit_code = state.map(|state| state.exit_code);
            let exit_code = exit_code.or(member.death.map(|death| death.exit_code));
            let words = exit_code.map_or("is gone".to_owned(), |code| format!("exited with code {code}"));
            self.remark(place, &words);
        }
        None
    }

    fn note(&mut self, heard: &Heard) -> Vec<Reading> {
        match heard {
            Heard::Changed(change) => self.note_change(change).into_iter().collect(),
            // Who was started meanwhile is found by a look.
            Heard::Holds => {
                let returning = (0..self.members.len()).filter(|place| self.members[*place].may_return);
                returning.map(|place| self.reading(place, None)).collect()
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
            What::Died { exit_code } => member.death = Some(Death { exit_code, at: change.at }),
            // A start without an end before it is the one whose output is being read.
            What::Started if member.is_open => member.has_returned = member.death.is_some(),
            What::Started => return Some(self.open_again(place, Some(change.at))),
            _ => {}
        }
        let is_in_doubt = !self.members[place].is_open && self.members[place].may_return;
        is_in_doubt.then(|| self.reading(place, None))
    }

    /// Goes on where the container ended.
    fn open_again(&mut self, place: usize, started: Option<i64>) -> Reading {
        let member = &mut self.members[place];
        let death = member.death.take();
        if let Some(Death { exit_code, .. }) = death {
            self.remark(place, &format!("exited with code {exit_code} and was started again"));
        }
        let since = death.map(|death| death.at).or(started.map(|at| at - HEAD_START));
        let source = &self.members[place].source;
        let tail = since.is_none().then_some(0);
        let choice = LogChoice { since: since.map(seconds), tail, ..source.choice.clone() };
        self.open(place, choice)
    }

    fn remark(&self, place: usize, words: &str) {
        self.printer.borrow_mut().remark(self.members[place].voice, words);
    }
}

/// Prints what comes until it ends, and sees what the container is at then.
async fn read<E: Engine>(engine: &E, printer: &RefCell<&mut Printer<'_>>, reading: Reading) -> Over {
    let Reading { place, voice, container, choice } = reading;
    let is_look = choice.is_none();
    let mut cutter = Cutter::default();
    let mut error = None;
    if let Some(choice) = choice {
        error = print(engine, printer, voice, &container, &choice, &mut cutter).await.err();
        let mut printer = printer.borrow_mut();
        cutter.finish(|stream, line| printer.line(voice, stream, line));
        printer.flush();
    }
    let state = engine.inspect(&container).await.ok();
    Over { place, error, state, is_look }
}

async fn print<E: Engine>(
    engine: &E,
    printer: &RefCell<&mut Printer<'_>>,
    voice: Voice,
    container: &ContainerName,
    choice: &LogChoice,
    cutter: &mut Cutter,
) -> Result<(), EngineError> {
    let mut chunks = engine.logs(container, choice).await?;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        let mut printer = printer.borrow_mut();
        cutter.push(&chunk, |stream, line| printer.line(voice, stream, line));
        printer.flush();
        if printer.is_broken() {
            break;
        }
    }
    Ok(())
}

/// A time as the engine takes it: seconds with a fraction.
fn seconds(nanoseconds: i64) -> String {
    format!("{}.{:09}", nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000))
}
