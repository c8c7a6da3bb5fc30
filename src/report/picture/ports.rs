//! In: the published ports of a service. Out: a text for each, consecutive ones as a range. Must
//! not: lose an address or a protocol.

use crate::topology::service::Port;
use crate::value::port::{PortRange, Protocol};

/// For example `8080 → 80`, `8000-8010 → 8000-8010`, `127.0.0.1:53 → 53/udp` or, with `any` for a
/// port that the engine chooses, `any → 80`.
pub(super) fn words(ports: &[&Port], any: &str) -> Vec<String> {
    ports.chunk_by(|one, next| are_neighbours(one, next)).map(|ports| word(ports, any)).collect()
}

/// Whether the second port continues a range that ends with the first.
fn are_neighbours(one: &Port, next: &Port) -> bool {
    let is_next = |one: u16, next: u16| one.checked_add(1) == Some(next);
    let (Some(published), Some(next_published)) = (one.published, next.published) else { return false };
    let are_single = published.first == published.last && next_published.first == next_published.last;
    are_single
        && is_next(published.first, next_published.first)
        && is_next(one.target, next.target)
        && one.protocol == next.protocol
        && one.host_ip == next.host_ip
}

fn word(ports: &[&Port], any: &str) -> String {
    let [first, .., last] = ports else {
        return ports.first().map(|port| single(port, any)).unwrap_or_default();
    };
    let published = first.published.zip(last.published);
    let published = published.map(|(first, last)| PortRange { first: first.first, last: last.last });
    between(first, published, PortRange { first: first.target, last: last.target }, any)
}

fn single(port: &Port, any: &str) -> String {
    between(port, port.published, PortRange::single(port.target), any)
}

fn between(port: &Port, published: Option<PortRange>, target: PortRange, any: &str) -> String {
    let address = port.host_ip.map(|address| format!("{address}:")).unwrap_or_default();
    let published = published.map_or_else(|| any.to_owned(), |range| range.to_string());
    let protocol = if port.protocol == Protocol::Tcp { String::new() } else { format!("/{}", port.protocol) };
    format!("{address}{published} → {target}{protocol}")
}

#[cfg(test)]
mod tests {
    use super::{Port, words};

    fn drawn(ports: &[&str]) -> Vec<String> {
        let ports = ports.iter().flat_map(|port| Port::from_short(port).expect("a port"));
        words(&ports.collect::<Vec<_>>().iter().collect::<Vec<_>>(), "any")
    }

    #[test]
    fn consecutive_ports_become_a_range() {
        assert_eq!(drawn(&["8000-8010:8000-8010", "80:80"]), ["8000-8010 → 8000-8010", "80 → 80"]);
        assert_eq!(drawn(&["8000:80", "8001:90"]), ["8000 → 80", "8001 → 90"]);
    }

    #[test]
    fn addresses_and_protocols_are_shown_unless_they_are_the_defaults() {
        assert_eq!(drawn(&["127.0.0.1:53:53/udp", "80"]), ["127.0.0.1:53 → 53/udp", "any → 80"]);
    }
}
