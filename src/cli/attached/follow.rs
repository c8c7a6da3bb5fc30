//! The output of services in the foreground, for `up` and `logs`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::empty;
use tokio::sync::mpsc::unbounded_channel;

use crate::cli::engine::session::Session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::nonblocking_writer::NonBlockingWriter;
use crate::cli::io::output::Output;
use crate::engine::{Engine, LogChoice, OutputStream};
use crate::plan::observed::{ObservedContainer, Status};
use crate::plan::{Action, Observed, Plan, Step};
use crate::report::logs::{Outlet, Prefixes, Printer};
use crate::report::{Above, Live};
use crate::run::logs::{Begin, FollowContext, LogDrain, LogSink, Source, Started, follow};
use crate::run::{End, Ended, Outcome};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ProjectName, ServiceName};

/// Whose output is shown, and how.
#[derive(Clone)]
pub struct Following<'a> {
    /// The services; all when absent.
    pub services: Option<&'a [ServiceName]>,
    /// Only the container with this number, of each service.
    pub index: Option<u32>,
    /// Which part of the output.
    pub choice: LogChoice,
    /// Whether lines begin with the name of their container.
    pub prefixes: Prefixes,
    /// The services whose containers have fixed names.
    pub fixed_names: BTreeMap<ContainerName, ServiceName>,
}

/// The services of a topology whose containers have fixed names.
pub fn fixed_names(topology: Option<&Topology>) -> BTreeMap<ContainerName, ServiceName> {
    let services = topology.into_iter().flat_map(|topology| &topology.services);
    let fixed = services.filter_map(|(name, service)| {
        let fixed = service.container_name.as_ref()?;
        Some((ContainerName::new(fixed.value.clone()), name.clone()))
    });
    fixed.collect()
}

impl Following<'_> {
    /// The part of a container's output that is wanted, if it is one of the services'.
    pub(crate) fn source(&self, container: &ObservedContainer) -> Option<Source> {
        let is_meant = self.is_meant(container.service.as_str(), container.number);
        let label = format!("{}-{}", container.service, container.number);
        let (container_name, choice) = (container.name.clone(), self.choice.clone());
        let has_ended = matches!(container.state.status, Status::Exited | Status::Dead);
        let source = Source { container: container_name, label, choice, begin: Begin::Past, has_ended };
        (is_meant && !container.is_one_off).then_some(source)
    }

    fn is_meant(&self, service: &str, number: u32) -> bool {
        let is_its_service =
            self.services.is_none_or(|services| services.iter().any(|name| name.as_str() == service));
        is_its_service && self.index.is_none_or(|index| index == number)
    }

    /// The part of the output of a container that starts later, known by its name alone.
    pub(crate) fn newcomer(&self, project: &ProjectName, container: &ContainerName) -> Option<Source> {
        let label = match self.fixed_names.get(container) {
            Some(service) => format!("{service}-1"),
            None => container.as_str().strip_prefix(project.as_str())?.strip_prefix('-')?.to_owned(),
        };
        let (service, number) = label.rsplit_once('-')?;
        let is_meant = self.is_meant(service, number.parse().ok()?);
        let choice = LogChoice { tail: None, since: None, ..self.choice.clone() };
        let container = container.clone();
        is_meant.then_some(Source { container, label, choice, begin: Begin::Past, has_ended: false })
    }
}

/// The containers whose output is wanted, by service and number.
pub fn sources(observed: &Observed, following: &Following<'_>) -> Vec<Source> {
    let mut containers: Vec<&ObservedContainer> = observed.containers.iter().collect();
    containers.sort_by_key(|container| (&container.service, container.number));
    containers.into_iter().filter_map(|container| following.source(container)).collect()
}

/// The containers that are there and stay when a plan is carried out: they are heard from now on. What
/// makes way for a successor is not; the successor joins when it is started.
pub(crate) fn sources_amid(observed: &Observed, plan: &Plan, following: &Following<'_>) -> Vec<Source> {
    let steps = plan.steps.iter().filter(|step| step.only_if.is_none());
    let removed: BTreeSet<&ContainerName> = steps
        .filter_map(|step| match &step.action {
            Action::RemoveContainer { container, .. } => Some(container),
            _ => None,
        })
        .collect();
    let stays = |source: &Source| !removed.contains(&source.container);
    let from_now = |source| Source { begin: Begin::Now, ..source };
    sources(observed, following).into_iter().filter(stays).map(from_now).collect()
}

/// The containers that a plan has started.
pub(crate) fn started(plan: &Plan, outcome: &Outcome, following: &Following<'_>) -> Vec<Source> {
    let source = |(step, ended): (&Step, &Ended)| match &step.action {
        Action::StartContainer { container, .. } if ended.end == End::Done => {
            following.newcomer(&plan.project, container)
        }
        _ => None,
    };
    plan.steps.iter().zip(&outcome.steps).filter_map(source).collect()
}

/// The names that the lines of containers begin with which a plan starts.
pub(crate) fn labels_to_come(plan: &Plan, following: &Following<'_>) -> BTreeSet<String> {
    let label = |action: &Action| match action {
        Action::StartContainer { container, .. } => Some(following.newcomer(&plan.project, container)?.label),
        _ => None,
    };
    plan.steps.iter().filter_map(|step| label(&step.action)).collect()
}

/// Containers that are followed.
pub(crate) struct Cast {
    /// Those that are there.
    pub(crate) sources: Vec<Source>,
    /// The labels of those that are known to come, so that the column of names is wide enough for them.
    pub(crate) to_come: BTreeSet<String>,
    /// Those of them that came.
    pub(crate) started: Started,
}

impl Cast {
    /// Those that are there, and nobody is known to come.
    pub(crate) fn of(sources: Vec<Source>) -> Self {
        Self { sources, to_come: BTreeSet::new(), started: unbounded_channel().1 }
    }
}

/// Follows containers until all of them ended and `stay` is over, or said last that it is not needed. `stay`
/// begins when they are followed.
pub(crate) async fn follow_until<E: Engine>(
    session: &Session<'_, E>,
    project: &ProjectName,
    cast: Cast,
    following: &Following<'_>,
    log_drain: &LogDrain,
    patience: Duration,
    stay: impl Stream<Item = bool>,
) {
    let Cast { sources, to_come, started } = cast;
    let output = session.output;
    let (mut out, mut err) = (output.writer(OutputStream::Out), output.writer(OutputStream::Err));
    let mut out = outlet(output, &session.live, OutputStream::Out, &mut *out);
    let mut err = outlet(output, &session.live, OutputStream::Err, &mut *err);
    let mut printer = Printer::new(&mut *out, &mut *err, following.prefixes, session.look_of_output())
        .with_line_ends(output.line_ends(OutputStream::Out), output.line_ends(OutputStream::Err));
    let labels: BTreeSet<&String> = sources.iter().map(|source| &source.label).chain(&to_come).collect();
    for label in labels {
        printer.join(label);
    }
    let joins = |container: &ContainerName| following.newcomer(project, container);
    let Session { expected_exits, hook_lines, .. } = session;
    let context =
        FollowContext { project, joins: &joins, drain: log_drain, hook_lines, expected_exits, patience };
    follow(session.engine, sources, context, started, stay, &mut printer).await;
}

/// Follows containers until none of them runs any more, or until Ctrl-C. One that was stopped, and may be on its
/// way to be started again or replaced, is waited for a moment when nothing else runs.
pub async fn follow_all<E: Engine>(
    session: &Session<'_, E>,
    project: &ProjectName,
    sources: Vec<Source>,
    following: &Following<'_>,
) -> Result<Exit, CliError> {
    let (cast, log_drain) = (Cast::of(sources), LogDrain::default());
    let shown = follow_until(session, project, cast, following, &log_drain, COMES_BACK, empty());
    tokio::select! {
        () = shown => complete(&log_drain).map(|()| Exit::Success),
        () = session.cancel.cancelled() => Err(CliError::Interrupted),
    }
}

/// How long a container that was stopped is waited for when nothing else runs.
const COMES_BACK: Duration = Duration::from_secs(2);

/// Whether all output was shown to its end.
pub(crate) fn complete(log_drain: &LogDrain) -> Result<(), CliError> {
    if let Some(failure) = log_drain.failure() {
        return Err(CliError::usage(failure));
    }
    let lost = log_drain.give_up().into_iter().map(|lost| CliError::failed(lost.to_string())).collect();
    if log_drain.has_lost_some() { Err(CliError::Several(lost, Exit::Failed)) } else { Ok(()) }
}

/// The way to a stream: in a terminal above the live lines, else at the reader's pace.
fn outlet<'a>(
    output: &Output,
    live: &Live,
    stream: OutputStream,
    writer: &'a mut dyn Write,
) -> Box<dyn Outlet + 'a> {
    let is_for_programs = output.is_of_process() && !output.is_terminal(stream);
    let nonblocking_writer = is_for_programs.then(|| match stream {
        OutputStream::Out => NonBlockingWriter::of(&std::io::stdout()),
        OutputStream::Err => NonBlockingWriter::of(&std::io::stderr()),
    });
    match nonblocking_writer {
        Some(Ok(nonblocking_writer)) => Box::new(nonblocking_writer),
        Some(Err(_)) | None => Box::new(Above::by_flush(live, writer)),
    }
}
