use super::*;
use AttachedEvent::{
    AllEnded, BroughtUp, ContainerEnded, Detach, Drained, EventsLost, Interrupted, KillRequested,
    OutputEnded, Stopped, ToggleWatch, WatchFailed, WorkFailed,
};
use AttachedRemark::{
    Detached, DetachedWhileBringingUp, NothingToWatch, StoppingBecauseOf, WatchBeginsLater, WatchEnded,
};
use Decision::{
    Acknowledge, Drain, DropOutput, Exit, FollowEnds, Kill, LookAgain, Say, StartWatching, Stop, StopWatching,
};

const UP: AttachedEvent = BroughtUp { is_success: true };
const FAILED: AttachedEvent = BroughtUp { is_success: false };

fn keep(while_watching: bool) -> Decision {
    Decision::KeepOutput { while_watching }
}

fn end(exit_code: i64) -> ContainerEnd {
    ContainerEnd { container: "shop-web-1".into(), exit_code, is_restarted: false }
}

fn restarted(exit_code: i64) -> ContainerEnd {
    ContainerEnd { is_restarted: true, ..end(exit_code) }
}

fn ended(exit_code: i64, is_job: bool) -> AttachedEvent {
    ContainerEnded { end: end(exit_code), is_job }
}

fn lost() -> EngineError {
    EngineError::Disconnected("gone".to_owned())
}

fn up(abort: Abort) -> AttachedUp {
    AttachedUp::new(abort, false, false)
}

/// Files are not watched, but could be.
fn watchable(abort: Abort) -> AttachedUp {
    AttachedUp::new(abort, true, false)
}

/// Checks the decisions after the last event.
#[track_caller]
fn check(mut machine: AttachedUp, events: &[AttachedEvent], expected: &[Decision]) {
    let mut decisions = Vec::new();
    for event in events {
        decisions = machine.on(event.clone());
    }
    assert_eq!(decisions, expected, "after {events:?}");
}

#[test]
fn services_are_followed_once_they_are_up() {
    check(up(Abort::Never), &[UP], &[keep(false), FollowEnds]);
    check(AttachedUp::new(Abort::Never, true, true), &[UP], &[keep(true), FollowEnds, StartWatching]);
}

#[test]
fn with_a_closed_pipe_it_ends_once_everything_is_up() {
    let exit = Exit(ExitReason::Service(None));
    check(up(Abort::Never), &[OutputEnded], &[]);
    check(up(Abort::Never), &[OutputEnded, UP], &[keep(false), FollowEnds, exit]);
    check(up(Abort::OnExit), &[OutputEnded, UP], &[keep(false), FollowEnds]);
}

#[test]
fn a_failure_ends_it_and_stops_everything_with_abort_options() {
    check(up(Abort::Never), &[FAILED], &[Exit(ExitReason::Run)]);
    for abort in [Abort::OnExit, Abort::OnFailure] {
        check(up(abort), &[FAILED], &[StopWatching, Stop]);
        check(up(abort), &[FAILED, Stopped], &[Exit(ExitReason::Run)]);
    }
}

#[test]
fn an_interrupt_during_startup_is_handled_by_the_run_before_stopping() {
    for brought_up in [UP, FAILED] {
        check(up(Abort::Never), &[Interrupted], &[]);
        check(up(Abort::Never), &[Interrupted, brought_up.clone()], &[StopWatching, Stop]);
        let exit = Exit(ExitReason::Interrupted);
        check(up(Abort::Never), &[Interrupted, brought_up, Stopped], &[exit]);
    }
}

#[test]
fn a_second_interrupt_kills_whenever_it_comes() {
    check(up(Abort::Never), &[Interrupted, KillRequested], &[]);
    check(up(Abort::Never), &[Interrupted, KillRequested, FAILED], &[StopWatching, Stop, Kill]);
    check(up(Abort::Never), &[UP, Interrupted, KillRequested], &[Kill]);
    check(up(Abort::Never), &[UP, Interrupted, KillRequested, Stopped], &[Exit(ExitReason::Interrupted)]);
}

#[test]
fn detaching_during_startup_lets_the_run_continue() {
    check(up(Abort::Never), &[Detach], &[DropOutput, Say(DetachedWhileBringingUp)]);
    check(up(Abort::Never), &[Detach, ToggleWatch], &[]);
    for brought_up in [UP, FAILED] {
        let exit = Exit(ExitReason::DetachedRun);
        check(up(Abort::OnExit), &[Detach, brought_up.clone()], std::slice::from_ref(&exit));
        check(up(Abort::Never), &[Detach, Interrupted, brought_up.clone()], &[StopWatching, Stop]);
        check(up(Abort::Never), &[Detach, Interrupted, brought_up, Stopped], &[exit]);
    }
}

#[test]
fn detaching_later_leaves_everything_running() {
    check(up(Abort::OnExit), &[UP, Detach], &[Say(Detached), Exit(ExitReason::Success)]);
}

#[test]
fn an_interrupt_stops_running_services() {
    check(up(Abort::OnExit), &[UP, Interrupted], &[Acknowledge, StopWatching, Stop]);
    check(up(Abort::OnExit), &[UP, Interrupted, Stopped], &[Exit(ExitReason::Interrupted)]);
    check(up(Abort::OnExit), &[UP, Interrupted, Detach], &[]);
}

#[test]
fn an_exit_that_counts_is_drained_and_stops_everything() {
    let drain = [StopWatching, Drain(DrainTarget::Container("shop-web-1".into()))];
    let stop = |code| [Say(StoppingBecauseOf(end(code))), StopWatching, Stop];
    check(up(Abort::OnExit), &[UP, ended(0, false)], &drain);
    check(up(Abort::OnFailure), &[UP, ended(3, true)], &drain);
    for over in [Drained, OutputEnded, Interrupted] {
        check(up(Abort::OnExit), &[UP, ended(0, false), over], &stop(0));
    }
    check(up(Abort::OnExit), &[OutputEnded, UP, ended(3, false)], &stop(3));
    let exit = Exit(ExitReason::Service(Some(end(3))));
    check(up(Abort::OnExit), &[UP, ended(3, false), Drained, Stopped], &[exit]);
}

#[test]
fn an_exit_counts_despite_a_restart_policy() {
    let again = |exit_code| ContainerEnded { end: restarted(exit_code), is_job: false };
    let stop = |exit_code| [Say(StoppingBecauseOf(restarted(exit_code))), StopWatching, Stop];
    check(up(Abort::OnExit), &[UP, again(0)], &stop(0));
    check(up(Abort::OnExit), &[UP, again(3)], &stop(3));
    check(up(Abort::OnFailure), &[UP, again(0), again(3)], &stop(3));
    check(up(Abort::OnExit), &[UP, again(3), again(4)], &[]);
    let exit = Exit(ExitReason::Service(Some(restarted(3))));
    check(up(Abort::OnExit), &[UP, again(3), again(4), Stopped], &[exit]);
    check(up(Abort::OnFailure), &[UP, again(0)], &[]);
    check(up(Abort::Never), &[UP, again(3)], &[]);
}

#[test]
fn a_retried_job_has_not_ended() {
    let again = ContainerEnded { end: restarted(3), is_job: true };
    for abort in [Abort::OnExit, Abort::OnFailure] {
        check(up(abort), &[UP, again.clone()], &[]);
    }
}

#[test]
fn an_exit_that_does_not_count_changes_nothing() {
    check(up(Abort::Never), &[UP, ended(3, false)], &[]);
    check(up(Abort::OnExit), &[UP, ended(0, true)], &[]);
    check(up(Abort::OnFailure), &[UP, ended(0, false)], &[]);
}

#[test]
fn output_is_drained_when_all_have_exited() {
    check(up(Abort::OnFailure), &[UP, AllEnded], &[StopWatching, Drain(DrainTarget::All)]);
    for over in [Drained, OutputEnded, Interrupted] {
        check(up(Abort::OnFailure), &[UP, AllEnded, over], &[Exit(ExitReason::Service(None))]);
    }
}

#[test]
fn containers_that_exited_while_watching_are_followed_again() {
    let watching = || AttachedUp::new(Abort::Never, true, true);
    check(watching(), &[UP, AllEnded], &[]);
    check(watching(), &[UP, AllEnded, WatchFailed], &[keep(false), LookAgain]);
    let toggled = [Say(WatchEnded), StopWatching, keep(false), LookAgain];
    check(watching(), &[UP, AllEnded, ToggleWatch], &toggled);
    let all_ended = [StopWatching, Drain(DrainTarget::All)];
    check(watching(), &[UP, AllEnded, ToggleWatch, AllEnded], &all_ended);
}

#[test]
fn the_end_of_output_ends_it_unless_an_exit_is_waited_for() {
    check(up(Abort::Never), &[UP, OutputEnded], &[Exit(ExitReason::Service(None))]);
    check(up(Abort::OnExit), &[UP, OutputEnded], &[]);
}

#[test]
fn lost_events_matter_only_with_abort_options() {
    check(up(Abort::Never), &[UP, EventsLost(lost())], &[]);
    check(up(Abort::OnExit), &[UP, EventsLost(lost())], &[Exit(ExitReason::EventsLost(lost()))]);
}

#[test]
fn the_key_for_watching_toggles_it() {
    check(up(Abort::Never), &[ToggleWatch], &[Say(NothingToWatch)]);
    check(up(Abort::Never), &[UP, ToggleWatch], &[Say(NothingToWatch)]);
    check(watchable(Abort::Never), &[ToggleWatch], &[Say(WatchBeginsLater)]);
    check(watchable(Abort::Never), &[ToggleWatch, ToggleWatch], &[Say(WatchEnded)]);
    check(watchable(Abort::Never), &[ToggleWatch, UP], &[keep(true), FollowEnds, StartWatching]);
    check(watchable(Abort::Never), &[UP, ToggleWatch], &[keep(true), StartWatching]);
    let ended = [Say(WatchEnded), StopWatching, keep(false)];
    check(watchable(Abort::Never), &[UP, ToggleWatch, ToggleWatch], &ended);
    check(watchable(Abort::Never), &[UP, ToggleWatch, WatchFailed], &[keep(false)]);
}

#[test]
fn a_failed_decision_ends_it() {
    for before in [&[][..], &[UP], &[Detach], &[UP, Interrupted], &[UP, AllEnded]] {
        let events = [before, &[WorkFailed]].concat();
        check(up(Abort::Never), &events, &[Exit(ExitReason::WorkFailed)]);
    }
}

#[test]
fn there_are_no_decisions_after_the_end() {
    for event in
        [UP, Interrupted, KillRequested, OutputEnded, AllEnded, Drained, Stopped, Detach, ToggleWatch]
    {
        check(up(Abort::Never), &[FAILED, event], &[]);
    }
}
