//! In: what a builder says of its steps, bit by bit. Out: progress, and what failed.
//! Must not: know where it comes from: BuildKit's trace and buildx say the same.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::engine::{EngineError, Progress, StepState};

/// What a builder says at one time.
#[derive(Debug, Default)]
pub struct Status {
    /// Steps that changed.
    pub vertexes: Vec<Vertex>,
    /// How far things are that are fetched or sent.
    pub transfers: Vec<Transfer>,
    /// What steps printed.
    pub logs: Vec<Log>,
}

/// A step.
#[derive(Debug, Default)]
pub struct Vertex {
    /// What identifies it in this build.
    pub digest: String,
    /// What it does, for people: `[2/4] RUN make`.
    pub name: String,
    /// Whether it was done before.
    pub is_cached: bool,
    /// When it began, in nanoseconds since 1970.
    pub started: Option<i128>,
    /// When it ended, in nanoseconds since 1970.
    pub completed: Option<i128>,
    /// Why it failed; empty when it did not.
    pub error: String,
}

/// Something that is fetched or sent in a step.
#[derive(Debug, Default)]
pub struct Transfer {
    /// What it is.
    pub id: String,
    /// The digest of the step that it belongs to.
    pub vertex: String,
    /// Bytes so far.
    pub current: u64,
    /// Bytes in all; 0 when not known.
    pub total: u64,
    /// Whether it is finished.
    pub is_complete: bool,
}

/// Something that a step printed; it may end within a line.
#[derive(Debug, Default)]
pub struct Log {
    /// The step's digest.
    pub vertex: String,
    /// The bytes.
    pub message: Vec<u8>,
}

/// How many lines of a step's output are kept for the case that it fails.
const KEPT_LINES: usize = 50;

/// The steps of one build, as far as they are known.
#[derive(Default)]
pub struct Steps {
    steps: HashMap<String, Step>,
    failed: Option<String>,
}

#[derive(Default)]
struct Step {
    name: String,
    has_begun: bool,
    has_ended: bool,
    error: String,
    /// The beginning of a line whose end is not there yet.
    line: Vec<u8>,
    output: VecDeque<String>,
}

impl Steps {
    /// Takes in what the builder says.
    pub fn note(&mut self, status: Status, progress: &dyn Fn(Progress)) {
        for vertex in status.vertexes {
            self.note_vertex(vertex, progress);
        }
        for transfer in status.transfers {
            if !self.is_internal(&transfer.vertex) {
                note_transfer(transfer, progress);
            }
        }
        for log in status.logs {
            self.note_log(&log, progress);
        }
    }

    /// The name of the step that failed first.
    pub fn failed_step(&self) -> Option<&str> {
        Some(self.steps.get(self.failed.as_ref()?)?.name.as_str())
    }

    /// The error of a build that ended with these words.
    pub fn failure(mut self, words: &str) -> EngineError {
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

    /// What the builder does for itself is not worth a mention, unless it reads the context.
    fn is_internal(&self, digest: &str) -> bool {
        let name = self.steps.get(digest).map_or("", |step| step.name.as_str());
        name.starts_with("[internal]") && name != "[internal] load build context"
    }

    fn note_vertex(&mut self, vertex: Vertex, progress: &dyn Fn(Progress)) {
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
            // What is given up because another step failed is not what failed.
            let is_cause = !step.error.contains("context canceled");
            self.failed = self.failed.take().or(is_cause.then_some(digest));
            return report(StepState::Failed);
        }
        let took = started.map_or(0, |started| completed - started);
        let took = Duration::from_nanos(u64::try_from(took).unwrap_or(0));
        report(if is_cached { StepState::Cached } else { StepState::Done { took } });
    }

    fn note_log(&mut self, log: &Log, progress: &dyn Fn(Progress)) {
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

/// The step's name holds the command already.
fn without_command(error: &str) -> &str {
    let rest = error
        .strip_prefix("process \"")
        .and_then(|rest| rest.split_once("\" did not complete successfully: "));
    rest.map_or(error, |(_, rest)| rest)
}

/// `failed to calculate checksum of ref 5609d77b::q5z7h: "/app.py": not found`: what it is about.
fn without_digest(error: &str) -> &str {
    let error = error.strip_prefix("failed to compute cache key: ").unwrap_or(error);
    let rest = error.strip_prefix("failed to calculate checksum of ref ");
    rest.and_then(|rest| rest.split_once(": ")).map_or(error, |(_, cause)| cause)
}

impl Step {
    /// Ends a line; of one that was written over (by a carriage return) the last text is kept.
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

fn note_transfer(transfer: Transfer, progress: &dyn Fn(Progress)) {
    let Transfer { id, current, total, is_complete, vertex: _ } = transfer;
    // What has no size (`exporting layers`) is a part of a step, not something that is on its way.
    if current == 0 && total == 0 {
        return;
    }
    // BuildKit's words for what a session sends.
    let part =
        id.strip_prefix("transferring ").and_then(|rest| rest.strip_suffix(':')).unwrap_or(&id).to_owned();
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

    fn note(steps: &mut Steps, vertexes: Vec<Vertex>, logs: Vec<Log>) -> Vec<Progress> {
        let seen = RefCell::new(Vec::new());
        let status = Status { vertexes, transfers: Vec::new(), logs };
        steps.note(status, &|progress| seen.borrow_mut().push(progress));
        seen.into_inner()
    }

    #[test]
    fn a_step_begins_and_ends_once() {
        let mut steps = Steps::default();
        let step = |state| Progress::Step { name: "RUN make".to_owned(), state };
        assert_eq!(note(&mut steps, vec![vertex("RUN make", None, None)], vec![]), []);
        let begun = || vertex("RUN make", Some(1_000), None);
        assert_eq!(note(&mut steps, vec![begun(), begun()], vec![]), [step(StepState::Began)]);
        let done = || vertex("RUN make", Some(1_000), Some(3_000));
        let took = Duration::from_nanos(2_000);
        assert_eq!(note(&mut steps, vec![done(), done()], vec![]), [step(StepState::Done { took })]);
    }

    #[test]
    fn output_is_cut_into_lines_across_pieces() {
        let mut steps = Steps::default();
        let seen =
            note(&mut steps, vec![], vec![log("a", "one\nt"), log("b", "x"), log("a", "wo\r\n10%\r20%\n")]);
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
        note(&mut steps, vertexes, vec![log("[a 2/2] RUN false", "oh\nno")]);
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
    fn a_file_that_is_missing_is_named_without_digests() {
        let error = "failed to compute cache key: failed to calculate checksum of ref 5609-7b::q5z7: \"/app.py\": not found";
        assert_eq!(without_digest(error), "\"/app.py\": not found");
        assert_eq!(without_digest("exit code: 1"), "exit code: 1");
    }

    #[test]
    fn a_failure_outside_any_step_is_told_in_the_builders_words() {
        let error = Steps::default()
            .failure("failed to solve: dockerfile parse error on line 3: unknown instruction: RNU");
        assert_eq!(error.to_string(), "dockerfile parse error on line 3: unknown instruction: RNU");
    }
}
