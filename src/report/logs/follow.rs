//! In: containers, and the project's events. Out: what the containers print, as they print it.
//! Must not: ask at intervals.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::cutter::{Cutter, Line, unix_seconds};
use super::in_hand::Return;
use super::printer::{Printer, Voice, has_room, is_handed_on};
use super::{Begin, HeardOut, InHand, Source};
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
    /// Told whose output was shown to its end.
    pub heard_out: &'company HeardOut,
    /// The containers whose ends are topo's own doing, and no news.
    pub in_hand: &'company InHand,
}

/// Containers that are known to have been started; of some the events may not be heard yet, or ever.
pub type Started = UnboundedReceiver<Source>;

/// Prints what containers print, until all of them ended and `stay` is over. A container that is started
/// again goes on where it ended. A closed pipe ends it too. Output that cannot be read is remarked on. While
/// nobody takes what is printed, no more of it is read, and all else goes on.
///
/// `stay` is polled from the time on at which nothing that happens is missed: it is known where the output
/// of each source begins, and a container that starts joins.
pub async fn follow<E: Engine>(
    engine: &E,
    sources: Vec<Source>,
    company: Company<'_>,
    mut started: Started,
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
    let (mut is_staying, mut may_start) = (true, true);
    loop {
        let can_grow = is_listening || may_start;
        let waits = (is_staying && can_grow) || (is_listening && crowd.has(Hearing::Returning));
        let is_set = !crowd.has(Hearing::Beginning);
        if printer.borrow().is_broken() || (readings.is_empty() && !waits) {
            break;
        }
        let more = tokio::select! { biased;
            Some(over) = readings.next() => Vec::from_iter(crowd.note_over(over)),
            Some(heard) = heard.recv() => crowd.note(&heard),
            source = started.recv(), if may_start => {
                may_start = source.is_some();
                Vec::from_iter(source.and_then(|source| crowd.note_start(source)))
            }
            () = &mut stay, if is_staying && is_set => { is_staying = false; Vec::new() }
            _ = &mut listening, if is_listening => { is_listening = false; Vec::new() }
            // It comes last: what was printed meanwhile is handed on before anything is waited for.
            () = hand_on_until_broken(&printer) => Vec::new(),
        };
        readings.extend(more.into_iter().map(reading));
    }
    poll_fn(|context| printer.borrow_mut().poll_hand_on(context)).await;
}

/// Hands on what is printed, as its readers take it, until nobody reads any more.
async fn hand_on_until_broken(printer: &RefCell<&mut Printer<'_>>) {
    poll_fn(|context| {
        let mut printer = printer.borrow_mut();
        // More may be printed before this is asked again.
        let _ = printer.poll_hand_on(context);
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
    /// The time of the last line that was printed; empty before the first.
    last_time: Vec<u8>,
}

/// How far a container is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hearing {
    /// It is found out where its output begins.
    Beginning,
    /// It does not run, and did not since it joined.
    Silent,
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
    /// Lines up to this time were printed already.
    last_time: Vec<u8>,
}

/// What is to be found out.
enum Task {
    /// When the last line was printed before now.
    FindBegin,
    /// The output, which is printed.
    Print(LogChoice),
    /// What state it is in.
    Look,
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
            last_time: Vec::new(),
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
        // Times are needed to go on at the right line, also when nobody wants to see them.
        self.reading(place, Task::Print(LogChoice { follow: true, timestamps: true, ..choice }))
    }

    fn reading(&self, place: usize, task: Task) -> Reading {
        let Member { source, voice, last_time, .. } = &self.members[place];
        Reading {
            place,
            voice: *voice,
            container: source.container.clone(),
            task,
            times: source.choice.timestamps,
            last_time: last_time.clone(),
        }
    }

    /// A reading is over, and the container's state is known.
    fn note_over(&mut self, over: Over) -> Option<Reading> {
        let Over { place, error, state, is_look, last_time } = over;
        let member = &mut self.members[place];
        // It was started again meanwhile, or its end was told already.
        if is_look && member.hearing != Hearing::Returning {
            return None;
        }
        let is_running = state.as_ref().is_some_and(ContainerState::is_running);
        match member.hearing {
            Hearing::Beginning => {
                member.last_time = last_time;
                member.hearing = Hearing::Silent;
                return (is_running || member.has_returned).then(|| self.go_on(place));
            }
            Hearing::Open => member.last_time = last_time,
            Hearing::Silent | Hearing::Returning | Hearing::Over => {}
        }
        if member.has_returned {
            return Some(self.open_again(place));
        }
        member.hearing = if is_running && error.is_none() { Hearing::Returning } else { Hearing::Over };
        match error {
            Some(error) => self.remark(place, &format!("cannot be heard: {error}")),
            None if is_running => {}
            None => self.tell_end(place, state),
        }
        self.company.heard_out.ends(&self.members[place].source.container);
        None
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
        let heard = self.members[place].exit_code.take();
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
            Some(place) if self.members[place].hearing == Hearing::Silent => (place, self.go_on(place)),
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
            (What::Started, Hearing::Beginning) => member.has_returned = true,
            (What::Started, Hearing::Silent) => return Some(self.go_on(place)),
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

/// Finds out what is to be found out, and sees what the container is at then.
async fn read<E: Engine>(engine: &E, printer: &RefCell<&mut Printer<'_>>, reading: Reading) -> Over {
    let Reading { place, voice, container, task, times, mut last_time } = reading;
    let mut error = None;
    let is_look = matches!(task, Task::Look);
    match task {
        Task::FindBegin => last_time = time_of_last_line(engine, &container).await,
        Task::Print(choice) => {
            let mut feed = Feed { voice, times, last_time, printer };
            error = feed.print(engine, &container, &choice).await.err();
            last_time = feed.last_time;
        }
        Task::Look => {}
    }
    let state = engine.inspect(&container).await.ok();
    Over { place, error, state, is_look, last_time }
}

/// When a container printed its last line; empty when it printed none. Output that cannot be read is told
/// when it is to be.
async fn time_of_last_line<E: Engine>(engine: &E, container: &ContainerName) -> Vec<u8> {
    let choice = LogChoice { tail: Some(1), timestamps: true, ..LogChoice::default() };
    let (mut cutter, mut last) = (Cutter::default(), Vec::new());
    let mut note = |line: Line<'_>| last = last.as_slice().max(line.time).to_owned();
    if let Ok(mut chunks) = engine.logs(container, &choice).await {
        while let Some(Ok(chunk)) = chunks.next().await {
            cutter.push(&chunk, &mut note);
        }
    }
    cutter.finish(note);
    last
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
            has_room(self.printer).await;
            if self.printer.borrow().is_broken() {
                return Ok(());
            }
        }
        cutter.finish(|line| self.line(line, &mut was_printed));
        is_handed_on(self.printer).await;
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
