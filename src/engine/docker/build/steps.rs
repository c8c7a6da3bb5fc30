//! In: status updates of a builder. Out: progress, and the failure. Must not: know their source:
//! BuildKit's trace and buildx report the same.

use crate::engine::phrase;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::engine::{EngineError, Progress, StepState};

/// A status update.
#[derive(Debug, Default)]
pub(super) struct Status {
    /// Steps that changed.
    pub vertexes: Vec<Vertex>,
    /// The progress of transfers.
    pub transfers: Vec<Transfer>,
    /// Output of steps.
    pub logs: Vec<Log>,
}

/// A step.
#[derive(Debug, Default)]
pub(super) struct Vertex {
    /// Its identifier within the build.
    pub digest: String,
    /// Its display name: `[2/4] RUN make`.
    pub name: String,
    /// Whether its result was cached.
    pub is_cached: bool,
    /// When it began, in nanoseconds since 1970.
    pub started: Option<i128>,
    /// When it ended, in nanoseconds since 1970.
    pub completed: Option<i128>,
    /// Its error; empty if it did not fail.
    pub error: String,
}

/// A transfer within a step.
#[derive(Debug, Default)]
pub(super) struct Transfer {
    /// Its identifier.
    pub id: String,
    /// The digest of its step.
    pub vertex: String,
    /// Bytes so far.
    pub current: u64,
    /// The total; 0 if unknown.
    pub total: u64,
    /// Whether it is finished.
    pub is_complete: bool,
}

/// Output of a step; may end within a line.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The step's digest.
    pub vertex: String,
    /// The bytes.
    pub message: Vec<u8>,
}

/// How many lines of a step's output are kept in case it fails.
const KEPT_LINES: usize = 50;

/// The steps of a build so far.
#[derive(Default)]
pub(super) struct Steps {
    steps: HashMap<String, Step>,
    failed: Option<String>,
}

#[derive(Default)]
struct Step {
    name: String,
    has_begun: bool,
    has_ended: bool,
    error: String,
    /// An incomplete line.
    line: Vec<u8>,
    output: VecDeque<String>,
}

impl Steps {
    /// Applies a status update.
    pub(super) fn apply(&mut self, status: Status, progress: &dyn Fn(Progress)) {
        for vertex in status.vertexes {
            self.apply_vertex(vertex, progress);
        }
        for transfer in status.transfers {
            if !self.is_internal(&transfer.vertex) {
                report_transfer(transfer, progress);
            }
        }
        for log in status.logs {
            self.apply_log(&log, progress);
        }
    }

    /// The name of the step that failed first.
    pub(super) fn failed_step(&self) -> Option<&str> {
        Some(self.steps.get(self.failed.as_ref()?)?.name.as_str())
    }

    /// The error of a build that ended with this message.
    pub(super) fn failure(mut self, words: &str) -> EngineError {
        let words = super::super::error::plain(words);
        let failed = self.failed.and_then(|digest| self.steps.remove(&digest));
        let Some(mut step) = failed else {
            return EngineError::BuildFailed { message: words, output: Vec::new(), excerpt: None };
        };
        if !step.line.is_empty() {
            step.end_line();
        }
        let error = if step.error.is_empty() { words } else { super::super::error::plain(&step.error) };
        let message = format!("{}: {}", step.name, without_digest(without_command(&error)));
        EngineError::BuildFailed { message, output: step.output.into(), excerpt: None }
    }

    /// Internal steps are not shown, except for the transfer of the context.
    fn is_internal(&self, digest: &str) -> bool {
        let name = self.steps.get(digest).map_or("", |step| step.name.as_str());
        phrase::INTERNAL_STEP.rest_of(name).is_some() && name != phrase::LOAD_CONTEXT.words
    }

    fn apply_vertex(&mut self, vertex: Vertex, progress: &dyn Fn(Progress)) {
        let Vertex { digest, name, is_cached, started, completed, error } = vertex;
        let step = self.steps.entry(digest.clone()).or_default();
        step.name = name;
        let report = |state| progress(Progress::Step { name: step.name.clone(), state });
        if !step.has_begun && started.is_some() && !is_cached {
            step.has_begun = true;
            report(StepState::Began);
        }
        let Some(completed) = completed.filter(|_| !step.has_ended) else { return };
        step.has_ended = true;
        if !error.is_empty() {
            step.error = error;
            // A step that was cancelled because another one failed is not the cause.
            let is_cause = !phrase::CANCELED.is_in(&step.error);
            self.failed = self.failed.take().or(is_cause.then_some(digest));
            return report(StepState::Failed);
        }
        let took = started.map_or(0, |started| completed - started);
        let took = Duration::from_nanos(u64::try_from(took).unwrap_or(0));
        report(if is_cached { StepState::Cached } else { StepState::Done { took } });
    }

    fn apply_log(&mut self, log: &Log, progress: &dyn Fn(Progress)) {
        let step = self.steps.entry(log.vertex.clone()).or_default();
        let mut parts = log.message.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            step.line.extend_from_slice(part);
            if parts.peek().is_some() {
                progress(Progress::Output(step.end_line()));
            }
        }
    }
}

/// The step's name contains the command already.
fn without_command(error: &str) -> &str {
    let rest = phrase::PROCESS.rest_of(error).and_then(|rest| phrase::UNSUCCESSFUL.around(rest));
    rest.map_or(error, |(_, rest)| rest)
}

/// The subject of `failed to calculate checksum of ref 5609d77b::q5z7h: "/app.py": not found`.
fn without_digest(error: &str) -> &str {
    let error = phrase::CACHE_KEY.rest_of(error).unwrap_or(error);
    let rest = phrase::CHECKSUM.rest_of(error);
    rest.and_then(|rest| rest.split_once(": ")).map_or(error, |(_, cause)| cause)
}

impl Step {
    /// Ends a line; if it was overwritten (by a carriage return), the last text counts.
    fn end_line(&mut self) -> String {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
        let line = line.rsplit('\r').next().unwrap_or_default().to_owned();
        if self.output.len() == KEPT_LINES {
            self.output.pop_front();
        }
        self.output.push_back(line.clone());
        line
    }
}

fn report_transfer(transfer: Transfer, progress: &dyn Fn(Progress)) {
    let Transfer { id, current, total, is_complete, vertex: _ } = transfer;
    // Without a size (`exporting layers`) it is a phase of a step, not a transfer.
    if current == 0 && total == 0 {
        return;
    }
    // BuildKit's names of transfers in a session.
    let part =
        phrase::TRANSFERRING.rest_of(&id).and_then(|rest| rest.strip_suffix(':')).unwrap_or(&id).to_owned();
    progress(match is_complete {
        true => Progress::PartDone { part },
        false => Progress::Bytes { part, done: current, total: (total > 0).then_some(total) },
    });
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn vertex(name: &str, started: Option<i128>, completed: Option<i128>) -> Vertex {
        Vertex { digest: name.to_owned(), name: name.to_owned(), started, completed, ..Vertex::default() }
    }

    fn log(vertex: &str, text: &str) -> Log {
        Log { vertex: vertex.to_owned(), message: text.as_bytes().to_vec() }
    }

    fn apply(steps: &mut Steps, vertexes: Vec<Vertex>, logs: Vec<Log>) -> Vec<Progress> {
        let seen = RefCell::new(Vec::new());
        let status = Status { vertexes, transfers: Vec::new(), logs };
        steps.apply(status, &|progress| seen.borrow_mut().push(progress));
        seen.into_inner()
    }

    #[test]
    fn a_step_begins_and_ends_once() {
        let mut steps = Steps::default();
        let step = |state| Progress::Step { name: "RUN make".to_owned(), state };
        assert_eq!(apply(&mut steps, vec![vertex("RUN make", None, None)], vec![]), []);
        let begun = || vertex("RUN make", Some(1_000), None);
        assert_eq!(apply(&mut steps, vec![begun(), begun()], vec![]), [step(StepState::Began)]);
        let done = || vertex("RUN make", Some(1_000), Some(3_000));
        let took = Duration::from_nanos(2_000);
        assert_eq!(apply(&mut steps, vec![done(), done()], vec![]), [step(StepState::Done { took })]);
    }

    #[test]
    fn output_is_cut_into_lines_across_pieces() {
        let mut steps = Steps::default();
        let seen =
            apply(&mut steps, vec![], vec![log("a", "one\nt"), log("b", "x"), log("a", "wo\r\n10%\r20%\n")]);
        let line = |text: &str| Progress::Output(text.to_owned());
        assert_eq!(seen, [line("one"), line("two"), line("20%")]);
    }

    #[test]
    fn a_failure_names_its_step_and_shows_what_it_printed() {
        let mut steps = Steps::default();
        let failed =
            |name: &str, error: &str| Vertex { error: error.to_owned(), ..vertex(name, Some(1), Some(2)) };
        let vertexes = vec![
            failed("[b 1/2] RUN sleep", "context canceled"),
            failed(
                "[a 2/2] RUN false",
                "process \"/bin/sh -c false\" did not complete successfully: exit code: 1",
            ),
        ];
        apply(&mut steps, vertexes, vec![log("[a 2/2] RUN false", "oh\nno")]);
        assert_eq!(
            steps.failure("failed to solve: x"),
            EngineError::BuildFailed {
                message: "[a 2/2] RUN false: exit code: 1".to_owned(),
                output: vec!["oh".to_owned(), "no".to_owned()],
                excerpt: None,
            }
        );
    }

    #[test]
    fn a_missing_file_is_named_without_digests() {
        let error = "failed to compute cache key: failed to calculate checksum of ref 5609-7b::q5z7: \"/app.py\": not found";
        assert_eq!(without_digest(error), "\"/app.py\": not found");
        assert_eq!(without_digest("exit code: 1"), "exit code: 1");
    }

    #[test]
    fn a_failure_outside_any_step_has_the_message_of_the_builder() {
        let error = Steps::default()
            .failure("failed to solve: dockerfile parse error on line 3: unknown instruction: RNU");
        assert_eq!(error.to_string(), "dockerfile parse error on line 3: unknown instruction: RNU");
    }
}
