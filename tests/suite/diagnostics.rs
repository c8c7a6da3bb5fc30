//! The diagnostics of bad topologies: each directory of `tests/diagnostics/` is a claim, a
//! topology, and the complete text that a user sees.
//!
//! `args` may contain command-line arguments: `NAME=value -f FILE --profile NAME --run`.

use std::path::Path;

use topo::diagnostic::render::{RenderOptions, render};

use crate::golden;
use crate::loading::{Loaded, Request, load};

golden::fixtures! {
    "diagnostics", check;
    a_bad_duration_says_what_is_wrong_with_it
    a_bad_image_says_what_is_wrong_with_it
    a_bad_mount_says_what_is_wrong_with_it
    a_bad_port_says_what_is_wrong_with_it
    a_bad_size_says_what_is_wrong_with_it
    a_blank_at_a_colon_is_told_once
    a_blank_that_is_no_space_is_named
    a_boolean_is_no_word
    a_bracket_is_closed
    a_build_context_of_a_service_is_built
    a_build_has_one_dockerfile
    a_command_line_closes_its_quotes
    a_condition_alone_is_put_into_a_mapping
    a_conflict_of_a_merge_is_told
    a_container_name_is_for_one_container
    a_control_character_is_no_yaml
    a_cycle_is_shown_whole
    a_date_is_no_string
    a_definition_is_a_mapping
    a_device_has_known_permissions
    a_dockerfile_is_a_file
    a_file_is_mounted_on_a_file_and_a_directory_on_a_directory
    a_fixed_address_can_be_given
    a_health_check_in_one_word_is_taken_apart
    a_health_check_is_a_text_for_a_shell_or_a_list
    a_health_check_says_who_runs_it
    a_health_check_that_is_waited_for_is_there
    a_health_check_that_no_shell_reads_is_told
    a_hook_starts_in_an_absolute_directory
    a_host_leads_to_an_address
    a_host_port_is_published_once
    a_host_port_may_be_used_in_turns
    a_hyphen_between_two_ports_is_probably_a_colon
    a_job_that_is_restarted_runs_again_and_again
    a_key_beside_its_place_is_read_where_it_belongs
    a_key_has_a_colon
    a_key_in_braces_stands_on_one_line
    a_key_of_another_language_comes_with_ours
    a_key_of_another_tool_comes_with_ours
    a_key_of_ones_own_begins_with_x
    a_key_stands_once
    a_label_file_knows_its_own_labels_alone
    a_line_of_markdown_hides_nothing_else
    a_link_has_a_name_and_an_alias
    a_list_is_no_topology
    a_list_of_one_port_is_quoted
    a_list_without_dashes_is_told_once
    a_mark_and_windows_line_ends_move_no_place
    a_merge_key_cannot_merge_lists
    a_merge_key_holds_a_mapping
    a_merged_value_is_shown_where_it_was_written
    a_missing_base_hides_nothing_else
    a_missing_bind_source_is_told
    a_missing_build_context_is_told
    a_missing_colon_comes_with_the_pair_that_was_meant
    a_missing_secret_matters_only_when_it_runs
    a_misspelt_key_does_not_hide_its_value
    a_misspelt_word_comes_with_the_right_one
    a_mistake_in_an_extended_service_is_shown_there
    a_mistake_in_an_included_file_is_shown_there
    a_mistake_is_shown_in_the_file_that_won
    a_name_of_a_variable_is_there_and_has_no_blank
    a_name_stands_once_in_a_list
    a_name_with_accents_comes_with_one_without
    a_nesting_bomb_does_not_go_off
    a_number_of_cpus_is_a_number
    a_number_out_of_range_is_refused
    a_path_of_windows_is_told
    a_profile_makes_its_services_part_of_the_check
    a_project_name_is_normalised_aloud
    a_project_name_is_not_filled_in_as_nothing
    a_quote_is_closed
    a_quoted_merge_key_is_a_key_like_any_other
    a_refused_include_or_extends_hides_nothing_else
    a_relative_path_in_a_container_is_refused
    a_replaced_mount_is_checked_too
    a_required_key_that_is_missing_is_named
    a_secret_or_config_has_one_content
    a_secret_or_config_is_made_of_something
    a_service_and_its_deploy_section_agree
    a_service_at_the_top_level_is_told
    a_service_has_an_image_or_a_build
    a_service_of_another_file_is_named_with_that_file
    a_service_that_is_its_image_alone_is_written_out
    a_shared_namespace_is_that_of_a_service_here
    a_shared_namespace_names_a_service
    a_shared_network_has_no_ports_of_its_own
    a_shell_operator_ends_the_command_line
    a_shell_reads_one_word_as_its_script
    a_soft_limit_is_not_above_the_hard_one
    a_space_at_the_end_of_a_path_is_told
    a_start_interval_needs_a_start_period
    a_string_that_looks_like_a_number_wants_quotes
    a_swap_limit_needs_a_memory_limit
    a_syntax_error_hides_nothing_else
    a_tab_is_no_indentation
    a_text_that_two_services_share_is_shown_once
    a_text_with_a_colon_and_both_quotes
    a_text_with_a_colon_is_quoted
    a_topology_has_services
    a_value_from_an_env_file_is_shown_where_it_is_used
    a_value_in_brackets_ends_with_them
    a_value_that_yaml_reads_differently_is_told
    a_variable_holds_no_list
    a_variable_of_a_containers_env_file_is_not_the_topologys
    a_variable_that_a_secret_is_taken_from_can_be_set
    a_variable_that_a_secret_is_taken_from_has_a_name
    a_version_has_no_effect
    a_version_is_no_number
    a_volume_has_a_file_system_that_can_be_mounted
    a_volume_may_have_a_name_of_one_letter
    a_wrong_image_is_not_missing_too
    a_wrong_type_is_named
    addresses_and_protocols_tell_host_ports_apart
    advice_that_is_followed_leads_to_no_other_mistake
    an_alias_bomb_does_not_go_off
    an_alias_names_an_anchor
    an_alias_that_brings_in_another_kind_is_marked_where_it_stands
    an_aliased_value_is_shown_once
    an_attribute_beside_its_service_is_read_as_its_own
    an_element_without_its_quote_is_found
    an_empty_image_is_no_image
    an_empty_project_name_leaves_that_of_the_directory
    an_empty_value_is_no_list
    an_env_file_exists_and_can_be_read
    an_env_file_is_a_file
    an_extended_service_exists
    an_external_volume_is_made_elsewhere
    an_image_is_built_for_the_platform_it_runs_on
    an_inactive_service_cannot_be_needed
    an_included_file_exists_and_does_not_clash
    an_included_file_has_variables_of_its_own
    an_ipc_namespace_is_shared_by_its_owner
    an_override_fits_what_it_overrides
    an_unknown_alias_is_told_once
    an_unknown_attribute_comes_with_the_nearest_known_one
    an_unknown_key_at_any_depth_is_found
    blanks_that_are_no_spaces_indent_all_the_same
    booleans_that_docker_compose_refuses_are_told
    broken_yaml_is_shown_where_it_breaks
    cpus_stand_for_a_quota
    devices_and_directories_are_no_files
    devices_are_counted_or_named
    every_place_that_names_a_missing_service_is_shown
    files_do_not_include_each_other_in_a_circle
    files_that_extend_each_other_do_not_go_on_for_ever
    host_names_are_for_every_program
    host_networking_publishes_nothing
    images_are_not_built_from_each_other_in_a_circle
    include_and_extends_take_names
    limits_of_memory_fit_together
    names_have_letters_that_the_engine_takes
    network_mode_and_networks_exclude_each_other
    networks_alone_may_be_half_of_a_topology
    no_secret_or_config_appears_below_proc
    no_shell_reads_a_substitution
    options_of_security_are_known
    other_dashes_and_two_pairs_of_quotes_are_no_element
    platforms_are_known
    ports_of_other_tools_come_with_ours
    quotes_inside_of_an_element_are_kept
    remote_references_are_said_to_be_remote
    replicas_cannot_share_one_host_port
    services_are_keys_of_a_mapping
    services_do_not_extend_each_other_in_a_circle
    services_may_be_called_like_words_of_references
    services_that_are_nothing_are_refused
    services_without_any_are_told
    subnets_are_subnets_and_do_not_overlap
    tabs_hide_nothing_else
    the_former_name_of_initial_sync_is_obeyed
    the_hosts_name_is_the_hosts_to_set
    the_null_device_is_an_empty_file
    there_are_no_fewer_cpus_than_none
    there_are_not_too_many_replicas
    too_many_ports_are_refused
    two_mounts_on_one_target_hide_one
    values_of_variables_are_named_and_not_shown
    variables_are_shown_where_they_are_used
    volumes_of_another_container_have_a_known_access
    what_a_container_cannot_be_started_with_is_told
    what_a_list_may_define_is_not_missing_too
    what_a_log_driver_refuses_is_told
    what_a_network_cannot_have_is_told
    what_an_env_file_loses_is_told
    what_an_image_says_of_itself_is_true_false_or_pairs
    what_docker_run_takes_leads_to_an_element
    what_is_named_must_be_defined
    what_only_a_cluster_obeys_is_told
    what_people_type_by_mistake_comes_with_what_they_mean
    what_people_type_in_another_form_comes_in_its_own
    what_the_engine_cannot_count_is_refused
    what_the_engine_refuses_of_addresses_is_refused_before
    what_the_engine_refuses_of_limits_is_refused_before
    what_the_engine_refuses_of_mounts_is_refused_before
    what_the_engine_refuses_of_networks_and_volumes_is_refused_before
    what_the_engine_refuses_of_security_is_refused_before
    what_the_kernel_keeps_of_parameters_is_told
    what_topo_does_not_apply_is_refused_when_it_runs
    words_and_numbers_that_yaml_reads_otherwise_are_told
}

fn check(case: &Path) {
    let request = Request::for_case(case);
    golden::check(&case.join("expected.txt"), &shown(&load(&request), case));
}

/// All diagnostics as shown without a terminal, without the path of this checkout.
fn shown(loaded: &Loaded, case: &Path) -> String {
    let text = render(&loaded.sources, &loaded.found.sorted(), RenderOptions::PLAIN);
    if text.is_empty() {
        return "nothing is wrong\n".to_owned();
    }
    // Paths are shown relative to the working directory of tests, that of this crate.
    let relative = case.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("a case in this crate");
    text.replace(&format!("{}/", relative.display()), "").replace(&relative.display().to_string(), ".")
}
