//! The identity and the address of an engine.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;

use serde::Deserialize;

use super::EngineError;
use crate::plan::observed::ApiVersion;
use crate::topology::platform::Platform;

/// Describes the engine.
pub trait Identity {
    /// Where the engine is.
    fn address(&self) -> &Address;

    /// The negotiated API version.
    fn version(&self) -> ApiVersion;

    /// The engine's own description.
    fn about(&self) -> impl Future<Output = Result<About, EngineError>>;

    /// The machine that it runs on, if it says so quickly; it is asked once.
    fn host(&self) -> impl Future<Output = Option<EngineHost>>;

    /// Warnings about the client configuration.
    fn troubles(&self) -> &[String];

    /// The configured format of `ps`.
    fn ps_format(&self) -> Option<&str>;
}

/// An engine's description of itself.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct About {
    /// The engine's own version: `28.5.2`.
    #[serde(rename = "Version")]
    pub version: String,
    /// The newest supported version of the API: `1.51`.
    #[serde(rename = "ApiVersion")]
    pub api: String,
    /// The operating system: `linux`.
    #[serde(rename = "Os")]
    pub system: String,
    /// The architecture: `amd64`.
    #[serde(rename = "Arch")]
    pub processor: String,
}

/// The machine that an engine runs on.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct EngineHost {
    /// Its host name.
    #[serde(rename = "Name")]
    pub name: String,
    /// How many processors it has.
    #[serde(rename = "NCPU")]
    pub processors: usize,
    /// The operating system of its containers: `linux`.
    #[serde(rename = "OSType")]
    pub system: String,
    /// Its architecture: `x86_64`.
    #[serde(rename = "Architecture")]
    pub processor: String,
    /// The directory that the engine stores its data in.
    #[serde(rename = "DockerRootDir")]
    pub directory: PathBuf,
    /// How the engine is confined: `name=rootless`.
    #[serde(rename = "SecurityOptions")]
    pub confinement: Option<Vec<String>>,
}

impl EngineHost {
    /// The platform of its containers, by the name that images have for it, if it is known: `linux/amd64`.
    pub fn platform(&self) -> Option<String> {
        let is_known = !self.system.is_empty() && !self.processor.is_empty();
        is_known.then(|| Platform::parse(&format!("{}/{}", self.system, self.processor)).to_string())
    }

    /// Whether the networks of its containers are apart from those of the machine.
    pub fn is_rootless(&self) -> bool {
        self.confinement.iter().flatten().any(|option| option == "name=rootless")
    }
}

/// An engine's address and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// How it is reached.
    pub endpoint: Endpoint,
    /// Where the address comes from.
    pub origin: Origin,
}

/// How an engine is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket.
    Unix(PathBuf),
    /// A TCP port without encryption.
    Tcp {
        /// Name or address of the host, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A program whose standard input and output are the connection: `ssh`, or the Docker CLI for TLS.
    Program {
        /// The address as given, for display.
        address: String,
        /// The program and its arguments.
        command: Vec<String>,
    },
}

/// Where an address comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The variable `DOCKER_HOST`.
    DockerHost,
    /// A context of the Docker CLI.
    Context {
        /// Its name.
        name: String,
        /// What chose it: `DOCKER_CONTEXT` or `config.json`.
        chosen_by: &'static str,
    },
    /// The default socket, or the first other one that exists.
    Default,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Unix(path) => write!(formatter, "unix://{}", path.display()),
            Endpoint::Tcp { host, port } if host.contains(':') => write!(formatter, "tcp://[{host}]:{port}"),
            Endpoint::Tcp { host, port } => write!(formatter, "tcp://{host}:{port}"),
            Endpoint::Program { address, .. } => formatter.write_str(address),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address { endpoint, origin } = self;
        match origin {
            Origin::DockerHost => write!(formatter, "{endpoint} (set by DOCKER_HOST)"),
            Origin::Context { name, chosen_by } => {
                write!(formatter, "{endpoint} (context `{name}`, chosen by {chosen_by})")
            }
            Origin::Default => write!(formatter, "{endpoint} (the default)"),
        }
    }
}
