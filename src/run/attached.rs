//! In: what happens while `up` is attached to its services. Out: what is done about it.
//! Must not: call an engine, wait, read a clock, or find words.
//!
//! [`AttachedUp::on`] takes one event and returns the decisions that follow from it; whoever calls it only
//! awaits events and carries decisions out. What is not in the table changes nothing.
//!
//! | phase | event | decisions | next phase |
//! |---|---|---|---|
//! | bringing up | brought up | keep the output, follow ends, watch if that is wanted | following |
//! | bringing up | brought up, interrupted before | stop, exit as interrupted | stopping |
//! | bringing up | failed, an end counts | stop, exit as the run | stopping |
//! | bringing up | failed | exit as the run | over |
//! | bringing up | detach | drop the output | detached |
//! | detached | brought up or failed | exit as the run | over |
//! | detached | brought up or failed, interrupted before | stop, exit as the run | stopping |
//! | following | interrupted | acknowledge, stop, exit as interrupted | stopping |
//! | following | a container's end that ends everything | drain its output, then stop, exit as it | draining |
//! | following | the same, and it is started again | stop, exit as it | stopping |
//! | following | all ended | drain their output, then exit as the service | draining |
//! | following | all ended, files are watched | look again once they are not | following |
//! | following | events lost, an end counts | exit as failed | over |
//! | following | output ended, no end counts | exit as the service | over |
//! | following | detach | exit, all goes on | over |
//! | bringing up, following | toggle watching, watching failed | watch or do not | the same |
//! | draining | drained, interrupted, output ended | stop or exit, as was decided | stopping, over |
//! | stopping | kill requested | kill | stopping |
//! | stopping | stopped | exit as was decided | over |
//! | any | work failed | exit as that | over |
//!
//! The end of a container that its restart policy starts again is an end like any other, unless it is a job: that
//! has another try. Its output goes on, so that it is not waited for.
//!
//! A run that is under way hears the first Ctrl-C itself. The second one may come before anything is stopped: then
//! what is stopped is killed at once.

use super::ends::ContainerEnd;
use crate::engine::EngineError;
use crate::topology::name::ContainerName;

/// Which exit of a container ends everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    /// None.
    Never,
    /// That of any container, unless it is a job that completed as needed, or is retried.
    OnExit,
    /// One with an exit code other than 0.
    OnFailure,
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub enum AttachedEvent {
    /// The first Ctrl-C.
    Interrupted,
    /// The second Ctrl-C.
    KillRequested,
    /// The plan was performed.
    BroughtUp {
        /// Whether it succeeded.
        is_success: bool,
    },
    /// All output has been shown, or its reader is gone.
    OutputEnded,
    /// A container that is followed exited, even if its restart policy restarts it.
    ContainerEnded {
        /// The container, and its exit.
        end: ContainerEnd,
        /// Whether another service waits for it to complete.
        is_job: bool,
    },
    /// All containers that are followed have exited.
    AllEnded,
    /// The engine no longer reports exits.
    EventsLost(EngineError),
    /// The remaining output was shown, or is no longer waited for.
    Drained,
    /// The containers to be stopped have stopped.
    Stopped,
    /// The user leaves the services running.
    Detach,
    /// The user starts or stops watching files.
    ToggleWatch,
    /// Files can no longer be watched.
    WatchFailed,
    /// A decision could not be carried out, which was reported.
    WorkFailed,
}

/// An action to take.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Shows output until all containers have exited, and beyond that while files are watched.
    KeepOutput {
        /// Whether they are watched.
        while_watching: bool,
    },
    /// Shows no more output.
    DropOutput,
    /// Follows the exits of containers from now on.
    FollowEnds,
    /// Follows containers again that have exited and may have been restarted.
    LookAgain,
    /// Starts watching files.
    StartWatching,
    /// Stops watching files.
    StopWatching,
    /// Prints a remark.
    Say(AttachedRemark),
    /// Acknowledges Ctrl-C.
    Acknowledge,
    /// Waits for remaining output.
    Drain(DrainTarget),
    /// Stops the services.
    Stop,
    /// Kills what is being stopped.
    Kill,
    /// Ends.
    Exit(ExitReason),
}

/// A remark to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachedRemark {
    /// The user detached before everything was up.
    DetachedWhileBringingUp,
    /// The user detached.
    Detached,
    /// Everything is stopped because this container exited.
    StoppingBecauseOf(ContainerEnd),
    /// Files will be watched once everything is up.
    WatchBeginsLater,
    /// Files are no longer watched.
    WatchEnded,
    /// There are no files to watch.
    NothingToWatch,
}

/// Whose remaining output to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrainTarget {
    /// That of all followed containers.
    All,
    /// That of one container.
    Container(ContainerName),
}

/// What determines the exit code.
#[derive(Clone, Debug, PartialEq)]
pub enum ExitReason {
    /// Success.
    Success,
    /// The user asked to stop.
    Interrupted,
    /// The run; where exits count, the exit code of the container that it failed for.
    Run,
    /// The run that continued without output.
    DetachedRun,
    /// The exit of the chosen service, or else of the container that ended everything.
    Service(Option<ContainerEnd>),
    /// The loss of the engine.
    EventsLost(EngineError),
    /// The failed decision.
    WorkFailed,
}

/// The state machine of an `up` that is attached to its services.
#[derive(Clone, Debug)]
pub struct AttachedUp {
    abort: Abort,
    can_watch: bool,
    is_watching: bool,
    phase: Phase,
    is_interrupted: bool,
    is_kill_requested: bool,
    has_output_ended: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Phase {
    BringingUp,
    Detached,
    Following {
        /// Whether all followed containers have exited, while files are watched and changes may
        /// restart them.
        all_ended: bool,
    },
    Draining(AfterDrain),
    Stopping(ExitReason),
    Over,
}

/// What follows once the output is drained.
#[derive(Clone, Debug, PartialEq)]
enum AfterDrain {
    StopBecauseOf(ContainerEnd),
    Exit,
}

impl AttachedUp {
    /// Before the plan is performed. `can_watch` is whether there are files to watch, `is_watching`
    /// whether they are watched once everything is up.
    pub fn new(abort: Abort, can_watch: bool, is_watching: bool) -> Self {
        Self {
            abort,
            can_watch,
            is_watching,
            phase: Phase::BringingUp,
            is_interrupted: false,
            is_kill_requested: false,
            has_output_ended: false,
        }
    }

    /// Handles an event, and returns the resulting decisions in order.
    pub fn on(&mut self, event: AttachedEvent) -> Vec<Decision> {
        self.remember(&event);
        if event == AttachedEvent::WorkFailed {
            return self.exit(ExitReason::WorkFailed);
        }
        match self.phase.clone() {
            Phase::BringingUp => self.while_bringing_up(event),
            Phase::Detached => self.while_detached(event),
            Phase::Following { all_ended } => self.while_following(event, all_ended),
            Phase::Draining(next) => match event {
                AttachedEvent::Drained | AttachedEvent::Interrupted | AttachedEvent::OutputEnded => {
                    self.drained(next)
                }
                _ => Vec::new(),
            },
            Phase::Stopping(reason) => match event {
                AttachedEvent::Stopped => self.exit(reason),
                AttachedEvent::KillRequested => vec![Decision::Kill],
                _ => Vec::new(),
            },
            Phase::Over => Vec::new(),
        }
    }

    fn remember(&mut self, event: &AttachedEvent) {
        self.is_interrupted |= *event == AttachedEvent::Interrupted;
        self.is_kill_requested |= *event == AttachedEvent::KillRequested;
        self.has_output_ended |= *event == AttachedEvent::OutputEnded;
    }

    fn while_bringing_up(&mut self, event: AttachedEvent) -> Vec<Decision> {
        match event {
            AttachedEvent::BroughtUp { .. } if self.is_interrupted => self.stop(ExitReason::Interrupted),
            AttachedEvent::BroughtUp { is_success: true } => self.follow(),
            AttachedEvent::BroughtUp { is_success: false } if self.abort == Abort::Never => {
                self.exit(ExitReason::Run)
            }
            AttachedEvent::BroughtUp { is_success: false } => self.stop(ExitReason::Run),
            AttachedEvent::Detach => {
                self.phase = Phase::Detached;
                vec![Decision::DropOutput, Decision::Say(AttachedRemark::DetachedWhileBringingUp)]
            }
            AttachedEvent::ToggleWatch if !self.can_watch => nothing_to_watch(),
            AttachedEvent::ToggleWatch if self.is_watching => {
                self.is_watching = false;
                vec![Decision::Say(AttachedRemark::WatchEnded)]
            }
            AttachedEvent::ToggleWatch => {
                self.is_watching = true;
                vec![Decision::Say(AttachedRemark::WatchBeginsLater)]
            }
            _ => Vec::new(),
        }
    }

    fn while_detached(&mut self, event: AttachedEvent) -> Vec<Decision> {
        match event {
            AttachedEvent::BroughtUp { .. } if self.is_interrupted => self.stop(ExitReason::DetachedRun),
            AttachedEvent::BroughtUp { .. } => self.exit(ExitReason::DetachedRun),
            _ => Vec::new(),
        }
    }

    fn while_following(&mut self, event: AttachedEvent, all_ended: bool) -> Vec<Decision> {
        match event {
            AttachedEvent::Interrupted => {
                let mut decisions = vec![Decision::Acknowledge];
                decisions.extend(self.stop(ExitReason::Interrupted));
                decisions
            }
            AttachedEvent::ContainerEnded { end, is_job } if self.ends_everything(&end, is_job) => {
                if end.is_restarted {
                    return self.drained(AfterDrain::StopBecauseOf(end));
                }
                let target = DrainTarget::Container(end.container.clone());
                self.drain(target, AfterDrain::StopBecauseOf(end))
            }
            AttachedEvent::AllEnded if self.is_watching => {
                self.phase = Phase::Following { all_ended: true };
                Vec::new()
            }
            AttachedEvent::AllEnded => self.drain(DrainTarget::All, AfterDrain::Exit),
            AttachedEvent::EventsLost(error) if self.abort != Abort::Never => {
                self.exit(ExitReason::EventsLost(error))
            }
            AttachedEvent::OutputEnded if self.abort == Abort::Never => self.exit(ExitReason::Service(None)),
            AttachedEvent::Detach => {
                let mut decisions = vec![Decision::Say(AttachedRemark::Detached)];
                decisions.extend(self.exit(ExitReason::Success));
                decisions
            }
            AttachedEvent::ToggleWatch if !self.can_watch => nothing_to_watch(),
            AttachedEvent::ToggleWatch if self.is_watching => {
                let mut decisions = vec![Decision::Say(AttachedRemark::WatchEnded), Decision::StopWatching];
                decisions.extend(self.watch_no_more(all_ended));
                decisions
            }
            AttachedEvent::ToggleWatch => {
                self.is_watching = true;
                vec![Decision::KeepOutput { while_watching: true }, Decision::StartWatching]
            }
            AttachedEvent::WatchFailed => self.watch_no_more(all_ended),
            _ => Vec::new(),
        }
    }

    fn follow(&mut self) -> Vec<Decision> {
        self.phase = Phase::Following { all_ended: false };
        let mut decisions =
            vec![Decision::KeepOutput { while_watching: self.is_watching }, Decision::FollowEnds];
        decisions.extend(self.is_watching.then_some(Decision::StartWatching));
        if self.has_output_ended && self.abort == Abort::Never {
            decisions.extend(self.exit(ExitReason::Service(None)));
        }
        decisions
    }

    fn watch_no_more(&mut self, all_ended: bool) -> Vec<Decision> {
        self.is_watching = false;
        self.phase = Phase::Following { all_ended: false };
        let mut decisions = vec![Decision::KeepOutput { while_watching: false }];
        decisions.extend(all_ended.then_some(Decision::LookAgain));
        decisions
    }

    fn ends_everything(&self, end: &ContainerEnd, is_job: bool) -> bool {
        match self.abort {
            Abort::Never => false,
            Abort::OnExit | Abort::OnFailure if is_job && end.is_restarted => false,
            Abort::OnFailure => end.exit_code != 0,
            Abort::OnExit => end.exit_code != 0 || !is_job,
        }
    }

    fn drain(&mut self, target: DrainTarget, next: AfterDrain) -> Vec<Decision> {
        if self.has_output_ended {
            return self.drained(next);
        }
        self.phase = Phase::Draining(next);
        vec![Decision::StopWatching, Decision::Drain(target)]
    }

    fn drained(&mut self, next: AfterDrain) -> Vec<Decision> {
        match next {
            AfterDrain::Exit => self.exit(ExitReason::Service(None)),
            AfterDrain::StopBecauseOf(end) => {
                let mut decisions = vec![Decision::Say(AttachedRemark::StoppingBecauseOf(end.clone()))];
                decisions.extend(self.stop(ExitReason::Service(Some(end))));
                decisions
            }
        }
    }

    fn stop(&mut self, reason: ExitReason) -> Vec<Decision> {
        self.phase = Phase::Stopping(reason);
        let mut decisions = vec![Decision::StopWatching, Decision::Stop];
        decisions.extend(self.is_kill_requested.then_some(Decision::Kill));
        decisions
    }

    fn exit(&mut self, reason: ExitReason) -> Vec<Decision> {
        self.phase = Phase::Over;
        vec![Decision::Exit(reason)]
    }
}

fn nothing_to_watch() -> Vec<Decision> {
    vec![Decision::Say(AttachedRemark::NothingToWatch)]
}

#[cfg(test)]
mod tests;
