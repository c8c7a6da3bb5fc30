//! In: the commands of topo. Out: the help of the program itself, with the commands in groups.
//! Must not: be built where no help is asked for.

use clap::Command;

/// The groups of `topo --help`, and the commands of each.
const GROUPS: [(&str, &[&str]); 5] = [
    (
        "Run",
        &[
            "up", "down", "create", "start", "stop", "restart", "kill", "pause", "unpause", "rm", "scale",
            "wait", "watch", "run", "exec", "attach", "cp",
        ],
    ),
    ("Inspect", &["ps", "ls", "logs", "events", "top", "stats", "port", "volumes", "export"]),
    ("Images", &["images", "build", "pull", "push", "commit"]),
    ("Check and draw", &["plan", "validate", "config", "graph", "explain", "schema"]),
    ("Shell", &["completion", "man", "version", "help"]),
];

/// The command line, with its own help in groups.
pub(crate) fn grouped(topo: Command) -> Command {
    let styles = topo.get_styles().clone();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let mut complete = topo.clone();
    complete.build();
    let mut groups = String::new();
    for (title, names) in GROUPS {
        groups += &format!("{header}{title}:{header:#}\n");
        for command in names.iter().filter_map(|name| complete.find_subcommand(name)) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            groups += &format!("  {literal}{:<10}{literal:#}  {about}\n", command.get_name());
        }
        groups.push('\n');
    }
    let template =
        format!("{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}{{all-args}}{{after-help}}");
    let about = topo.get_long_about().cloned().unwrap_or_default();
    let mut shown = topo
        .clone()
        .about(about)
        .override_usage("topo [OPTIONS] <COMMAND>")
        .mut_subcommands(|command| command.hide(true))
        .disable_help_subcommand(true)
        .help_template(template);
    topo.override_help(shown.render_help())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_exactly_one_group() {
        let mut topo = crate::cli::command_line();
        topo.build();
        let mut commands: Vec<&str> = topo.get_subcommands().map(Command::get_name).collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        commands.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, commands);
    }
}
