//! `topo port`.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::list::absence;
use crate::cli::topology::declared;
use crate::cli::topology::project::{Project, project};
use crate::cli::topology::services;
use crate::engine::Observe;
use crate::plan::observed::{ObservedContainer, PublishedPort};
use crate::topology::name::ServiceName;

/// Show the host address of a published port.
#[derive(Args, Debug)]
#[command(
    override_usage = "topo port [OPTIONS] [FILE] <SERVICE> <PORT>",
    after_help = "Example:\n  topo port web 80"
)]
pub(crate) struct PortArgs {
    /// A topology file, the service, and the port inside its container: `80`, `53/udp`
    #[arg(value_name = "FILE|SERVICE|PORT")]
    arguments: Vec<String>,
    /// The port's protocol
    #[arg(
        long,
        value_name = "tcp|udp|sctp",
        hide_possible_values = true,
        default_value = "tcp",
        hide_default_value = true
    )]
    protocol: Protocol,
    /// The container with this number, if the service has several
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    #[command(flatten)]
    global: Global,
}

/// A port's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// TCP
    Tcp,
    /// UDP
    Udp,
    /// SCTP
    Sctp,
}

pub(super) fn run(global: &mut Global, options: PortArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let words = global.take_files(&options.arguments);
    let output = global.output();
    let (service, port) = service_and_port(&words, global)?;
    let wanted = inside(port, options.protocol)?;
    let service = ServiceName::from(service);
    let Project { query, topology } = project(global, std::slice::from_ref(&service), &output)?;
    let observed = session::block_on(async {
        let engine = connection::connect(&output).await?;
        Ok(engine.observe(&query).await?)
    })?;
    let is_meant = |container: &&ObservedContainer| {
        let is_number = options.index.is_none_or(|index| container.number == index);
        container.service == service && is_number && !container.is_one_off && container.state.is_running()
    };
    let container = observed.containers.iter().filter(is_meant).min_by_key(|container| container.number);
    let container = container.ok_or_else(|| {
        let is_there = observed.containers.iter().any(|container| container.service == service);
        let reason = topology.as_ref().and_then(|topology| absence::of_service(topology, &service, global));
        let reason = reason.filter(|_| !is_there).map(CliError::Failed);
        reason.unwrap_or_else(|| not_running(global, &service, options.index))
    })?;
    let address = address(container, &wanted).ok_or_else(|| not_published(container, &wanted))?;
    output.print(&format!("{address}\n"))?;
    Ok(Exit::Success)
}

fn service_and_port<'a>(words: &'a [String], global: &Global) -> Result<(&'a str, &'a str), CliError> {
    if let [service, port] = words {
        return Ok((service, port));
    }
    let is_port = |word: &str| word.starts_with(|letter: char| letter.is_ascii_digit());
    let number = |word: &str| word.split('/').next().unwrap_or(word).parse::<u16>().ok();
    let published = declared::ports(global);
    let with_port = |word: &str| published.iter().find(|(_, port)| Some(*port) == number(word));
    let of_service = |word: &str| published.iter().find(|(service, _)| service == word);
    let example = match words {
        [] => published.first().map(|(service, port)| format!("{service} {port}")),
        [port] if is_port(port) => with_port(port).map(|(service, _)| format!("{service} {port}")),
        [service] => of_service(service).map(|(service, port)| format!("{service} {port}")),
        [service, port, ..] => Some(format!("{service} {port}")),
    };
    let help = match (example, words) {
        (Some(example), _) => format!("write `{} {example}`", global.command("port")),
        (None, [service]) if !is_port(service) => format!("`{service}` publishes no port in the topology"),
        (None, _) => return Err(services::none_is_named(global, "port", "SERVICE 80")),
    };
    Err(CliError::usage("a service and one of its ports are needed").help(help))
}

/// A port in its container.
struct Inside<'a> {
    target: u16,
    protocol: &'a str,
}

impl Inside<'_> {
    fn is(&self, port: &PublishedPort) -> bool {
        (self.target, self.protocol) == (port.target, port.protocol.word())
    }
}

/// `80`, `53/udp`.
fn inside<'a>(port: &'a str, protocol: Protocol) -> Result<Inside<'a>, CliError> {
    let own = match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    };
    let (number, protocol) = port.split_once('/').unwrap_or((port, own));
    match number.parse::<u16>() {
        Ok(target) => Ok(Inside { target, protocol }),
        Err(_) => Err(CliError::usage(format!("`{port}` is not a port"))
            .help("write a number such as `80`, or `53/udp`")),
    }
}

/// Where it is reached by IPv4, or else by IPv6.
fn address(container: &ObservedContainer, wanted: &Inside<'_>) -> Option<SocketAddr> {
    let meant = container.ports.iter().filter(|port| wanted.is(port));
    meant.filter_map(|port| port.host).min_by_key(SocketAddr::is_ipv6)
}

fn not_running(global: &Global, service: &ServiceName, index: Option<u32>) -> CliError {
    let which = index.map_or(String::new(), |index| format!(" number {index}"));
    let (up, ps) = (global.command("up -d"), global.command("ps --all"));
    CliError::failed(format!("no container{which} of `{service}` is running"))
        .help(format!("`{up}` starts it; `{ps}` lists the containers"))
}

fn not_published(container: &ObservedContainer, wanted: &Inside<'_>) -> CliError {
    let published = container.ports.iter().filter(|port| port.host.is_some());
    let mut published: Vec<String> =
        published.map(|port| format!("{}/{}", port.target, port.protocol)).collect();
    published.dedup();
    let help = match published[..] {
        [] => "it publishes no port: see `ports` in the topology".to_owned(),
        _ => format!("it publishes {}", published.join(", ")),
    };
    let Inside { target, protocol } = wanted;
    CliError::failed(format!("`{}` does not publish {target}/{protocol}", container.name)).help(help)
}
