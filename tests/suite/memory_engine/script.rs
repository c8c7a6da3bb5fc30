//! What containers of the engine in memory do, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use topo::topology::name::{ContainerName, ImageId};
use topo::value::image::ImageReference;

/// What is to happen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// What containers do once they were started.
    pub(crate) containers: BTreeMap<ContainerName, Behaviour>,
    /// Images that are there.
    pub(crate) images: BTreeMap<ImageReference, ImageId>,
    /// Images as their registry has them, or as a build makes them.
    pub(crate) new_images: BTreeMap<ImageReference, ImageId>,
    /// When the stream of events breaks, once.
    pub(crate) events_break_at: Option<Duration>,
    /// How many attempts to subscribe are refused: at first, or after the break when there is one.
    pub(crate) refused_subscriptions: usize,
    /// How it deals with those who want to hear its events, always.
    pub(crate) hearing: Hearing,
    /// How many questions for a container's state are not answered at first.
    pub(crate) unanswered_questions: usize,
}

/// How an engine, or what stands before it, deals with those who want to hear its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hearing {
    /// It tells them.
    #[default]
    Told,
    /// They get no answer.
    Unanswered,
    /// It refuses.
    Forbidden,
    /// It says that it tells them, and does not.
    Silent,
    /// It tells that a health check ran, not with what result.
    WithoutHealth,
}

/// What a container does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behaviour {
    /// It was there, and started, before the run.
    pub(crate) runs_already: bool,
    /// It was there, not started, before the run.
    pub(crate) is_there_already: bool,
    pub(crate) has_healthcheck: bool,
    /// What happens how long after each start.
    pub(crate) deeds: Vec<(Duration, ObjectChange)>,
    /// How often its restart policy starts it again.
    pub(crate) restarts: usize,
    pub(crate) restarts_after_success: bool,
    /// How often it was started again before the test began.
    pub(crate) former_restarts: u32,
    pub(crate) removes_itself: bool,
    pub(crate) refuses_create: Option<String>,
    /// What the engine warns of when it is created.
    pub(crate) warns: Option<String>,
    pub(crate) refuses_start: Option<String>,
    /// After how many lines the first stream of its output breaks.
    pub(crate) output_breaks_after: Option<usize>,
    /// How often its output is refused after that.
    pub(crate) output_refused: usize,
    /// The first stream of its output ends after so many lines as if there were no more.
    pub(crate) output_pretends_end_after: Option<usize>,
    /// How long each call on it takes.
    pub(crate) call_takes: Option<Duration>,
}

/// One thing that a container does or that is done to it.
#[derive(Clone, Debug)]
pub(crate) enum ObjectChange {
    BecomesHealthy,
    BecomesUnhealthy { output: String },
    Exits { code: i64 },
    Prints { line: String },
    IsPaused,
    IsRemoved,
    IsRenamed { to: ContainerName },
}
