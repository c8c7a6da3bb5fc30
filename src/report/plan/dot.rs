//! The plan for Graphviz: `topo plan --format dot | dot -Tsvg`.

use std::fmt::Write;

use crate::plan::{Needs, Plan};
use crate::report::wording;

/// The steps of a plan in the DOT language; arrows point from a step to those that wait for it.
pub fn dot(plan: &Plan) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(plan, &mut text);
    text
}

fn write(plan: &Plan, text: &mut String) -> std::fmt::Result {
    writeln!(text, "digraph \"plan for {}\" {{", plan.project)?;
    writeln!(text, "  rankdir=LR;")?;
    writeln!(
        text,
        "  node [fontname=\"sans-serif\", fontsize=11, shape=box, style=\"rounded,filled\", fillcolor=\"#dbeafe\"];"
    )?;
    for id in plan.in_order() {
        let step = &plan.steps[id];
        let style = if step.only_if.is_some() { ", style=\"rounded,dashed\"" } else { "" };
        let (object, to_do) = (wording::object(&step.action), wording::to_do(&step.action));
        writeln!(text, "  {} [label=\"{to_do}\\n{}\"{style}];", id.index(), object.name)?;
    }
    for step in plan.steps.ids() {
        for (needed, how) in &plan.steps[step].needs {
            let style = if *how == Needs::Settled { " [style=dashed]" } else { "" };
            writeln!(text, "  {} -> {}{style};", needed.index(), step.index())?;
        }
    }
    writeln!(text, "}}")
}
