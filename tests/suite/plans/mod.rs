//! Plans of small topologies, compared with golden files, and of random ones.
//!
//! The files in a directory of `tests/plans` are described in `case.rs`.

mod case;
mod chance;
mod faults;
mod late_engine;
pub(crate) mod load;
mod properties;
mod random;
mod surroundings;
pub(crate) mod world;

use std::path::Path;

use crate::golden;

golden::fixtures! {
    "plans", check;
    a_changed_network_gives_its_fixed_addresses_first
    a_changed_network_is_made_anew_and_its_containers_come_back
    a_changed_network_takes_those_along_that_are_not_chosen
    a_changed_network_that_a_stranger_uses_stays
    a_changed_service_alone_is_recreated
    a_changed_volume_is_used_as_it_is
    a_container_of_run_that_is_cut_off_is_named
    a_container_that_lost_its_network_is_connected_again
    a_context_of_an_image_that_is_there_is_not_built
    a_default_platform_that_is_gone_changes_nothing
    a_default_platform_that_runs_already_changes_nothing
    a_fixed_address_is_taken_before_any_other
    a_fixed_address_that_a_stranger_has_is_an_error
    a_fixed_address_that_another_container_got_is_handed_over
    a_fixed_address_that_moves_is_given_up_before_it_is_taken
    a_fixed_name_is_for_one_container
    a_forced_replacement_is_about_the_chosen_services
    a_job_that_failed_is_done_again
    a_job_that_failed_runs_again_before_what_needs_it
    a_job_that_is_done_is_not_done_again
    a_limit_of_an_engine_of_unknown_size_is_planned
    a_limit_that_is_taken_away_needs_a_new_container
    a_name_of_an_orphan_is_taken_over
    a_name_that_an_orphan_keeps_is_an_error
    a_namespace_that_nobody_has_is_an_error
    a_network_that_was_pruned_is_made_again
    a_network_under_another_key_takes_the_place_of_the_former_one
    a_new_topology_is_made_in_order
    a_newer_engine_takes_what_an_older_one_would_leave_out
    a_port_moves_to_what_the_holder_waits_for
    a_port_moves_when_its_holder_has_stopped
    a_port_of_a_range_with_room_waits_for_nobody
    a_port_of_a_service_that_stays_is_in_use
    a_priority_of_networks_alone_changes_nothing
    a_range_needs_a_host_port_for_each_container
    a_rebuild_leaves_the_number_of_containers
    a_rebuild_restarts_what_depends_with_restart
    a_renamed_container_gets_its_name_back
    a_renamed_network_goes_when_all_have_left_it
    a_secret_with_another_content_is_a_change
    a_stopped_container_is_started_and_what_needs_it_waits
    a_value_of_a_file_stands_in_that_file
    a_volume_under_another_key_leaves_the_former_one
    addresses_and_protocols_keep_host_ports_apart
    an_address_in_a_former_network_is_not_held_in_the_new_one
    an_image_is_pulled_again_when_it_is_old_enough
    an_image_of_another_service_is_built_and_not_pulled
    an_image_that_is_mounted_and_changed_is_taken_up
    an_image_that_is_mounted_is_made_first
    an_image_that_must_not_be_built_has_to_be_there
    an_image_that_names_something_else_now_is_taken_up
    an_interrupted_replacement_begins_anew_while_the_old_one_is_there
    an_interrupted_replacement_is_finished_once_the_old_one_is_gone
    an_optional_dependency_may_fail
    an_optional_dependency_of_an_inactive_profile_is_left_out
    an_unchanged_topology_leaves_nothing_to_do
    another_default_platform_is_named_as_the_reason
    building_replaces_only_what_gets_another_image
    building_replaces_what_mounts_another_image
    changed_containers_stay_when_none_may_be_replaced
    chosen_services_bring_what_they_depend_on
    containers_may_be_created_and_not_started
    containers_of_other_files_are_named_with_them
    containers_of_run_are_left_alone
    dependencies_are_replaced_on_request
    down_leaves_a_network_that_a_stranger_uses
    down_leaves_containers_of_run_and_what_they_use
    down_leaves_orphans_and_what_they_use
    down_leaves_what_is_external_by_now
    down_of_some_services_leaves_networks
    down_removes_all_but_volumes_also_of_inactive_profiles
    down_removes_containers_of_run_on_request
    down_removes_images_on_request
    down_removes_only_volumes_that_are_declared
    down_removes_volumes_on_request
    fewer_replicas_leave_the_lowest_numbers
    hooks_belong_to_starts_and_stops
    images_that_registries_lack_are_named_with_the_others
    labels_of_an_earlier_release_are_read
    limits_are_changed_although_nothing_may_be_recreated
    limits_are_changed_in_place
    limits_are_no_reason_to_update_what_is_recreated_anyway
    limits_beyond_the_processors_of_the_machine_are_found
    limits_that_moved_to_deploy_change_nothing
    literal_values_that_look_secret_are_hidden
    more_replicas_leave_those_that_are_there
    more_replicas_take_host_ports_of_a_range
    more_replicas_than_host_ports_are_an_error
    names_of_another_convention_are_told_as_such
    names_with_underscores_are_made_on_request
    naming_a_service_leaves_the_number_of_others
    networks_aliases_and_addresses_are_changed_in_place
    new_anonymous_volumes_are_for_the_chosen_services
    new_anonymous_volumes_replace_what_has_some
    none_may_be_wanted
    numbers_of_replicas_are_used_again
    only_what_the_run_makes_is_looked_at
    orphans_are_named_and_stay
    orphans_go_on_request_dependants_first
    own_ports_names_and_subnets_are_free_for_their_successors
    pulling_replaces_only_what_gets_another_image
    resources_that_no_service_uses_are_made_on_request
    sizes_are_as_people_write_them
    tags_of_one_repository_are_pushed_one_after_the_other
    values_are_shown_on_request
    values_of_variables_are_hidden
    waiting_alone_is_nothing_to_do
    waiting_does_not_spare_what_only_may_fail
    waiting_is_for_every_service
    what_an_older_engine_would_leave_out_is_an_error
    what_changes_in_place_and_otherwise_is_recreated_once
    what_compose_made_is_compared_with_what_the_engine_tells
    what_compose_made_is_kept_unless_it_differs
    what_compose_made_is_updated_in_place_when_somebody_changed_it
    what_compose_made_of_networks_and_volumes_is_compared
    what_compose_made_to_share_is_kept_unless_it_differs
    what_depends_with_restart_is_restarted
    what_does_not_run_is_started_whatever_is_built
    what_does_not_run_is_updated_and_started
    what_goes_along_goes_along_with_a_refused_update_only
    what_is_dead_is_replaced_in_any_case
    what_is_down_has_nothing_to_take_down
    what_is_excluded_is_not_started_as_a_dependency
    what_is_excluded_stays_as_it_is
    what_is_external_and_there_is_used
    what_is_external_has_to_be_there
    what_is_external_hurts_only_its_users
    what_is_paused_goes_on
    what_is_paused_goes_on_also_when_it_may_be_replaced
    what_is_paused_stays_so_when_nothing_is_started
    what_may_go_well_is_a_warning
    what_older_releases_of_compose_made_is_kept
    what_others_have_is_found_all_at_once
    what_runs_before_the_first_start_runs_once
    what_shares_a_former_namespace_is_restarted
    what_shares_comes_along_only_when_its_owner_changes
    what_shares_goes_along_with_an_owner_that_is_named
    what_shares_is_replaced_with_what_it_shares
    what_shares_is_restarted_with_what_it_shares
    what_somebody_changed_behind_its_back_is_mended_in_place
    what_somebody_else_made_is_used_and_said
    what_the_engine_links_goes_along_with_what_is_named
    what_the_engine_links_is_created_after_what_it_is_linked_to
    what_the_engine_links_is_replaced_with_what_it_is_linked_to
    without_dependencies_only_the_chosen_are_touched
    without_dependencies_what_shares_is_left_and_named
}

fn check(directory: &Path) {
    let (text, json) = case::plan_of(directory);
    golden::check(&directory.join("plan.txt"), &text);
    if directory.join("plan.json").exists() {
        golden::check(&directory.join("plan.json"), &json);
    }
}
