//! In: a run that did not go well. Out: what failed and why, what is left, what to type.
//! Must not: leave out the engine's own words.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::Context;
use super::look::{Look, Mark, Role, tame};
use super::objects::{Deed, Objects};
use super::prose::wrapped;
use super::wording::{Kind, build_output, engine_words, failed, health_output, hint, names, object};
use crate::plan::{Action, Plan, Step, StepId};
use crate::run::{Cause, Outcome};

/// How many failures are shown in full. Sixty that have one cause help no more than a few.
const MOST_FAILURES: usize = 10;

/// How many names are listed in a row.
const MOST_NAMES: usize = 12;

/// Writes every failure; then, when the run missed its aim, what runs and how to go on.
pub(super) fn write_failures(
    out: &mut dyn Write,
    plan: &Plan,
    outcome: &Outcome,
    context: &Context,
    width: Option<usize>,
) -> io::Result<()> {
    let failures: Vec<_> = outcome.failures().collect();
    for (step, failure) in failures.iter().take(MOST_FAILURES) {
        let mut page = Page { out, look: context.look, width };
        let culprit = &plan.steps[*step];
        let log_tail = if context.has_shown(culprit) { &[] } else { failure.log_tail.as_slice() };
        page.failure(culprit, &failure.cause, log_tail, outcome.steps[step.index()].is_tolerated)?;
        page.skipped(plan, outcome, *step, &failure.cause)?;
    }
    if failures.len() > MOST_FAILURES {
        writeln!(out, "and {} more failed", failures.len() - MOST_FAILURES)?;
    }
    if outcome.is_success() || context.is_not_the_end(outcome) {
        return Ok(());
    }
    write_remains(out, outcome, context)
}

struct Page<'page> {
    out: &'page mut dyn Write,
    look: Look,
    /// Sentences are broken between words at this width.
    width: Option<usize>,
}

impl Page<'_> {
    fn failure(
        &mut self,
        step: &Step,
        cause: &Cause,
        log_tail: &[String],
        is_tolerated: bool,
    ) -> io::Result<()> {
        let look = self.look;
        let service = step.service.as_ref().map_or(String::new(), |service| format!("{service}: "));
        let headline = format!("{service}{} {}", object(&step.action), failed(&step.action, cause));
        if is_tolerated {
            let mark = look.mark(Mark::Dropped);
            let aside = look.paint(Role::Aside, "(it is not required)");
            return self
                .sentence(&format!("{mark} {} {aside}", look.paint(Role::Notice, &headline)), 2)
                .and_then(|()| self.details(step, cause, log_tail));
        }
        self.sentence(&format!("{} {}", look.mark(Mark::Failed), look.paint(Role::Bad, &headline)), 2)?;
        self.details(step, cause, log_tail)
    }

    fn details(&mut self, step: &Step, cause: &Cause, log_tail: &[String]) -> io::Result<()> {
        for line in engine_words(cause).iter().flat_map(|words| words.lines()) {
            self.sentence(&format!("  {}", tame(line)), 4)?;
        }
        self.block("the build step printed:", build_output(cause).iter().map(String::as_str))?;
        self.block("its health check printed:", health_output(cause).unwrap_or_default().lines())?;
        self.block("it printed last:", log_tail.iter().map(String::as_str))?;
        match hint(step.service.as_ref(), cause) {
            Some(hint) => self.sentence(&format!("  {} {hint}", self.look.paint(Role::Active, "help:")), 8),
            None => Ok(()),
        }
    }

    fn sentence(&mut self, words: &str, indent: usize) -> io::Result<()> {
        writeln!(self.out, "{}", wrapped(words, self.width, indent))
    }

    fn block<'line>(&mut self, title: &str, lines: impl Iterator<Item = &'line str>) -> io::Result<()> {
        let mut lines = lines.peekable();
        if lines.peek().is_none() {
            return Ok(());
        }
        writeln!(self.out, "  {title}")?;
        for line in lines {
            writeln!(self.out, "  {} {}", self.look.paint(Role::Aside, "|"), tame(line))?;
        }
        Ok(())
    }

    /// `  not started because db is unhealthy: api, web`
    fn skipped(&mut self, plan: &Plan, outcome: &Outcome, step: StepId, cause: &Cause) -> io::Result<()> {
        let culprit = &plan.steps[step];
        let objects = Objects::of(plan);
        let mut undone: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for skipped in outcome.skipped_by(step) {
            let object = &objects.all()[objects.place(skipped)];
            let is_same = subject(&plan.steps[skipped]) == subject(culprit);
            let verb = object.deed(plan, |_| true).and_then(|deed| undone_verb(object.kind, deed));
            if let Some(verb) = verb.filter(|_| !is_same) {
                undone.entry(verb).or_default().insert(subject(&plan.steps[skipped]));
            }
        }
        let because = format!("{} {}", subject(culprit), failed(&culprit.action, cause));
        for (verb, subjects) in undone {
            let listed = names(subjects.iter().map(String::as_str), MOST_NAMES);
            self.sentence(&format!("  not {verb} because {because}: {listed}"), 4)?;
        }
        Ok(())
    }
}

/// What is said of an object that was left as it was. Of images nothing: the containers that need them say
/// enough.
fn undone_verb(kind: Kind, deed: Deed) -> Option<&'static str> {
    match deed {
        Deed::Recreated => Some("replaced"),
        Deed::Created if kind != Kind::Container => Some("created"),
        Deed::Created | Deed::Started | Deed::Restarted => Some("started"),
        Deed::Removed => Some("removed"),
        Deed::Stopped
        | Deed::Signalled
        | Deed::Killed
        | Deed::Paused
        | Deed::Unpaused
        | Deed::Connected
        | Deed::Renamed
        | Deed::Built
        | Deed::Pushed
        | Deed::Pulled => None,
    }
}

/// What is left running, and the commands that go on from here.
fn write_remains(out: &mut dyn Write, outcome: &Outcome, context: &Context) -> io::Result<()> {
    let Context { aim: _, resume, clean_up, after_cancel: _, shown: _, look } = context;
    let mut say = |title: &str, text: &str| {
        writeln!(out, "{} {text}", look.paint(Role::Aside, &format!("{title:<14}")))
    };
    if !outcome.running.is_empty() {
        say("still running:", &names(outcome.running.iter().map(|name| name.as_str()), MOST_NAMES))?;
    }
    if let Some(command) = resume {
        say("to go on:", command)?;
    }
    if let Some(command) = clean_up {
        say("to clean up:", command)?;
    }
    Ok(())
}

/// The service that a step is for; what it is about when that is an image, a network or a volume.
fn subject(step: &Step) -> String {
    match (&step.action, &step.service) {
        (
            Action::PullImage { .. }
            | Action::PushImage { .. }
            | Action::RemoveImage { .. }
            | Action::BuildImage(_),
            _,
        )
        | (_, None) => object(&step.action).to_string(),
        (_, Some(service)) => service.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::engine::EngineError;
    use crate::plan::Because;
    use crate::report::{AfterCancel, Intent};
    use crate::run::{End, Ended, Failure};

    #[test]
    fn an_engine_that_is_gone_comes_with_advice_and_many_failures_are_summed_up() {
        let text = failures(12);
        let one = "x db: container c0 could not be started\n  \
                   no Docker Engine answers at unix:///run/docker.sock: gone\n  \
                   help: start it\n";
        assert!(text.starts_with(one), "{text}");
        assert!(text.ends_with("and 2 more failed\n"), "{text}");
    }

    fn failures(count: usize) -> String {
        let mut plan = Plan::new("shop".into());
        for number in 0..count {
            let action =
                Action::StartContainer { container: format!("c{number}").into(), post_start: Vec::new() };
            let service = Some("db".into());
            plan.steps.add_node(Step { action, because: Because::Asked, service, only_if: None });
        }
        let cause = Cause::Engine(EngineError::Unreachable {
            address: "unix:///run/docker.sock".to_owned(),
            reason: "gone".to_owned(),
            advice: "start it".to_owned(),
        });
        let end = End::Failed(Failure { cause, log_tail: Vec::new() });
        let ended = Ended { end, took: Duration::ZERO, is_tolerated: false };
        let outcome = Outcome {
            steps: vec![ended; count],
            is_cancelled: false,
            took: Duration::ZERO,
            running: BTreeSet::new(),
        };
        let context = Context {
            aim: Intent::UP.into(),
            resume: None,
            clean_up: None,
            after_cancel: AfterCancel::End,
            shown: Vec::new(),
            look: Look::BARE,
        };
        let mut out = Vec::new();
        write_failures(&mut out, &plan, &outcome, &context, None).expect("a Vec takes all");
        String::from_utf8(out).expect("it is UTF-8")
    }
}
