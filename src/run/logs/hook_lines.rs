//! In: runs with hooks. Out: the output of hooks, as output of their services. Must not: keep a
//! line that is not shown.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::Notify;

use crate::engine::Progress;
use crate::plan::{Action, Plan};
use crate::run::Event;
use crate::topology::name::{ContainerName, ServiceName};

/// The output of hooks while the output of services is shown. Clones share state.
#[derive(Clone, Debug, Default)]
pub struct HookLines(Rc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_shown: Cell<bool>,
    lines: RefCell<VecDeque<HookLine>>,
    came: Notify,
}

/// A line that a hook printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HookLine {
    pub(super) speaker: Speaker,
    pub(super) text: String,
}

/// Where a hook runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    /// In a container of the service (`post_start`, `pre_stop`).
    Service(ContainerName),
    /// In its own container (`pre_start`), with this name: `web pre_start[0]`.
    Own(String),
}

impl HookLines {
    /// From now on lines are shown.
    pub(super) fn begin(&self) {
        self.0.is_shown.set(true);
    }

    /// From now on lines are not shown.
    pub fn end(&self) {
        self.0.is_shown.set(false);
    }

    /// The next line, as soon as there is one.
    pub(super) async fn next(&self) -> HookLine {
        loop {
            if let Some(line) = self.take() {
                return line;
            }
            self.0.came.notified().await;
        }
    }

    /// The next available line.
    pub(super) fn take(&self) -> Option<HookLine> {
        self.0.lines.borrow_mut().pop_front()
    }

    /// False if it is not shown.
    fn give(&self, speaker: Speaker, text: &str) -> bool {
        if !self.0.is_shown.get() {
            return false;
        }
        self.0.lines.borrow_mut().push_back(HookLine { speaker, text: text.to_owned() });
        self.0.came.notify_one();
        true
    }

    /// Captures the output of a hook of one of these services, while the output of services is
    /// shown.
    pub fn capture(&self, plan: &Plan, event: &Event, shown: &[ServiceName]) -> bool {
        let Event::StepProgress { step, progress: Progress::Output(line) } = event else { return false };
        let step = &plan.steps[*step];
        let Some(service) = step.service.as_ref().filter(|service| shown.contains(service)) else {
            return false;
        };
        let speaker = match &step.action {
            Action::StartContainer { container, .. } | Action::StopContainer { container, .. } => {
                Speaker::Service(container.clone())
            }
            Action::RunToEnd(spec) => match spec.one_off.and_then(|one_off| one_off.pre_start) {
                Some(index) => Speaker::Own(format!("{service} pre_start[{index}]")),
                None => return false,
            },
            _ => return false,
        };
        self.give(speaker, line)
    }
}
