//! Ports: `[HOST_IP:][PUBLISHED:]TARGET[/PROTOCOL]` when published, `TARGET[/PROTOCOL]` when
//! exposed; each port may be a range.
//!
//! Compose Specification, "ports" and "expose".

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::diagnostic::suggest;
use crate::value::ValueError;

/// A transport protocol, in alphabetical order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// `sctp`.
    Sctp,
    /// `tcp`.
    #[default]
    Tcp,
    /// `udp`.
    Udp,
}

impl Protocol {
    const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    /// The engine's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sctp => "sctp",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// Reads a lower-case word.
    pub fn parse(word: &str) -> Result<Self, ValueError> {
        Self::ALL.into_iter().find(|protocol| protocol.word() == word).ok_or_else(|| {
            let reason = format!("`{word}` is not a protocol: `tcp`, `udp` and `sctp` are");
            match Self::closest(word) {
                Some(closest) => {
                    ValueError::new(reason, format!("did you mean `{closest}`?")).instead(closest)
                }
                None => ValueError::new(reason, "write `tcp`, `udp` or `sctp`"),
            }
        })
    }

    fn closest(word: &str) -> Option<&'static str> {
        suggest::closest(word, Self::ALL.map(Self::word))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.word())
    }
}

/// How a port is published in a cluster; without effect on a single engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum PortMode {
    /// `ingress`: on every node.
    #[default]
    Ingress,
    /// `host`: on the node of the container.
    Host,
    /// An unknown mode, which Docker Compose passes on.
    Other(String),
}

impl PortMode {
    /// The mode for a word.
    pub fn parse(word: String) -> Self {
        match word.as_str() {
            "ingress" => Self::Ingress,
            "host" => Self::Host,
            _ => Self::Other(word),
        }
    }
}

impl fmt::Display for PortMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Ingress => "ingress",
            Self::Host => "host",
            Self::Other(word) => word,
        })
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
    /// Reads `8000` or `8000-8010`.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = Self { first: port_number(first)?, last: port_number(last)? };
        if range.first > range.last {
            let help = format!("write the lower one first: `{last}-{first}`");
            return Err(ValueError::new(format!("the range `{text}` runs backwards"), help));
        }
        Ok(range)
    }

    /// A range of one port.
    pub fn single(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// How many ports it has.
    pub fn len(self) -> usize {
        usize::from(self.last - self.first) + 1
    }

    /// Never: a range has at least one port.
    pub fn is_empty(self) -> bool {
        false
    }

    /// Each of its ports.
    pub fn ports(self) -> impl Iterator<Item = u16> {
        self.first..=self.last
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return write!(formatter, "{}", self.first);
        }
        write!(formatter, "{}-{}", self.first, self.last)
    }
}

/// The help for a port that is out of range.
pub const IN_RANGE: &str = "write a port from 1 to 65535";
const FORMS: &str =
    "write `HOST:CONTAINER`, such as `\"8080:80\"`, `\"127.0.0.1:5432:5432\"` or `\"53:53/udp\"`";

fn port_number(text: &str) -> Result<u16, ValueError> {
    let is_number = !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit());
    if !is_number {
        return Err(match text {
            "" => ValueError::new("a port number is missing", FORMS),
            _ => ValueError::new(
                format!("`{text}` is not a port number"),
                format!("write a number in place of `{text}`, such as in `\"8080:80\"`"),
            ),
        });
    }
    text.parse().map_err(|_| ValueError::new(format!("`{text}` is larger than 65535"), IN_RANGE))
}

/// The texts of a published port's parts, in either form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortParts<'a> {
    /// The address on the host, in the short form with its brackets.
    pub host_ip: Option<&'a str>,
    /// The port on the host.
    pub published: Option<&'a str>,
    /// The port in the container.
    pub target: &'a str,
    /// The protocol.
    pub protocol: Option<&'a str>,
}

impl<'a> PortParts<'a> {
    /// Splits the short form without checking its parts.
    pub fn split(text: &'a str) -> Self {
        let (rest, protocol) = match text.rsplit_once('/') {
            Some((rest, protocol)) => (rest, Some(protocol)),
            None => (text, None),
        };
        let (host, target) = match rest.rsplit_once(':') {
            Some((host, target)) => (Some(host), target),
            None => (None, rest),
        };
        let (host_ip, published) = match host.map(|host| host.rsplit_once(':').ok_or(host)) {
            Some(Ok((host_ip, published))) => (Some(host_ip), Some(published)),
            Some(Err(published)) => (None, Some(published)),
            None => (None, None),
        };
        let written = |part: &&str| !part.is_empty();
        Self {
            host_ip: host_ip.filter(written),
            published: published.filter(written),
            target,
            protocol: protocol.filter(written),
        }
    }

    /// A key that is equal for two elements that publish the same port, whatever their forms. A
    /// part that cannot be read is compared as text.
    pub fn identity(self) -> String {
        let Self { host_ip, published, target, protocol } = self;
        let host_ip = bare(host_ip.unwrap_or("0.0.0.0"));
        let address = host_ip.parse::<IpAddr>().map_or_else(|_| host_ip.to_owned(), |ip| ip.to_string());
        let protocol = protocol.map_or_else(|| Protocol::Tcp.to_string(), str::to_ascii_lowercase);
        format!("{address}:{}:{target}/{protocol}", published.unwrap_or_default())
    }
}

/// An address without the brackets that IPv6 needs before a port.
fn bare(address: &str) -> &str {
    address.trim_start_matches('[').trim_end_matches(']')
}

/// A published port in the short form, or several of them with ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortMapping {
    /// The address on the host; `None` for all of them.
    pub host_ip: Option<IpAddr>,
    /// The ports on the host: as many as targets, or a range to choose one from for a single
    /// target.
    pub published: Option<PortRange>,
    /// The ports in the container.
    pub target: PortRange,
    /// The protocol.
    pub protocol: Protocol,
}

impl PortMapping {
    /// Reads the short form.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        parse(text).map_err(|mistake| match other_forms(text) {
            Some(advice) => ValueError { reason: mistake.reason, ..advice },
            None => mistake,
        })
    }

    /// Each target with the host ports that it is published on.
    pub fn pairs(self) -> impl Iterator<Item = (u16, Option<PortRange>)> {
        self.target.ports().zip(0..).map(move |(target, index)| {
            let published = self.published.map(|range| match self.target.len() {
                1 => range,
                _ => PortRange::single(range.first + index),
            });
            (target, published)
        })
    }
}

fn parse(text: &str) -> Result<PortMapping, ValueError> {
    let PortParts { host_ip, published, target, protocol } = PortParts::split(text);
    let protocol = protocol.map_or(Ok(Protocol::Tcp), |word| short_protocol(word, text))?;
    if target.is_empty() {
        let help = match published {
            Some(port) => format!("write the container's port after the colon, such as `\"{port}:80\"`"),
            None => FORMS.to_owned(),
        };
        return Err(ValueError::new("the container's port is missing", help));
    }
    let target = PortRange::parse(target)?;
    if target.first == 0 {
        return Err(ValueError::new("a container has no port 0", IN_RANGE));
    }
    let host_ip = host_ip.map(|address| host_address(address, published.unwrap_or_default())).transpose()?;
    let published = published.map(PortRange::parse).transpose()?;
    let fits = |published: &PortRange| target.len() == 1 || published.len() == target.len();
    if let Some(published) = published.filter(|published| !fits(published)) {
        let reason = "the two ranges have different lengths";
        let last = usize::from(published.first) + target.len() - 1;
        let mended = format!("{}-{last}:{target}", published.first);
        let help = format!("publish {} ports: `\"{mended}\"`", target.len());
        return Err(ValueError::new(reason, help));
    }
    Ok(PortMapping { host_ip, published, target, protocol })
}

fn short_protocol(word: &str, text: &str) -> Result<Protocol, ValueError> {
    let word = word.to_ascii_lowercase();
    Protocol::parse(&word).map_err(|mistake| {
        let rest = &text[..text.len() - word.len()];
        match Protocol::closest(&word) {
            Some(closest) => quoted(mistake.reason, format!("{rest}{closest}")),
            None => ValueError::new(mistake.reason, FORMS),
        }
    })
}

fn host_address(address: &str, published: &str) -> Result<IpAddr, ValueError> {
    let bare = bare(address);
    let Ok(ip) = bare.parse::<IpAddr>() else {
        let help = match bare.parse::<u16>() {
            _ if bare.contains(':') => {
                "write `[IP:]HOST:CONTAINER`, such as `\"8080:80\"` or `\"127.0.0.1:8080:80\"`"
            }
            Ok(_) => "write two ports, that of the host and that of the container: `\"8080:80\"`",
            Err(_) => {
                "write an address of this machine before the ports, such as `\"127.0.0.1:8080:80\"`, or leave it out"
            }
        };
        return Err(ValueError::new(format!("`{bare}` is not an IP address"), help));
    };
    if ip.is_ipv6() && bare == address {
        let reason = format!("write an IPv6 address in brackets: `[{bare}]`");
        return Err(ValueError::new(reason, format!("write `\"[{bare}]:{published}:80\"`")));
    }
    if is_link_local(ip) {
        let help = format!("write `\"[::1]:{published}:80\"`, or leave the address out");
        return Err(ValueError::new(LINK_LOCAL, help));
    }
    Ok(ip)
}

/// Why nothing can be published on a link-local address: Docker cannot name the interface.
pub const LINK_LOCAL: &str = "a link-local address needs an interface, which the engine does not take";

/// Whether an address is link-local, so that several interfaces may have it.
pub fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

/// A mistake for this reason; a port is to be written in quotes.
fn quoted(reason: impl Into<String>, port: impl Into<String>) -> ValueError {
    let port = port.into();
    ValueError::new(reason, format!("write `\"{port}\"`")).instead(port)
}

/// A help for the forms of other tools; the reason does not matter.
fn other_forms(text: &str) -> Option<ValueError> {
    let advice = |help: String| Some(ValueError::new("", help));
    if text.contains(" - ") {
        return advice("two elements are read as one: align each `-` with the one above".to_owned());
    }
    if let Some((_, rest)) = text.split_once("://") {
        let port = rest.rsplit(':').next().filter(|port| port.parse::<u16>().is_ok()).unwrap_or("80");
        return advice(format!("publish the port alone: `\"{port}:{port}\"`"));
    }
    if let Some(help) = help_for_address_alone(text) {
        return advice(help);
    }
    if let Some(help) = help_for_backwards(text) {
        return advice(help);
    }
    if let Some(port) = DOCKER_RUN_OPTIONS.iter().find_map(|option| text.strip_prefix(option)) {
        return parse(port.trim()).is_ok().then(|| quoted("", port.trim()));
    }
    let is_several = |separator: &[char]| {
        let mut parts = text.split(separator).filter(|part| !part.is_empty());
        text.contains(separator) && parts.clone().count() > 1 && parts.all(|part| parse(part).is_ok())
    };
    if is_several(&[',', ' ']) && !text.contains(": ") {
        return advice("write each port as a separate element".to_owned());
    }
    let fixed = [
        ("->", ":"),
        ("=>", ":"),
        ("=", ":"),
        (" ", ""),
        (" ", "/"),
        (":tcp", "/tcp"),
        (":udp", "/udp"),
        ("localhost:", "127.0.0.1:"),
    ];
    let mut fixed = fixed.iter().filter(|(wrong, _)| text.contains(wrong));
    let fixed = fixed.find_map(|(wrong, right)| {
        let fixed = text.replace(wrong, right);
        parse(&fixed).is_ok().then_some(fixed)
    });
    fixed.map(|fixed| quoted("", fixed))
}

/// How ports are passed to `docker run`.
const DOCKER_RUN_OPTIONS: [&str; 3] = ["-p ", "-p=", "--publish "];

/// An address before a single port: `127.0.0.1:80`.
fn help_for_address_alone(text: &str) -> Option<String> {
    let PortParts { host_ip, published, target, protocol: _ } = PortParts::split(text);
    let (address, rest) = match (host_ip, published?) {
        (None, address) => (address, text.strip_prefix(address)?.strip_prefix(':')?),
        (Some(_), _) => {
            let end = text.find("]:")?;
            (&text[..=end], &text[end + 2..])
        }
    };
    let is_address = address == "localhost" || bare(address).parse::<IpAddr>().is_ok();
    (is_address && PortRange::parse(target).is_ok() && !rest.contains(':')).then(|| {
        let address = if address == "localhost" { "127.0.0.1" } else { address };
        format!(
            "write `\"{address}::{rest}\"` for a free port of the host, or `\"{address}:{target}:{rest}\"` for the same one"
        )
    })
}

/// `8080-80` more often means a host port and a container port than a range.
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

/// An element of `expose`, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposedPort {
    text: String,
    /// The ports that it exposes.
    pub ports: Result<ExposedPorts, ValueError>,
}

impl From<String> for ExposedPort {
    fn from(text: String) -> Self {
        Self { ports: ExposedPorts::parse(&text), text }
    }
}

impl fmt::Display for ExposedPort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Exposed ports: `3000`, `3000-3005` or `53/udp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExposedPorts {
    /// The ports in the container.
    pub ports: PortRange,
    /// The protocol.
    pub protocol: Protocol,
}

impl ExposedPorts {
    fn parse(text: &str) -> Result<Self, ValueError> {
        let help = "write a port of the container, such as `3000`, `3000-3005` or `53/udp`";
        let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let Ok(known) = Protocol::parse(&protocol.to_ascii_lowercase()) else {
            return Err(ValueError::new(
                format!("`{protocol}` is not a protocol: `tcp`, `udp` and `sctp` are"),
                help,
            ));
        };
        if ports.contains(':') {
            return Err(ValueError::new("ports are published by `ports`, not by `expose`", help));
        }
        let ports = PortRange::parse(ports).map_err(|mistake| ValueError::new(mistake.reason, help))?;
        Ok(Self { ports, protocol: known })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let mapping = PortMapping::parse(text).map_err(|mistake| mistake.reason)?;
        let PortMapping { host_ip, protocol, .. } = mapping;
        let host = host_ip.map(|ip| ip.to_string()).unwrap_or_default();
        let write = |(target, published): (u16, Option<PortRange>)| {
            let published = published.map(|range| range.to_string()).unwrap_or_default();
            format!("{host}|{published}|{target}|{protocol}")
        };
        Ok(mapping.pairs().map(write).collect())
    }

    #[test]
    fn every_short_form_is_read() {
        for (text, wanted) in [
            ("80", vec!["||80|tcp"]),
            ("80/", vec!["||80|tcp"]),
            ("8080:80", vec!["|8080|80|tcp"]),
            (":80", vec!["||80|tcp"]),
            ("127.0.0.1:8080:80/udp", vec!["127.0.0.1|8080|80|udp"]),
            ("53:53/UDP", vec!["|53|53|udp"]),
            ("127.0.0.1::80", vec!["127.0.0.1||80|tcp"]),
            ("[::1]:8080:80", vec!["::1|8080|80|tcp"]),
            ("8000-8001:80-81", vec!["|8000|80|tcp", "|8001|81|tcp"]),
            ("8000-8010:80", vec!["|8000-8010|80|tcp"]),
            ("80-81", vec!["||80|tcp", "||81|tcp"]),
            ("65535:65535", vec!["|65535|65535|tcp"]),
        ] {
            assert_eq!(read(text), Ok(wanted.into_iter().map(str::to_owned).collect()), "{text}");
        }
    }

    #[test]
    fn mistakes_in_short_forms_are_named() {
        for (text, reason) in [
            ("", "the container's port is missing"),
            ("http", "`http` is not a port number"),
            ("8080:70000", "`70000` is larger than 65535"),
            ("8080:0", "a container has no port 0"),
            ("8080:", "the container's port is missing"),
            ("80/icmp", "`icmp` is not a protocol: `tcp`, `udp` and `sctp` are"),
            ("9000-8000:80", "the range `9000-8000` runs backwards"),
            ("8000-8002:80-81", "the two ranges have different lengths"),
            ("localhost:8080:80", "`localhost` is not an IP address"),
            ("::1:8080:80", "write an IPv6 address in brackets: `[::1]`"),
            ("[fe80::1]:8080:80", LINK_LOCAL),
        ] {
            assert_eq!(read(text), Err(reason.to_owned()), "{text}");
        }
    }

    #[test]
    fn forms_of_other_tools_are_translated() {
        for (text, help) in [
            ("-p 8080:80", "write `\"8080:80\"`"),
            ("8080:80:tcp", "write `\"8080:80/tcp\"`"),
            ("8080:80/tpc", "write `\"8080:80/tcp\"`"),
            ("http://localhost:8080", "publish the port alone: `\"8080:8080\"`"),
            ("8080:80, 443:443", "write each port as a separate element"),
        ] {
            assert_eq!(
                PortMapping::parse(text).map_err(|mistake| mistake.help),
                Err(help.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn equal_ports_have_the_same_identity() {
        let identity = |text| PortParts::split(text).identity();
        let same = "0.0.0.0:8080:80/tcp";
        for text in ["8080:80", "0.0.0.0:8080:80", "8080:80/TCP"] {
            assert_eq!(identity(text), same, "{text}");
        }
        assert_eq!(identity("[::1]:8080:80"), identity("[0:0::1]:8080:80"));
        assert_ne!(identity("8080:80/udp"), same);
        assert_ne!(identity("80"), same);
        assert_eq!(identity("${PORT}:80"), "0.0.0.0:${PORT}:80/tcp");
    }

    #[test]
    fn exposed_ports_are_read() {
        let read =
            |text| ExposedPorts::parse(text).map(|exposed| format!("{}/{}", exposed.ports, exposed.protocol));
        let reason = |text| read(text).map_err(|mistake| mistake.reason).expect_err(text);
        assert_eq!(read("3000").as_deref(), Ok("3000/tcp"));
        assert_eq!(read("3000-3002/UDP").as_deref(), Ok("3000-3002/udp"));
        assert_eq!(reason("8080:80"), "ports are published by `ports`, not by `expose`");
        assert_eq!(reason("80/icmp"), "`icmp` is not a protocol: `tcp`, `udp` and `sctp` are");
        assert_eq!(reason("http"), "`http` is not a port number");
    }
}
