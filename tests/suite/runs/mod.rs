//! Runs of small plans on the engine in memory, compared with golden files.
//!
//! A directory in `tests/runs` has a `scenario.txt` (its format is in `scenario.rs`) and its
//! results: `transcript.txt` with every event at its time; `plain.txt`, `json.txt` and `quiet.txt`
//! with the reports.

mod reports;
pub(crate) mod scenario;
mod successors;
mod transcript;

use std::path::Path;

use crate::golden;
use scenario::Scenario;
use topo::report::Form;

golden::fixtures! {
    "runs", check;
    a_cancel_lets_a_replacement_that_has_begun_end
    a_cancel_lets_calls_end_and_gives_pulls_up
    a_cancel_starts_nothing_new_and_gives_waits_up
    a_cancel_waits_for_no_engine_that_is_silent
    a_chain_waits_for_each_link_to_be_healthy
    a_completed_job_lets_its_dependants_start
    a_container_that_dies_before_it_is_healthy_shows_its_last_lines
    a_container_that_is_restarted_may_become_healthy_yet
    a_crash_loop_is_given_up
    a_crash_loop_that_began_before_is_given_up_at_its_next_end
    a_diamond_starts_its_last_once_both_sides_are_ready
    a_failed_build_shows_the_last_lines_of_its_step
    a_failed_health_wait_skips_only_its_dependants
    a_failed_job_shows_the_lines_of_its_last_run
    a_failed_job_skips_its_dependants
    a_guard_decides_when_its_turn_comes
    a_job_that_removes_itself_completed
    a_refused_call_fails_in_the_engines_words
    a_refused_update_lets_a_new_container_be_made
    a_wait_for_one_that_is_frozen_says_so
    a_wait_for_one_that_is_healthy_already_is_over_at_once
    a_wait_has_a_time_limit_when_one_is_set
    an_engine_that_does_not_answer_for_its_events_is_looked_at
    an_engine_that_forbids_its_events_is_looked_at
    an_engine_that_tells_no_results_of_health_checks_is_looked_at
    an_engine_whose_events_are_lost_is_looked_at
    an_engine_whose_events_are_silent_is_looked_at
    an_optional_dependency_only_has_to_be_settled
    an_update_that_is_not_refused_spares_the_container
    at_most_so_many_calls_are_under_way
    foreign_hands_rename_and_remove_what_is_waited_for
    long_pulls_hold_up_no_start
    pulls_run_at_once_up_to_their_bound
    the_stream_of_events_may_break
    what_crashes_again_and_again_is_not_ready
    what_ended_since_it_was_ready_is_not_said_to_run
    what_ends_at_once_without_a_health_check_is_said_to_have_ended
    what_is_ready_is_running_healthy_or_well_ended
    what_the_engine_never_answers_is_given_up
    what_the_engine_warns_of_is_told
    without_waits_nobody_subscribes
}

fn check(directory: &Path) {
    let text = std::fs::read_to_string(directory.join("scenario.txt")).expect("the scenario can be read");
    let scenario = Scenario::parse(&text);
    let recording = transcript::record(&scenario);
    golden::check(&directory.join("transcript.txt"), &transcript::text(&scenario, &recording));
    for (file, form) in [("plain.txt", Form::Plain), ("json.txt", Form::Json), ("quiet.txt", Form::Quiet)] {
        golden::check(&directory.join(file), &reports::text(form, &scenario, &recording));
    }
}
