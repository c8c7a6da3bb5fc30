//! `up` in the foreground: output until all ended, until one ends where that counts, or until Ctrl-C.

use std::collections::BTreeSet;
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::maybe_done;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::cli::exit::Exit;
use crate::cli::follow::{self, Following};
use crate::cli::menu::{Key, Menu};
use crate::cli::session::{self, Session};
use crate::cli::watching::Watching;
use crate::engine::EngineError;
use crate::plan::observed::Observed;
use crate::plan::{self, KillChoices, Plan, Scope, UpChoices};
use crate::report::Intent;
use crate::run::{ContainerEnd, Ends, Heard, Outcome, subscription};
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
    /// The services whose files are watched, if any are.
    pub(super) watching: Option<Watching<'a>>,
    /// Whether watching begins by itself.
    pub(super) watches_at_once: bool,
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
    /// All that is followed ended.
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

/// How long output may still come after its containers were stopped.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Foreground<'_> {
    /// Carries the plan out, and stays.
    pub(super) async fn run(&self, plan: &Plan) -> Result<Exit, Exit> {
        if self.abort == Abort::Never {
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

    async fn bring_up(&self, plan: &Plan, heard: UnboundedReceiver<Heard>) -> Result<Exit, Exit> {
        let begun = follow::now();
        let outcome = self.session.carry_out(plan, Intent::UP, "up").await;
        if self.session.cancel.is_cancelled() {
            self.stop(&self.session).await?;
            return Ok(Exit::Interrupted);
        }
        if outcome.is_success() {
            return self.follow(begun, heard).await;
        }
        if self.abort != Abort::Never {
            self.stop(&self.session).await?;
        }
        Ok(self.exit_of_failure(&outcome))
    }

    /// Where the end of a container ends everything, that of one that was waited for does too.
    fn exit_of_failure(&self, outcome: &Outcome) -> Exit {
        let codes = outcome.failures().filter_map(|(_, failure)| failure.cause.exit_code());
        let code = codes.into_iter().find(|code| *code != 0).filter(|_| self.abort != Abort::Never);
        code.map_or(session::exit_of(outcome), Exit::of_container)
    }

    async fn follow(&self, begun: String, heard: UnboundedReceiver<Heard>) -> Result<Exit, Exit> {
        let observed = self.observe().await?;
        let mut following = self.following.clone();
        following.choice.since = Some(begun);
        let sources = follow::sources(&observed, &following);
        let stay = self.company.stay();
        let output = follow::follow_until(&self.session, &self.topology.name, sources, &following, stay);
        let mut shown = pin!(maybe_done(output));
        let mut ended = pin!(self.abort(&observed, heard));
        let over = tokio::select! { biased;
            () = self.session.cancel.cancelled() => Over::Interrupted,
            over = &mut ended => over,
            () = self.company.attend(&self.session) => Over::Detached,
            () = self.until_shown(&mut shown) => Over::AllEnded,
        };
        match over {
            Over::AllEnded => {
                let _ = tokio::time::timeout(LAST_WORDS, shown).await;
                self.exit_code(None).await
            }
            Over::Aborted(end) => {
                let ContainerEnd { container, exit_code } = &end;
                self.session.remark(&format!("stopping: {container} exited with code {exit_code}"));
                self.stop_amid(shown).await?;
                self.exit_code(Some(end)).await
            }
            Over::Lost(error) => Err(self.session.refused(&error)),
            Over::Detached => {
                self.session.remark("detached: the services go on in the background");
                Ok(Exit::Success)
            }
            Over::Interrupted => {
                self.stop_amid(shown).await?;
                Ok(Exit::Interrupted)
            }
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
    async fn stop_amid(&self, mut shown: impl Future<Output = ()> + Unpin) -> Result<(), Exit> {
        let session = self.session.amid_output();
        let mut stopping = pin!(self.stop(&session));
        tokio::select! {
            () = &mut shown => stopping.await,
            stopped = &mut stopping => {
                // One that could not be stopped goes on printing.
                let _ = tokio::time::timeout(LAST_WORDS, shown).await;
                stopped
            }
        }
    }

    /// The services are stopped, dependants first; at the second Ctrl-C they are killed.
    async fn stop(&self, session: &Session<'_>) -> Result<(), Exit> {
        let observed = self.observe().await?;
        let plan = plan::stop(self.scope(&observed), self.choices.grace);
        if plan.changes_nothing() {
            return Ok(());
        }
        let mut stopping = pin!(session.carry_out_until(&plan, Intent::STOP, "stop", &self.kill));
        let outcome = tokio::select! {
            outcome = &mut stopping => outcome,
            () = self.kill.cancelled() => {
                let (_, killed) = tokio::join!(stopping, self.kill_now());
                killed?
            }
        };
        if outcome.is_success() { Ok(()) } else { Err(Exit::Failed) }
    }

    async fn kill_now(&self) -> Result<Outcome, Exit> {
        let observed = self.observe().await?;
        let choices = KillChoices { signal: "SIGKILL".to_owned(), orphans: false, one_offs: false };
        let plan = plan::kill(self.scope(&observed), &choices);
        // The third Ctrl-C leaves at once; nothing gives this plan up.
        let never = CancellationToken::new();
        Ok(self.session.amid_output().carry_out_until(&plan, Intent::KILL, "kill", &never).await)
    }

    /// Waits for the end of a container that ends everything, or for the ends of all without that.
    async fn abort(&self, observed: &Observed, heard: UnboundedReceiver<Heard>) -> Over {
        if self.abort == Abort::Never {
            return pending().await;
        }
        let mut ends = Ends::new(self.session.engine, heard, self.watched(observed));
        let jobs = self.jobs(observed);
        loop {
            let end = match ends.next().await {
                Ok(Some(end)) => end,
                Ok(None) => return Over::AllEnded,
                Err(error) => return Over::Lost(error),
            };
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
        // One that is not there any more has not done what it was to do.
        let Some(container) = container else { return Ok(Exit::Failed) };
        if container.state.is_running() {
            self.session.remark(&format!("{} still runs: it has no exit code yet", container.name));
            return Ok(Exit::Failed);
        }
        Ok(Exit::of_container(container.state.exit_code))
    }

    async fn observe(&self) -> Result<Observed, Exit> {
        self.session.observe(&plan::query(self.topology)).await
    }

    fn scope<'s>(&'s self, observed: &'s Observed) -> Scope<'s> {
        Scope {
            project: &self.topology.name,
            topology: Some(self.topology),
            observed,
            services: &self.choices.services,
        }
    }
}

impl Company<'_> {
    /// Where files are watched, containers that end may be on their way to be replaced: it goes on.
    async fn stay(&self) {
        if self.watching.is_some() {
            pending().await
        }
    }

    /// Watches files and hears keys. Ends when the user detaches.
    async fn attend(&self, session: &Session<'_>) {
        let mut menu = if self.has_menu { Menu::open() } else { None };
        if menu.is_some() {
            session.remark("keys: `w` begins and ends watching files, `d` leaves the services running");
        }
        let mut watches = self.watches_at_once;
        loop {
            let key = tokio::select! {
                key = next_key(&mut menu) => key,
                () = self.watch(watches) => {
                    // Why is said already.
                    watches = false;
                    continue;
                }
            };
            match (key, &self.watching) {
                (Key::Detach, _) => return,
                (Key::Watch, Some(_)) => {
                    watches = !watches;
                    if !watches {
                        session.remark("watch: ended");
                    }
                }
                (Key::Watch, None) => {
                    session.remark("watch: no service here says by `develop` what is watched")
                }
            }
        }
    }

    /// Ends only when files cannot be watched.
    async fn watch(&self, watches: bool) {
        match &self.watching {
            Some(watching) if watches => {
                let _ = watching.watch(&CancellationToken::new()).await;
            }
            _ => pending().await,
        }
    }
}

async fn next_key(menu: &mut Option<Menu>) -> Key {
    match menu {
        Some(menu) => menu.next().await,
        None => pending().await,
    }
}

/// The services whose output is shown.
pub(super) struct Attached<'a> {
    /// Only these, whatever the topology says.
    pub(super) only: &'a [ServiceName],
    /// None of these.
    pub(super) not: &'a [ServiceName],
    /// Those that the chosen services depend on too.
    pub(super) with_dependencies: bool,
}

impl Attached<'_> {
    /// Their names.
    pub(super) fn services(&self, topology: &Topology, chosen: &[ServiceName]) -> Vec<ServiceName> {
        let needed = plan::services_in_order(topology, chosen, !self.with_dependencies);
        let is_attached = |name: &ServiceName| {
            if !self.only.is_empty() {
                return self.only.contains(name);
            }
            needed.contains(name)
                && topology.services.get(name).is_some_and(|service| service.attach.unwrap_or(true))
        };
        let attached = topology.services.keys().filter(|name| is_attached(name) && !self.not.contains(name));
        attached.cloned().collect()
    }
}
