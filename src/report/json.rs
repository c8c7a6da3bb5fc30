//! In: a run. Out: one JSON object per line.
//! Must not: change the meaning of a released key; keys may be added.
//!
//! Every line has `event`. Lines about a step have `step` (its number in the plan, from 0), `action`
//! (`pull push build create remove connect disconnect rename start stop kill pause unpause wait-healthy
//! wait-completed wait-ready`), `object` (`image network volume container`), `name`, and `service` when it is for one. Times are whole
//! milliseconds. What does not apply is left out.
//!
//! | `event` | further keys |
//! |---|---|
//! | `started` | |
//! | `progress` | `part` with `bytes` and `total`, or with `done: true`; or `now`; or `build_step` with `state`: `began cached done failed`; or `output` |
//! | `ended` | `end`: `done not-needed failed skipped cancelled`; `took_ms`; for `failed` `error`, `hint` (what to do), `health_output`, `output` (of a build step), `log` (last lines); for `skipped` `because_of` (a step) |
//! | `cancelling` | |
//! | `planned-again` | `project`, `containers` (names, each with what happened to it meanwhile: `stopped removed started created`); the steps that follow are those of another plan |
//! | `finished` | `project`, `success`, `cancelled`, `took_ms`, `steps` (how many `done not_needed failed skipped cancelled`), `running` (names of containers) |

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde::Serialize;

use super::advice::hint;
use super::wording::{build_output, code, engine_words, failed, health_output, object};
use super::{Commands, Report, meanwhile};
use crate::engine::{Progress, StepState};
use crate::plan::{Plan, StepId};
use crate::run::{Counts, End, Event, Failure, LastLook, Outcome};
use crate::topology::name::{ContainerName, ProjectName, ServiceName};

/// The report for programs.
pub struct JsonLines<'out> {
    commands: Commands,
    out: &'out mut dyn Write,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line<'run> {
    Started(Subject<'run>),
    Progress {
        #[serde(flatten)]
        subject: Subject<'run>,
        #[serde(flatten)]
        progress: How<'run>,
    },
    Ended {
        #[serde(flatten)]
        subject: Subject<'run>,
        #[serde(flatten)]
        end: Ending<'run>,
        took_ms: u128,
    },
    Cancelling,
    PlannedAgain {
        project: &'run ProjectName,
        containers: BTreeMap<&'run ContainerName, &'static str>,
    },
    Finished {
        project: &'run ProjectName,
        success: bool,
        cancelled: bool,
        took_ms: u128,
        steps: Steps,
        running: &'run BTreeSet<ContainerName>,
    },
}

#[derive(Serialize)]
struct Subject<'run> {
    step: usize,
    action: &'static str,
    object: &'static str,
    name: &'run str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'run ServiceName>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum How<'run> {
    Bytes {
        part: &'run str,
        bytes: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    },
    PartDone {
        part: &'run str,
        done: bool,
    },
    Now {
        now: &'run str,
    },
    BuildStep {
        build_step: &'run str,
        state: &'static str,
    },
    Output {
        output: &'run str,
    },
    Warning {
        warning: &'run str,
    },
}

#[derive(Serialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
enum Ending<'run> {
    Done,
    NotNeeded,
    Failed {
        error: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        health_output: Option<&'run str>,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        output: &'run [String],
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        log: &'run [String],
    },
    Skipped {
        because_of: usize,
    },
    Cancelled,
}

#[derive(Serialize)]
struct Steps {
    done: usize,
    not_needed: usize,
    failed: usize,
    skipped: usize,
    cancelled: usize,
}

impl<'out> JsonLines<'out> {
    /// Writes to `out`.
    pub fn new(commands: Commands, out: &'out mut dyn Write) -> Self {
        Self { commands, out }
    }

    fn write(&mut self, line: &Line<'_>) {
        let Ok(mut text) = serde_json::to_string(line) else { return };
        text.push('\n');
        // A closed pipe must not end the run.
        let _ = self.out.write_all(text.as_bytes());
        let _ = self.out.flush();
    }
}

impl Report for JsonLines<'_> {
    fn go_on(&mut self, plan: &Plan, seen: &LastLook) {
        let containers = seen.meanwhile.iter().map(|(name, what)| (name, meanwhile::word(*what))).collect();
        self.write(&Line::PlannedAgain { project: &plan.project, containers });
    }

    fn event(&mut self, plan: &Plan, event: &Event) {
        self.write(&match event {
            Event::StepStarted { step } => Line::Started(subject(plan, *step)),
            Event::StepProgress { step, progress } => {
                Line::Progress { subject: subject(plan, *step), progress: how(progress) }
            }
            Event::StepEnded { step, end, took } => Line::Ended {
                subject: subject(plan, *step),
                end: ending(plan, *step, end, &self.commands),
                took_ms: took.as_millis(),
            },
            Event::Cancelling => Line::Cancelling,
        });
    }

    fn finish(&mut self, plan: &Plan, outcome: &Outcome) {
        let Counts { done, not_needed, failed, skipped, cancelled } = outcome.counts();
        self.write(&Line::Finished {
            project: &plan.project,
            success: outcome.is_success(),
            cancelled: outcome.is_cancelled,
            took_ms: outcome.took.as_millis(),
            steps: Steps { done, not_needed, failed, skipped, cancelled },
            running: &outcome.running,
        });
    }
}

fn subject(plan: &Plan, step: StepId) -> Subject<'_> {
    let action = &plan.steps[step].action;
    let object = object(action);
    Subject {
        step: step.index(),
        action: code(action),
        object: object.kind.word(),
        name: object.name,
        service: plan.steps[step].service.as_ref(),
    }
}

fn how(progress: &Progress) -> How<'_> {
    match progress {
        Progress::Bytes { part, done, total } => How::Bytes { part, bytes: *done, total: *total },
        Progress::PartDone { part } => How::PartDone { part, done: true },
        Progress::Now(now) => How::Now { now },
        Progress::Step { name, state } => How::BuildStep {
            build_step: name,
            state: match state {
                StepState::Began => "began",
                StepState::Cached => "cached",
                StepState::Done { .. } => "done",
                StepState::Failed => "failed",
            },
        },
        Progress::Output(output) => How::Output { output },
        Progress::Warning(warning) => How::Warning { warning },
    }
}

fn ending<'run>(plan: &Plan, step: StepId, end: &'run End, commands: &Commands) -> Ending<'run> {
    match end {
        End::Done => Ending::Done,
        End::NotNeeded => Ending::NotNeeded,
        End::Skipped { because_of } => Ending::Skipped { because_of: because_of.index() },
        End::Cancelled => Ending::Cancelled,
        End::Failed(Failure { cause, log_tail }) => Ending::Failed {
            error: engine_words(cause).unwrap_or_else(|| failed(&plan.steps[step].action, cause)),
            hint: hint(&plan.steps[step], cause, commands),
            health_output: health_output(cause),
            output: build_output(cause),
            log: log_tail,
        },
    }
}
