//! The plan for people: for each object what is done to it, why, and after what.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value as Json;

use super::readable::readable;
use super::{condition, difference, waits_for};
use crate::plan::{Action, Because, FieldChange, Plan, Step, StepId};
use crate::report::Goal;
use crate::report::look::{Look, Role};
use crate::report::objects::{ObjectChange, ObjectSteps, Objects};
use crate::report::prose::wrapped;
use crate::report::wording::{self, Kind};
use crate::source::Sources;
use crate::topology::secrecy::{HIDDEN, HIDDEN_VALUES};

/// The output of `topo plan`. `goal` is what the plan is for; lines are wrapped at `width`.
pub fn text(plan: &Plan, sources: &Sources, look: Look, width: Option<usize>, goal: Goal) -> String {
    let context = Context { plan, sources, look, width };
    let mut text = String::new();
    let mut counts = ChangeCounts::default();
    let objects = Objects::in_plan(plan);
    for object in in_order(plan, &objects) {
        let parts = context.parts(object);
        let Some((first, rest)) = parts.split_first() else { continue };
        *counts.entry((std::cmp::Reverse(object.kind), first.certainty, first.change)).or_insert(0) += 1;
        // Writing to a string cannot fail.
        let _ = context.write(&mut text, object, first, rest);
    }
    if counts.is_empty() {
        let idle = format!("nothing to do: {} {}", plan.project, goal.idle);
        return wrapped(&idle, width, 2) + "\n";
    }
    let project = look.paint(Role::Strong, plan.project.as_str());
    let summary = wrapped(&format!("plan for {project}: {}", summary(&counts)), width, 2);
    let hidden = if hides_values(plan) { wrapped(HIDDEN_VALUES, width, 2) + "\n" } else { String::new() };
    format!("{text}\n{summary}\n{hidden}")
}

fn hides_values(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| step.because.changes().iter().any(|change| change.is_hidden))
}

/// Objects in the order of their first steps.
fn in_order<'objects>(plan: &Plan, objects: &'objects Objects) -> Vec<&'objects ObjectSteps> {
    let mut seen = std::collections::HashSet::new();
    let places = plan.in_order().into_iter().map(|step| objects.index(step));
    places.filter(|place| seen.insert(*place)).map(|place| &objects.all()[place]).collect()
}

struct Context<'a> {
    plan: &'a Plan,
    sources: &'a Sources,
    look: Look,
    width: Option<usize>,
}

/// What is done to an object, unconditionally or not.
struct Part<'a> {
    steps: Vec<&'a Step>,
    change: ObjectChange,
    certainty: Certainty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    Sure,
    Conditional,
}

/// How many objects of which kind are changed how.
type ChangeCounts = BTreeMap<(std::cmp::Reverse<Kind>, Certainty, ObjectChange), usize>;

impl<'a> Context<'a> {
    /// The unconditional part first; empty if the steps only wait.
    fn parts(&self, object: &ObjectSteps) -> Vec<Part<'a>> {
        let plan = self.plan;
        let part = |certainty| {
            let is_meant = |step: StepId| {
                let is_sure = plan.steps[step].only_if.is_none();
                is_sure == (certainty == Certainty::Sure)
            };
            let change = object.change(plan, is_meant)?;
            let steps = object.steps.iter().copied().filter(|step| is_meant(*step));
            Some(Part { steps: steps.map(|step| &plan.steps[step]).collect(), change, certainty })
        };
        [Certainty::Sure, Certainty::Conditional].into_iter().filter_map(part).collect()
    }

    fn write(
        &self,
        text: &mut String,
        object: &ObjectSteps,
        first: &Part<'_>,
        rest: &[Part<'_>],
    ) -> std::fmt::Result {
        let (sign, role) = sign(first);
        let name = self.look.paint(Role::Strong, &object.name);
        let sign = self.look.paint(role, sign);
        let headline = format!("{sign} {} {name}: {}", object.kind.word(), self.sentence(first));
        // Indented deeper than the details that follow.
        writeln!(text, "{}", wrapped(&headline, self.width, 6))?;
        let after = waits_for(self.plan, object);
        let after = (!after.is_empty()).then(|| self.aside(&format!("after {after}")));
        let changes = changes(first).into_iter().chain(rest.iter().flat_map(changes));
        let details = rest.iter().map(|part| self.sentence(part));
        for detail in details.chain(changes.map(|change| self.change_line(change))).chain(after) {
            writeln!(text, "{}", wrapped(&format!("    {detail}"), self.width, 6))?;
        }
        Ok(())
    }

    /// `create, start because it does not exist`
    fn sentence(&self, part: &Part<'_>) -> String {
        let mut sentence = words(part).join(", ");
        if let Some(guard) = part.steps.iter().find_map(|step| step.only_if.as_ref()) {
            let _ = write!(sentence, " {}", condition(guard));
        }
        let reasons = reasons(part);
        if !reasons.is_empty() {
            let _ = write!(sentence, " {}", self.aside(&format!("because {}", reasons.join(", and "))));
        }
        sentence
    }

    /// `environment.DEBUG: "0" -> "1" (topology.yaml:7:22)`
    fn change_line(&self, change: &FieldChange) -> String {
        let FieldChange { path, from, to, is_hidden, is_revealed: _, span } = change;
        let place = span.map(|span| {
            let (line, column) = self.sources.position(span);
            let file = self.sources.get(span.file).path.display();
            self.aside(&format!(" ({file}:{line}:{column})"))
        });
        let place = place.unwrap_or_default();
        if let Some(network) = change.network() {
            let words = if to.is_some() { "connect to" } else { "disconnect from" };
            return format!("{words} network {network}{place}");
        }
        // The contents of a secret or config are never shown, even with `--show-values`.
        let is_whole = |value: &Option<Json>| value.as_ref().and_then(Json::as_str) == Some(HIDDEN);
        if is_whole(from) && is_whole(to) {
            let what = if *is_hidden { HIDDEN } else { "(never shown)" };
            return format!("{path}: changed {what}{place}");
        }
        // After redaction, two different values may look the same.
        let is_both = from.is_some() && to.is_some();
        let changed = if is_both && (*is_hidden || from == to) { "changed, " } else { "" };
        let [from, to] = [from, to].map(|value| value.as_ref().map(|value| readable(path.keys(), value)));
        let [from, to] = difference::both(from.as_ref(), to.as_ref(), self.look);
        let (from, to) = (self.look.paint(Role::Bad, &from), self.look.paint(Role::Good, &to));
        format!("{path}: {changed}{from} -> {to}{place}")
    }

    fn aside(&self, text: &str) -> String {
        self.look.paint(Role::Aside, text)
    }
}

fn sign(part: &Part<'_>) -> (&'static str, Role) {
    if part.certainty == Certainty::Conditional {
        return ("?", Role::Notice);
    }
    match part.change {
        ObjectChange::Pulled | ObjectChange::Pushed | ObjectChange::Built | ObjectChange::Created => {
            ("+", Role::Good)
        }
        ObjectChange::Recreated
        | ObjectChange::Started
        | ObjectChange::Restarted
        | ObjectChange::Updated
        | ObjectChange::Connected
        | ObjectChange::Disconnected
        | ObjectChange::Renamed
        | ObjectChange::Unpaused
        | ObjectChange::Signalled => ("~", Role::Notice),
        ObjectChange::Stopped | ObjectChange::Killed | ObjectChange::Paused | ObjectChange::Removed => {
            ("-", Role::Bad)
        }
    }
}

/// A short description of what is done; the steps of a replacement are one.
fn words(part: &Part<'_>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    if part.change == ObjectChange::Recreated || part.change == ObjectChange::Restarted {
        words.push(part.change.to_do().to_owned());
    }
    let is_connected = |name: &str| {
        part.steps.iter().any(|step| match &step.action {
            Action::ConnectNetwork { attachment, .. } => attachment.network.as_str() == name,
            _ => false,
        })
    };
    for step in &part.steps {
        let word = match (&step.action, part.change) {
            (Action::StartContainer { .. }, ObjectChange::Recreated) => "start".to_owned(),
            // `recreate` or `restart` covers the rest.
            (_, ObjectChange::Recreated)
            | (Action::StartContainer { .. } | Action::StopContainer { .. }, ObjectChange::Restarted) => {
                continue;
            }
            (Action::Wait { .. }, _) if step.because != Because::Asked => continue,
            (Action::DisconnectNetwork { network, .. }, _) if is_connected(network.as_str()) => continue,
            (Action::RenameContainer { from, .. }, _) => format!("rename from {from}"),
            (action, _) => wording::to_do(action),
        };
        words.push(word);
    }
    words
}

/// Every reason once, without those that are obvious: a container replaced by its successor of the
/// same name (`recreate`), a changed image (the condition), a project that the user takes down.
fn reasons(part: &Part<'_>) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    let changed = changes(part);
    for step in part.steps.iter().filter(|step| !matches!(step.action, Action::Wait { .. })) {
        let reason = match &step.because {
            Because::Down => continue,
            Because::Replaced if part.change != ObjectChange::Removed => continue,
            // The condition says it.
            Because::UpdateRefused => continue,
            Because::ImageChanged { .. } | Because::MountedImageChanged { .. }
                if part.certainty == Certainty::Conditional =>
            {
                continue;
            }
            Because::Changed(_) => match changed.as_slice() {
                [change] => format!("{} changed", change.path),
                changes => format!("{} attributes changed", changes.len()),
            },
            // Each of the changes has its own line.
            Because::MadeBy { program, changes } if !changes.is_empty() => {
                format!("{program} created it with other settings")
            }
            because => wording::because(because).1,
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

/// The attributes that differ, each once, however many steps mend them.
fn changes<'part>(part: &'part Part<'_>) -> Vec<&'part FieldChange> {
    let mut changes: Vec<&FieldChange> = Vec::new();
    for change in part.steps.iter().flat_map(|step| step.because.changes()) {
        if !changes.iter().any(|known| known.path == change.path) {
            changes.push(change);
        }
    }
    changes
}

/// `3 containers to create, 1 to recreate, 1 network to create, nothing to remove`
fn summary(counts: &ChangeCounts) -> String {
    let mut words = Vec::new();
    let mut last = None;
    for ((std::cmp::Reverse(kind), certainty, change), count) in counts {
        let subject = if last == Some(kind) { count.to_string() } else { kind.count(*count) };
        let perhaps = if *certainty == Certainty::Conditional { "perhaps " } else { "" };
        words.push(format!("{subject} {perhaps}to {}", change.to_do()));
        last = Some(kind);
    }
    if counts.keys().all(|(_, _, change)| *change != ObjectChange::Removed) {
        words.push("nothing to remove".to_owned());
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::FieldPath;

    #[test]
    fn long_lines_are_wrapped_and_indented() {
        let mut plan = Plan::new("shop".into());
        let change = |path: &str| FieldChange {
            path: FieldPath::of(&path.split('.').collect::<Vec<_>>()),
            from: Some("one two three".into()),
            to: Some("one two four".into()),
            is_hidden: false,
            is_revealed: false,
            span: None,
        };
        let start = Action::StartContainer { container: "shop-web-1".into(), post_start: Vec::new() };
        let because = Because::Changed(vec![change("environment.WORDS"), change("user")]);
        plan.steps.push(Step::new(start, because, Some("web".into())));
        let text = text(&plan, &Sources::default(), Look::BARE, Some(40), Goal::UP);
        assert_eq!(
            text,
            "~ container shop-web-1: start because 2\n      attributes changed\n    \
             environment.WORDS: \"one two three\"\n      -> \"one two four\"\n    \
             user: \"one two three\" -> \"one two\n      four\"\n\n\
             plan for shop: 1 container to start,\n  nothing to remove\n"
        );
    }

    #[test]
    fn contents_that_are_never_shown_are_not_offered() {
        let line = |is_hidden| {
            let mut plan = Plan::new("shop".into());
            let change = FieldChange {
                path: FieldPath::of(&["secrets", "key", "content"]),
                from: Some(HIDDEN.into()),
                to: Some(HIDDEN.into()),
                is_hidden,
                is_revealed: false,
                span: None,
            };
            let start = Action::StartContainer { container: "shop-web-1".into(), post_start: Vec::new() };
            plan.steps.push(Step::new(start, Because::Changed(vec![change]), Some("web".into())));
            text(&plan, &Sources::default(), Look::BARE, None, Goal::UP)
        };
        assert!(line(false).contains("    secrets.key.content: changed (never shown)\n"));
        assert!(!line(false).contains(HIDDEN_VALUES));
        assert!(line(true).contains("    secrets.key.content: changed (hidden)\n"));
        assert!(line(true).contains(HIDDEN_VALUES));
    }
}
