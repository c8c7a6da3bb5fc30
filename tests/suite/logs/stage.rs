//! The environment of output tests: an engine in memory, simulated time, and captured output.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Duration;

use futures_util::stream::{Stream, StreamExt, once};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;
use topo::engine::{LogChoice, Perform};
use topo::plan::{Action, Because, Plan, Step};
use topo::report::Look;
use topo::report::logs::{Prefixes, Printer};
use topo::run::logs::{Begin, ExpectedExits, FollowContext, HookLines, LogDrain, Source, Started, follow};
use topo::topology::name::{ContainerName, ProjectName};

use crate::memory_engine::MemoryEngine;
use crate::runs::scenario::Scenario;

/// What accompanies the output that is followed.
pub(super) struct Around {
    pub log_drain: LogDrain,
    pub hook_lines: HookLines,
    pub expected_exits: ExpectedExits,
    project: ProjectName,
}

impl Default for Around {
    fn default() -> Self {
        Self {
            log_drain: LogDrain::default(),
            hook_lines: HookLines::default(),
            expected_exits: ExpectedExits::default(),
            project: "shop".into(),
        }
    }
}

impl Around {
    /// By default, no container is waited for.
    pub(super) fn company<'around>(
        &'around self,
        joins: &'around dyn Fn(&ContainerName) -> Option<Source>,
    ) -> FollowContext<'around> {
        FollowContext {
            project: &self.project,
            joins,
            drain: &self.log_drain,
            hook_lines: &self.hook_lines,
            expected_exits: &self.expected_exits,
            patience: Duration::ZERO,
        }
    }
}

pub(super) fn nobody_joins(_container: &ContainerName) -> Option<Source> {
    None
}

pub(super) async fn follow_all(
    engine: &MemoryEngine,
    names: &[&str],
    stay: impl Future<Output = ()>,
    stage: &Stage,
) -> LogDrain {
    let around = Around::default();
    let joins = |container: &ContainerName| {
        (container.as_str() != "shop-other-1").then(|| source(container.as_str()))
    };
    let company = around.company(&joins);
    let sources = names.iter().map(|name| source(name)).collect();
    stage.print(async |printer| follow(engine, sources, company, nobody(), until(stay), printer).await).await;
    around.log_drain
}

/// Continues until something is done.
pub(super) fn until(done: impl Future<Output = ()>) -> impl Stream<Item = bool> {
    once(done).map(|()| false)
}

/// No container is known to have been started.
pub(super) fn nobody() -> Started {
    unbounded_channel().1
}

pub(super) async fn perform(engine: &MemoryEngine, action: Action) {
    engine.perform(&action, &|_| {}).await.expect("the engine does it");
}

pub(super) fn start(container: &str) -> Action {
    Action::StartContainer { container: container.into(), post_start: Vec::new() }
}

/// Stops a container and starts it.
pub(super) fn restart(container: &str) -> Plan {
    let mut plan = Plan::new("shop".into());
    let stop = Action::StopContainer {
        container: container.into(),
        grace: None,
        pre_stop: Vec::new(),
        after_failed_hook: topo::plan::action::AfterFailedHook::GiveUp,
    };
    for action in [stop, start(container)] {
        plan.steps.push(Step::new(action, Because::Asked, Some("db".into())));
    }
    plan
}

pub(super) fn source(container: &str) -> Source {
    let label = container.trim_start_matches("shop-").to_owned();
    Source {
        container: container.into(),
        label,
        choice: LogChoice::default(),
        begin: Begin::Past,
        has_ended: false,
    }
}

/// Runs a test in simulated time, which passes only when nothing else can happen; returns all lines
/// with the times at which they were written.
pub(super) fn run(engine: &str, test: impl AsyncFnOnce(&MemoryEngine, &Stage)) -> String {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime can be built");
    runtime.block_on(async {
        let stage = Stage { begun: Instant::now(), text: Rc::default() };
        test(&MemoryEngine::new(Scenario::parse(engine).script), &stage).await;
        stage.text.take()
    })
}

/// Records output, each line with its time.
#[derive(Clone)]
pub(super) struct Stage {
    begun: Instant,
    text: Rc<RefCell<String>>,
}

impl Stage {
    pub(super) async fn print<T>(&self, print: impl AsyncFnOnce(&mut Printer<'_>) -> T) -> T {
        let (mut out, mut err) = (self.clone(), self.clone());
        print(&mut Printer::new(&mut out, &mut err, Prefixes::Names, Look::BARE)).await
    }
}

impl Write for Stage {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = self.text.borrow_mut();
        for line in String::from_utf8_lossy(bytes).split_inclusive('\n') {
            if text.is_empty() || text.ends_with('\n') {
                text.push_str(&format!("{:.3}  ", self.begun.elapsed().as_secs_f64()));
            }
            text.push_str(line);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
