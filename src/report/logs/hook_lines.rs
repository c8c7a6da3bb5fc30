//! In: runs whose steps run hooks. Out: what the hooks print, as output of their services.
//! Must not: keep a line that nobody shows.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::engine::Progress;
use crate::plan::{Action, Plan};
use crate::report::Report;
use crate::run::{Event, Outcome};
use crate::topology::name::{ContainerName, ServiceName};

/// What hooks print while the output of services is shown. All clones are one.
#[derive(Clone, Debug, Default)]
pub struct HookLines(Rc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_shown: Cell<bool>,
    lines: RefCell<VecDeque<HookLine>>,
    came: Notify,
}

/// A line that a hook printed in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HookLine {
    pub(super) container: ContainerName,
    pub(super) text: String,
}

impl HookLines {
    /// From now on somebody shows them.
    pub(super) fn begin(&self) {
        self.0.is_shown.set(true);
    }

    /// From now on nobody does.
    pub(super) fn end(&self) {
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

    /// A line that is there.
    pub(super) fn take(&self) -> Option<HookLine> {
        self.0.lines.borrow_mut().pop_front()
    }

    /// False when nobody shows it.
    fn give(&self, container: &ContainerName, text: &str) -> bool {
        if !self.0.is_shown.get() {
            return false;
        }
        self.0.lines.borrow_mut().push_back(HookLine { container: container.clone(), text: text.to_owned() });
        self.0.came.notify_one();
        true
    }
}

/// A report without what hooks of these services print, as long as that is shown as their output.
pub struct Diverting<'out> {
    /// The report.
    pub report: Box<dyn Report + 'out>,
    /// Where the lines go.
    pub hook_lines: HookLines,
    /// The services whose output is shown.
    pub shown: &'out [ServiceName],
}

impl Diverting<'_> {
    fn diverts(&self, plan: &Plan, event: &Event) -> bool {
        let Event::StepProgress { step, progress: Progress::Output(line) } = event else { return false };
        let step = &plan.steps[*step];
        let (Action::StartContainer { container, .. } | Action::StopContainer { container, .. }) =
            &step.action
        else {
            return false;
        };
        let is_shown = step.service.as_ref().is_some_and(|service| self.shown.contains(service));
        is_shown && self.hook_lines.give(container, line)
    }
}

impl Report for Diverting<'_> {
    fn event(&mut self, plan: &Plan, event: &Event) {
        if !self.diverts(plan, event) {
            self.report.event(plan, event);
        }
    }

    fn tick(&mut self, plan: &Plan) {
        self.report.tick(plan);
    }

    fn tick_every(&self) -> Option<Duration> {
        self.report.tick_every()
    }

    fn finish(&mut self, plan: &Plan, outcome: &Outcome) {
        self.report.finish(plan, outcome);
    }
}
