//! `ports`: `[HOST_IP:][PUBLISHED:]TARGET[/PROTOCOL]` with ranges, or a mapping.
//!
//! Compose Specification, "ports".

use std::collections::HashSet;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code, suggest};
use crate::document::{Node, Value};
use crate::source::Spanned;
use crate::topology::attribute::{Attribute, Form, Sealing, divided_by_a_blank, put, record, wrong_type};
use crate::topology::service::mistake::Mistake;
use crate::topology::value::pitfall::warn_of_base_60;
use crate::topology::value::scalar::loose_text;
use crate::topology::value::{Integer, Loose};

record! {
    /// A published port, as the long form writes it.
    pub struct PortSection {
        /// A name for people.
        name: Option<String> = public,
        /// `ingress` or `host`, for a cluster.
        mode: Option<String> = public,
        /// The host's address that the port is published on. All of them when absent.
        host_ip: Option<Spanned<String>> = public,
        /// The port in the container.
        target: Option<Spanned<Integer>> = required,
        /// The port on the host, or a range to choose from. Any free one when absent.
        published: Option<Spanned<Loose>> = public,
        /// `tcp`, `udp` or `sctp`.
        protocol: Option<Spanned<String>> = public,
        /// The protocol that is spoken, for people: `http`.
        app_protocol: Option<String> = public,
    }
}

/// A port of a container that is published on the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Port {
    /// A name for people.
    pub name: Option<String>,
    /// `ingress` or `host`, for a cluster.
    pub mode: String,
    /// The host's address that the port is published on; all of them when absent.
    pub host_ip: Option<String>,
    /// The port in the container.
    pub target: u16,
    /// The port on the host, or a range to choose from; any free one when absent.
    pub published: Option<PortRange>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// The protocol that is spoken, for people.
    pub app_protocol: Option<String>,
}

impl Port {
    /// Reads the short form, which may stand for several ports; the error says what is wrong.
    pub fn from_short(text: &str) -> Result<Vec<Self>, String> {
        parse_short(text).map_err(|mistake| mistake.reason)
    }
}

/// Ports from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    /// The lowest one.
    pub first: u16,
    /// The highest one.
    pub last: u16,
}

impl PortRange {
    /// Reads `8000` or `8000-8010`; the error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text).map_err(|mistake| mistake.reason)
    }

    fn read(text: &str) -> Result<Self, Mistake> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = Self { first: port_number(first)?, last: port_number(last)? };
        if range.first > range.last {
            let help = format!("write the lower one first: `{last}-{first}`");
            return Err(Mistake::new(format!("the range `{text}` runs backwards"), help));
        }
        Ok(range)
    }

    /// How many ports it holds.
    pub fn len(self) -> usize {
        usize::from(self.last - self.first) + 1
    }

    /// A range holds one port at least.
    pub fn is_empty(self) -> bool {
        false
    }
}

impl std::fmt::Display for PortRange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last {
            return write!(formatter, "{}", self.first);
        }
        write!(formatter, "{}-{}", self.first, self.last)
    }
}

const IN_RANGE: &str = "write a port from 1 to 65535";
const FORMS: &str =
    "write `HOST:CONTAINER`, such as `\"8080:80\"`, `\"127.0.0.1:5432:5432\"` or `\"53:53/udp\"`";

fn port_number(text: &str) -> Result<u16, Mistake> {
    let is_number = !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit());
    if !is_number {
        return Err(match text {
            "" => Mistake::new("a port number is missing", FORMS),
            _ => Mistake::new(
                format!("`{text}` is not a port number"),
                format!("write a number in place of `{text}`, such as in `\"8080:80\"`"),
            ),
        });
    }
    text.parse().map_err(|_| Mistake::new(format!("`{text}` is larger than 65535"), IN_RANGE))
}

/// Published ports. One item of the short form can stand for a range of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ports(pub Vec<Spanned<Port>>);

impl Attribute for Ports {
    const SEALING: Sealing = Sealing::Each(&PortSection::SEALING);

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let Value::List(items) = &node.value else {
            return wrong_type(node, "a list of ports", found);
        };
        let ports = items.iter().flat_map(|item| decode_item(item, found));
        // Ranges may name a port again; that is no second port.
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

/// The most ports that a topology may publish, ranges counted out: a short text can name very many.
const LIMIT: usize = 200_000;

/// Refuses a topology that publishes more ports than can be kept. Asked before any is read.
pub fn refuse_too_many(services: &Node, found: &mut Diagnostics) -> bool {
    let services = services.as_map().into_iter().flat_map(|map| &map.entries);
    let ports = services.filter_map(|(_, service)| service.as_map()?.get("ports")?.as_list());
    let mut count = 0;
    for item in ports.flatten() {
        count += item.as_text().map_or(1, count_short);
        if count > LIMIT {
            found
                .error(code::TOO_LARGE, "the topology publishes more than 200,000 ports")
                .label(item.span, "with these it is too many")
                .help("publish fewer ports, or give the service the host's network: `network_mode: host`");
            return true;
        }
    }
    false
}

/// How many ports the short form stands for; one when it cannot be read.
fn count_short(text: &str) -> usize {
    let target = text.split('/').next().and_then(|text| text.rsplit(':').next()).unwrap_or_default();
    PortRange::parse(target).map_or(1, PortRange::len)
}

fn canonical_port(port: &Port) -> Json {
    let Port { name, mode, host_ip, target, published, protocol, app_protocol } = port;
    let mut object = JsonMap::new();
    put(&mut object, "name", json!(name));
    put(&mut object, "mode", json!(mode));
    put(&mut object, "host_ip", json!(host_ip));
    put(&mut object, "target", json!(target));
    put(&mut object, "published", json!(published.map(|range| range.to_string())));
    put(&mut object, "protocol", json!(protocol));
    put(&mut object, "app_protocol", json!(app_protocol));
    Json::Object(object)
}

fn decode_item(node: &Node, found: &mut Diagnostics) -> Vec<Spanned<Port>> {
    let ports = match &node.value {
        Value::Scalar(scalar) => {
            warn_of_base_60(scalar, node, found);
            let text = loose_text(scalar);
            parse_short(&text).map_err(|mistake| refuse(&text, mistake, node, found)).unwrap_or_default()
        }
        Value::Map(map) if divided_by_a_blank(map, PortSection::FIELDS, node, found) => Vec::new(),
        _ => decode_long(node, found).into_iter().collect(),
    };
    ports.into_iter().map(|port| Spanned::new(port, node.span)).collect()
}

fn refuse(text: &str, mistake: Mistake, node: &Node, found: &mut Diagnostics) {
    let Mistake { reason, help } = mistake;
    let help = help_for(text).unwrap_or(help);
    found
        .error(code::BAD_PORT, format!("`{text}` is not a port mapping"))
        .label(node.span, reason)
        .help(help);
}

/// What to type in place of forms that other tools have.
fn help_for(text: &str) -> Option<String> {
    if text.contains(" - ") {
        return Some("two elements are read as one: align each `-` with the one above".to_owned());
    }
    if let Some((_, rest)) = text.split_once("://") {
        let port = rest.rsplit(':').next().filter(|port| port.parse::<u16>().is_ok()).unwrap_or("80");
        return Some(format!("publish the port alone: `\"{port}:{port}\"`"));
    }
    if let Some(help) = help_for_backwards(text) {
        return Some(help);
    }
    if let Some(port) = OPTIONS_OF_DOCKER.iter().find_map(|option| text.strip_prefix(option)) {
        return parse_short(port.trim()).is_ok().then(|| format!("write `\"{}\"`", port.trim()));
    }
    let is_several = |separator: &[char]| {
        let mut parts = text.split(separator).filter(|part| !part.is_empty());
        text.contains(separator) && parts.clone().count() > 1 && parts.all(|part| parse_short(part).is_ok())
    };
    if is_several(&[',', ' ']) && !text.contains(": ") {
        return Some("write each port as an element of its own".to_owned());
    }
    let fixed = [("->", ":"), (" ", ""), (":tcp", "/tcp"), (":udp", "/udp"), ("localhost:", "127.0.0.1:")];
    let mut fixed = fixed.iter().filter(|(wrong, _)| text.contains(wrong));
    let fixed = fixed.find_map(|(wrong, right)| {
        let fixed = text.replace(wrong, right);
        parse_short(&fixed).is_ok().then_some(fixed)
    });
    fixed.map(|fixed| format!("write `\"{fixed}\"`"))
}

/// How `docker run` is told of ports.
const OPTIONS_OF_DOCKER: [&str; 3] = ["-p ", "-p=", "--publish "];

/// `8080-80` is more often meant as a port of the host and one of the container than as a range.
fn help_for_backwards(text: &str) -> Option<String> {
    let (first, rest) = text.split_once('-')?;
    let last = rest.split('/').next().unwrap_or_default();
    let (high, low) = first.parse::<u16>().ok().zip(last.parse::<u16>().ok())?;
    (high > low).then(|| {
        format!(
            "write `\"{first}:{rest}\"` for port {high} of the host and {low} of the container; a range has \
             its lower end first: `\"{low}-{high}\"`"
        )
    })
}

/// Reads the short form; the error says what is wrong.
fn parse_short(text: &str) -> Result<Vec<Port>, Mistake> {
    let (rest, protocol) = match text.rsplit_once('/') {
        Some((rest, protocol)) if !protocol.is_empty() => (rest, protocol.to_ascii_lowercase()),
        Some((rest, _)) => (rest, "tcp".to_owned()),
        None => (text, "tcp".to_owned()),
    };
    check_protocol(&protocol).map_err(|reason| {
        let help = match suggest::closest(&protocol, PROTOCOLS) {
            Some(closest) => format!("write `\"{rest}/{closest}\"`"),
            None => FORMS.to_owned(),
        };
        Mistake::new(reason, help)
    })?;
    let (host, target) = match rest.rsplit_once(':') {
        Some((host, target)) => (Some(host), target),
        None => (None, rest),
    };
    if target.is_empty() {
        let help = match host.and_then(|host| host.rsplit(':').next()).filter(|port| !port.is_empty()) {
            Some(port) => format!("write the container's port after the colon, such as `\"{port}:80\"`"),
            None => FORMS.to_owned(),
        };
        return Err(Mistake::new("the container's port is missing", help));
    }
    let target = PortRange::read(target)?;
    if target.first == 0 {
        return Err(Mistake::new("a container has no port 0", IN_RANGE));
    }
    let (host_ip, published) = match host {
        None => (None, None),
        Some(host) => split_host(host)?,
    };
    expand(target, published, host_ip, &protocol)
}

const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];

fn check_protocol(protocol: &str) -> Result<(), String> {
    if PROTOCOLS.contains(&protocol) {
        return Ok(());
    }
    Err(format!("`{protocol}` is not a protocol: `tcp`, `udp` and `sctp` are"))
}

/// `PUBLISHED`, `ADDRESS:PUBLISHED`, `ADDRESS:` or `[ADDRESS]:PUBLISHED`.
fn split_host(text: &str) -> Result<(Option<String>, Option<PortRange>), Mistake> {
    let (address, published) = match text.rsplit_once(':') {
        Some((address, published)) => (Some(address), published),
        None => (None, text),
    };
    let address = match address {
        None | Some("") => None,
        Some(address) => Some(host_address(address, published)?),
    };
    if published.is_empty() {
        return Ok((address, None));
    }
    Ok((address, Some(PortRange::read(published)?)))
}

fn host_address(address: &str, published: &str) -> Result<String, Mistake> {
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<std::net::Ipv6Addr>().is_ok() && bare == address {
        let reason = format!("an IPv6 address stands in brackets: `[{bare}]`");
        return Err(Mistake::new(reason, format!("write `\"[{bare}]:{published}:80\"`")));
    }
    if is_link_local(bare) {
        return Err(Mistake::new(
            OF_ONE_LINK,
            format!("write `\"[::1]:{published}:80\"`, or leave the address out"),
        ));
    }
    if bare.parse::<std::net::IpAddr>().is_err() {
        let help = match bare.parse::<u16>() {
            _ if bare.contains(':') => {
                "write `[IP:]HOST:CONTAINER`, such as `\"8080:80\"` or `\"127.0.0.1:8080:80\"`"
            }
            Ok(_) => "write two ports, that of the host and that of the container: `\"8080:80\"`",
            Err(_) => {
                "write an address of this machine before the ports, such as `\"127.0.0.1:8080:80\"`, or leave it out"
            }
        };
        return Err(Mistake::new(format!("`{bare}` is not an IP address"), help));
    }
    Ok(bare.to_owned())
}

/// Why nothing can be published on a link-local address: the interface would have to be named too.
const OF_ONE_LINK: &str =
    "a link-local address is one of several interfaces, and the engine cannot be told which";

fn is_link_local(address: &str) -> bool {
    address.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.is_unicast_link_local())
}

/// One port for each of the target range; a longer published range over one target is kept whole.
fn expand(
    target: PortRange,
    published: Option<PortRange>,
    host_ip: Option<String>,
    protocol: &str,
) -> Result<Vec<Port>, Mistake> {
    let fits = |published: &PortRange| target.len() == 1 || published.len() == target.len();
    if let Some(published) = published.filter(|published| !fits(published)) {
        let reason = "the two ranges have different lengths";
        let last = usize::from(published.first) + target.len() - 1;
        let help = format!("publish {} ports: `\"{}-{last}:{target}\"`", target.len(), published.first);
        return Err(Mistake::new(reason, help));
    }
    let port = |index: u16| {
        let published = published.map(|range| match target.len() {
            1 => range,
            _ => PortRange { first: range.first + index, last: range.first + index },
        });
        Port {
            mode: "ingress".to_owned(),
            host_ip: host_ip.clone(),
            target: target.first + index,
            published,
            protocol: protocol.to_owned(),
            ..Port::default()
        }
    };
    Ok((0..=target.last - target.first).map(port).collect())
}

fn decode_long(node: &Node, found: &mut Diagnostics) -> Option<Port> {
    let section = PortSection::decode(node, found)?;
    let PortSection { name, mode, host_ip, target, published, protocol, app_protocol, extensions: _ } =
        section;
    if let Some(address) = &host_ip
        && address.parse::<std::net::IpAddr>().is_err()
    {
        found
            .error(code::BAD_PORT, format!("`{}` is not an IP address", address.value))
            .label(address.span, "an address of the host is needed")
            .help("write an address such as `127.0.0.1`, or leave `host_ip` out to publish on all of them");
    }
    if let Some(address) = host_ip.as_ref().filter(|address| is_link_local(address)) {
        found
            .error(code::BAD_PORT, format!("a port cannot be published on `{}`", address.value))
            .label(address.span, OF_ONE_LINK)
            .help("write an address such as `::1`, or leave `host_ip` out to publish on all of them");
    }
    if let Some(protocol) = &protocol
        && let Err(reason) = check_protocol(protocol)
    {
        let diagnostic = found.error(code::BAD_PORT, "the protocol is not known");
        diagnostic.label(protocol.span, reason);
        diagnostic.help(match suggest::closest(protocol, PROTOCOLS) {
            Some(closest) => format!("did you mean `{closest}`?"),
            None => "write `tcp`, `udp` or `sctp`".to_owned(),
        });
    }
    // Each is looked at, so that one mistake does not hide another.
    let published = long_published(published, found);
    let target = target.and_then(|target| long_target(&target, found));
    let (target, published) = (target?, published?);
    Some(Port {
        name,
        mode: mode.unwrap_or_else(|| "ingress".to_owned()),
        host_ip: host_ip.map(|address| address.value),
        target,
        published,
        protocol: protocol.map_or_else(|| "tcp".to_owned(), |protocol| protocol.value),
        app_protocol,
    })
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

/// No range when none is written; nothing when it cannot be read.
fn long_published(published: Option<Spanned<Loose>>, found: &mut Diagnostics) -> Option<Option<PortRange>> {
    let Some(published) = published.filter(|published| !published.value.0.is_empty()) else {
        return Some(None);
    };
    match PortRange::read(&published.value.0) {
        Ok(range) => Some(Some(range)),
        Err(Mistake { reason, .. }) => {
            found
                .error(code::BAD_PORT, format!("`{}` is not a port", published.value.0))
                .label(published.span, reason)
                .help("write a port of the host or a range: `8080` or `8000-8010`");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let write = |port: &Port| {
            let host = port.host_ip.clone().unwrap_or_default();
            let published = port.published.map(|range| range.to_string()).unwrap_or_default();
            format!("{host}|{published}|{}|{}", port.target, port.protocol)
        };
        Port::from_short(text).map(|ports| ports.iter().map(write).collect())
    }

    #[test]
    fn every_short_form_is_read() {
        for (text, wanted) in [
            ("80", vec!["||80|tcp"]),
            ("8080:80", vec!["|8080|80|tcp"]),
            ("127.0.0.1:8080:80/udp", vec!["127.0.0.1|8080|80|udp"]),
            ("127.0.0.1::80", vec!["127.0.0.1||80|tcp"]),
            ("[::1]:8080:80", vec!["::1|8080|80|tcp"]),
            ("8000-8001:80-81", vec!["|8000|80|tcp", "|8001|81|tcp"]),
            ("8000-8010:80", vec!["|8000-8010|80|tcp"]),
            ("80-81", vec!["||80|tcp", "||81|tcp"]),
        ] {
            assert_eq!(read(text), Ok(wanted.into_iter().map(str::to_owned).collect()), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, reason) in [
            ("http", "`http` is not a port number"),
            ("8080:70000", "`70000` is larger than 65535"),
            ("8080:", "the container's port is missing"),
            ("80/icmp", "`icmp` is not a protocol: `tcp`, `udp` and `sctp` are"),
            ("9000-8000:80", "the range `9000-8000` runs backwards"),
            ("8000-8002:80-81", "the two ranges have different lengths"),
            ("localhost:8080:80", "`localhost` is not an IP address"),
        ] {
            assert_eq!(read(text), Err(reason.to_owned()), "{text}");
        }
    }
}
