//! The scripted behaviour of containers in the engine in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use topo::topology::name::{ContainerName, ImageId};
use topo::value::image::ImageReference;

/// A script.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// The behaviour of containers after their start.
    pub(crate) containers: BTreeMap<ContainerName, Behaviour>,
    /// Existing images.
    pub(crate) images: BTreeMap<ImageReference, ImageId>,
    /// Images as their registry or a build provides them.
    pub(crate) new_images: BTreeMap<ImageReference, ImageId>,
    /// When the event stream breaks, once.
    pub(crate) events_break_at: Option<Duration>,
    /// How many subscriptions are refused: at first, or after the break if there is one.
    pub(crate) refused_subscriptions: usize,
    /// How subscriptions to events are answered, always.
    pub(crate) hearing: Hearing,
    /// How many inspections are not answered at first.
    pub(crate) unanswered_questions: usize,
}

/// How an engine, or a proxy in front of it, answers subscriptions to events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hearing {
    /// With events.
    #[default]
    Told,
    /// Not at all.
    Unanswered,
    /// With a refusal.
    Forbidden,
    /// With success, but without events.
    Silent,
    /// With events that a health check ran, but not its result.
    WithoutHealth,
}

/// The behaviour of a container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behaviour {
    /// Whether it was created and started before the run.
    pub(crate) runs_already: bool,
    /// Whether it was created but not started before the run.
    pub(crate) is_there_already: bool,
    pub(crate) has_healthcheck: bool,
    /// Events with their time after each start.
    pub(crate) deeds: Vec<(Duration, ObjectChange)>,
    /// That happens after the first start alone.
    pub(crate) happens_once: bool,
    /// How often its restart policy restarts it.
    pub(crate) restarts: usize,
    pub(crate) restarts_after_success: bool,
    /// How often it was restarted before the test began.
    pub(crate) former_restarts: u32,
    pub(crate) removes_itself: bool,
    pub(crate) refuses_create: Option<String>,
    pub(crate) refuses_update: Option<String>,
    /// The engine's warning when it is created.
    pub(crate) warns: Option<String>,
    pub(crate) refuses_start: Option<String>,
    /// After how many lines the first stream of its output breaks.
    pub(crate) output_breaks_after: Option<usize>,
    /// How often its output is refused after that.
    pub(crate) output_refused: usize,
    /// After how many lines the first stream of its output ends as if complete.
    pub(crate) output_pretends_end_after: Option<usize>,
    /// How long each call on it takes.
    pub(crate) call_takes: Option<Duration>,
    /// Calls on it are done, and never answered.
    pub(crate) loses_answers: bool,
}

/// One thing that a container does or that is done to it.
#[derive(Clone, Debug)]
pub(crate) enum ObjectChange {
    BecomesHealthy,
    BecomesUnhealthy {
        output: String,
    },
    Exits {
        code: i64,
    },
    Prints {
        line: String,
    },
    IsPaused,
    /// Somebody asks it to end, or for something else.
    IsSignalled {
        signal: i64,
    },
    IsRemoved,
    IsRenamed {
        to: ContainerName,
    },
}
