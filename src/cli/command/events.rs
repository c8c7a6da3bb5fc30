//! `topo events`.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::time::Duration;

use clap::Args;
use futures_util::{Stream, StreamExt};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::redaction::redacted;
use crate::cli::engine::session::{self, Session};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::io::output::Output;
use crate::cli::list::time::{engine_time_now, engine_time_of, in_nanoseconds, time_option};
use crate::cli::topology::project::{Project, project};
use crate::engine::EngineError;
use crate::engine::{ContainerEvent, EventFilter, History, Target};
use crate::plan::label;
use crate::report::sanitize;
use crate::topology::name::{ProjectName, ServiceName};

/// Show events of the project's containers as they happen.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo events web --since 10m --json")]
pub(crate) struct EventsArgs {
    /// A topology file, and the services to show; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Print each event as a JSON object
    #[arg(long)]
    json: bool,
    /// Include events since this time: `10m`, `2026-01-31`, `2026-01-31T12:00` (local time), `...Z`, or seconds since 1970
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events until this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: EventsArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    let output = global.output();
    let services = options.excluded.take_services(global, &options.arguments)?;
    let choice = EventFilter {
        since: time_option(options.since.as_ref())?,
        until: time_option(options.until.as_ref())?,
    };
    let project = project(global, &services, &output)?;
    let services = options.excluded.services_of(&project, services, &output)?;
    let Project { query, .. } = project;
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let session = Session::new(&engine, global, &output);
        interrupt::listen(session.cancel.clone());
        tokio::select! {
            exit = show(&session, &query.project, &choice, &services, &options, &output) => exit,
            () = session.cancel.cancelled() => Err(CliError::Interrupted),
        }
    })
}

async fn show(
    session: &Session<'_, impl Target>,
    project: &ProjectName,
    choice: &EventFilter,
    services: &[ServiceName],
    options: &EventsArgs,
    output: &Output,
) -> Result<Exit, CliError> {
    let mut hearing = Hearing::new(session.engine, project, choice.clone());
    while let Some(incident) = hearing.next().await? {
        let service = incident.attributes.get(label::SERVICE);
        let is_meant = services.is_empty()
            || service.is_some_and(|service| services.iter().any(|name| name.as_str() == service));
        let one_off = incident.attributes.get(label::ONE_OFF);
        // A container of `run` is none of the services'; Docker Compose says nothing of it either.
        if !is_meant || one_off.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            continue;
        }
        let text = if options.json { json_line(&incident) } else { line(&incident) };
        if !output.print_to_reader(&text)? {
            break;
        }
    }
    Ok(Exit::Success)
}

/// What happens, over breaks of the stream.
struct Hearing<'a, E> {
    engine: &'a E,
    project: &'a ProjectName,
    choice: EventFilter,
    incidents: Option<Incidents<'a>>,
    /// Those that were told last: a new stream begins with some of them.
    told: VecDeque<ContainerEvent>,
    has_begun: bool,
    /// How many streams broke in a row before they told anything.
    broken: usize,
}

type Incidents<'a> = Pin<Box<dyn Stream<Item = Result<ContainerEvent, EngineError>> + 'a>>;

/// How long a stream may say nothing until another one takes its place: one that something on the way has
/// cut off looks like one in which nothing happens.
const SILENCE: Duration = Duration::from_secs(30);

/// How many incidents are remembered: more do not happen at the same time.
const MOST_TOLD: usize = 64;

/// How often in a row a stream may break.
const MOST_BREAKS: usize = 6;

impl<'a, E: History> Hearing<'a, E> {
    fn new(engine: &'a E, project: &'a ProjectName, choice: EventFilter) -> Self {
        Self { engine, project, choice, incidents: None, told: VecDeque::new(), has_begun: false, broken: 0 }
    }

    /// The next thing that happens; nothing when all that was asked for is told.
    ///
    /// # Errors
    ///
    /// The engine refuses, or cannot be reached for about six seconds.
    async fn next(&mut self) -> Result<Option<ContainerEvent>, EngineError> {
        loop {
            let heard = match &mut self.incidents {
                None => self.open().await.map(|()| None),
                Some(incidents) => match timeout(SILENCE, incidents.next()).await {
                    Ok(Some(incident)) => incident.map(Some),
                    Ok(None) if self.choice.until.is_some() => return Ok(None),
                    Ok(None) => Err(EngineError::Disconnected("it closed its stream of events".to_owned())),
                    Err(_) => {
                        self.incidents = None;
                        Ok(None)
                    }
                },
            };
            match heard {
                Ok(Some(incident)) if self.is_news(&incident) => return Ok(Some(incident)),
                Ok(_) => {}
                Err(EngineError::Unreachable { .. } | EngineError::Disconnected(_))
                    if self.has_begun && self.broken < MOST_BREAKS =>
                {
                    self.incidents = None;
                    sleep(Duration::from_millis(100 << self.broken)).await;
                    self.broken += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn open(&mut self) -> Result<(), EngineError> {
        let incidents = self.engine.incidents(self.project, &self.choice).await?;
        self.incidents = Some(Box::pin(incidents));
        self.has_begun = true;
        // From now on nothing may be left out between two streams.
        self.choice.since.get_or_insert_with(engine_time_now);
        Ok(())
    }

    /// Whether it was not told before the stream broke.
    fn is_news(&mut self, incident: &ContainerEvent) -> bool {
        self.broken = 0;
        if self.told.contains(incident) {
            return false;
        }
        if self.told.len() == MOST_TOLD {
            self.told.pop_front();
        }
        self.told.push_back(incident.clone());
        self.choice.since = self.told.iter().map(|told| told.at).max().map(engine_time_of);
        true
    }
}

/// `2026-11-22 04:58:48.344052 container start 8260773cfcc2... (image=busybox, name=shop-web-1)`
fn line(incident: &ContainerEvent) -> String {
    let ContainerEvent { action, id, .. } = incident;
    let attributes = attributes(incident);
    let attributes: Vec<String> = attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let time = in_nanoseconds(incident.at, "%Y-%m-%d %H:%M:%S%.6f");
    let action = redacted(action.trim_end());
    format!("{time} container {} {id} ({})\n", sanitize(&action), sanitize(&attributes.join(", ")))
}

fn json_line(incident: &ContainerEvent) -> String {
    let object = json!({
        "action": redacted(&incident.action),
        "attributes": attributes(incident),
        "id": incident.id,
        "service": incident.attributes.get(label::SERVICE),
        "time": in_nanoseconds(incident.at, "%Y-%m-%dT%H:%M:%S%.9fZ"),
        "type": "container",
    });
    format!("{object}\n")
}

/// Without the labels by which topo and Compose know their containers, and without values from elsewhere.
fn attributes(incident: &ContainerEvent) -> BTreeMap<String, String> {
    let mut attributes = label::without_values(&incident.attributes);
    attributes.retain(|name, _| !label::is_own(name));
    attributes.values_mut().for_each(|value| *value = redacted(value));
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line() {
        let attributes =
            [("name", "shop-web-1"), ("image", "busybox"), (label::SERVICE, "web"), (label::APPLIED, "{}")];
        let incident = ContainerEvent {
            action: "exec_create: true ".to_owned(),
            id: "abc".to_owned(),
            attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            at: 1_795_316_328_344_052_050,
        };
        assert_eq!(
            line(&incident),
            "2026-11-22 02:58:48.344052 container exec_create: true abc (image=busybox, name=shop-web-1)\n"
        );
        assert_eq!(
            json_line(&incident),
            "{\"action\":\"exec_create: true \",\"attributes\":{\"image\":\"busybox\",\"name\":\"shop-web-1\"},\
             \"id\":\"abc\",\"service\":\"web\",\"time\":\"2026-11-22T02:58:48.344052050Z\",\"type\":\"container\"}\n"
        );
    }
}
