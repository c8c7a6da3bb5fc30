//! The Docker Engine, over its HTTP API.
//!
//! bollard provides the models of requests and simple calls; what it does not support (see the modules) is
//! done by requests of our own on the same transport.
//!
//! | to change | look in |
//! |---|---|
//! | which engine is used | [`connect`] |
//! | how requests are sent | [`wire`], [`transport`], [`headers`], [`version`] |
//! | how errors are worded | [`error`] |
//! | what is read of a project | [`observe`], [`inspect`] |
//! | what happens, what is printed | [`events`], [`logs`] |
//! | what lists show | [`inventory`], [`usage`], [`about`] |
//! | how an action is performed | [`perform`], and one module for each kind of object |
//! | how an attribute of a service is applied | [`container`] |
//! | what is read of the Docker CLI's `config.json` | [`config_file`] |
//! | which proxies containers and builds get | [`proxy`] |
//! | how images are pulled, pushed and built | [`pull`], [`push`], [`build`], [`registry`], [`credentials`] |
//! | how commands, streams and files reach a container | [`inside`] |

pub mod about;
pub mod build;
pub mod config_file;
pub mod connect;
pub mod container;
pub mod credentials;
pub mod error;
pub mod events;
pub mod headers;
pub mod inside;
pub mod inspect;
pub mod inventory;
pub mod json_lines;
pub mod logs;
pub mod network;
pub mod observe;
pub mod perform;
pub mod proxy;
pub mod pull;
pub mod push;
pub mod registry;
pub mod silence;
pub mod transport;
pub mod usage;
pub mod version;
pub mod volume;
pub mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::Stream;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use crate::engine::{
    Change, EngineError, EngineHost, Events, Glimpse, Identity, LogChoice, LogChunk, Logs, Observe, Perform,
    Progress, Query,
};
use crate::plan::observed::ContainerState;
use crate::plan::{Action, Observed};
use crate::source::FileSystem;
use crate::source::program::Programs;
use crate::topology::name::{ContainerName, ImageId, ProjectName};
use crate::value::image::ImageReference;
use config_file::CliConfig;
use silence::{OnSilence, Silence};
use transport::Transport;

/// A connection to a Docker Engine.
pub struct Docker {
    transport: Transport,
    bollard: bollard::Docker,
    /// The directory of the Docker CLI's configuration, for credentials.
    config_directory: Option<PathBuf>,
    /// Where helpers for credentials are found.
    programs: Programs,
    /// What builds are read from.
    file_system: FileSystem,
    /// Proxy variables for containers and builds, unless the topology sets them.
    proxies: BTreeMap<String, String>,
    /// Whether the caller chose a builder of buildx: it is the default for builds.
    has_chosen_builder: bool,
    ps_format: Option<String>,
    troubles: Vec<String>,
    /// A short-lived cache of the ids of images.
    images: Mutex<BTreeMap<ImageReference, (Instant, Option<ImageId>)>>,
    host: OnceCell<Option<EngineHost>>,
}

/// How long to wait for what the engine says of its machine.
const INFO_LIMIT: Duration = Duration::from_secs(1);

/// How long a cached id of an image is valid, unless this run changes the image.
const IMAGE_KNOWN_FOR: Duration = Duration::from_secs(10);

impl Docker {
    /// Finds the engine from environment variables, and asks for its version. `programs` are those
    /// that connect to it and that keep credentials, `file_system` is what builds are read from;
    /// `on_silence` is called when a response is overdue.
    pub async fn connect(
        variables: &BTreeMap<String, String>,
        programs: Programs,
        file_system: FileSystem,
        on_silence: OnSilence,
    ) -> Result<Self, EngineError> {
        let config_directory = connect::config_directory(variables);
        let mut config = CliConfig::read(config_directory.as_deref());
        let address = connect::locate(variables, config.current_context.take())?;
        let (headers, unusable) = headers::default_headers(variables, &config.headers);
        let silence = Silence::new(on_silence);
        let transport = Transport::open(address, headers, silence, programs.clone()).await?;
        let bollard = transport.bollard()?;
        let engine = transport.address().endpoint.to_string();
        let proxies = proxy::variables(&mut config, &engine);
        let unread = config.trouble.map(|why| format!("{why}; it is ignored"));
        let troubles = unread.into_iter().chain(unusable).collect();
        let has_chosen_builder = variables.get(build::BUILDER).is_some_and(|builder| !builder.is_empty());
        Ok(Self {
            transport,
            bollard,
            config_directory,
            programs,
            file_system,
            proxies,
            has_chosen_builder,
            ps_format: config.ps_format,
            troubles,
            images: Mutex::default(),
            host: OnceCell::new(),
        })
    }

    /// The image of a reference; containers created together from one image ask only once.
    async fn known_image(&self, image: &ImageReference) -> Result<Option<ImageId>, EngineError> {
        let mut images = self.images.lock().await;
        if let Some((at, id)) = images.get(image)
            && at.elapsed() < IMAGE_KNOWN_FOR
        {
            return Ok(id.clone());
        }
        let id = observe::image_id(&self.transport, image).await?;
        images.insert(image.clone(), (Instant::now(), id.clone()));
        Ok(id)
    }

    /// Clears the cache, as a reference may now mean another image.
    async fn forget_images(&self) {
        self.images.lock().await.clear();
    }
}

impl Observe for Docker {
    async fn observe(&self, query: &Query) -> Result<Observed, EngineError> {
        let processors = async || if query.processors { self.processors().await } else { None };
        let (observed, processors) = tokio::join!(observe::observe(&self.transport, query), processors());
        Ok(Observed { processors, ..observed? })
    }

    async fn inspect(&self, container: &ContainerName) -> Result<ContainerState, EngineError> {
        Ok(inspect::inspect(&self.transport, container.as_str()).await?.container_state())
    }

    async fn glance(&self, project: &ProjectName) -> Result<BTreeMap<ContainerName, Glimpse>, EngineError> {
        observe::glance(&self.transport, project).await
    }

    async fn grace(&self, container: &ContainerName) -> Option<Duration> {
        inspect::inspect(&self.transport, container.as_str()).await.ok()?.config.grace()
    }

    async fn image_id(&self, image: &ImageReference) -> Result<Option<ImageId>, EngineError> {
        observe::image_id(&self.transport, image).await
    }
}

impl Perform for Docker {
    async fn perform(&self, action: &Action, progress: &dyn Fn(Progress)) -> Result<(), EngineError> {
        perform::perform(self, action, progress).await
    }

    async fn processors(&self) -> Option<usize> {
        Some(self.host().await?.processors).filter(|processors| *processors > 0)
    }
}

impl Events for Docker {
    async fn subscribe(
        &self,
        project: &ProjectName,
    ) -> Result<impl Stream<Item = Result<Change, EngineError>> + Unpin, EngineError> {
        events::subscribe(&self.transport, project).await
    }

    async fn recent(&self, project: &ProjectName) -> Result<Vec<Change>, EngineError> {
        events::recent(&self.transport, project).await
    }
}

impl Logs for Docker {
    async fn logs<'engine>(
        &'engine self,
        container: &ContainerName,
        choice: &LogChoice,
    ) -> Result<impl Stream<Item = Result<LogChunk, EngineError>> + Unpin + use<'engine>, EngineError> {
        logs::logs(&self.transport, container, choice).await
    }
}
