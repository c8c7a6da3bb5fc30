//! The reports of a recorded run.

use std::io::Write;

use topo::report::{AfterCancel, Commands, Context, Form, Goal, Live, Look, NO_STOP_SIGNAL, Report, report};

use super::scenario::Scenario;
use super::transcript::Recording;

/// The output of a report, without colours and in ASCII.
pub(crate) fn text(form: Form, scenario: &Scenario, recording: &Recording) -> String {
    let context = Context {
        scoped_goal: Goal::UP.into(),
        commands: Commands { before: "topo".to_owned(), after: "shop.yaml".to_owned() },
        resume: Some("topo up shop.yaml".to_owned()),
        past_hooks: None,
        clean_up: Some("topo down shop.yaml".to_owned()),
        after_cancel: AfterCancel::End,
        stop_signal: &NO_STOP_SIGNAL,
        stops_on_failure: false,
        shown: Vec::new(),
        look: Look::BARE,
    };
    let mut out = Vec::new();
    tell(&mut *report(form, false, context, &Live::new(), &mut out as &mut dyn Write), scenario, recording);
    String::from_utf8(out).expect("reports are UTF-8")
}

fn tell(report: &mut dyn Report, scenario: &Scenario, recording: &Recording) {
    for (_, event) in &recording.events {
        report.event(&scenario.plan, event);
    }
    report.finish(&scenario.plan, &recording.outcome);
}
