//! `topo stats`.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{pending, ready};
use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;
use futures_util::stream::SelectAll;
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session::{self, Session};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::io::output::{Output, height_of_output};
use crate::cli::list::units::{binary, decimal, percent};
use crate::cli::list::{self, Column, FORMATS, JsonShape, List, ListFormat, Row};
use crate::cli::topology::project::{Project, project};
use crate::engine::What;
use crate::engine::{Samples, Target, Usage};
use crate::plan::observed::{Observed, ObservedContainer};
use crate::run::{Heard, subscription};
use crate::topology::name::{ContainerName, ServiceName};

/// Show live resource usage.
///
/// In a terminal the list is redrawn every second; otherwise one list follows another. Containers that start
/// later are included.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo stats --no-stream --format '{{.Name}} {{.CPUPerc}}'")]
pub(crate) struct StatsArgs {
    /// A topology file, and the services to watch; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Include stopped containers
    #[arg(short, long)]
    all: bool,
    #[arg(long, value_name = "table|json|TEMPLATE", default_value = "table", hide_default_value = true, help = FORMATS)]
    format: ListFormat,
    /// Show the usage once, and exit
    #[arg(long)]
    no_stream: bool,
    /// Do not shorten IDs
    #[arg(long)]
    no_trunc: bool,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

/// How often the list is drawn.
const PERIOD: Duration = Duration::from_secs(1);

/// How many drawings are left out at most until every container has told what it uses.
const PATIENCE: u32 = 4;

/// How often it is looked which containers run, although nothing was heard of it.
const NET: Duration = Duration::from_secs(5);

/// How many containers are asked at once: the engine takes a second or two for each, and does little meanwhile.
const AT_ONCE: usize = 64;

const COLUMNS: [Column; 8] = [
    Column::spare("CONTAINER ID", "ID", 0),
    Column::name("NAME", "Name"),
    Column::words("CPU %", "CPUPerc"),
    Column::words("MEM USAGE / LIMIT", "MemUsage"),
    Column::spare("MEM %", "MemPerc", 4),
    Column::spare("NET I/O", "NetIO", 2),
    Column::spare("BLOCK I/O", "BlockIO", 1),
    Column::spare("PIDS", "PIDs", 3),
];

/// Every value that a row has, by its name.
const LIST: List<'static> = List {
    columns: &COLUMNS,
    names: &["BlockIO", "CPUPerc", "Container", "ID", "MemPerc", "MemUsage", "Name", "NetIO", "PIDs"],
    arrays: &[],
    shape: JsonShape::Lines,
};

pub(super) fn run(global: &mut Global, options: StatsArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    let output = global.output();
    let services = options.excluded.take_services(global, &options.arguments)?;
    let project = project(global, &services, &output)?;
    let services = options.excluded.services_of(&project, services, &output)?;
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let session = Session::new(&engine, global, &output);
        interrupt::listen(session.cancel.clone());
        let mut stats = Stats {
            session: &session,
            project,
            services,
            options: &options,
            output,
            seen: BTreeMap::new(),
            running: BTreeSet::new(),
        };
        tokio::select! {
            exit = stats.run() => exit,
            () = session.cancel.cancelled() => Err(CliError::Interrupted),
        }
    })
}

struct Stats<'a, E> {
    session: &'a Session<'a, E>,
    project: Project,
    services: Vec<ServiceName>,
    options: &'a StatsArgs,
    output: Output,
    /// The containers in the list, and what each uses; nothing until its first sample.
    seen: BTreeMap<ContainerName, Seen>,
    /// The ids of the containers that run.
    running: BTreeSet<String>,
}

struct Seen {
    id: String,
    usage: Option<Usage>,
}

/// What a container uses, as it is told.
type Told = (ContainerName, Usage);

fn running(observed: &Observed) -> BTreeSet<String> {
    let running = observed.containers.iter().filter(|container| container.state.is_running());
    running.map(|container| container.id.clone()).collect()
}

/// Whether the list is another one now.
fn is_news(heard: &Heard) -> bool {
    match heard {
        Heard::Changed(change) => {
            matches!(change.what, What::Started | What::Died { .. } | What::Removed | What::Renamed)
        }
        Heard::Holds => true,
        Heard::Broke => false,
    }
}

impl<E: Target> Stats<'_, E> {
    async fn run(&mut self) -> Result<Exit, CliError> {
        if self.options.no_stream {
            return self.look_once().await;
        }
        let (sender, heard) = unbounded_channel();
        let hear = |heard| {
            // The receiver lives as long as this future.
            let _ = sender.send(heard);
        };
        let (engine, name) = (self.session.engine, self.project.query.project.clone());
        let listening = async {
            subscription(engine, &name, hear).await;
            // An engine that is gone answers no other question either.
            pending().await
        };
        tokio::select! {
            exit = self.watch(heard) => exit,
            never = listening => never,
        }
    }

    async fn look_once(&mut self) -> Result<Exit, CliError> {
        let mut told = self.listen(Samples::One).await?;
        while let Some((name, usage)) = told.next().await {
            self.note(&name, usage);
        }
        list::print(&self.rows(), LIST, &self.options.format, &self.output)?;
        Ok(Exit::Success)
    }

    async fn watch(&mut self, mut heard: UnboundedReceiver<Heard>) -> Result<Exit, CliError> {
        let mut told = self.listen(Samples::Many).await?;
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut looks = interval_at(Instant::now() + NET, NET);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut patience = PATIENCE;
        loop {
            tokio::select! {
                Some((name, usage)) = told.next() => self.note(&name, usage),
                Some(heard) = heard.recv() => {
                    if is_news(&heard) {
                        told = self.listen(Samples::Many).await?;
                    }
                }
                _ = looks.tick() => {
                    if self.has_changed().await? {
                        told = self.listen(Samples::Many).await?;
                    }
                }
                _ = ticks.tick() => {
                    patience = patience.saturating_sub(1);
                    let is_known = self.seen.values().all(|seen| seen.usage.is_some());
                    if (is_known || patience == 0) && !self.draw()? {
                        return Ok(Exit::Success);
                    }
                }
            }
        }
    }

    fn note(&mut self, name: &ContainerName, usage: Usage) {
        if let Some(seen) = self.seen.get_mut(name) {
            seen.usage = Some(usage);
        }
    }

    /// Listens anew to the containers that are meant; what is known of them stays.
    async fn listen(
        &mut self,
        samples: Samples,
    ) -> Result<SelectAll<impl Stream<Item = Told> + Unpin + use<E>>, CliError> {
        let observed = self.session.engine.observe(&self.project.query).await?;
        self.running = running(&observed);
        let meant: Vec<_> = observed.containers.iter().filter(|container| self.is_meant(container)).collect();
        let mut before = std::mem::take(&mut self.seen);
        for container in &meant {
            let (name, id) = (container.name.clone(), container.id.clone());
            let known = before.remove(&name).filter(|seen| seen.id == id);
            let usage = if container.state.is_running() {
                known.and_then(|seen| seen.usage)
            } else {
                Some(Usage::default())
            };
            self.seen.insert(name, Seen { id, usage });
        }
        let engine = self.session.engine;
        let asked =
            meant.into_iter().filter(|container| container.state.is_running()).map(async |container| {
                // One that ended meanwhile tells nothing.
                let samples = engine.usage(&container.id, samples).await.ok()?;
                let name = container.name.clone();
                let told =
                    samples.filter_map(move |sample| ready(sample.ok().map(|usage| (name.clone(), usage))));
                Some(Box::pin(told))
            });
        let answers = stream::iter(asked).buffer_unordered(AT_ONCE);
        Ok(answers.filter_map(ready).collect().await)
    }

    /// Whether other containers run than those that are listened to, although nothing was heard of it.
    async fn has_changed(&self) -> Result<bool, CliError> {
        Ok(self.running != running(&self.session.engine.observe(&self.project.query).await?))
    }

    fn is_meant(&self, container: &ObservedContainer) -> bool {
        let is_chosen = self.services.is_empty() || self.services.contains(&container.service);
        is_chosen && (self.options.all || container.state.is_running())
    }

    /// Draws the list; false when nobody looks any more.
    fn draw(&self) -> Result<bool, CliError> {
        let text = list::text(&self.rows(), LIST, &self.options.format)?;
        if !std::io::stdout().is_terminal() || self.options.format != ListFormat::Table {
            return self.output.print_to_reader(&text);
        }
        // From the top of the screen, each line up to its end, and nothing below.
        let room = height_of_output().saturating_sub(1).max(1);
        let lines = text.lines().take(room).map(|line| format!("{line}\x1b[K\r\n"));
        self.output.print_to_reader(&format!("\x1b[H{}\x1b[J", lines.collect::<String>()))
    }

    fn rows(&self) -> Vec<Row> {
        self.seen.iter().map(|(name, seen)| row(name, seen, self.options.no_trunc)).collect()
    }
}

fn row(name: &ContainerName, Seen { id, usage }: &Seen, no_trunc: bool) -> Row {
    let short = if no_trunc { id } else { id.get(..12).unwrap_or(id) };
    let pair = |one: String, other: String| json!(format!("{one} / {other}"));
    let share = |usage: &Usage| match usage.memory_limit {
        0 => 0.0,
        limit => usage.memory as f64 / limit as f64,
    };
    // Nothing is known before the first sample.
    let with = |words: &dyn Fn(&Usage) -> serde_json::Value| usage.as_ref().map_or(json!("--"), words);
    Row::from_iter([
        ("BlockIO".to_owned(), with(&|usage| pair(decimal(usage.read, 3), decimal(usage.written, 3)))),
        ("CPUPerc".to_owned(), with(&|usage| json!(percent(usage.processors)))),
        ("Container".to_owned(), json!(id)),
        ("ID".to_owned(), json!(short)),
        ("MemPerc".to_owned(), with(&|usage| json!(percent(share(usage))))),
        ("MemUsage".to_owned(), with(&|usage| pair(binary(usage.memory), binary(usage.memory_limit)))),
        ("Name".to_owned(), json!(name)),
        ("NetIO".to_owned(), with(&|usage| pair(decimal(usage.received, 3), decimal(usage.sent, 3)))),
        ("PIDs".to_owned(), with(&|usage| json!(usage.processes.to_string()))),
    ])
}
