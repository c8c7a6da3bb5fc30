//! `up` in the foreground: output until all ended, until one ends where that counts, or until Ctrl-C.
//!
//! What is done when is decided by [`AttachedUp`]; here events are awaited and decisions carried out.

mod ends;
mod stop;
mod tasks;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, LocalBoxStream, Stream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::cli::attached::follow::{self, Cast, Following};
use crate::cli::attached::menu::{Key, Typed};
use crate::cli::engine::session::{self, Session};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::engine::Engine;
use crate::plan::observed::Observed;
use crate::plan::{self, Plan, Scope, UpChoices};
use crate::report::Goal;
use crate::run::attached::{
    Abort, AttachedEvent, AttachedRemark, AttachedUp, Decision, DrainTarget, ExitReason,
};
use crate::run::logs::LogDrain;
use crate::run::{ContainerEnd, Heard, Outcome, subscription};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ServiceName};
use tasks::Tasks;

/// `up` in the foreground.
pub struct Foreground<'a, E> {
    /// The use of the engine. Its `cancel` is the first Ctrl-C.
    pub session: Session<'a, E>,
    /// The second Ctrl-C: what is being stopped is killed.
    pub kill: CancellationToken,
    /// What is brought up.
    pub topology: &'a Topology,
    /// How.
    pub choices: &'a UpChoices,
    /// Whose output is shown, and how.
    pub following: Following<'a>,
    /// Which end of a container ends everything.
    pub abort: Abort,
    /// The service whose exit code is passed on.
    pub exit_code_from: Option<ServiceName>,
}

/// Background work: file watching and key bindings.
pub struct Background<'a> {
    /// Watches files until that is impossible, or why there are none to watch.
    pub watcher: Result<Watcher<'a>, String>,
    /// Whether files are watched as soon as all is up.
    pub is_watching: bool,
    /// What is typed, where keys are listened to.
    pub keys: Option<LocalBoxStream<'a, Typed>>,
}

/// Begins to watch files. The token ends it, once what was taken down is back; dropping the future ends it at once.
pub type Watcher<'a> = Box<dyn Fn(CancellationToken) -> LocalBoxFuture<'a, ()> + 'a>;

/// How long the engine may take to say what is there once Ctrl-C was pressed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the tasks of one run share.
#[derive(Default)]
struct Shared {
    /// Whose output was shown to its end.
    log_drain: LogDrain,
    /// How it was brought up, by which plan: the first one, or one that followed.
    outcome: OnceCell<(Plan, Outcome)>,
    /// The containers whose ends are waited for.
    watched: RefCell<Vec<ContainerName>>,
    /// How containers ended whose ends count, each the first time.
    first_exits: RefCell<BTreeMap<ContainerName, i64>>,
    /// The ends of containers are to be waited for once more.
    look_again: Notify,
    /// What is being stopped is killed.
    killing: CancellationToken,
}

impl Shared {
    /// A job that is started again has another try.
    fn note_exit(&self, end: &ContainerEnd, is_job: bool) {
        if !(is_job && end.is_restarted) {
            self.first_exits.borrow_mut().entry(end.container.clone()).or_insert(end.exit_code);
        }
    }
}

impl<E: Engine> Foreground<'_, E> {
    /// Carries the plan out, and stays.
    pub async fn run(&self, plan: &Plan, background: Background<'_>) -> Result<Exit, CliError> {
        let shared = Shared::default();
        let exit = match self.bring_up_and_stay(plan, background, &shared).await {
            // How it went was reported already.
            Err(error @ (CliError::StepsFailed | CliError::Interrupted)) => error.exit(),
            ended => ended?,
        };
        // Output that was lost is a failure, unless a container's exit code says more.
        match follow::complete(&shared.log_drain) {
            Err(lost) if exit.code() != Exit::Success.code() => Err(CliError::Several(vec![lost], exit)),
            complete => complete.map(|()| exit),
        }
    }

    async fn bring_up_and_stay(
        &self,
        plan: &Plan,
        background: Background<'_>,
        shared: &Shared,
    ) -> Result<Exit, CliError> {
        let Background { watcher, is_watching, keys } = background;
        let observed = self.observe().await?;
        let (stays, may_stay) = unbounded_channel();
        let (ended, told) = unbounded_channel();
        let (sender, heard) = unbounded_channel();
        let mut heard = Some(heard);
        let mut attached = AttachedUp::new(self.abort, watcher.is_ok(), is_watching);
        let mut watch_end = CancellationToken::new();
        let mut tasks = Tasks::new(&self.session.cancel, &self.kill, told);
        self.begin(plan, &observed, shared, may_stay, &mut tasks);
        if self.counts_ends() {
            tasks.listening = Some(Box::pin(self.listen(sender)));
        }
        if let Some(keys) = keys {
            let of_watching = if watcher.is_ok() { "`w` toggles watching files, " } else { "" };
            self.session.remark(&format!("keys: {of_watching}`d` detaches and leaves the services running"));
            tasks.keys = Some(self.wishes(keys));
        }
        loop {
            let (event, failed) = match tasks.next().await {
                Ok(event) => (event, None),
                Err(error) => (AttachedEvent::WorkFailed, Some(error)),
            };
            for decision in attached.on(event) {
                match decision {
                    // The receiver may be gone.
                    Decision::KeepOutput { while_watching } => _ = stays.send(while_watching),
                    Decision::DropOutput => {
                        tasks.output = None;
                        // What hooks print is shown with the progress again.
                        self.session.hook_lines.end();
                    }
                    Decision::FollowEnds => {
                        let heard = heard.take().filter(|_| self.counts_ends());
                        tasks.ends = heard.map(|heard| self.follow_ends(heard, ended.clone(), shared));
                    }
                    Decision::LookAgain => shared.look_again.notify_one(),
                    Decision::StartWatching => {
                        watch_end = CancellationToken::new();
                        tasks.watching = watcher.as_ref().ok().map(|watch| watch(watch_end.clone()));
                    }
                    Decision::StopWatching => {
                        watch_end.cancel();
                        tasks.last_pass = tasks.watching.take().or(tasks.last_pass.take());
                    }
                    Decision::Say(remark) => self.session.remark(&words(&remark, watcher.as_ref().err())),
                    Decision::Acknowledge => self.session.acknowledge(),
                    Decision::Drain(target) => {
                        let ended = match target {
                            DrainTarget::All => shared.watched.borrow().clone(),
                            DrainTarget::Container(container) => vec![container],
                        };
                        tasks.work = Some(Box::pin(self.drain_followed(ended, shared)));
                    }
                    Decision::Stop => {
                        // Nothing is started any more.
                        tasks.last_pass = None;
                        tasks.work = Some(Box::pin(self.stop(shared)));
                    }
                    Decision::Kill => shared.killing.cancel(),
                    Decision::Exit(reason) => {
                        // What runs on is not to be left without what is being replaced.
                        if reason == ExitReason::Success {
                            watch_end.cancel();
                            tasks.finish_watching().await;
                        }
                        return self.exit(shared, reason, failed).await;
                    }
                }
            }
        }
    }

    /// Begins to show the output, and as soon as it is followed to carry the plan out.
    fn begin<'t>(
        &'t self,
        plan: &'t Plan,
        observed: &Observed,
        shared: &'t Shared,
        may_stay: UnboundedReceiver<bool>,
        tasks: &mut Tasks<'t>,
    ) {
        let sources = follow::sources_amid(observed, plan, &self.following);
        let (starts, started) = unbounded_channel();
        let cast = Cast { sources, to_come: follow::labels_to_come(plan, &self.following), started };
        let (follows, is_followed) = oneshot::channel();
        tasks.output = Some(Box::pin(follow::follow_until(
            &self.session,
            &self.topology.name,
            cast,
            &self.following,
            &shared.log_drain,
            Duration::ZERO,
            stay(follows, may_stay),
        )));
        // It owns the sender: when it is over, nobody starts any more.
        tasks.work = Some(Box::pin(async move {
            let cancel = &self.session.cancel;
            tokio::select! {
                // Where nobody reads the output, it is over at once.
                _ = is_followed => {}
                () = cancel.cancelled() => {}
            }
            let drain_logs = async |plan: &Plan, outcome: &Outcome| {
                for source in follow::started(plan, outcome, &self.following) {
                    // The receiver may be gone.
                    let _ = starts.send(source);
                }
                self.drain_ended(plan, outcome, &shared.log_drain).await;
            };
            let again = async |seen: &_| self.session.plan_up_again(self.topology, self.choices, seen).await;
            let converging = self.session.converge_amid(plan, Goal::UP, "up", cancel, drain_logs, again);
            let (plan, outcome) = converging.await;
            let is_success = outcome.is_success();
            if is_success {
                // Whoever only follows what runs is in nobody's way.
                self.session.turn.end();
            }
            // It is carried out once.
            let _ = shared.outcome.set((plan.into_owned(), outcome));
            Ok(AttachedEvent::BroughtUp { is_success })
        }));
    }

    /// Hears what happens to the project's containers, for as long as it can be heard.
    async fn listen(&self, sender: UnboundedSender<Heard>) {
        let hear = |heard| {
            // Nobody listens any more once everything is over.
            let _ = sender.send(heard);
        };
        subscription(self.session.engine, &self.topology.name, hear).await;
    }

    /// What the keys that are pressed mean. Empty lines are given at once: nothing else is disturbed.
    fn wishes<'t>(&'t self, keys: LocalBoxStream<'t, Typed>) -> LocalBoxStream<'t, AttachedEvent> {
        use futures_util::StreamExt;
        let wish = async |typed| match typed {
            Typed::EmptyLine => {
                self.session.remark("");
                None
            }
            Typed::Key(Key::Detach) => Some(AttachedEvent::Detach),
            Typed::Key(Key::Watch) => Some(AttachedEvent::ToggleWatch),
        };
        keys.filter_map(wish).boxed_local()
    }

    /// Whether the end of some container matters before the end of its output does.
    fn counts_ends(&self) -> bool {
        self.abort != Abort::Never || self.ends_with_the_named()
    }

    /// Where services were named, their ends are the end of all, although others are shown beside them.
    fn ends_with_the_named(&self) -> bool {
        let named = &self.choices.services;
        let is_named = |service: &ServiceName| named.contains(service);
        let is_alike = self.following.services.is_some_and(|shown| shown.iter().all(is_named));
        !named.is_empty() && !is_alike
    }

    async fn observe(&self) -> Result<Observed, CliError> {
        let query = plan::query(self.topology);
        let silent = async {
            self.session.cancel.cancelled().await;
            sleep(PATIENCE).await;
        };
        tokio::select! { biased;
            observed = self.session.engine.observe(&query) => Ok(observed?),
            () = silent => {
                let error = CliError::failed("the engine does not answer: nothing was stopped");
                Err(CliError::Several(vec![error], Exit::Interrupted))
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

    async fn exit(
        &self,
        shared: &Shared,
        reason: ExitReason,
        failed: Option<CliError>,
    ) -> Result<Exit, CliError> {
        let outcome = shared.outcome.get();
        match reason {
            ExitReason::Success => Ok(Exit::Success),
            ExitReason::Interrupted => Err(CliError::Interrupted),
            ExitReason::Run => outcome
                .map_or(Err(CliError::StepsFailed), |(plan, outcome)| self.exit_of_failure(plan, outcome)),
            ExitReason::DetachedRun => {
                outcome.map_or(Err(CliError::StepsFailed), |(_, outcome)| session::exit_of(outcome))
            }
            ExitReason::Service(end) => self.exit_of_service(end, shared).await,
            ExitReason::EventsLost(error) => Err(error.into()),
            ExitReason::WorkFailed => Err(failed.unwrap_or(CliError::StepsFailed)),
        }
    }
}

/// Whether the output is followed on although all ended; `follows` is told when this is asked first.
fn stay(follows: oneshot::Sender<()>, may_stay: UnboundedReceiver<bool>) -> impl Stream<Item = bool> {
    stream::unfold((Some(follows), may_stay), async |(follows, mut may_stay)| {
        if let Some(follows) = follows {
            // The receiver is gone when nobody waits for it.
            let _ = follows.send(());
        }
        Some((may_stay.recv().await?, (None, may_stay)))
    })
}

/// What is said; `unwatchable` is why no files can be watched.
fn words(remark: &AttachedRemark, unwatchable: Option<&String>) -> String {
    match remark {
        AttachedRemark::DetachedWhileBringingUp => {
            "detached: `up` continues without the services' output".to_owned()
        }
        AttachedRemark::Detached => "detached: the services keep running in the background".to_owned(),
        AttachedRemark::StoppingBecauseOf(ContainerEnd { container, exit_code, is_restarted: _ }) => {
            format!("stopping: {container} exited with code {exit_code}")
        }
        AttachedRemark::WatchBeginsLater => "watch: starts once the services are up".to_owned(),
        AttachedRemark::WatchEnded => "watch: stopped".to_owned(),
        AttachedRemark::NothingToWatch => {
            let why = unwatchable.map_or("", String::as_str);
            format!("watch: nothing can be watched: {why}")
        }
    }
}
