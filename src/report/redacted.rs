//! In: a run. Out: the same for another report, with secrets redacted from texts of the engine and
//! of containers. Must not: change topo's own texts.

use std::borrow::Cow;
use std::time::Duration;

use super::Report;
use crate::engine::{EngineError, Excerpt, Progress};
use crate::plan::Plan;
use crate::run::{Cause, End, Event, Failure, LastLook, Outcome};

/// A report whose texts from elsewhere are redacted.
pub struct Redacted<'out, F> {
    report: Box<dyn Report + 'out>,
    redact: F,
}

impl<'out, F: Fn(&str) -> String> Redacted<'out, F> {
    /// Wraps a report.
    pub fn new(report: Box<dyn Report + 'out>, redact: F) -> Self {
        Self { report, redact }
    }

    fn event_of<'event>(&self, event: &'event Event) -> Cow<'event, Event> {
        match event {
            Event::StepProgress { step, progress } => {
                Cow::Owned(Event::StepProgress { step: *step, progress: self.progress(progress) })
            }
            Event::StepEnded { step, end: end @ End::Failed(_), took } => {
                Cow::Owned(Event::StepEnded { step: *step, end: self.end(end), took: *took })
            }
            Event::StepStarted { .. } | Event::StepEnded { .. } | Event::Cancelling => Cow::Borrowed(event),
        }
    }

    fn progress(&self, progress: &Progress) -> Progress {
        match progress {
            Progress::Now(words) => Progress::Now((self.redact)(words)),
            Progress::Step { name, state } => Progress::Step { name: (self.redact)(name), state: *state },
            Progress::Output(words) => Progress::Output((self.redact)(words)),
            Progress::Warning(words) => Progress::Warning((self.redact)(words)),
            Progress::Bytes { .. } | Progress::PartDone { .. } => progress.clone(),
        }
    }

    fn end(&self, end: &End) -> End {
        let End::Failed(Failure { cause, log_tail }) = end else { return end.clone() };
        let log_tail = log_tail.iter().map(|line| (self.redact)(line)).collect();
        End::Failed(Failure { cause: self.cause(cause), log_tail })
    }

    fn cause(&self, cause: &Cause) -> Cause {
        let redacted = |words: &Option<String>| words.as_deref().map(&self.redact);
        match cause {
            Cause::Engine(error) => Cause::Engine(self.error(error)),
            Cause::Unhealthy { check, output } => {
                Cause::Unhealthy { check: redacted(check), output: redacted(output) }
            }
            Cause::NotInTime { limit, output } => {
                Cause::NotInTime { limit: *limit, output: redacted(output) }
            }
            Cause::Exited { .. }
            | Cause::Unsuccessful { .. }
            | Cause::NoHealthcheck
            | Cause::Paused
            | Cause::Removed => cause.clone(),
        }
    }

    fn error(&self, error: &EngineError) -> EngineError {
        let redact = &self.redact;
        match error {
            EngineError::Refused { status, message } => {
                EngineError::Refused { status: *status, message: redact(message) }
            }
            EngineError::BuildFailed { message, output, excerpt } => EngineError::BuildFailed {
                message: redact(message),
                output: output.iter().map(|line| redact(line)).collect(),
                excerpt: excerpt.as_ref().map(|Excerpt { first, lines, about }| Excerpt {
                    first: *first,
                    lines: lines.iter().map(|line| redact(line)).collect(),
                    about: about.clone(),
                }),
            },
            EngineError::HookFailed { hook, message } => {
                EngineError::HookFailed { hook: hook.clone(), message: redact(message) }
            }
            EngineError::Unsupported(words) => EngineError::Unsupported(redact(words)),
            EngineError::NoAnswer(words) => EngineError::NoAnswer(redact(words)),
            EngineError::BadAnswer(words) => EngineError::BadAnswer(redact(words)),
            EngineError::BrokenOff(words) => EngineError::BrokenOff(redact(words)),
            EngineError::BadRequest(words) => EngineError::BadRequest(redact(words)),
            EngineError::ProgramFailed(words) => EngineError::ProgramFailed(redact(words)),
            EngineError::LocalFile(words) => EngineError::LocalFile(redact(words)),
            EngineError::BadPattern(words) => EngineError::BadPattern(redact(words)),
            EngineError::Unwatchable(words) => EngineError::Unwatchable(redact(words)),
            EngineError::Credentials(words) => EngineError::Credentials(redact(words)),
            EngineError::System(words) => EngineError::System(redact(words)),
            EngineError::Unreachable { .. }
            | EngineError::NoAddress { .. }
            | EngineError::NameTaken { .. }
            | EngineError::Disconnected(_) => error.clone(),
        }
    }
}

impl<F: Fn(&str) -> String> Report for Redacted<'_, F> {
    fn event(&mut self, plan: &Plan, event: &Event) {
        let event = self.event_of(event);
        self.report.event(plan, &event);
    }

    fn tick(&mut self, plan: &Plan) {
        self.report.tick(plan);
    }

    fn tick_every(&self) -> Option<Duration> {
        self.report.tick_every()
    }

    fn go_on(&mut self, plan: &Plan, seen: &LastLook) {
        self.report.go_on(plan, seen);
    }

    fn finish(&mut self, plan: &Plan, outcome: &Outcome) {
        let mut outcome = outcome.clone();
        for ended in &mut outcome.steps {
            ended.end = self.end(&ended.end);
        }
        self.report.finish(plan, &outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, Because, Step, StepId};
    use crate::report::Commands;
    use crate::report::json::JsonLines;

    #[test]
    fn every_text_from_elsewhere_is_redacted() {
        let mut plan = Plan::new("shop".into());
        let action = Action::StartContainer { container: "shop-web-1".into(), post_start: Vec::new() };
        plan.steps.push(Step::new(action, Because::Absent, None));
        let failed = |cause| Event::StepEnded {
            step: StepId::new(0),
            end: End::Failed(Failure { cause, log_tail: vec!["geheim".to_owned()] }),
            took: Duration::ZERO,
        };
        let refused = EngineError::Refused { status: 400, message: "geheim refused".to_owned() };
        let hook = EngineError::HookFailed { hook: "pre_stop[0]".to_owned(), message: "`geheim`".to_owned() };
        let build = EngineError::BuildFailed {
            message: "geheim".to_owned(),
            output: vec!["geheim".to_owned()],
            excerpt: None,
        };
        let progress = |progress| Event::StepProgress { step: StepId::new(0), progress };
        let events = [
            failed(Cause::Engine(refused)),
            failed(Cause::Engine(hook)),
            failed(Cause::Engine(build)),
            failed(Cause::Unhealthy { check: Some("geheim".to_owned()), output: Some("geheim".to_owned()) }),
            progress(Progress::Now("geheim".to_owned())),
            progress(Progress::Output("geheim".to_owned())),
            progress(Progress::Warning("geheim".to_owned())),
        ];
        let mut out = Vec::new();
        let mut report =
            Redacted::new(Box::new(JsonLines::new(Commands::default(), &mut out)), |words: &str| {
                words.replace("geheim", "$PW")
            });
        events.iter().for_each(|event| report.event(&plan, event));
        drop(report);
        let out = String::from_utf8(out).expect("it is UTF-8");
        assert!(!out.contains("geheim"), "{out}");
        assert_eq!(out.matches("$PW").count(), 12, "{out}");
    }
}
