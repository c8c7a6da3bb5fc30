//! Golden command lines: what users see of commands that need no engine.
//!
//! `tests/cli/<claim>/command` has arguments of topo, one command per line; the other files of the
//! directory are its working directory. As in a shell, `NAME=value` before the arguments sets a
//! variable, and `< FILE` after them is standard input. `expected.txt` has the output of each
//! command and its exit code. `TOPO_UPDATE_GOLDEN=1` rewrites it.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::golden::{self, copy_directory};

golden::fixtures! {
    "cli", |case| golden::check(&case.join("expected.txt"), &run_all(case));
    a_file_that_cannot_be_read_comes_with_the_one_that_was_meant
    a_file_that_is_no_utf_8_is_shown_where_that_begins
    a_mistake_that_a_command_does_not_need_is_a_warning
    a_platform_of_the_environment_is_not_the_files_mistake
    a_profile_that_no_service_has_is_told
    a_project_is_known_by_its_name_whatever_its_file_holds
    a_service_that_is_not_named_is_asked_for
    a_topology_elsewhere_is_found_by_those_who_forget_where
    a_topology_is_drawn
    a_topology_is_found_by_its_name_without_an_end
    a_word_that_is_no_service_leads_to_what_was_meant
    an_address_that_is_none_comes_with_what_to_write
    an_argument_that_ends_in_yaml_is_a_file
    codes_are_explained
    commands_options_and_services_complete
    config_explains_what_a_tag_took_away
    config_explains_where_a_value_comes_from
    config_fills_in_what_an_included_file_passes_on
    config_hash_is_that_of_the_containers
    config_keeps_what_is_written_beside_variables
    config_leaves_out_what_it_is_told_to
    config_lists_parts
    config_lists_variables
    help_teaches_with_examples
    names_have_underscores_on_request
    no_engine_says_the_address_and_what_to_do
    options_stand_before_or_after_the_command
    services_are_left_out_on_request
    the_environment_decides_where_no_option_does
    the_manual_has_a_page_for_each_command
    the_readme_shows_a_real_mistake
    topo_log_takes_a_filter
    validate_finds_the_topologies_of_a_repository
    validate_fixes_what_it_can
    validate_names_every_mistake_and_no_file_hides_another
    validate_speaks_to_programs_about_several_topologies
    values_of_build_are_checked_before_anything_is_built
    warnings_are_for_those_who_make_something_of_the_file
    what_is_set_for_a_container_is_not_set_for_the_topology
    words_of_docker_compose_lead_to_those_of_topo
    wrong_usage_is_told_from_findings
}

/// Commands run in a copy, since they may write files.
fn run_all(case: &Path) -> String {
    let copy = tempfile::tempdir().expect("a temporary directory");
    // A project is named after its directory.
    let directory = copy.path().canonicalize().expect("its path").join(case.file_name().expect("a name"));
    copy_directory(case, &directory);
    let commands = std::fs::read_to_string(case.join("command")).expect("a file `command`");
    commands.lines().filter(|line| !line.is_empty()).map(|line| run(&directory, line)).collect()
}

fn run(directory: &Path, line: &str) -> String {
    let Invocation { variables, arguments, input } = Invocation::read(line);
    let shown = match arguments.first().and_then(|first| line.find(first)) {
        Some(start) => format!("{}topo {}", &line[..start], &line[start..]),
        None => "topo".to_owned(),
    };
    let stdin = match &input {
        Some(file) => Stdio::from(File::open(directory.join(file)).expect("the input")),
        None => Stdio::null(),
    };
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_topo"))
        .args(arguments)
        .current_dir(directory)
        .stdin(stdin)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("LANG", "C.UTF-8")
        .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
        .envs(variables)
        .output()
        .expect("topo runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let code = status.code().expect("an exit code");
    let (out, err) = (text(stdout), text(stderr));
    format!("$ {shown}\n{out}{err}[exit {code}]\n\n").replace(&directory.display().to_string(), "DIRECTORY")
}

/// A line of a `command` file.
struct Invocation {
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
    input: Option<String>,
}

impl Invocation {
    fn read(line: &str) -> Self {
        let mut words = shlex::split(line).expect("words as a shell splits them");
        let input = words.iter().position(|word| word == "<").map(|at| words.split_off(at).remove(1));
        let is_variable = |word: &&String| word.contains('=') && !word.starts_with('-');
        let arguments = words.split_off(words.iter().take_while(is_variable).count());
        let variable = |word: String| word.split_once('=').map(|(name, value)| (name.into(), value.into()));
        Self { variables: words.into_iter().filter_map(variable).collect(), arguments, input }
    }
}

/// The text in UTF-16, with a mark of the byte order.
fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

/// A fix is a splice of bytes: marks of the byte order, encodings, line ends and comments stay.
#[test]
fn a_fix_leaves_all_other_bytes_as_they_are() {
    let before = "# é\r\nservices:\r\n  web: # one\r\n    image:   'redis:8'\r\n    expose: [\t1, 2 ] # two\r\n    pull_policy: allways\r\n";
    let after = before.replace("allways", "always");
    let encodings: [fn(&str) -> Vec<u8>; 4] = [
        |text| text.as_bytes().to_vec(),
        |text| format!("\u{feff}{text}").into_bytes(),
        |text| utf16(text, u16::to_le_bytes),
        |text| utf16(text, u16::to_be_bytes),
    ];
    for encoded in encodings {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("shop.yaml");
        std::fs::write(&file, encoded(before)).expect("a file");
        let said = run(folder.path(), "validate shop.yaml --fix --unsafe-fixes");
        assert_eq!(std::fs::read(&file).expect("a file"), encoded(&after), "{said}");
        let again = run(folder.path(), "validate shop.yaml --fix");
        assert!(again.contains("no problems found"), "{again}");
    }
}
