//! Host ports that are in use.

use std::net::IpAddr;

use super::demand::PortDemand;
use super::{Demands, Listener, Neighbour, Process, Surroundings, report};
use crate::diagnostic::{Diagnostics, Severity, code};
use crate::plan::label;
use crate::plan::observed::ObservedContainer;
use crate::value::port::Protocol;

/// Who has a port.
enum Holder<'a> {
    Container(&'a Neighbour),
    Socket(&'a Listener),
}

/// Reports a port that others have, or a range that has too few left.
pub(super) fn check(
    demand: &PortDemand,
    demands: &Demands<'_>,
    surroundings: &Surroundings,
    found: &mut Diagnostics,
) {
    let PortDemand { port, range, at, containers, .. } = demand;
    let holders = range.ports().filter_map(|number| holder(demand, number, demands, surroundings));
    let holders: Vec<Holder<'_>> = holders.collect();
    let free = range.len() - holders.len();
    if free >= containers.len().min(range.len()) {
        return;
    }
    // Of a range, others are named first: the service's own containers have theirs by right.
    let Some(first) = holders.iter().min_by_key(|holder| holder.is_own(demands)) else { return };
    let protocol = port.protocol;
    let message = match (range.len(), free) {
        (1, _) => format!("host port {range}/{protocol} is in use"),
        (_, 0) => format!("all host ports of {range}/{protocol} are in use"),
        (_, free) => format!(
            "{free} of the host ports {range}/{protocol} {} free, and {} containers need one",
            if free == 1 { "is" } else { "are" },
            containers.len()
        ),
    };
    report(found, (Severity::Error, code::PORT_TAKEN), message, (*at, first.words(demands)))
        .help(first.help(demands));
}

fn holder<'a>(
    demand: &PortDemand,
    number: u16,
    demands: &Demands<'_>,
    surroundings: &'a Surroundings,
) -> Option<Holder<'a>> {
    let (ip, protocol) = (demand.port.host_ip, demand.port.protocol);
    let publishes = |container: &&Neighbour| {
        !is_stopped(container, demands)
            && addresses(container, number, protocol).any(|address| clashes(ip, address))
    };
    if let Some(container) = surroundings.containers.iter().find(publishes) {
        return Some(Holder::Container(container));
    }
    if is_published(&surroundings.containers, number, protocol) {
        return None;
    }
    let listens = |listener: &&Listener| {
        let Listener { address, protocol: its, process: _ } = listener;
        *its == protocol && address.port() == number && clashes(ip, address.ip())
    };
    let machine = surroundings.machine.as_ref()?;
    machine.listeners.iter().find(listens).map(Holder::Socket)
}

/// Whether one of the containers publishes a port: the engine itself, or its proxy, listens there then.
pub(super) fn is_published(containers: &[Neighbour], number: u16, protocol: Protocol) -> bool {
    containers.iter().any(|container| addresses(container, number, protocol).next().is_some())
}

/// Whether the plan stops it before, or may.
fn is_stopped(container: &Neighbour, demands: &Demands<'_>) -> bool {
    is_own(container, demands) && demands.stopped.contains(&container.name)
}

fn is_own(container: &Neighbour, demands: &Demands<'_>) -> bool {
    container.project.as_ref() == Some(&demands.plan.project)
}

/// The addresses on which a container publishes a port.
fn addresses(container: &Neighbour, number: u16, protocol: Protocol) -> impl Iterator<Item = IpAddr> {
    let ports = container.ports.iter().filter(move |port| port.protocol == protocol);
    ports.filter_map(move |port| port.host.filter(|host| host.port() == number)).map(|host| host.ip())
}

/// Whether two sockets cannot be bound to one port: without an address, the engine takes all.
fn clashes(wanted: Option<IpAddr>, held: IpAddr) -> bool {
    wanted.is_none_or(|wanted| {
        let is_any = wanted.is_unspecified() || held.is_unspecified();
        wanted.is_ipv4() == held.is_ipv4() && (is_any || wanted == held)
    })
}

impl Holder<'_> {
    fn is_own(&self, demands: &Demands<'_>) -> bool {
        matches!(self, Self::Container(container) if is_own(container, demands))
    }

    fn words(&self, demands: &Demands<'_>) -> String {
        match self {
            Self::Container(container) if is_own(container, demands) => {
                format!("`{}` of this project publishes it", container.name)
            }
            Self::Container(Neighbour { name, project: Some(project), .. }) => {
                format!("`{name}` of project `{project}` publishes it")
            }
            Self::Container(Neighbour { name, .. }) => format!("the container `{name}` publishes it"),
            Self::Socket(Listener { address, process: Some(Process { id, name }), .. }) => {
                format!("`{name}` (process {id}) has {address}")
            }
            Self::Socket(Listener { address, .. }) => format!("a program on this machine has {address}"),
        }
    }

    fn help(&self, demands: &Demands<'_>) -> String {
        const OTHERWISE: &str = "or publish another host port";
        match self {
            Self::Container(container) if is_own(container, demands) => {
                format!("{}, {OTHERWISE}", of_own(container, demands))
            }
            Self::Container(container) => format!("`docker stop {}` frees it; {OTHERWISE}", container.name),
            Self::Socket(_) => format!("stop that program, {OTHERWISE}"),
        }
    }
}

/// How a container of this project is made to give a port up.
fn of_own(container: &Neighbour, demands: &Demands<'_>) -> String {
    let observed = &demands.observed.containers;
    match observed.iter().find(|known| known.name == container.name) {
        Some(ObservedContainer { service, is_one_off: false, labels, .. })
            if !label::is_of_pre_start(labels) && demands.topology.service(service.as_str()).is_some() =>
        {
            format!("bring `{service}` up too")
        }
        Some(ObservedContainer { is_one_off: false, .. }) => "let `--remove-orphans` remove it".to_owned(),
        _ => format!("stop it: `docker stop {}`", container.name),
    }
}
