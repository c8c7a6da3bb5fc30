//! In: actions of a plan, and questions. Out: what the engine did, has and says.
//! Must not: decide what is done, or print.
//!
//! What is asked of an engine is divided by need, so that whoever reads logs can do no more than that:
//!
//! | need | trait |
//! |---|---|
//! | to plan a run, and carry it out | [`Observe`], [`Perform`], [`Events`], [`Logs`]; all four: [`Engine`] |
//! | to run commands and be in touch with processes | [`Execute`], [`Attach`] |
//! | to copy files, or keep what a container is | [`CopyFiles`], [`Capture`]; [`sync`], [`archive`] |
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
pub mod sync;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;

use crate::plan::Action;
pub use crate::plan::observed::Query;
use crate::plan::observed::{ContainerState, Health, Observed};
use crate::topology::name::{ContainerName, ImageId, ProjectName};
use crate::value::image::ImageReference;
pub use attach::{Attach, AttachChoice, Attached, Console, EndOfProcess, LastEnd};
pub use build::{CheckBuilds, Checked};
pub use capture::{Capture, Commit};
pub use copy::{CopyFiles, Kind, OtherKinds, Ownership};
pub use execute::{Command, Exec, Execute, TerminalSize};
pub use identity::{About, Address, Endpoint, Identity, Origin};
pub use inventory::{
    ContainerEvent, Containers, EventFilter, History, ImageDetails, Images, Inventory, ListedProject, Looks,
    Processes, Statistics, Usage, VolumeDetails,
};

/// What a plan is carried out on: tests bring one that lives in memory.
pub trait Engine: Observe + Perform + Events + Logs {}

impl<E: Observe + Perform + Events + Logs> Engine for E {}

/// What all commands together need of an engine. The real one is [`docker::Docker`].
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

/// Reads what an engine has. Changes nothing.
pub trait Observe {
    /// Reads everything that planning needs, in as few calls as the engine allows.
    fn observe(&self, query: &Query) -> impl Future<Output = Result<Observed, EngineError>>;

    /// The state of one container.
    fn inspect(&self, container: &ContainerName)
    -> impl Future<Output = Result<ContainerState, EngineError>>;

    /// The id of the image that a reference names, if it is there.
    fn image_id(&self, image: &ImageReference) -> impl Future<Output = Result<Option<ImageId>, EngineError>>;
}

/// Does actions.
pub trait Perform {
    /// Does one action. Dropping the future undoes nothing. [`Action::Wait`] is not for the engine to
    /// perform: the run waits by [`Events::subscribe`] and [`Observe::inspect`].
    fn perform(
        &self,
        action: &Action,
        progress: &dyn Fn(Progress),
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// How many processors the engine's machine has, if it says so soon: more calls at once only take turns.
    fn processors(&self) -> impl Future<Output = Option<usize>> {
        std::future::ready(None)
    }
}

/// Tells what happens.
pub trait Events {
    /// Subscribes to what happens to the project's containers. When the future is ready the
    /// subscription holds: whatever happens from then on reaches the stream.
    fn subscribe(
        &self,
        project: &ProjectName,
    ) -> impl Future<Output = Result<impl Stream<Item = Result<Change, EngineError>> + Unpin, EngineError>>;
}

/// Gives what containers print.
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

/// Something that happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The container's name at that time.
    pub container: ContainerName,
    /// What happened.
    pub what: What,
    /// When, in nanoseconds since 1970 by the engine's clock.
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
    /// It was frozen.
    Paused,
    /// Its health changed.
    Health(Health),
    /// Its health check ran; the engine does not tell with what result.
    HealthChecked,
    /// It got another name; `container` is the new one.
    Renamed,
    /// It was removed.
    Removed,
    /// Anything else, in the engine's word.
    Other(String),
}

/// How far a long action is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bytes of one part (an image layer, a build context) so far.
    Bytes {
        /// Which part: a layer's id.
        part: String,
        /// Bytes done.
        done: u64,
        /// Bytes in all, when known.
        total: Option<u64>,
    },
    /// One part is finished.
    PartDone {
        /// Which part.
        part: String,
    },
    /// What it does now, for a person: `extracting`...
    Now(String),
    /// A step of a build began or ended.
    Step {
        /// What it does, in the builder's words: `[2/4] RUN make`. `[internal] ...` are the builder's own.
        name: String,
        /// What became of it.
        state: StepState,
    },
    /// A line of output: what a build step printed.
    Output(String),
    /// The engine did what it was asked, but for something that it says here.
    Warning(String),
}

/// What became of a step of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It began.
    Began,
    /// It was done before: the result was there.
    Cached,
    /// It is done.
    Done {
        /// How long it took.
        took: Duration,
    },
    /// It failed, or was given up.
    Failed,
}

/// Which part of a container's output is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogChoice {
    /// Goes on with what is to come.
    pub follow: bool,
    /// Only the last lines; all when absent.
    pub tail: Option<u64>,
    /// Only what is not older: seconds since 1970, with an optional fraction, as the engine takes it.
    pub since: Option<String>,
    /// Only what is older: seconds since 1970.
    pub until: Option<String>,
    /// Each line begins with its time (RFC 3339, nanoseconds).
    pub timestamps: bool,
}

/// A piece of output; it need not end at a line's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogChunk {
    /// Which stream it was written to. A terminal has only one, the standard output.
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
    /// The numbers of those that it is about.
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
    /// Anything that is not the engine's doing: a context that cannot be read, a file that is missing.
    #[error("{0}")]
    Other(String),
}
