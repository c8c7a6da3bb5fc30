//! What commands that talk to the engine share: connecting, observing, carrying a plan out.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};
use tokio_util::sync::CancellationToken;

use crate::cli::arguments::global::Global;
use crate::cli::arguments::settings::ProgressForm;
use crate::cli::engine::carry_out::{Another, carry_out};
use crate::cli::engine::redaction::redacted;
use crate::cli::engine::turn::Turn;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::io::output::{self, Output};
use crate::engine::Engine;
use crate::plan::observed::Query;
use crate::plan::{Observed, Plan};
use crate::report::{self, Above, AfterCancel, Context, Form, Live, Look, QuietFilter, Redacted, ScopedGoal};
use crate::run::logs::{ExpectedExits, HookLines};
use crate::run::{self, Event, Limits, Outcome, PendingStop, RunOptions, Stopping};
use crate::topology::name::{ContainerName, ServiceName};

/// How many files have to be open for one connection to an engine, those of the runtime included.
const FEWEST_FILES: u64 = 10;

/// How many calls the engine does at once for each of its processors.
const CALLS_PER_PROCESSOR: usize = 2;

/// How many calls are under way at once, however many processors the engine has.
const MOST_CALLS: usize = 16;

/// How long files that are still being read or written are waited for when everything else has ended.
const LAST_FILES: Duration = Duration::from_secs(1);

/// Runs a future to its end. One thread is enough: topo waits for the engine nearly all the time.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let allowed = getrlimit(Resource::Nofile).current;
    if let Some(allowed) = allowed.filter(|allowed| *allowed < FEWEST_FILES) {
        let words =
            format!("only {allowed} files may be open at once, which is too few to talk to an engine");
        return Err(CliError::usage(words).help("raise the limit, as in `ulimit -n 256`"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives topo a timer and an event queue");
    let came_of_it = runtime.block_on(future);
    // Dropping it would wait for every file that is still being read, be it on a server that is gone.
    runtime.shutdown_timeout(LAST_FILES);
    came_of_it
}

/// Does what is asked of the engine before a run, as long as the run may wait.
pub(crate) async fn within<T>(
    limit: Option<Duration>,
    begun: Instant,
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let Some(limit) = limit else { return work.await };
    match tokio::time::timeout_at((begun + limit).into(), work).await {
        Ok(done) => done,
        Err(_) => Err(CliError::failed(format!("the engine has not answered within {} s", limit.as_secs()))),
    }
}

/// Waits until it is this run's turn, as long as the run may wait.
pub(crate) async fn take_turn(
    turn: &Turn,
    (limit, begun): (Option<Duration>, Instant),
) -> Result<(), CliError> {
    let Some(limit) = limit else {
        turn.take().await;
        return Ok(());
    };
    tokio::time::timeout_at((begun + limit).into(), turn.take())
        .await
        .map_err(|_| CliError::failed(format!("another run has not ended within {} s", limit.as_secs())))
}

/// Reads what the engine has, once the stops are over that others asked for and that the engine still goes on with:
/// what is being stopped looks as if it were to run on.
pub async fn observe_settled(
    engine: &impl Engine,
    turn: &Turn,
    query: &Query,
    output: &Output,
) -> Result<Observed, CliError> {
    let mut waited_for = BTreeSet::new();
    loop {
        // In this order: whoever ends between the two was being stopped, and is not seen to run.
        let recent = engine.recent(&query.project).await;
        let observed = engine.observe(query).await?;
        // An engine that tells nothing of what happened is believed to stop nothing.
        let mut stops = run::unfinished(&recent.unwrap_or_default());
        stops.append(&mut turn.stops_of_others());
        let running: BTreeSet<&ContainerName> = observed.running().collect();
        let (running, over): (Vec<_>, Vec<_>) =
            stops.into_iter().partition(|(container, _)| running.contains(container));
        turn.forget(over.iter().map(|(container, _)| container));
        let new = running.into_iter().filter(|(container, _)| waited_for.insert(container.clone()));
        let new: Vec<PendingStop> = new.map(|(_, stop)| stop).collect();
        if new.is_empty() {
            return Ok(observed);
        }
        // One that has ended since it was observed is observed again as well.
        let stopping = run::going_on(engine, new).await?;
        tell_of_stops(&stopping, turn);
        for container in run::settle(engine, &stopping).await? {
            output.warning(&format!("{container} was asked to stop, and is still running"));
        }
    }
}

fn tell_of_stops(stopping: &[Stopping], turn: &Turn) {
    let names: Vec<&str> = stopping.iter().map(|stopping| stopping.container().as_str()).collect();
    let is = match names.len() {
        0 => return,
        1 => "is",
        _ => "are",
    };
    turn.remark(&format!("{} {is} still being stopped: waiting until that is done", names.join(", ")));
}

/// One command's use of an engine.
pub struct Session<'a, E> {
    /// The engine.
    pub engine: &'a E,
    /// The options of every command.
    pub global: &'a Global,
    /// Where words go.
    pub output: &'a Output,
    /// Triggered by the first Ctrl-C.
    pub cancel: CancellationToken,
    /// The last wait is given up when the command has gone on for this time; never when absent.
    pub wait_limit: Option<Duration>,
    /// When the command began.
    pub begun: Instant,
    /// Whose progress is not shown.
    pub quiet_filter: QuietFilter,
    /// Whether output of containers is shown meanwhile, so that no line may be drawn again.
    pub is_amid_output: bool,
    /// Lines that are drawn again and again; all that is written goes past them.
    pub live: Live,
    /// The containers that runs take down at the moment, to bring them back: their exits are no news.
    pub expected_exits: ExpectedExits,
    /// What hooks print while the output of services is shown.
    pub hook_lines: HookLines,
    /// The services whose output is shown all the time.
    pub shown: &'a [ServiceName],
    /// What comes after a run that was told to stop.
    pub after_cancel: AfterCancel,
    /// Whether what runs is stopped next when a run fails.
    pub stops_on_failure: bool,
    /// Whether what is lost meanwhile is planned again: a plan that was made before is carried out as it is.
    pub converges: bool,
    /// Whether failures come with the command that goes on: in what goes on itself they do not.
    pub names_resume: bool,
    /// The turn to change the project.
    pub turn: Turn,
}

impl<'a, E: Engine> Session<'a, E> {
    /// A use of the engine that nothing is said of yet.
    pub fn new(engine: &'a E, global: &'a Global, output: &'a Output) -> Self {
        Self {
            engine,
            global,
            output,
            cancel: CancellationToken::new(),
            wait_limit: None,
            begun: Instant::now(),
            quiet_filter: QuietFilter::default(),
            is_amid_output: false,
            live: Live::of_process(),
            expected_exits: ExpectedExits::default(),
            hook_lines: HookLines::default(),
            shown: &[],
            after_cancel: AfterCancel::End,
            stops_on_failure: false,
            converges: true,
            names_resume: true,
            turn: Turn::default(),
        }
    }

    /// The same use of the engine for another run.
    pub(crate) fn again(&self) -> Self {
        let (cancel, live) = (self.cancel.clone(), self.live.clone());
        let (expected_exits, hook_lines) = (self.expected_exits.clone(), self.hook_lines.clone());
        let turn = self.turn.clone();
        Self { cancel, live, expected_exits, hook_lines, turn, stops_on_failure: false, ..*self }
    }

    /// The same use of the engine for a run beside others, while output of containers is shown.
    pub(crate) fn amid_output(&self) -> Self {
        Self { is_amid_output: true, names_resume: false, ..self.again() }
    }

    /// Carries a plan out and reports it on standard error. `command` resumes it after a failure.
    pub(crate) async fn carry_out(
        &self,
        plan: &Plan,
        scoped_goal: impl Into<ScopedGoal>,
        command: &str,
    ) -> Outcome {
        self.carry_out_until(plan, scoped_goal, command, &self.cancel).await
    }

    /// [`Session::carry_out`], given up when `cancel` is triggered.
    pub(crate) async fn carry_out_until(
        &self,
        plan: &Plan,
        scoped_goal: impl Into<ScopedGoal>,
        command: &str,
        cancel: &CancellationToken,
    ) -> Outcome {
        self.carry_out_amid(plan, scoped_goal, command, cancel, async |_| {}).await
    }

    /// [`Session::carry_out_until`]; `drain_logs` is waited for before the end is reported.
    pub(crate) async fn carry_out_amid(
        &self,
        plan: &Plan,
        scoped_goal: impl Into<ScopedGoal>,
        command: &str,
        cancel: &CancellationToken,
        drain_logs: impl AsyncFnOnce(&Outcome),
    ) -> Outcome {
        let scoped_goal = scoped_goal.into();
        self.round(plan, scoped_goal, command, cancel, drain_logs, async |_| None).await.0
    }

    /// The command that goes on after a failure.
    pub(crate) fn resume(&self, command: &str) -> String {
        self.global.resume(command)
    }

    /// [`Session::carry_out_amid`], unless `look` says that another round follows.
    pub(crate) async fn round(
        &self,
        plan: &Plan,
        scoped_goal: ScopedGoal,
        command: &str,
        cancel: &CancellationToken,
        drain_logs: impl AsyncFnOnce(&Outcome),
        look: impl AsyncFnOnce(&mut Outcome) -> Option<Another>,
    ) -> (Outcome, Option<Another>) {
        let resume = || self.resume(command);
        let context = Context {
            scoped_goal,
            commands: self.global.commands(),
            resume: self.names_resume.then(resume),
            past_hooks: self.past_hooks(command).filter(|_| self.names_resume),
            clean_up: leaves_something(command).then(|| self.global.command("down")),
            after_cancel: self.after_cancel,
            stop_signal: &interrupt::FIRST_SIGNAL,
            stops_on_failure: self.stops_on_failure,
            shown: self.shown.to_vec(),
            look: self.output.look_of_reports(),
        };
        let mut to = self.output.writer(self.output.stream_of_reports());
        let mut to = Above::by_line(&self.live, &mut *to);
        let is_terminal = self.output.is_live_terminal();
        let report = report::report(self.form(), is_terminal, context, &self.live, &mut to);
        let mut report = Redacted::new(report, redacted);
        let is_reported = |event: &Event| {
            self.expected_exits.apply(plan, event);
            self.turn.note(plan, event);
            let is_hidden = self.quiet_filter.hides(plan, event);
            !is_hidden && !self.hook_lines.capture(plan, event, self.shown)
        };
        let options = (&self.run_options(plan).await, cancel);
        carry_out(plan, self.engine, options, &mut report, is_reported, drain_logs, look).await
    }

    /// The command that goes on in spite of a `pre_stop` hook that fails.
    fn past_hooks(&self, command: &str) -> Option<String> {
        match command {
            "down" => Some(format!("{} --force", self.resume(command))),
            "stop" | "restart" => Some(self.global.command("kill")),
            _ => None,
        }
    }

    /// Says something on standard error.
    pub(crate) fn remark(&self, words: &str) {
        self.live.give_way(|| self.output.remark(words));
    }

    /// Whether a person may read what is said besides progress.
    pub(crate) fn is_shown(&self) -> bool {
        self.global.is_shown()
    }

    /// Says that Ctrl-C was heard, where progress is for people.
    pub(crate) fn acknowledge(&self) {
        match self.form() {
            Form::Auto | Form::Tty | Form::Plain => {
                // A terminal shows `^C` at the beginning of the line.
                let wiped = if self.output.is_live_terminal() { "\r\u{1b}[K" } else { "" };
                self.live.give_way(|| {
                    self.output.complain(wiped);
                    let signal = interrupt::FIRST_SIGNAL.get().copied();
                    self.output.remark(self.after_cancel.words(signal));
                });
            }
            Form::Json | Form::Quiet => {}
        }
    }

    async fn run_options(&self, plan: &Plan) -> RunOptions {
        let default = RunOptions::default().limits;
        let asked = self.global.parallel.and_then(|parallel| usize::try_from(parallel).ok());
        let limits = match asked.filter(|asked| *asked > 0) {
            Some(asked) => Limits { calls: asked, images: asked },
            // So few calls cannot be too many.
            None if plan.steps.len() <= 2 * CALLS_PER_PROCESSOR => default,
            None => match self.engine.processors().await {
                // More calls at once only take turns in the engine, and cost it time.
                Some(processors) => {
                    Limits { calls: (processors * CALLS_PER_PROCESSOR).min(MOST_CALLS), ..default }
                }
                None => default,
            },
        };
        RunOptions { limits, wait_limit: self.wait_limit, before: self.begun.elapsed() }
    }

    /// How texts look on standard error.
    pub(crate) fn look(&self) -> Look {
        Look { colors: self.output.colors_errors(), unicode: output::speaks_unicode() }
    }

    /// How texts look on standard output.
    pub(crate) fn look_of_output(&self) -> Look {
        Look { colors: self.output.colors_output(), ..self.look() }
    }

    fn form(&self) -> Form {
        match self.global.progress.unwrap_or_default() {
            ProgressForm::Auto | ProgressForm::Tty if self.is_amid_output => Form::Plain,
            ProgressForm::Auto => Form::Auto,
            ProgressForm::Tty => Form::Tty,
            ProgressForm::Plain => Form::Plain,
            ProgressForm::Json => Form::Json,
            ProgressForm::Quiet => Form::Quiet,
        }
    }
}

/// Whether a command that failed half way leaves something behind that was not there before.
fn leaves_something(command: &str) -> bool {
    matches!(command, "up" | "create" | "scale")
}

/// How a command ends whose run is over; the report has said what failed.
pub(crate) fn exit_of(outcome: &Outcome) -> Result<Exit, CliError> {
    if outcome.is_cancelled {
        return Err(CliError::Interrupted);
    }
    if outcome.is_success() { Ok(Exit::Success) } else { Err(CliError::StepsFailed) }
}
