//! Connected commands on an engine in memory: their actions, output and exit codes, in simulated
//! time that passes only when nothing else can happen.

mod attached;
mod controls;
mod converging;
mod engine;
mod followed;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::timeout;
use topo::cli::on_engine::{CliError, ColorChoice, Exit, Global, Output, Settings, Streams};
use topo::diagnostic::Diagnostics;
use topo::engine::{Observe, OutputStream};
use topo::plan::{self, Observed, Plan, UpChoices};
use topo::run::{RunOptions, run};
use topo::topology::Topology;

use crate::plans::load::load;
use crate::runs::scenario::Scenario;
use engine::ProjectEngine;

/// Two services, one of which needs the other one.
const WEB_AND_DB: &str = "
name: shop
services:
  web: { image: 'app:1', depends_on: [db] }
  db: { image: 'app:1' }
";

/// Longer than anything that is tested takes.
const LIMIT: Duration = Duration::from_secs(600);

/// The environment of a command.
struct Place {
    engine: ProjectEngine,
    topology: Topology,
    global: Global,
    output: Output,
    said: Said,
}

/// The text written to the two streams.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    out: Arc<Mutex<Vec<u8>>>,
    err: Arc<Mutex<Vec<u8>>>,
}

/// A writer for one of the two.
struct Pen(Arc<Mutex<Vec<u8>>>);

impl Streams for Said {
    fn writer(&self, stream: OutputStream) -> Box<dyn Write> {
        Box::new(Pen(match stream {
            OutputStream::Out => self.out.clone(),
            OutputStream::Err => self.err.clone(),
        }))
    }
}

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Said {
    fn out(&self) -> String {
        text(&self.out)
    }

    pub(crate) fn err(&self) -> String {
        text(&self.err)
    }
}

fn text(bytes: &Mutex<Vec<u8>>) -> String {
    String::from_utf8(bytes.lock().expect("nobody panics with it").clone()).expect("UTF-8")
}

impl Place {
    fn new(topology: &str, script: &str) -> Self {
        let said = Said::default();
        let streams: &'static Said = Box::leak(Box::new(said.clone()));
        Self {
            engine: ProjectEngine::new(Scenario::parse(script).script),
            topology: load("topology.yaml", topology, &[], &UpChoices::default()).0,
            global: Global::default(),
            output: Output::new(ColorChoice::Never, &Settings::default()).to(streams),
            said,
        }
    }

    async fn observed(&self) -> Observed {
        self.engine.observe(&plan::query(&self.topology)).await.expect("it is observed")
    }

    async fn plan(&self, choices: &UpChoices) -> Plan {
        plan::up(&self.topology, &self.observed().await, choices, &mut Diagnostics::default())
    }

    /// Brings everything up, and forgets what was done.
    async fn bring_up(&self) {
        let plan = self.plan(&UpChoices::default()).await;
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        let outcome = run(&plan, &self.engine, &RunOptions::default(), &Default::default(), &events).await;
        assert!(outcome.is_success(), "{outcome:?}");
        self.engine.take_done();
    }
}

/// The exit code of a command.
async fn code(place: &Place, command: impl Future<Output = Result<Exit, CliError>>) -> u8 {
    let ended = timeout(LIMIT, command).await.expect("it ends");
    ended.unwrap_or_else(|error| error.print(&place.global, &place.output)).code()
}

fn in_simulated_time(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime can be built");
    runtime.block_on(test);
}
