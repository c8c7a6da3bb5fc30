//! In: a plan. Out: its objects, each with its steps and how it changed. Must not: contain texts,
//! except those for a change.

use std::collections::HashMap;

use super::wording::{Kind, is_kill, object};
use crate::plan::{Action, Because, Plan, Step, StepId};
use crate::topology::name::ServiceName;

/// The objects of a plan, in its order. A container and its successor are one.
#[derive(Debug)]
pub struct Objects {
    all: Vec<ObjectSteps>,
    of_step: Vec<usize>,
}

/// One object of a plan.
#[derive(Debug)]
pub struct ObjectSteps {
    /// Its kind.
    pub kind: Kind,
    /// The name that it keeps.
    pub name: String,
    /// The service that it belongs to.
    pub service: Option<ServiceName>,
    /// Its steps, in the plan's order.
    pub steps: Vec<StepId>,
}

/// How an object changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectChange {
    /// An image was pulled.
    Pulled,
    /// An image was sent to its registry.
    Pushed,
    /// An image was built.
    Built,
    /// It is new; a new container may have been started too.
    Created,
    /// It was replaced by a new one.
    Recreated,
    /// An existing container was started.
    Started,
    /// A container was stopped and started.
    Restarted,
    /// A container was stopped.
    Stopped,
    /// A signal was sent to a container.
    Signalled,
    /// A container was killed.
    Killed,
    /// A container was paused.
    Paused,
    /// A paused container was resumed.
    Unpaused,
    /// Limits or the restart policy of a container were changed, while it may be running.
    Updated,
    /// A running container was connected to a network.
    Connected,
    /// A running container was disconnected from a network.
    Disconnected,
    /// A container was given its own name again.
    Renamed,
    /// It was removed.
    Removed,
}

impl Objects {
    /// The objects of a plan.
    pub fn in_plan(plan: &Plan) -> Self {
        let mut places = HashMap::new();
        let mut objects = Self { all: Vec::new(), of_step: Vec::new() };
        for step in plan.steps.ids() {
            let Step { action, group, .. } = &plan.steps[step];
            let object = object(action);
            let name = group.as_ref().map_or(object.name, |group| group.as_str());
            let index = *places.entry((object.kind, name)).or_insert(objects.all.len());
            if index == objects.all.len() {
                let service = plan.steps[step].service.clone();
                objects.all.push(ObjectSteps {
                    kind: object.kind,
                    name: name.to_owned(),
                    service,
                    steps: Vec::new(),
                });
            }
            objects.all[index].steps.push(step);
            objects.of_step.push(index);
        }
        objects
    }

    /// All of them, in the plan's order.
    pub fn all(&self) -> &[ObjectSteps] {
        &self.all
    }

    /// The index in [`Objects::all`] of a step's object.
    pub fn index(&self, step: StepId) -> usize {
        self.of_step[step.index()]
    }
}

impl ObjectSteps {
    /// How it was changed by the steps that are done; `None` if they only waited for it or renamed
    /// it.
    pub fn change(&self, plan: &Plan, is_done: impl Fn(StepId) -> bool) -> Option<ObjectChange> {
        let mut kinds = ActionKinds::default();
        for step in self.steps.iter().filter(|step| is_done(**step)) {
            kinds.add(&plan.steps[*step].action, &plan.steps[*step].because);
        }
        kinds.change()
    }
}

impl ObjectChange {
    /// The past participle.
    pub fn word(self) -> &'static str {
        match self {
            ObjectChange::Pulled => "pulled",
            ObjectChange::Pushed => "pushed",
            ObjectChange::Built => "built",
            ObjectChange::Created => "created",
            ObjectChange::Recreated => "recreated",
            ObjectChange::Started => "started",
            ObjectChange::Restarted => "restarted",
            ObjectChange::Stopped => "stopped",
            ObjectChange::Signalled => "signalled",
            ObjectChange::Killed => "killed",
            ObjectChange::Paused => "paused",
            ObjectChange::Unpaused => "unpaused",
            ObjectChange::Updated => "updated",
            ObjectChange::Connected => "connected",
            ObjectChange::Disconnected => "disconnected",
            ObjectChange::Renamed => "renamed",
            ObjectChange::Removed => "removed",
        }
    }
}

impl ObjectChange {
    /// The infinitive.
    pub fn to_do(self) -> &'static str {
        match self {
            ObjectChange::Pulled => "pull",
            ObjectChange::Pushed => "push",
            ObjectChange::Built => "build",
            ObjectChange::Created => "create",
            ObjectChange::Recreated => "recreate",
            ObjectChange::Started => "start",
            ObjectChange::Restarted => "restart",
            ObjectChange::Stopped => "stop",
            ObjectChange::Signalled => "send a signal to",
            ObjectChange::Killed => "kill",
            ObjectChange::Paused => "pause",
            ObjectChange::Unpaused => "unpause",
            ObjectChange::Updated => "update",
            ObjectChange::Connected => "connect",
            ObjectChange::Disconnected => "disconnect",
            ObjectChange::Renamed => "rename",
            ObjectChange::Removed => "remove",
        }
    }
}

/// The kinds of actions that were performed on an object.
#[derive(Default)]
struct ActionKinds {
    pulled: bool,
    pushed: bool,
    built: bool,
    created: bool,
    replaced: bool,
    started: bool,
    stopped: bool,
    signalled: bool,
    killed: bool,
    paused: bool,
    unpaused: bool,
    updated: bool,
    connected: bool,
    disconnected: bool,
    renamed: bool,
    removed: bool,
}

impl ActionKinds {
    fn add(&mut self, action: &Action, because: &Because) {
        let is_predecessor = *because == Because::Replaced;
        match action {
            Action::PullImage { .. } => self.pulled = true,
            Action::PushImage { .. } => self.pushed = true,
            Action::BuildImage(_) => self.built = true,
            Action::CreateNetwork(_) | Action::CreateVolume(_) | Action::CreateContainer(_) => {
                self.created = true
            }
            Action::StartContainer { .. } | Action::RunToEnd(_) => self.started = true,
            Action::RemoveContainer { .. } if is_predecessor => self.replaced = true,
            Action::StopContainer { .. } if is_predecessor => {}
            Action::StopContainer { .. } => self.stopped = true,
            Action::KillContainer { container: _, signal } if is_kill(signal) => self.killed = true,
            Action::KillContainer { .. } => self.signalled = true,
            Action::PauseContainer { .. } => self.paused = true,
            Action::UnpauseContainer { .. } => self.unpaused = true,
            Action::RemoveImage { .. }
            | Action::RemoveNetwork { .. }
            | Action::RemoveVolume { .. }
            | Action::RemoveContainer { .. } => {
                self.removed = true;
            }
            Action::UpdateContainer { .. } => self.updated = true,
            Action::ConnectNetwork { .. } => self.connected = true,
            Action::RenameContainer { .. } => self.renamed = true,
            Action::DisconnectNetwork { .. } => self.disconnected = true,
            Action::Wait { .. } => {}
        }
    }

    fn change(&self) -> Option<ObjectChange> {
        let changes = [
            (self.created && (self.replaced || self.removed), ObjectChange::Recreated),
            (self.created, ObjectChange::Created),
            // A predecessor with a different name than its successor.
            (self.removed || self.replaced, ObjectChange::Removed),
            (self.stopped && self.started, ObjectChange::Restarted),
            (self.started, ObjectChange::Started),
            (self.stopped, ObjectChange::Stopped),
            (self.killed, ObjectChange::Killed),
            (self.signalled, ObjectChange::Signalled),
            (self.paused, ObjectChange::Paused),
            (self.unpaused, ObjectChange::Unpaused),
            (self.updated, ObjectChange::Updated),
            (self.connected, ObjectChange::Connected),
            (self.disconnected, ObjectChange::Disconnected),
            (self.renamed, ObjectChange::Renamed),
            (self.built, ObjectChange::Built),
            (self.pushed, ObjectChange::Pushed),
            (self.pulled, ObjectChange::Pulled),
        ];
        changes.into_iter().find(|(is_so, _)| *is_so).map(|(_, change)| change)
    }
}
