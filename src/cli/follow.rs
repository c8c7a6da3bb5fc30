//! The output of services in the foreground, for `up` and `logs`.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cli::session::Session;
use crate::engine::LogChoice;
use crate::plan::Observed;
use crate::plan::observed::ObservedContainer;
use crate::report::logs::{Company, Prefixes, Printer, Source, follow};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ProjectName, ServiceName};

/// Whose output is shown, and how.
#[derive(Clone)]
pub(super) struct Following<'a> {
    /// The services; all when absent.
    pub(super) services: Option<&'a [ServiceName]>,
    /// Only the container with this number of each service.
    pub(super) index: Option<u32>,
    /// Which part of the output.
    pub(super) choice: LogChoice,
    /// Whether lines begin with the name of their container.
    pub(super) prefixes: Prefixes,
    /// The services whose containers have fixed names.
    pub(super) fixed_names: BTreeMap<ContainerName, ServiceName>,
}

/// The services of a topology whose containers have fixed names.
pub(super) fn fixed_names(topology: Option<&Topology>) -> BTreeMap<ContainerName, ServiceName> {
    let services = topology.into_iter().flat_map(|topology| &topology.services);
    let fixed = services.filter_map(|(name, service)| {
        let fixed = service.container_name.as_ref()?;
        Some((ContainerName::new(fixed.value.clone()), name.clone()))
    });
    fixed.collect()
}

impl Following<'_> {
    /// The part of a container's output that is wanted, if it is one of the services'.
    pub(super) fn source(&self, container: &ObservedContainer) -> Option<Source> {
        let is_meant = self.is_meant(container.service.as_str(), container.number);
        let label = format!("{}-{}", container.service, container.number);
        let source = Source { container: container.name.clone(), label, choice: self.choice.clone() };
        (is_meant && !container.is_one_off).then_some(source)
    }

    fn is_meant(&self, service: &str, number: u32) -> bool {
        let is_its_service =
            self.services.is_none_or(|services| services.iter().any(|name| name.as_str() == service));
        is_its_service && self.index.is_none_or(|index| index == number)
    }

    /// The part of the output of a container that starts later, known by its name alone.
    fn newcomer(&self, project: &ProjectName, container: &ContainerName) -> Option<Source> {
        let label = match self.fixed_names.get(container) {
            Some(service) => format!("{service}-1"),
            None => container.as_str().strip_prefix(project.as_str())?.strip_prefix('-')?.to_owned(),
        };
        let (service, number) = label.rsplit_once('-')?;
        let is_meant = self.is_meant(service, number.parse().ok()?);
        let choice = LogChoice { tail: None, since: None, ..self.choice.clone() };
        is_meant.then_some(Source { container: container.clone(), label, choice })
    }
}

/// Now, as the engine takes a time: seconds since 1970 with a fraction.
pub(super) fn now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:09}", now.as_secs(), now.subsec_nanos())
}

/// The containers whose output is wanted, by service and number.
pub(super) fn sources(observed: &Observed, following: &Following<'_>) -> Vec<Source> {
    let mut containers: Vec<&ObservedContainer> = observed.containers.iter().collect();
    containers.sort_by_key(|container| (&container.service, container.number));
    containers.into_iter().filter_map(|container| following.source(container)).collect()
}

/// Follows containers until all of them ended and `stay` is over.
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
    follow(session.engine, sources, company, stay, &mut printer).await;
}
