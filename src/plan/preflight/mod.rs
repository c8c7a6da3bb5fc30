//! In: a plan, and what the engine and its machine have besides the project. Out: what the plan's steps would
//! fail on, all at once and at its place, before the first of them. Must not: ask an engine, or read a file.
//!
//! [`Demands`] are what the steps take; each kind has a module that compares it with the [`Surroundings`]. What
//! the engine would surely refuse is an error, what may go well is a warning, what is not known is nothing.

mod demand;
mod image;
mod name;
mod port;
mod source;
mod space;
mod subnet;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::plan::observed::PublishedPort;
use crate::source::Span;
use crate::topology::name::{ContainerName, ProjectName};
use crate::value::image::ImageReference;
use crate::value::port::Protocol;
use crate::value::subnet::Subnet;
pub use demand::Demands;

/// What the engine and its machine have besides the project. What is not known is left out.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The containers of the engine, of all projects.
    pub containers: Vec<Neighbour>,
    /// What registries say of the images that are to be pulled.
    pub registries: BTreeMap<ImageReference, RegistryAnswer>,
    /// The platform of the engine: `linux/amd64`.
    pub platform: Option<String>,
    /// The machine, if the engine runs on this one.
    pub machine: Option<Machine>,
}

/// A container of the engine, of any project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its name.
    pub name: ContainerName,
    /// Its project, by its label.
    pub project: Option<ProjectName>,
    /// Its ports, published or not.
    pub ports: Vec<PublishedPort>,
}

/// What a registry says of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryAnswer {
    /// It has the image.
    Has {
        /// For these platforms, if it says so.
        platforms: BTreeSet<String>,
        /// Whether there is one image for each of them.
        is_index: bool,
    },
    /// It does not have it, or does not give it to this caller; or it cannot be reached.
    Lacks {
        /// In the engine's words.
        reason: String,
        /// What to do about it.
        help: Option<String>,
    },
}

/// What the machine of the engine has.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The sockets that others have bound to ports that are to be published.
    pub listeners: Vec<Listener>,
    /// Where it reaches other machines.
    pub routes: Vec<Route>,
    /// The disk that the engine writes to.
    pub disk: Option<Disk>,
    /// Whether it runs programs of other processors; absent when that is not known.
    pub emulates: Option<bool>,
}

/// A socket that is bound to a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its address.
    pub address: SocketAddr,
    /// Its protocol.
    pub protocol: Protocol,
    /// Whose it is, if that may be known.
    pub process: Option<Process>,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub id: u32,
    /// Its short name.
    pub name: String,
}

/// Addresses that are reached through an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The addresses.
    pub subnet: Subnet,
    /// The interface.
    pub interface: String,
}

/// A disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// A directory on it.
    pub path: PathBuf,
    /// How many bytes may still be written.
    pub free: u64,
    /// How many bytes it holds.
    pub total: u64,
}

/// Reports what stands in the way of what a plan demands.
pub fn check(demands: &Demands<'_>, surroundings: &Surroundings, found: &mut Diagnostics) {
    demands.ports.iter().for_each(|port| port::check(port, demands, surroundings, found));
    demands.names.iter().for_each(|name| name::check(name, demands, surroundings, found));
    demands.subnets.iter().for_each(|subnet| subnet::check(subnet, demands, surroundings, found));
    demands.pulls.iter().for_each(|pull| image::check_pull(pull, surroundings, found));
    demands.images.iter().for_each(|image| image::check_platform(image, surroundings, found));
    if let Some(machine) = &surroundings.machine {
        demands.sources.iter().for_each(|source| source::check(source, demands, found));
        if demands.fills_disk {
            space::check(machine, found);
        }
    }
}

/// A finding at its place; without one, the fact about it follows the message.
fn report(
    found: &mut Diagnostics,
    (severity, code): (Severity, Code),
    message: String,
    (at, fact): (Option<Span>, String),
) -> &mut Diagnostic {
    let message = if at.is_some() { message } else { format!("{message}: {fact}") };
    let diagnostic = match severity {
        Severity::Error => found.error(code, message),
        Severity::Warning | Severity::Note => found.warning(code, message),
    };
    if let Some(at) = at {
        diagnostic.label(at, fact);
    }
    diagnostic
}
