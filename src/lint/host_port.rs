//! A host port can be published only once.

use crate::diagnostic::{Diagnostics, Severity, code};
use crate::lint::order::takes_turns;
use crate::lint::rule::{Group, Rule};
use crate::lint::shared_text::{self, Claim};
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::name::ServiceName;
use crate::topology::service::Port;
use crate::topology::service::Service;
use crate::value::port::PortRange;

/// A host port of a service.
struct Published<'a> {
    service: &'a ServiceName,
    port: &'a Port,
    range: PortRange,
    at: Span,
}

pub(super) const RULE: Rule =
    Rule { codes: &[(code::PORT_CLASH, Severity::Error)], group: Group::Correctness, since: "0.1.0", check };

/// Reports host ports that are published twice, and ranges too short for a service's replicas.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    let mut published: Vec<Published> = Vec::new();
    for (name, service) in topology.services.iter().filter(|(_, service)| service.replicas() > 0) {
        check_replicas(name, service, service.replicas(), found);
        published.extend(ports_of(name, service));
    }
    // Sorted, so that only neighbours need to be compared.
    published.sort_by_key(|port| (port.range, port.at));
    for same in published.chunk_by(|first, second| first.range == second.range) {
        for (index, port) in same.iter().enumerate() {
            let clashes = |other: &&Published| {
                port.clashes(other) && !takes_turns(topology, port.service, other.service)
            };
            if let Some(other) = same[..index].iter().find(clashes) {
                report(topology, other, port, found);
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

/// Reports too few host ports for this many containers of a service.
pub fn check_replicas(name: &ServiceName, service: &Service, replicas: u32, found: &mut Diagnostics) {
    let replicas = replicas as usize;
    for port in &service.ports.0 {
        let Some(range) = port.published.filter(|range| range.first != 0 && range.len() < replicas) else {
            continue;
        };
        let ports = match range.len() {
            1 => format!("one host port, {range}"),
            ports => format!("{ports} host ports, {range}"),
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

impl Published<'_> {
    /// No address means all of them, `0.0.0.0` and `::` all of their family.
    fn clashes(&self, other: &Self) -> bool {
        if self.port.protocol != other.port.protocol {
            return false;
        }
        let (Some(first), Some(second)) = (self.port.host_ip, other.port.host_ip) else { return true };
        let is_any = first.is_unspecified() || second.is_unspecified();
        first.is_ipv4() == second.is_ipv4() && (is_any || first == second)
    }
}

fn report(topology: &Topology, earlier: &Published, later: &Published, found: &mut Diagnostics) {
    let port = format!("{}/{}", later.range, later.port.protocol);
    let diagnostic = found.error(code::PORT_CLASH, format!("host port {port} is published twice"));
    let claims = [(later, "it"), (earlier, "it already")].map(|(port, it)| Claim {
        service: port.service,
        at: port.at,
        words: match earlier.service == later.service {
            true => {
                format!("`{}` publishes {}", port.service, if it == "it" { "it again" } else { "it here" })
            }
            false => format!("`{}` publishes {it}", port.service),
        },
    });
    shared_text::show(topology, claims, diagnostic);
    diagnostic.help(match later.at == earlier.at {
        true => "give one of them other ports in place of these: `ports: !override [...]`",
        false => "publish one of them on another host port, or on another address of the host",
    });
}
