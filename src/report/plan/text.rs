//! The plan for people: one object after the other, what is done to it, and why.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{condition, needs};
use crate::plan::{Action, Because, FieldChange, Plan, Step, StepId};
use crate::report::look::{Look, Role};
use crate::report::objects::{Deed, ObjectSteps, Objects};
use crate::report::wording::{self, Kind};
use crate::source::Sources;

/// What `topo plan` prints.
pub fn text(plan: &Plan, sources: &Sources, look: Look) -> String {
    let objects = Objects::of(plan);
    let mut text = String::new();
    let mut deeds = BTreeMap::new();
    for object in objects.all() {
        let Some(deed) = object.deed(plan, |_| true) else { continue };
        *deeds.entry((deed, std::cmp::Reverse(object.kind))).or_insert(0) += 1;
        // Writing to a string cannot fail.
        let _ = write_object(&mut text, plan, object, deed, sources, look);
    }
    if deeds.is_empty() {
        return format!("nothing to do: {} is as the topology says\n", plan.project);
    }
    let summary = summary(&deeds);
    format!("{text}\nplan for {}: {summary}\n", look.paint(Role::Strong, plan.project.as_str()))
}

fn write_object(
    text: &mut String,
    plan: &Plan,
    object: &ObjectSteps,
    deed: Deed,
    sources: &Sources,
    look: Look,
) -> std::fmt::Result {
    let steps: Vec<&Step> = object.steps.iter().map(|step| &plan.steps[*step]).collect();
    let (sign, role) = sign(deed);
    let name = look.paint(Role::Strong, &object.name);
    writeln!(text, "{} {} {name}: {}", look.paint(role, sign), object.kind.word(), to_do(&steps, deed))?;
    if let Some(guard) = steps.iter().find_map(|step| step.only_if.as_ref()) {
        writeln!(text, "    {}", condition(guard))?;
    }
    for reason in reasons(&steps, sources) {
        writeln!(text, "    {}", look.paint(Role::Aside, &reason))?;
    }
    let needs = needs_of_start(plan, object);
    if !needs.is_empty() {
        writeln!(text, "    {}", look.paint(Role::Aside, &format!("after {}", needs.join(", "))))?;
    }
    Ok(())
}

fn sign(deed: Deed) -> (&'static str, Role) {
    match deed {
        Deed::Pulled | Deed::Pushed | Deed::Built | Deed::Created => ("+", Role::Good),
        Deed::Recreated
        | Deed::Started
        | Deed::Restarted
        | Deed::Connected
        | Deed::Renamed
        | Deed::Unpaused
        | Deed::Signalled => ("~", Role::Notice),
        Deed::Stopped | Deed::Killed | Deed::Paused | Deed::Removed => ("-", Role::Bad),
    }
}

/// `create, start`; a container and its successor are one, so that the whole exchange is `recreate`.
fn to_do(steps: &[&Step], deed: Deed) -> String {
    if deed == Deed::Recreated {
        return "recreate".to_owned();
    }
    let is_shown = |step: &&&Step| !matches!(step.action, Action::Wait { .. });
    let words: Vec<_> = steps.iter().filter(is_shown).map(|step| wording::to_do(&step.action)).collect();
    words.join(", ")
}

/// Every reason once; each changed field has a line and its place.
fn reasons(steps: &[&Step], sources: &Sources) -> Vec<String> {
    let mut reasons = Vec::new();
    for step in steps.iter().filter(|step| !matches!(step.action, Action::Wait { .. })) {
        let lines = match &step.because {
            // That a container gives way to its successor is said by `recreate`.
            Because::Replaced => continue,
            Because::Changed(changes) => changes.iter().map(|change| change_line(change, sources)).collect(),
            because => vec![format!("because {}", wording::because(because))],
        };
        for line in lines {
            if !reasons.contains(&line) {
                reasons.push(line);
            }
        }
    }
    reasons
}

/// `environment.DEBUG changed from "0" to "1" (topology.yaml:7:22)`
fn change_line(change: &FieldChange, sources: &Sources) -> String {
    let words = wording::change(change);
    match change.span {
        Some(span) => {
            let (line, column) = sources.position(span);
            format!("{words} ({}:{line}:{column})", sources.get(span.file).path.display())
        }
        None => words,
    }
}

/// What an object waits for before it is started, or created when it is not started.
fn needs_of_start(plan: &Plan, object: &ObjectSteps) -> Vec<String> {
    if object.kind != Kind::Container {
        return Vec::new();
    }
    let is_start = |step: &&StepId| matches!(plan.steps[**step].action, Action::StartContainer { .. });
    object.steps.iter().find(is_start).map(|step| needs(plan, *step)).unwrap_or_default()
}

/// `create 3 containers, 1 network; recreate 1 container`
fn summary(deeds: &BTreeMap<(Deed, std::cmp::Reverse<Kind>), usize>) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut last = None;
    for ((deed, std::cmp::Reverse(kind)), count) in deeds {
        let counted = kind.count(*count);
        match parts.last_mut() {
            Some(part) if last == Some(*deed) => {
                part.push_str(", ");
                part.push_str(&counted);
            }
            _ => parts.push(format!("{} {counted}", deed.to_do())),
        }
        last = Some(*deed);
    }
    parts.join("; ")
}
