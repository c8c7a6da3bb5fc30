//! `up` in the foreground: output until all ended, until one ends where that counts, or until Ctrl-C.

use std::collections::BTreeSet;
use std::future::pending;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::future::{MaybeDone, maybe_done};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::cli::control::standings;
use crate::cli::exit::Exit;
use crate::cli::follow::{self, Cast, Following};
use crate::cli::menu::{Key, Menu, Typed};
use crate::cli::provide;
use crate::cli::session::{self, Session};
use crate::cli::watching::Watching;
use crate::engine::EngineError;
use crate::plan::observed::{Observed, ObservedContainer, Status};
use crate::plan::{self, Action, KillChoices, Plan, Scope, StepId, UpChoices};
use crate::report::{AfterCancel, Aim, Intent, wording};
use crate::run::logs::LogDrain;
use crate::run::provider::Order;
use crate::run::{ContainerEnd, End, Ends, Heard, Outcome, subscription};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ServiceName};

/// `up` in the foreground.
pub(super) struct Foreground<'a> {
    /// The use of the engine. Its `cancel` is the first Ctrl-C.
    pub(super) session: Session<'a>,
    /// The second Ctrl-C: what is being stopped is killed.
    pub(super) kill: CancellationToken,
    /// What is brought up.
    pub(super) topology: &'a Topology,
    /// How.
    pub(super) choices: &'a UpChoices,
    /// Whose output is shown, and how.
    pub(super) following: Following<'a>,
    /// Which end of a container ends everything.
    pub(super) abort: Abort,
    /// The service whose exit code is passed on.
    pub(super) exit_code_from: Option<ServiceName>,
    /// What goes on beside the output.
    pub(super) company: Company<'a>,
}

/// What goes on beside the output: files are watched, keys are heard.
pub(super) struct Company<'a> {
    /// The services whose files can be watched, or why none can.
    pub(super) watching: Result<Watching<'a>, String>,
    /// Whether they are watched: containers that end may be on their way to be replaced then.
    pub(super) is_watching: watch::Sender<bool>,
    /// Whether keys are heard.
    pub(super) has_menu: bool,
}

/// Which end of a container ends everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Abort {
    /// None.
    Never,
    /// That of any container, unless it is a job that did what another service waits for.
    OnExit,
    /// One with another exit code than 0.
    OnFailure,
}

/// Why there is nothing more to follow.
enum Over {
    /// All that is followed ended, and was shown.
    AllShown,
    /// All containers ended whose ends are waited for.
    AllEnded,
    /// A container ended, and with it everything.
    Aborted(ContainerEnd),
    /// The engine does not tell any more whether containers ended.
    Lost(EngineError),
    /// Ctrl-C.
    Interrupted,
    /// The user leaves the services running.
    Detached,
}

/// How many services are named in a row.
const MOST_NAMES: usize = 8;

/// How long the output of containers that ended may stay silent before it counts as over.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long the engine may take to say what is there once Ctrl-C was pressed.
const PATIENCE: Duration = Duration::from_secs(5);

impl Foreground<'_> {
    /// Carries the plan out, and stays.
    pub(super) async fn run(&self, plan: &Plan) -> Result<Exit, Exit> {
        if self.abort == Abort::Never && !self.ends_with_the_named() {
            let never = unbounded_channel().1;
            return self.bring_up(plan, never).await;
        }
        let (sender, heard) = unbounded_channel();
        let hear = |heard| {
            // Nobody listens any more once everything is over.
            let _ = sender.send(heard);
        };
        let listening = async {
            // Without events nothing aborts; the output goes on.
            subscription(self.session.engine, &self.topology.name, hear).await;
            pending().await
        };
        tokio::select! {
            exit = self.bring_up(plan, heard) => exit,
            never = listening => never,
        }
    }

    /// Carries the plan out while the output is shown; it goes on when all is up.
    async fn bring_up(&self, plan: &Plan, heard: UnboundedReceiver<Heard>) -> Result<Exit, Exit> {
        let log_drain = LogDrain::default();
        let exit = self.bring_up_and_stay(plan, heard, &log_drain).await?;
        // Output that was lost is a failure, unless a container's exit code says more.
        match (exit, follow::exit_of(&log_drain, self.session.output)) {
            (exit, of_output) if exit.code() == Exit::Success.code() => Ok(of_output),
            (exit, _) => Ok(exit),
        }
    }

    async fn bring_up_and_stay(
        &self,
        plan: &Plan,
        heard: UnboundedReceiver<Heard>,
        log_drain: &LogDrain,
    ) -> Result<Exit, Exit> {
        let observed = self.observe().await?;
        let sources = follow::sources_amid(&observed, plan, &self.following);
        let (starts, started) = unbounded_channel();
        let cast = Cast { sources, to_come: follow::labels_to_come(plan, &self.following), started };
        let is_up = CancellationToken::new();
        let (follows, is_followed) = oneshot::channel();
        let stay = stream::once(async {
            // The receiver is gone when nobody waits for it.
            let _ = follows.send(());
            is_up.cancelled().await;
            self.company.is_watching()
        });
        let stay = stay.chain(self.company.changes());
        let project = &self.topology.name;
        let output = follow::follow_until(
            &self.session,
            project,
            cast,
            &self.following,
            log_drain,
            Duration::ZERO,
            stay,
        );
        let mut shown = pin!(maybe_done(output));
        let cancel = &self.session.cancel;
        // It owns the sender: when it is over, nobody starts any more.
        let carrying = async move {
            tokio::select! {
                // Where nobody reads the output, it is over at once.
                _ = is_followed => {}
                () = cancel.cancelled() => {}
            }
            let last_words = async |outcome: &Outcome| {
                for source in follow::started(plan, outcome, &self.following) {
                    // Where nobody reads, nobody is told.
                    let _ = starts.send(source);
                }
                self.hear_out(plan, outcome, log_drain).await;
            };
            self.session.carry_out_amid(plan, Intent::UP, "up", cancel, last_words).await
        };
        let mut attending = pin!(self.company.attend(&self.session, &is_up));
        let mut carrying = pin!(carrying);
        let carried = tokio::select! { biased;
            outcome = beside(&mut shown, carrying.as_mut()) => Some(outcome),
            () = &mut attending => None,
        };
        let Some(outcome) = carried else {
            shown.set(MaybeDone::Gone);
            return self.finish_detached(carrying, log_drain).await;
        };
        is_up.cancel();
        let stage = Stage { shown, log_drain };
        if self.session.cancel.is_cancelled() {
            self.stop_amid(stage).await?;
            return Ok(Exit::Interrupted);
        }
        if outcome.is_success() {
            return self.follow(stage, attending, heard).await;
        }
        if self.abort != Abort::Never {
            self.stop_amid(stage).await?;
        }
        Ok(self.exit_of_failure(plan, &outcome))
    }

    /// Brings up what is left to bring up when the user detached amid it, as `up -d` does; Ctrl-C stops it all
    /// still.
    async fn finish_detached(
        &self,
        carrying: impl Future<Output = Outcome>,
        log_drain: &LogDrain,
    ) -> Result<Exit, Exit> {
        // What hooks print is shown with the progress again.
        self.session.hook_lines.end();
        self.session.remark("detached: `up` continues without the services' output");
        let outcome = carrying.await;
        if self.session.cancel.is_cancelled() {
            self.stop(log_drain).await?;
        }
        Ok(session::exit_of(&outcome))
    }

    /// Where services were named, their ends are the end of all, although others are shown beside them.
    fn ends_with_the_named(&self) -> bool {
        let named = &self.choices.services;
        let is_named = |service: &ServiceName| named.contains(service);
        let is_alike = self.following.services.is_some_and(|shown| shown.iter().all(is_named));
        !named.is_empty() && !is_alike
    }

    /// Where the end of a container ends everything, that of one that was waited for does too. The code of
    /// another service than the chosen one is never passed on.
    fn exit_of_failure(&self, plan: &Plan, outcome: &Outcome) -> Exit {
        let is_meant =
            |step: &StepId| self.exit_code_from.is_none() || plan.steps[*step].service == self.exit_code_from;
        let failures = outcome.failures().filter(|(step, _)| is_meant(step));
        let codes = failures.filter_map(|(_, failure)| failure.cause.exit_code());
        let code = codes.into_iter().find(|code| *code != 0).filter(|_| self.abort != Abort::Never);
        code.map_or(session::exit_of(outcome), Exit::of_container)
    }

    /// Waits until everything was shown that containers printed which ended in a run.
    async fn hear_out(&self, plan: &Plan, outcome: &Outcome, log_drain: &LogDrain) {
        let is_known = |container: &ContainerName| log_drain.has_begun(container);
        let ended = |(index, step): (usize, &plan::Step)| match (&step.action, &outcome.steps[index].end) {
            (Action::Wait { container, .. }, End::Failed(failure)) => {
                failure.cause.exit_code()?;
                Some(self.following.newcomer(&plan.project, container)?.container)
            }
            // One that runs again by now may say more.
            (Action::StopContainer { container, .. }, End::Done) => {
                (is_known(container) && !outcome.running.contains(container)).then(|| container.clone())
            }
            (Action::KillContainer { container, .. }, End::Done) => {
                is_known(container).then(|| container.clone())
            }
            _ => None,
        };
        let ended: Vec<ContainerName> = plan.steps.iter().enumerate().filter_map(ended).collect();
        self.drain(&ended, log_drain).await;
    }

    /// Waits until everything was shown that these containers printed. One whose output cannot be had must not
    /// hold up the end, nor must a reader who takes nothing once Ctrl-C was pressed.
    async fn drain(&self, ended: &[ContainerName], log_drain: &LogDrain) {
        let is_patient = || !self.session.cancel.is_cancelled();
        tokio::select! { biased;
            () = log_drain.all_of(ended) => {}
            () = log_drain.silence(LAST_WORDS, is_patient) => {}
        }
    }

    async fn follow<F: Future<Output = ()>>(
        &self,
        mut stage: Stage<'_, F>,
        attending: Pin<&mut impl Future<Output = ()>>,
        heard: UnboundedReceiver<Heard>,
    ) -> Result<Exit, Exit> {
        let observed = self.observe().await?;
        let mut ended = pin!(self.abort(&observed, heard));
        let over = tokio::select! { biased;
            () = self.session.cancel.cancelled() => Over::Interrupted,
            over = &mut ended => over,
            () = attending => Over::Detached,
            () = self.until_shown(stage.shown.as_mut()) => Over::AllShown,
        };
        match over {
            Over::AllShown => self.exit_code(None).await,
            Over::AllEnded => {
                let ended = self.watched(&observed);
                self.drain_until_interrupted(&mut stage, &ended).await;
                self.exit_code(None).await
            }
            Over::Aborted(end) => {
                let ContainerEnd { container, exit_code } = &end;
                // What it printed last is why everything ends.
                self.drain_until_interrupted(&mut stage, std::slice::from_ref(container)).await;
                self.session.remark(&format!("stopping: {container} exited with code {exit_code}"));
                self.stop_amid(stage).await?;
                self.exit_code(Some(end)).await
            }
            Over::Lost(error) => Err(self.session.refused(&error)),
            Over::Detached => {
                self.session.remark("detached: the services keep running in the background");
                Ok(Exit::Success)
            }
            Over::Interrupted => {
                self.session.acknowledge();
                self.stop_amid(stage).await?;
                Ok(Exit::Interrupted)
            }
        }
    }

    /// Waits until everything was shown that containers printed which ended, as far as they are followed, or
    /// until Ctrl-C.
    async fn drain_until_interrupted<F: Future<Output = ()>>(
        &self,
        stage: &mut Stage<'_, F>,
        ended: &[ContainerName],
    ) {
        let is_followed =
            |container: &&ContainerName| self.following.newcomer(&self.topology.name, container).is_some();
        let ended: Vec<ContainerName> = ended.iter().filter(is_followed).cloned().collect();
        tokio::select! { biased;
            () = self.session.cancel.cancelled() => {}
            () = stage.shown.as_mut() => {}
            () = self.drain(&ended, stage.log_drain) => {}
        }
    }

    /// The end of the output is the end of all, unless the end of a container is waited for.
    async fn until_shown(&self, shown: impl Future<Output = ()>) {
        shown.await;
        if self.abort != Abort::Never {
            pending().await
        }
    }

    /// Stops, while the output goes on.
    async fn stop_amid<F: Future<Output = ()>>(&self, mut stage: Stage<'_, F>) -> Result<(), Exit> {
        let log_drain = stage.log_drain;
        beside(&mut stage.shown, self.stop(log_drain)).await
    }

    /// The services are stopped, dependants first; at the second Ctrl-C they are killed. Those of providers
    /// are told to stop after them.
    async fn stop(&self, log_drain: &LogDrain) -> Result<(), Exit> {
        self.stop_containers(log_drain).await?;
        let (services, output) = (&self.choices.services, self.session.output);
        provide::end(self.topology, services, Order::Stop, output, &self.kill).await
    }

    async fn stop_containers(&self, log_drain: &LogDrain) -> Result<(), Exit> {
        let observed = self.observe().await?;
        let plan = plan::stop(self.scope(&observed), self.choices.grace);
        // Those that ended by themselves have their last words too.
        let has_ended = |container: &&ObservedContainer| !container.state.is_running();
        let ended = observed.containers.iter().filter(has_ended).map(|container| container.name.clone());
        let ended: Vec<_> = ended.filter(|container| log_drain.has_begun(container)).collect();
        // A run that was interrupted has left it to this one to say how it ended.
        if plan.changes_nothing() && !self.session.cancel.is_cancelled() {
            self.drain(&ended, log_drain).await;
            return Ok(());
        }
        let mut session = self.session.again();
        session.after_cancel = AfterCancel::Kill;
        let aim = self.aim(Intent::STOP, &observed);
        let last_words = async |outcome: &Outcome| {
            self.drain(&ended, log_drain).await;
            self.hear_out(&plan, outcome, log_drain).await;
        };
        let is_over = CancellationToken::new();
        let mut stopping = pin!(async {
            let stopped = session.carry_out_amid(&plan, aim, "stop", &self.kill, last_words).await;
            is_over.cancel();
            stopped
        });
        let outcome = tokio::select! {
            outcome = &mut stopping => outcome,
            () = self.kill.cancelled() => {
                let (stopped, killed) = tokio::join!(stopping, self.kill_now(&plan, log_drain, &is_over));
                if stopped.is_success() { stopped } else { killed? }
            }
        };
        if !outcome.is_success() {
            return Err(Exit::Failed);
        }
        self.tell_what_runs_on(&observed);
        Ok(())
    }

    /// Kills what is being stopped by a plan; how that ended is said when `stop_is_over`.
    async fn kill_now(
        &self,
        stop: &Plan,
        log_drain: &LogDrain,
        stop_is_over: &CancellationToken,
    ) -> Result<Outcome, Exit> {
        let observed = self.observe().await?;
        let choices = KillChoices { signal: "SIGKILL".to_owned(), orphans: false, one_offs: false };
        let plan = plan::kill(self.scope(&observed), &choices);
        // The third Ctrl-C leaves at once; nothing gives this plan up.
        let never = CancellationToken::new();
        let mut session = self.session.again();
        (session.after_cancel, session.names_resume) = (AfterCancel::End, false);
        let last_words = async |outcome: &Outcome| {
            self.hear_out(&plan, outcome, log_drain).await;
            stop_is_over.cancelled().await;
        };
        let is_stop = |action: &Action| matches!(action, Action::StopContainer { .. });
        let is_kill = |action: &Action| matches!(action, Action::KillContainer { .. });
        let stopped_before = count(stop, is_stop).saturating_sub(count(&plan, is_kill));
        let aim = Aim { stopped_before, ..self.aim(Intent::KILL, &observed) };
        Ok(session.carry_out_amid(&plan, aim, "kill", &never, last_words).await)
    }

    /// Where services were named, what is stopped is these, and others may run on.
    fn aim(&self, intent: Intent, observed: &Observed) -> Aim {
        let services = self.choices.services.clone();
        let idle = standings(self.scope(observed), &services, Some(Status::Exited));
        Aim { idle: (!services.is_empty()).then_some(idle), services, ..intent.into() }
    }

    /// Says which services run on, where only those were stopped that were named.
    fn tell_what_runs_on(&self, observed: &Observed) {
        let services = &self.choices.services;
        let runs_on = |container: &&ObservedContainer| {
            container.state.is_running() && !container.is_one_off && !services.contains(&container.service)
        };
        let others = observed.containers.iter().filter(runs_on).map(|container| container.service.as_str());
        let others: BTreeSet<&str> = others.collect();
        if services.is_empty() || others.is_empty() || !self.session.is_for_people() {
            return;
        }
        let verb = if others.len() == 1 { "keeps" } else { "keep" };
        self.session.remark(&format!("{} {verb} running", wording::names(others, MOST_NAMES)));
    }

    /// Waits for the end of a container that ends everything, or for the ends of all without that.
    async fn abort(&self, observed: &Observed, heard: UnboundedReceiver<Heard>) -> Over {
        if self.abort == Abort::Never && !self.ends_with_the_named() {
            return pending().await;
        }
        let mut ends = Ends::new(self.session.engine, heard, self.watched(observed));
        let jobs = self.jobs(observed);
        loop {
            let end = match ends.next().await {
                Ok(Some(end)) => end,
                Ok(None) if self.company.is_watching() => {
                    self.company.watches_no_more().await;
                    // Meanwhile they may have been started again, or replaced.
                    match ends.look_again(self.watched(observed)).await {
                        Ok(()) => continue,
                        Err(error) => return Over::Lost(error),
                    }
                }
                Ok(None) => return Over::AllEnded,
                Err(_) if self.abort == Abort::Never => return pending().await,
                Err(error) => return Over::Lost(error),
            };
            if self.abort == Abort::Never {
                continue;
            }
            let is_well = self.abort == Abort::OnFailure || jobs.contains(&end.container);
            if end.exit_code != 0 || !is_well {
                return Over::Aborted(end);
            }
        }
    }

    fn watched(&self, observed: &Observed) -> Vec<ContainerName> {
        self.scope(observed).containers().map(|container| container.name.clone()).collect()
    }

    /// Containers of services that another one waits for until they completed.
    fn jobs(&self, observed: &Observed) -> BTreeSet<ContainerName> {
        let jobs = plan::jobs_of(self.topology);
        let containers = observed.containers.iter().filter(|container| jobs.contains(&container.service));
        containers.map(|container| container.name.clone()).collect()
    }

    /// The exit code of the service that was chosen, or of the container that ended everything.
    async fn exit_code(&self, end: Option<ContainerEnd>) -> Result<Exit, Exit> {
        let Some(service) = &self.exit_code_from else {
            return Ok(end.map_or(Exit::Success, |end| Exit::of_container(end.exit_code)));
        };
        let observed = self.observe().await?;
        let container = observed
            .containers
            .iter()
            .find(|container| container.service == *service && !container.is_one_off);
        // One that is not there any more, or was never started, has not done what it was to do.
        let Some(container) = container.filter(|container| container.state.status != Status::Created) else {
            return Ok(Exit::Failed);
        };
        if container.state.is_running() {
            self.session.remark(&format!("{} still runs: it has no exit code yet", container.name));
            return Ok(Exit::Failed);
        }
        Ok(Exit::of_container(container.state.exit_code))
    }

    async fn observe(&self) -> Result<Observed, Exit> {
        let query = plan::query(self.topology);
        let silent = async {
            self.session.cancel.cancelled().await;
            sleep(PATIENCE).await;
        };
        tokio::select! { biased;
            observed = self.session.observe(&query) => observed,
            () = silent => {
                self.session.output.error("the engine does not answer: nothing is stopped", None);
                Err(Exit::Interrupted)
            }
        }
    }

    fn scope<'s>(&'s self, observed: &'s Observed) -> Scope<'s> {
        Scope {
            project: &self.topology.name,
            topology: Some(self.topology),
            observed,
            services: &self.choices.services,
            excluded: &[],
        }
    }
}

/// The output of the services, while it is shown.
struct Stage<'stage, F: Future> {
    /// Ends when all is shown that there is to show.
    shown: Pin<&'stage mut MaybeDone<F>>,
    /// Whose output was shown to its end.
    log_drain: &'stage LogDrain,
}

/// Does work while the output is shown; one that is over needs nothing.
async fn beside<F: Future<Output = ()>, T>(
    shown: &mut Pin<&mut MaybeDone<F>>,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    tokio::select! { biased;
        done = &mut work => done,
        () = shown => work.await,
    }
}

impl Company<'_> {
    fn is_watching(&self) -> bool {
        *self.is_watching.borrow()
    }

    /// Whether files are watched from then on, each time that changes.
    fn changes(&self) -> impl Stream<Item = bool> {
        stream::unfold(self.is_watching.subscribe(), async |mut receiver| {
            receiver.changed().await.ok()?;
            let is_watching = *receiver.borrow_and_update();
            Some((is_watching, receiver))
        })
    }

    async fn watches_no_more(&self) {
        // The sender lives as long as this value.
        let _ = self.is_watching.subscribe().wait_for(|is_watching| !is_watching).await;
    }

    /// Hears keys, and watches files once `is_up`. Ends when the user detaches.
    async fn attend(&self, session: &Session<'_>, is_up: &CancellationToken) {
        let mut menu = if self.has_menu { Menu::open() } else { None };
        if menu.is_some() {
            let of_watching = if self.watching.is_ok() { "`w` toggles watching files, " } else { "" };
            session.remark(&format!("keys: {of_watching}`d` detaches and leaves the services running"));
        }
        loop {
            let key = tokio::select! {
                key = next_key(&mut menu, session) => key,
                () = self.watch(is_up) => {
                    // Why is said already.
                    self.is_watching.send_replace(false);
                    continue;
                }
            };
            match (key, &self.watching) {
                (Key::Detach, _) => return,
                (Key::Watch, Ok(_)) if self.is_watching() => {
                    session.remark("watch: ended");
                    self.is_watching.send_replace(false);
                }
                (Key::Watch, Ok(_)) => {
                    if !is_up.is_cancelled() {
                        session.remark("watch: begins once the services are up");
                    }
                    self.is_watching.send_replace(true);
                }
                (Key::Watch, Err(why)) => session.remark(&format!("watch: nothing can be watched: {why}")),
            }
        }
    }

    /// Ends only when files cannot be watched.
    async fn watch(&self, is_up: &CancellationToken) {
        is_up.cancelled().await;
        match &self.watching {
            Ok(watching) if self.is_watching() => {
                let _ = watching.watch(&CancellationToken::new()).await;
            }
            _ => pending().await,
        }
    }
}

/// How many steps of a plan are meant.
fn count(plan: &Plan, is_meant: impl Fn(&Action) -> bool) -> usize {
    plan.steps.iter().filter(|step| is_meant(&step.action)).count()
}

/// The next key that is a wish. Empty lines are given at once: nothing else is disturbed.
async fn next_key(menu: &mut Option<Menu>, session: &Session<'_>) -> Key {
    let Some(menu) = menu else { return pending().await };
    loop {
        match menu.next().await {
            Typed::EmptyLine => session.remark(""),
            Typed::Key(key) => return key,
        }
    }
}
