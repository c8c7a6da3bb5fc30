//! One port of the host can be published once.

use std::net::IpAddr;

use crate::diagnostic::{Diagnostics, code};
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::port::{Port, PortRange};
use crate::topology::service::{DependencyCondition, Service};

/// A port of the host that one service asks for.
struct Published<'a> {
    service: &'a ServiceName,
    port: &'a Port,
    range: PortRange,
    at: Span,
}

/// Finds host ports that are published twice, and ranges too short for a service's replicas.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    let mut published: Vec<Published> = Vec::new();
    for (name, service) in &topology.services {
        check_replicas(name, service, found);
        published.extend(ports_of(name, service));
    }
    // Sorted, so that only neighbours need to be compared.
    published.sort_by_key(|port| (port.range, port.at));
    for (index, first) in published.iter().enumerate() {
        let same = published[index + 1..].iter().take_while(|other| other.range == first.range);
        for second in same.filter(|second| clash(first.port, second.port)) {
            if !takes_turns(topology, first.service, second.service) {
                report(first, second, found);
            }
        }
    }
}

/// The fixed ports of a service; from a range the engine chooses a free one.
fn ports_of<'a>(name: &'a ServiceName, service: &'a Service) -> impl Iterator<Item = Published<'a>> {
    service.ports.0.iter().filter_map(move |port| {
        let range = port.published.filter(|range| range.len() == 1 && range.first != 0)?;
        Some(Published { service: name, port: &port.value, range, at: port.span })
    })
}

fn check_replicas(name: &ServiceName, service: &Service, found: &mut Diagnostics) {
    let replicas = service.replicas() as usize;
    for port in &service.ports.0 {
        let Some(range) = port.published.filter(|range| range.first != 0 && range.len() < replicas) else {
            continue;
        };
        let ports = match range.len() {
            1 => "one host port".to_owned(),
            ports => format!("{ports} host ports"),
        };
        let last = range.first.saturating_add(u16::try_from(replicas - 1).unwrap_or(u16::MAX));
        found
            .error(code::PORT_CLASH, format!("`{name}` has {replicas} replicas and {ports}"))
            .label(port.span, "each replica needs a host port of its own")
            .help(format!(
                "give a range, `{}-{last}:{}`, or no host port: `{}`",
                range.first, port.target, port.target
            ));
    }
}

fn clash(first: &Port, second: &Port) -> bool {
    first.protocol == second.protocol && overlap(first.host_ip.as_deref(), second.host_ip.as_deref())
}

/// Whether two host addresses have one in common; none means all, `0.0.0.0` and `::` all of a kind.
fn overlap(first: Option<&str>, second: Option<&str>) -> bool {
    let address = |text: Option<&str>| text.and_then(|text| text.parse::<IpAddr>().ok());
    let (Some(first), Some(second)) = (address(first), address(second)) else { return true };
    let is_any = first.is_unspecified() || second.is_unspecified();
    first.is_ipv4() == second.is_ipv4() && (is_any || first == second)
}

/// Whether one service is over before the other starts, so that both may use one port.
fn takes_turns(topology: &Topology, first: &ServiceName, second: &ServiceName) -> bool {
    waits_for_end(topology, first, second) || waits_for_end(topology, second, first)
}

/// Whether `service`, or one that it needs, waits for `other` to end.
fn waits_for_end(topology: &Topology, service: &ServiceName, other: &ServiceName) -> bool {
    let mut seen = vec![service];
    let mut next = 0;
    while let Some(name) = seen.get(next) {
        let needed = topology.services.get(*name).into_iter().flat_map(|service| &service.depends_on.0);
        for (needed, dependency) in needed {
            if needed == other && dependency.condition == DependencyCondition::Completed {
                return true;
            }
            if !seen.contains(&needed) {
                seen.push(needed);
            }
        }
        next += 1;
    }
    false
}

fn report(first: &Published, second: &Published, found: &mut Diagnostics) {
    let (earlier, later) = if first.at <= second.at { (first, second) } else { (second, first) };
    let port = format!("{}/{}", later.range, later.port.protocol);
    found
        .error(code::PORT_CLASH, format!("host port {port} is published twice"))
        .label(later.at, format!("`{}` publishes it", later.service))
        .label(earlier.at, format!("`{}` publishes it already", earlier.service))
        .help("publish one of them on another host port, or on another address of the host");
}
