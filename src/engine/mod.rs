//! In: actions of a plan, and queries. Out: the results of an engine.
//! Must not: decide what to do, or print.
//!
//! The operations of an engine are divided by purpose, so that code that reads logs can do no more than that:
//!
//! | purpose | trait |
//! |---|---|
//! | to plan a run, and perform it | [`Observe`], [`Perform`], [`Events`], [`Logs`]; all four: [`Engine`] |
//! | to run commands and attach to processes | [`Execute`], [`Attach`] |
//! | to copy files, or capture containers | [`CopyFiles`], [`Capture`]; [`sync`], [`archive`] |
//! | lists and tables | [`Inventory`], [`Statistics`], [`History`], [`Images`], [`Identity`] |
//! | to check how images are built | [`CheckBuilds`] |
//! | everything | [`Target`] |

pub mod archive;
pub mod attach;
pub mod build;
pub mod capture;
pub mod copy;
pub mod docker;
pub mod execute;
mod hint;
pub mod identity;
pub mod inventory;
pub mod local_file;
pub mod machine;
pub mod phrase;
pub mod sync;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;

use crate::plan::Action;
pub use crate::plan::observed::Query;
use crate::plan::observed::{ContainerState, Health, Observed, ObservedContainer, Status};
use crate::topology::name::{ContainerName, ImageId, ProjectName};
use crate::value::image::ImageReference;
pub use attach::{Attach, AttachChoice, Attached, Console, EndOfProcess, LastEnd};
pub use build::{CheckBuilds, Checked};
pub use capture::{Capture, Commit};
pub use copy::{CopyFiles, Kind, OtherKinds, Ownership};
pub use execute::{Command, Exec, Execute, TerminalSize};
pub use identity::{About, Address, Endpoint, EngineHost, Identity, Origin};
pub use inventory::{
    ContainerEvent, Containers, EventFilter, History, ImageDetails, Images, Inventory, ListedProject,
    Processes, Samples, Statistics, Usage, VolumeDetails,
};

/// What a plan is performed on; tests use one in memory.
pub trait Engine: Observe + Perform + Events + Logs {}

impl<E: Observe + Perform + Events + Logs> Engine for E {}

/// All operations that commands need. The real engine is [`docker::Docker`].
pub trait Target:
    Engine
    + Attach
    + Capture
    + CheckBuilds
    + CopyFiles
    + Execute
    + History
    + Identity
    + Images
    + Inventory
    + Statistics
{
}

impl<
    E: Engine
        + Attach
        + Capture
        + CheckBuilds
        + CopyFiles
        + Execute
        + History
        + Identity
        + Images
        + Inventory
        + Statistics,
> Target for E
{
}

/// Reads the state of an engine, without changing anything.
pub trait Observe {
    /// Reads everything that planning needs, in as few calls as the engine allows.
    fn observe(&self, query: &Query) -> impl Future<Output = Result<Observed, EngineError>>;

    /// The state of one container.
    fn inspect(&self, container: &ContainerName)
    -> impl Future<Output = Result<ContainerState, EngineError>>;

    /// The containers of a project, as one list tells them.
    fn glance(
        &self,
        project: &ProjectName,
    ) -> impl Future<Output = Result<BTreeMap<ContainerName, Glimpse>, EngineError>> {
        async {
            let observed = self.observe(&Query::of_project(project.clone())).await?;
            Ok(observed.containers.iter().map(Glimpse::of).collect())
        }
    }

    /// How long a container has to stop until it is killed, if it says so itself.
    fn grace(&self, _container: &ContainerName) -> impl Future<Output = Option<Duration>> {
        std::future::ready(None)
    }

    /// The id of the image of a reference, if it exists.
    fn image_id(&self, image: &ImageReference) -> impl Future<Output = Result<Option<ImageId>, EngineError>>;
}

/// Performs actions.
pub trait Perform {
    /// Performs an action. Dropping the future does not undo anything. [`Action::Wait`] is never
    /// performed by the engine: the run waits by [`Events::subscribe`] and [`Observe::inspect`].
    fn perform(
        &self,
        action: &Action,
        progress: &dyn Fn(Progress),
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// The number of the engine's processors, if it answers quickly: more concurrent requests would
    /// only queue.
    fn processors(&self) -> impl Future<Output = Option<usize>> {
        std::future::ready(None)
    }
}

/// Reports events.
pub trait Events {
    /// Subscribes to the events of the project's containers. Once the future is ready, no event is
    /// missed.
    fn subscribe(
        &self,
        project: &ProjectName,
    ) -> impl Future<Output = Result<impl Stream<Item = Result<Change, EngineError>> + Unpin, EngineError>>;

    /// What happened to the project's containers in the last minutes, as far as the engine remembers it.
    fn recent(&self, _project: &ProjectName) -> impl Future<Output = Result<Vec<Change>, EngineError>> {
        std::future::ready(Ok(Vec::new()))
    }
}

/// Reads the output of containers.
pub trait Logs {
    /// A container's output.
    fn logs<'engine>(
        &'engine self,
        container: &ContainerName,
        choice: &LogChoice,
    ) -> impl Future<
        Output = Result<
            impl Stream<Item = Result<LogChunk, EngineError>> + Unpin + use<'engine, Self>,
            EngineError,
        >,
    >;
}

/// A container, as a list tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glimpse {
    /// The engine's id, in full.
    pub id: String,
    /// Where in its life it is.
    pub status: Status,
    /// True for a container of `run`.
    pub is_one_off: bool,
}

impl Glimpse {
    /// What a list tells of a container, under its name.
    pub fn of(container: &ObservedContainer) -> (ContainerName, Self) {
        let ObservedContainer { id, name, is_one_off, state, .. } = container;
        (name.clone(), Self { id: id.clone(), status: state.status, is_one_off: *is_one_off })
    }

    /// True while its process is there, frozen or between two runs.
    pub fn is_running(&self) -> bool {
        self.status.is_running()
    }
}

/// An event of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The container's name at that time.
    pub container: ContainerName,
    /// The kind of event.
    pub what: What,
    /// The time, in nanoseconds since 1970 by the engine's clock.
    pub at: i64,
}

/// What happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It was created.
    Created,
    /// It was started.
    Started,
    /// Its process ended.
    Died {
        /// The exit code.
        exit_code: i64,
    },
    /// A signal was sent to its process: to stop it, to kill it, or for anything else.
    Signalled {
        /// Its number on Linux, if the engine says it.
        signal: Option<i64>,
    },
    /// It was paused.
    Paused,
    /// Its health changed.
    Health(Health),
    /// Its health check ran, with an unknown result.
    HealthChecked,
    /// It was renamed; `container` is the new name.
    Renamed,
    /// It was removed.
    Removed,
    /// Any other event, by the engine's word.
    Other(String),
}

/// The progress of a long action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bytes of a part (an image layer, a build context) so far.
    Bytes {
        /// Which part: a layer's id.
        part: String,
        /// Bytes done.
        done: u64,
        /// The total, if known.
        total: Option<u64>,
    },
    /// One part is finished.
    PartDone {
        /// Which part.
        part: String,
    },
    /// The current activity, for display: `extracting`...
    Now(String),
    /// A step of a build began or ended.
    Step {
        /// Its name given by the builder: `[2/4] RUN make`. Internal steps are `[internal] ...`.
        name: String,
        /// Its state.
        state: StepState,
    },
    /// A line of output of a build step.
    Output(String),
    /// A warning of the engine about a successful request.
    Warning(String),
}

/// The state of a build step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It began.
    Began,
    /// Its result was cached.
    Cached,
    /// It is done.
    Done {
        /// How long it took.
        took: Duration,
    },
    /// It failed, or was cancelled.
    Failed,
}

/// Which part of a container's output to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogChoice {
    /// Whether to follow future output.
    pub follow: bool,
    /// Only the last lines; all when absent.
    pub tail: Option<u64>,
    /// Only from this time on: seconds since 1970, with an optional fraction, as the engine
    /// expects.
    pub since: Option<String>,
    /// Only before this time: seconds since 1970.
    pub until: Option<String>,
    /// Whether each line begins with its time (RFC 3339, nanoseconds).
    pub timestamps: bool,
}

/// A chunk of output; may end within a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChunk {
    /// The stream that it was written to. A terminal has only standard output.
    pub stream: OutputStream,
    /// The bytes.
    pub bytes: Bytes,
}

/// A stream of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Some lines of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The number of the first line, from 1.
    pub first: usize,
    /// The lines.
    pub lines: Vec<String>,
    /// The numbers of the lines concerned.
    pub about: std::ops::RangeInclusive<usize>,
}

/// What an engine refused or could not do.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum EngineError {
    /// Nobody answers at the address.
    #[error("no Docker Engine answers at {address}: {reason}")]
    Unreachable {
        /// The address that was tried.
        address: String,
        /// What the system said.
        reason: String,
        /// What the user can do.
        advice: String,
    },
    /// What is to be the engine's address is none, or cannot be found out.
    #[error("{message}")]
    NoAddress {
        /// What is wrong with it.
        message: String,
        /// What the user can do.
        advice: String,
    },
    /// The engine answered with an error.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The engine's words.
        message: String,
    },
    /// A container of another project has the name of one that is to be created.
    #[error("a container of project `{project}` has the name `{name}`")]
    NameTaken {
        /// The name.
        name: ContainerName,
        /// The project.
        project: ProjectName,
        /// Whether the topology gives the container this name; otherwise it comes from those of the project and the
        /// service.
        is_fixed: bool,
    },
    /// The engine cannot do what the topology asks of it.
    #[error("{0}")]
    Unsupported(String),
    /// A build failed.
    #[error("{message}")]
    BuildFailed {
        /// The builder's words.
        message: String,
        /// The failing step's last lines of output.
        output: Vec<String>,
        /// The lines of the Dockerfile that it failed at, where they are known.
        excerpt: Option<Excerpt>,
    },
    /// A command of the topology failed. After `pre_start` and `post_start` the container does not run, after
    /// `pre_stop` it runs on.
    #[error("{hook}: {message}")]
    HookFailed {
        /// Which one, in the order of the file: `post_start[0]`.
        hook: String,
        /// How it ended, or why it could not be run.
        message: String,
    },
    /// The connection broke before the answer was complete: what became of the request is not known.
    #[error("the connection to the engine broke: {0}")]
    Disconnected(String),
    /// The engine, or what leads to it, took too long to answer.
    #[error("{0}")]
    NoAnswer(String),
    /// What the engine sent cannot be understood, or is too much.
    #[error("{0}")]
    BadAnswer(String),
    /// The engine broke off what it had begun: the output of a container, waiting for its end.
    #[error("{0}")]
    BrokenOff(String),
    /// What the engine is asked for cannot be put into a request.
    #[error("{0}")]
    BadRequest(String),
    /// A program in a container ended as it should not.
    #[error("{0}")]
    ProgramFailed(String),
    /// A file on this machine cannot be read, or is not what it is to be.
    #[error("{0}")]
    LocalFile(String),
    /// A pattern for files, as `.dockerignore` has them, is none.
    #[error("{0}")]
    BadPattern(String),
    /// Files cannot be watched, or not as a rule has it.
    #[error("{0}")]
    Unwatchable(String),
    /// The caller's accounts with registries cannot be had.
    #[error("{0}")]
    Credentials(String),
    /// This machine failed topo: no random numbers, a thread that died.
    #[error("{0}")]
    System(String),
}
