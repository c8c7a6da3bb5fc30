//! `ports`: the short form that [`crate::value::port`] reads, or a mapping.
//!
//! Compose Specification, "ports".

use std::collections::HashSet;
use std::net::IpAddr;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Node, Value};
use crate::source::Spanned;
use crate::topology::attribute::{
    Attribute, Field, Form, Sealing, Shape, Wanted, WantedKind, divided_by_a_blank, put, record, wrong_type,
};
use crate::topology::value::pitfall::warn_of_base_60;
use crate::topology::value::scalar::loose_text;
use crate::topology::value::{Integer, Loose};
use crate::value::ValueError;
pub use crate::value::port::ExposedPort;
use crate::value::port::{IN_RANGE, LINK_LOCAL, PortMapping, PortMode, PortRange, Protocol, is_link_local};

record! {
    /// A published port in the long form.
    pub struct PortSection {
        /// A name for documentation.
        name: Option<String> = public,
        /// `ingress` or `host`, for a cluster.
        mode: Option<String> = public,
        /// The address on the host. All of them when absent.
        host_ip: Option<Spanned<String>> = public also(&["ip", "address"]) instead("an address such as `192.0.2.7`"),
        /// The port in the container.
        target: Option<Spanned<Integer>> = required also(&["container", "container_port", "port", "to"]),
        /// The port on the host, or a range to choose from. Any free one when absent.
        published: Option<Spanned<Loose>> = public also(&["host", "host_port", "public", "from"]) instead("a port: `\"80\"`"),
        /// `tcp`, `udp` or `sctp`.
        protocol: Option<Spanned<String>> = public instead("`tcp` or `udp`") unset_when_empty,
        /// The application protocol, for documentation: `http`.
        app_protocol: Option<String> = public,
    }
}

/// A port of a container that is published on the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Port {
    /// A name for documentation.
    pub name: Option<String>,
    /// How it is published in a cluster.
    pub mode: PortMode,
    /// The address on the host; all of them when absent.
    pub host_ip: Option<IpAddr>,
    /// The port in the container.
    pub target: u16,
    /// The port on the host, or a range to choose from; any free one when absent.
    pub published: Option<PortRange>,
    /// The transport protocol.
    pub protocol: Protocol,
    /// The application protocol, for documentation.
    pub app_protocol: Option<String>,
}

impl Port {
    /// Reads the short form, which may stand for several ports.
    pub fn from_short(text: &str) -> Result<Vec<Self>, ValueError> {
        let mapping = PortMapping::parse(text)?;
        let PortMapping { host_ip, protocol, target: _, published: _ } = mapping;
        let port = |(target, published)| Self { host_ip, target, published, protocol, ..Self::default() };
        Ok(mapping.pairs().map(port).collect())
    }
}

/// Published ports. One item of the short form can stand for a range of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ports(pub Vec<Spanned<Port>>);

impl Attribute for Ports {
    const ELEMENTS: &'static [Field] = PortSection::FIELDS;
    const SHAPE: Shape = Shape::List;
    const SEALING: Sealing = Sealing::Each(&PortSection::SEALING);

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let Value::List(items) = &node.value else {
            return wrong_type(node, Wanted::new("a list of ports", &[WantedKind::List]), found);
        };
        let ports = items.iter().flat_map(|item| decode_item(item, found));
        // Ranges may repeat a port; that is not a second port.
        let mut seen = HashSet::new();
        Some(Self(ports.filter(|port| seen.insert(port.value.clone())).collect()))
    }

    fn canonical(&self, _: Form) -> Json {
        Json::Array(self.0.iter().map(|port| canonical_port(port)).collect())
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        let section = PortSection::schema(definitions);
        json!({ "type": "array", "items": { "anyOf": [{ "type": ["string", "number"] }, section] } })
    }
}

/// The most ports that a topology may publish with all ranges expanded: a short text can name very
/// many.
const LIMIT: usize = 200_000;

/// Refuses a topology that publishes more ports than fit into memory. Checked before any is read.
pub fn refuse_too_many(services: &Node, found: &mut Diagnostics) -> bool {
    let services = services.as_map().into_iter().flat_map(|map| &map.entries);
    let ports = services.filter_map(|(_, service)| service.as_map()?.get("ports")?.as_list());
    let mut count = 0;
    for item in ports.flatten() {
        count += item.as_text().map_or(1, count_short);
        if count > LIMIT {
            found
                .error(code::TOO_LARGE, "the topology publishes more than 200,000 ports")
                .label(item.span, "with these there are too many")
                .help("publish fewer ports, or give the service the host's network: `network_mode: host`");
            return true;
        }
    }
    false
}

/// How many ports the short form stands for; one when it cannot be read.
fn count_short(text: &str) -> usize {
    PortMapping::parse(text).map_or(1, |mapping| mapping.target.len())
}

fn canonical_port(port: &Port) -> Json {
    let Port { name, mode, host_ip, target, published, protocol, app_protocol } = port;
    let mut object = JsonMap::new();
    put(&mut object, "name", json!(name));
    put(&mut object, "mode", json!(mode.to_string()));
    put(&mut object, "host_ip", json!(host_ip.map(|ip| ip.to_string())));
    put(&mut object, "target", json!(target));
    put(&mut object, "published", json!(published.map(|range| range.to_string())));
    put(&mut object, "protocol", json!(protocol.word()));
    put(&mut object, "app_protocol", json!(app_protocol));
    Json::Object(object)
}

fn decode_item(node: &Node, found: &mut Diagnostics) -> Vec<Spanned<Port>> {
    let ports = match &node.value {
        Value::Scalar(scalar) => {
            warn_of_base_60(scalar, node, found);
            let text = loose_text(scalar);
            Port::from_short(&text).map_err(|mistake| refuse(&text, mistake, node, found)).unwrap_or_default()
        }
        Value::Map(map) if divided_by_a_blank(map, PortSection::FIELDS, node, found) => Vec::new(),
        _ => decode_long(node, found).into_iter().collect(),
    };
    ports.into_iter().map(|port| Spanned::new(port, node.span)).collect()
}

impl Attribute for ExposedPort {
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        Loose::decode(node, found).map(|Loose(text)| Self::from(text))
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self.to_string())
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": ["string", "number"] })
    }
}

fn refuse(text: &str, mistake: ValueError, node: &Node, found: &mut Diagnostics) {
    let diagnostic = found.error(code::BAD_PORT, format!("`{text}` is not a port mapping"));
    mistake.explain(text, node.span, diagnostic);
}

fn decode_long(node: &Node, found: &mut Diagnostics) -> Option<Port> {
    let section = PortSection::decode(node, found)?;
    let PortSection { name, mode, host_ip, target, published, protocol, app_protocol, extensions: _ } =
        section;
    // Every part is read, so that one error does not hide another.
    let host_ip = host_ip.map_or(Some(None), |address| long_host_ip(&address, found).map(Some));
    let protocol = protocol.map_or(Some(Protocol::Tcp), |protocol| long_protocol(&protocol, found));
    let published = long_published(published, found);
    let target = target.and_then(|target| long_target(&target, found));
    Some(Port {
        name,
        mode: mode.map_or(PortMode::Ingress, PortMode::parse),
        host_ip: host_ip?,
        target: target?,
        published: published?,
        protocol: protocol?,
        app_protocol,
    })
}

fn long_host_ip(address: &Spanned<String>, found: &mut Diagnostics) -> Option<IpAddr> {
    let Ok(ip) = address.parse() else {
        found
            .error(code::BAD_PORT, format!("`{}` is not an IP address", address.value))
            .label(address.span, "an address of the host is needed")
            .help("write an address such as `127.0.0.1`, or leave `host_ip` out to publish on all of them");
        return None;
    };
    if is_link_local(ip) {
        found
            .error(code::BAD_PORT, format!("a port cannot be published on `{}`", address.value))
            .label(address.span, LINK_LOCAL)
            .help("write an address such as `::1`, or leave `host_ip` out to publish on all of them");
        return None;
    }
    Some(ip)
}

fn long_protocol(protocol: &Spanned<String>, found: &mut Diagnostics) -> Option<Protocol> {
    let refuse = |mistake: ValueError| {
        let diagnostic = found.error(code::BAD_PORT, "the protocol is not known");
        mistake.explain(protocol, protocol.span, diagnostic);
    };
    Protocol::parse(protocol).map_err(refuse).ok()
}

fn long_target(target: &Spanned<Integer>, found: &mut Diagnostics) -> Option<u16> {
    let port = u16::try_from(target.value.0).ok().filter(|port| *port != 0);
    if port.is_none() {
        found
            .error(code::BAD_PORT, format!("`{}` is not a port", target.value.0))
            .label(target.span, "out of range")
            .help(IN_RANGE);
    }
    port
}

/// The outer `None` for a range that cannot be read, the inner one for an absent range.
fn long_published(published: Option<Spanned<Loose>>, found: &mut Diagnostics) -> Option<Option<PortRange>> {
    let Some(published) = published.filter(|published| !published.value.0.is_empty()) else {
        return Some(None);
    };
    match PortRange::parse(&published.value.0) {
        Ok(range) => Some(Some(range)),
        Err(ValueError { reason, .. }) => {
            found
                .error(code::BAD_PORT, format!("`{}` is not a port", published.value.0))
                .label(published.span, reason)
                .help("write a port of the host or a range: `8080` or `8000-8010`");
            None
        }
    }
}
