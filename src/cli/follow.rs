//! The output of services in the foreground, for `up` and `logs`.

use std::future::{Future, ready};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::engine::LogChoice;
use crate::plan::observed::ObservedContainer;
use crate::plan::{self, Observed};
use crate::report::logs::{Company, Prefixes, Printer, Source, follow};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ProjectName, ServiceName};

/// Whose output is shown, and how.
pub(super) struct Following<'a> {
    /// The services; all when empty.
    pub(super) services: &'a [ServiceName],
    /// Which part of the output.
    pub(super) choice: LogChoice,
    /// Whether lines begin with the name of their container.
    pub(super) prefixes: Prefixes,
}

impl Following<'_> {
    /// The part of a container's output that is wanted, if it is one of the services'.
    pub(super) fn source(&self, container: &ObservedContainer) -> Option<Source> {
        let is_meant = self.services.is_empty() || self.services.contains(&container.service);
        let label = format!("{}-{}", container.service, container.number);
        let source = Source { container: container.name.clone(), label, choice: self.choice.clone() };
        (is_meant && !container.is_one_off).then_some(source)
    }

    /// The part of the output of a container that starts later, known by its name alone.
    fn newcomer(&self, project: &ProjectName, container: &ContainerName) -> Option<Source> {
        let label = container.as_str().strip_prefix(project.as_str())?.strip_prefix('-')?.to_owned();
        let (service, _) = label.rsplit_once('-')?;
        let is_meant = self.services.is_empty() || self.services.iter().any(|name| name.as_str() == service);
        let choice = LogChoice { tail: None, since: None, ..self.choice.clone() };
        is_meant.then_some(Source { container: container.clone(), label, choice })
    }
}

/// Now, as the engine takes a time: seconds since 1970 with a fraction.
pub(super) fn now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:09}", now.as_secs(), now.subsec_nanos())
}

/// Shows the output of a topology's services until all of them ended, or Ctrl-C.
pub(super) async fn until_all_end(
    session: &Session<'_>,
    topology: &Topology,
    following: &Following<'_>,
) -> Result<(), Exit> {
    let observed = session.observe(&plan::query(topology)).await?;
    let attached = |container: &ObservedContainer| {
        let service = topology.services.get(&container.service);
        service.is_some_and(|service| service.attach.unwrap_or(true))
    };
    let sources = sources(&observed, following, attached);
    follow_until(session, &topology.name, sources, following, ready(())).await;
    Ok(())
}

/// The containers whose output is wanted, by service and number.
pub(super) fn sources(
    observed: &Observed,
    following: &Following<'_>,
    is_attached: impl Fn(&ObservedContainer) -> bool,
) -> Vec<Source> {
    let mut containers: Vec<&ObservedContainer> =
        observed.containers.iter().filter(|container| is_attached(container)).collect();
    containers.sort_by_key(|container| (&container.service, container.number));
    containers.into_iter().filter_map(|container| following.source(container)).collect()
}

/// Follows containers until all of them ended and `stay` is over, or until Ctrl-C.
pub(super) async fn follow_until(
    session: &Session<'_>,
    project: &ProjectName,
    sources: Vec<Source>,
    following: &Following<'_>,
    stay: impl Future<Output = ()>,
) {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let mut printer = Printer::new(&mut out, &mut err, following.prefixes, session.look_of_output());
    let known: Vec<ContainerName> = sources.iter().map(|source| source.container.clone()).collect();
    let joins = |container: &ContainerName| {
        // One that is known already goes on by itself.
        if known.contains(container) { None } else { following.newcomer(project, container) }
    };
    let company = Company { project, joins: &joins };
    tokio::select! {
        () = follow(session.engine, sources, company, stay, &mut printer) => {}
        () = session.cancel.cancelled() => {}
    }
    printer.flush();
}
