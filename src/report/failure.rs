//! In: a run that failed. Out: what failed and why, what is left, what to type. Must not: leave out
//! the engine's own message.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::Context;
use super::advice::hint;
use super::look::{Look, Mark, Role, sanitize};
use super::objects::{ObjectChange, Objects};
use super::prose::wrapped;
use super::wording::{
    Kind, build_output, engine_words, excerpt, failed, failed_check, health_output, names, object,
};
use crate::engine::EngineError;
use crate::engine::Excerpt;
use crate::plan::{Action, Plan, Step, StepId};
use crate::run::{Cause, Failure, Outcome};

/// How many failures are shown in full: more of them seldom help.
const MOST_FAILURES: usize = 10;

/// How many names are listed in a row.
const MOST_NAMES: usize = 12;

/// Writes every failure; then, if the run missed its goal, what is running and how to continue. The
/// output of the steps in `printed` was already shown.
pub(super) fn write_failures(
    out: &mut dyn Write,
    plan: &Plan,
    outcome: &Outcome,
    context: &Context,
    width: Option<usize>,
    printed: &BTreeSet<StepId>,
) -> io::Result<()> {
    let groups = groups(plan, outcome);
    for group in groups.iter().take(MOST_FAILURES) {
        let mut page = Page { out, look: context.look, width, printed };
        page.failure(group, context)?;
        page.skipped(plan, outcome, group)?;
    }
    let left: usize = groups.iter().skip(MOST_FAILURES).map(|group| group.steps.len()).sum();
    if left > 0 {
        writeln!(out, "and {left} more failed")?;
    }
    if outcome.is_success() || context.is_not_the_end(outcome) {
        return Ok(());
    }
    write_remains(out, outcome, context)
}

/// Failures with one cause: an unreachable registry fails all its images with the same message.
struct Group<'run> {
    steps: Vec<(StepId, &'run Step)>,
    failure: &'run Failure,
    is_tolerated: bool,
}

impl<'run> Group<'run> {
    fn first(&self) -> &'run Step {
        self.steps[0].1
    }

    fn takes(&self, step: &Step, failure: &Failure, is_tolerated: bool) -> bool {
        let is_of_an_image = matches!(step.action, Action::PullImage { .. } | Action::PushImage { .. });
        is_of_an_image
            && std::mem::discriminant(&step.action) == std::mem::discriminant(&self.first().action)
            && (&failure.cause, is_tolerated) == (&self.failure.cause, self.is_tolerated)
    }

    /// `web: image shop:1 could not be pulled`, `images shop:1, shop-db:1 could not be pulled`
    fn headline(&self) -> String {
        let Step { action, service, .. } = self.first();
        let failed = failed(action, &self.failure.cause);
        if self.steps.len() > 1 {
            let images = self.steps.iter().map(|(_, step)| object(&step.action).name);
            return format!("images {} {failed}", names(images, MOST_NAMES));
        }
        let service = service.as_ref().map_or(String::new(), |service| format!("{service}: "));
        format!("{service}{} {failed}", object(action))
    }

    /// `image shop:1 could not be pulled`, as a reason.
    fn reason(&self) -> String {
        let failed = failed(&self.first().action, &self.failure.cause);
        match self.steps.len() {
            1 => format!("{} {failed}", subject(self.first())),
            _ => format!("these images {failed}"),
        }
    }
}

fn groups<'run>(plan: &'run Plan, outcome: &'run Outcome) -> Vec<Group<'run>> {
    let mut groups: Vec<Group<'run>> = Vec::new();
    for (id, failure) in outcome.failures() {
        let (step, is_tolerated) = (&plan.steps[id], outcome.steps[id.index()].is_tolerated);
        match groups.iter_mut().find(|group| group.takes(step, failure, is_tolerated)) {
            Some(group) => group.steps.push((id, step)),
            None => groups.push(Group { steps: vec![(id, step)], failure, is_tolerated }),
        }
    }
    groups
}

struct Page<'page> {
    out: &'page mut dyn Write,
    look: Look,
    /// The width to wrap text at.
    width: Option<usize>,
    /// Steps whose output was already shown.
    printed: &'page BTreeSet<StepId>,
}

impl Page<'_> {
    fn failure(&mut self, group: &Group<'_>, context: &Context) -> io::Result<()> {
        let (step, look, headline) = (group.first(), self.look, group.headline());
        let Failure { cause: _, log_tail } = group.failure;
        let log_tail = if context.has_shown(step) { &[] } else { log_tail.as_slice() };
        if group.is_tolerated {
            let mark = look.mark(Mark::Dropped);
            let aside = look.paint(Role::Aside, "(it is not required)");
            return self
                .sentence(&format!("{mark} {} {aside}", look.paint(Role::Notice, &headline)), 2)
                .and_then(|()| self.details(group, log_tail, context));
        }
        self.sentence(&format!("{} {}", look.mark(Mark::Failed), look.paint(Role::Bad, &headline)), 2)?;
        self.details(group, log_tail, context)
    }

    fn details(&mut self, group: &Group<'_>, log_tail: &[String], context: &Context) -> io::Result<()> {
        let ((id, step), cause) = (group.steps[0], &group.failure.cause);
        for line in engine_words(cause).iter().flat_map(|words| words.lines()) {
            self.sentence(&format!("  {}", sanitize(line)), 4)?;
        }
        failed_check(cause).map_or(Ok(()), |check| self.sentence(&format!("  {}", sanitize(check)), 4))?;
        excerpt(cause).map_or(Ok(()), |excerpt| self.excerpt(excerpt))?;
        let output = if self.printed.contains(&id) { &[] } else { build_output(cause) };
        self.block("the build step printed:", output.iter().map(String::as_str))?;
        self.block("its health check printed:", health_output(cause).unwrap_or_default().lines())?;
        self.block("it printed last:", log_tail.iter().map(String::as_str))?;
        match hint(step, cause, &context.commands) {
            Some(hint) => self.sentence(&format!("  {} {hint}", self.look.paint(Role::Active, "help:")), 8),
            None => Ok(()),
        }
    }

    fn sentence(&mut self, words: &str, indent: usize) -> io::Result<()> {
        writeln!(self.out, "{}", wrapped(words, self.width, indent))
    }

    /// ```text
    ///   16 | COPY . .
    /// > 17 | RUN make check
    /// ```
    fn excerpt(&mut self, excerpt: &Excerpt) -> io::Result<()> {
        let Excerpt { first, lines, about } = excerpt;
        let digits = (first + lines.len()).to_string().len();
        for (line, number) in lines.iter().zip(*first..) {
            let mark = if about.contains(&number) { self.look.paint(Role::Bad, ">") } else { " ".into() };
            let margin = self.look.paint(Role::Aside, &format!("{number:>digits$} |"));
            writeln!(self.out, "  {mark} {margin} {}", sanitize(line).trim_end())?;
        }
        Ok(())
    }

    fn block<'line>(&mut self, title: &str, lines: impl Iterator<Item = &'line str>) -> io::Result<()> {
        let mut lines = lines.peekable();
        if lines.peek().is_none() {
            return Ok(());
        }
        writeln!(self.out, "  {title}")?;
        for line in lines {
            writeln!(self.out, "  {} {}", self.look.paint(Role::Aside, "|"), sanitize(line))?;
        }
        Ok(())
    }

    /// `  api, web: not started because db is unhealthy`
    fn skipped(&mut self, plan: &Plan, outcome: &Outcome, group: &Group<'_>) -> io::Result<()> {
        let objects = Objects::in_plan(plan);
        let mut unfinished: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for skipped in group.steps.iter().flat_map(|(step, _)| outcome.skipped_by(*step)) {
            let object = &objects.all()[objects.index(skipped)];
            let is_same = subject(&plan.steps[skipped]) == subject(group.first());
            // Objects that failed themselves are reported on their own.
            let has_failed = outcome.failures().any(|(step, _)| object.steps.contains(&step));
            let verb = object.change(plan, |_| true).and_then(|change| undo_verb(object.kind, change));
            if let Some(verb) = verb.filter(|_| !is_same && !has_failed) {
                unfinished.entry(verb).or_default().insert(subject(&plan.steps[skipped]));
            }
        }
        let because = group.reason();
        for (verb, subjects) in unfinished {
            let listed = names(subjects.iter().map(String::as_str), MOST_NAMES);
            self.sentence(&format!("  {listed}: not {verb} because {because}"), 4)?;
        }
        Ok(())
    }
}

/// The phrase for an object that was left unchanged. None for images: the containers that need them
/// are listed.
fn undo_verb(kind: Kind, change: ObjectChange) -> Option<&'static str> {
    match change {
        ObjectChange::Recreated => Some("recreated"),
        ObjectChange::Created if kind != Kind::Container => Some("created"),
        ObjectChange::Created | ObjectChange::Started | ObjectChange::Restarted => Some("started"),
        ObjectChange::Removed => Some("removed"),
        ObjectChange::Stopped
        | ObjectChange::Signalled
        | ObjectChange::Killed
        | ObjectChange::Paused
        | ObjectChange::Unpaused
        | ObjectChange::Updated
        | ObjectChange::Connected
        | ObjectChange::Disconnected
        | ObjectChange::Renamed
        | ObjectChange::Built
        | ObjectChange::Pushed
        | ObjectChange::Pulled => None,
    }
}

/// What is left running, and the commands to continue with.
fn write_remains(out: &mut dyn Write, outcome: &Outcome, context: &Context) -> io::Result<()> {
    let Context { resume, past_hooks, clean_up, stops_on_failure, look, .. } = context;
    let is_hook = |cause: &Cause| matches!(cause, Cause::Engine(EngineError::HookFailed { .. }));
    let resume = match outcome.failures().any(|(_, failure)| is_hook(&failure.cause)) {
        // The hook that failed would fail again.
        true => past_hooks.as_ref().or(resume.as_ref()),
        false => resume.as_ref(),
    };
    let mut say = |title: &str, text: &str| {
        writeln!(out, "{} {text}", look.paint(Role::Aside, &format!("{title:<14}")))
    };
    if !outcome.running.is_empty() && !stops_on_failure {
        say("still running:", &names(outcome.running.iter().map(|name| name.as_str()), MOST_NAMES))?;
    }
    if !outcome.ended.is_empty() {
        let ended: Vec<String> =
            outcome.ended.iter().map(|(name, exit_code)| format!("{name} (code {exit_code})")).collect();
        say("ended:", &names(ended.iter().map(String::as_str), MOST_NAMES))?;
    }
    if let Some(command) = resume {
        say("to continue:", command)?;
    }
    if let Some(command) = clean_up.as_ref().filter(|command| resume != Some(command)) {
        say("to clean up:", command)?;
    }
    Ok(())
}

/// The service of a step; its object if that is an image, a network or a volume.
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
    use crate::plan::Because;
    use crate::plan::action::AfterFailedHook;
    use crate::run::{End, Ended};

    #[test]
    fn a_lost_engine_comes_with_advice_and_many_failures_are_summarised() {
        let text = failures(12);
        let one = "x db: container c0 could not be started\n  \
                   no Docker Engine answers at unix:///run/docker.sock: gone\n  \
                   help: start it\n";
        assert!(text.starts_with(one), "{text}");
        assert!(text.contains("and 2 more failed\n"), "{text}");
    }

    #[test]
    fn an_unreachable_registry_is_reported_once_for_all_its_images() {
        let mut plan = Plan::new("shop".into());
        let images = [("a", Some("one")), ("b", Some("two")), ("c", None)];
        for (image, service) in images {
            let action = Action::PullImage { image: image.into(), platform: None };
            let service = service.map(Into::into);
            plan.steps.push(Step::new(action, Because::Absent, service));
        }
        for service in ["one", "two"] {
            let action = Action::StartContainer { container: service.into(), post_start: Vec::new() };
            let service = Some(service.into());
            plan.steps.push(Step::new(action, Because::Absent, service));
        }
        let failed = |message: &str| {
            let cause = Cause::Engine(EngineError::Refused { status: 500, message: message.to_owned() });
            End::Failed(Failure { cause, log_tail: Vec::new() })
        };
        let skipped = |by| End::Skipped { because_of: StepId::new(by) };
        let gone = "Get \"https://r/v2/\": no route to host";
        let ends = [failed(gone), failed(gone), failed("manifest unknown"), skipped(0), skipped(1)];
        let text = written(&plan, ends.into());
        let told = "x images a, b could not be pulled\n  \
                    Get \"https://r/v2/\": no route to host\n  \
                    help: there is no route to that host: check the network of the engine's machine\n  \
                    one, two: not started because these images could not be pulled\n\
                    x image c could not be pulled\n  \
                    manifest unknown\n";
        assert!(text.starts_with(told), "{text}");
    }

    #[test]
    fn a_health_check_without_output_is_named() {
        let mut plan = Plan::new("shop".into());
        let action = Action::Wait { container: "shop-db-1".into(), until: crate::plan::Condition::Healthy };
        plan.steps.push(Step::new(action, Because::Asked, Some("db".into())));
        let check = Some("its health check `exit 1` failed 3 times in a row".to_owned());
        let cause = Cause::Unhealthy { check, output: Some(String::new()) };
        let text = written(&plan, vec![End::Failed(Failure { cause, log_tail: Vec::new() })]);
        let told =
            "x db: container shop-db-1 is unhealthy\n  its health check `exit 1` failed 3 times in a row\n";
        assert!(text.starts_with(told), "{text}");
    }

    #[test]
    fn what_failed_itself_is_not_listed_as_waiting_for_another_failure() {
        let mut plan = Plan::new("shop".into());
        for service in ["servidor", "visitante"] {
            let rename = Action::RenameContainer { from: service.into(), to: service.into() };
            let start = Action::StartContainer { container: service.into(), post_start: Vec::new() };
            for action in [rename, start] {
                plan.steps.push(Step::new(action, Because::Absent, Some(service.into())));
            }
        }
        let refused = || {
            let cause = Cause::Engine(EngineError::System("no".to_owned()));
            End::Failed(Failure { cause, log_tail: Vec::new() })
        };
        let skipped = || End::Skipped { because_of: StepId::new(0) };
        let text = written(&plan, vec![refused(), skipped(), refused(), skipped()]);
        assert!(!text.contains("not started because"), "{text}");
        assert!(text.contains("visitante: container visitante could not be renamed"), "{text}");
    }

    #[test]
    fn containers_that_use_a_volume_are_not_listed_by_id() {
        let mut plan = Plan::new("shop".into());
        let action = Action::RemoveVolume { volume: "shop_data".into() };
        plan.steps.push(Step::new(action, Because::Asked, None));
        let message = "remove shop_data: volume is in use - [494e7a69, 5b1d]".to_owned();
        let cause = Cause::Engine(EngineError::Refused { status: 409, message });
        let text = written(&plan, vec![End::Failed(Failure { cause, log_tail: Vec::new() })]);
        assert!(text.contains("  remove shop_data: volume is in use\n  help: "), "{text}");
        assert!(text.contains("`docker ps -a --filter volume=shop_data` shows which one"), "{text}");
    }

    #[test]
    fn a_hook_that_keeps_failing_can_be_bypassed() {
        let mut plan = Plan::new("shop".into());
        let action = Action::StopContainer {
            container: "shop-web-1".into(),
            grace: None,
            pre_stop: Vec::new(),
            after_failed_hook: AfterFailedHook::GiveUp,
        };
        plan.steps.push(Step::new(action, Because::Down, None));
        let message = "`exit 3` ended with exit code 3".to_owned();
        let hook = EngineError::HookFailed { hook: "pre_stop[0]".to_owned(), message };
        let end = |error| vec![End::Failed(Failure { cause: Cause::Engine(error), log_tail: Vec::new() })];
        let text = written(&plan, end(hook));
        assert!(text.contains("topo down --force\n") && !text.contains("topo down\n"), "{text}");
        let text = written(&plan, end(EngineError::NoAnswer("it hangs".to_owned())));
        assert!(text.contains("topo down\n") && !text.contains("--force"), "{text}");
    }

    fn failures(count: usize) -> String {
        let mut plan = Plan::new("shop".into());
        for number in 0..count {
            let action =
                Action::StartContainer { container: format!("c{number}").into(), post_start: Vec::new() };
            let service = Some("db".into());
            plan.steps.push(Step::new(action, Because::Asked, service));
        }
        let cause = Cause::Engine(EngineError::Unreachable {
            address: "unix:///run/docker.sock".to_owned(),
            reason: "gone".to_owned(),
            advice: "start it".to_owned(),
        });
        written(&plan, vec![End::Failed(Failure { cause, log_tail: Vec::new() }); count])
    }

    fn written(plan: &Plan, ends: Vec<End>) -> String {
        let ended = |end| Ended { end, took: Duration::ZERO, is_tolerated: false };
        let outcome = Outcome {
            doubt: None,
            steps: ends.into_iter().map(ended).collect(),
            is_cancelled: false,
            took: Duration::ZERO,
            running: BTreeSet::new(),
            ended: BTreeMap::new(),
        };
        let context = Context {
            resume: Some("topo down".to_owned()),
            past_hooks: Some("topo down --force".to_owned()),
            ..Context::bare()
        };
        let mut out = Vec::new();
        write_failures(&mut out, plan, &outcome, &context, None, &BTreeSet::new()).expect("a Vec takes all");
        String::from_utf8(out).expect("it is UTF-8")
    }
}
