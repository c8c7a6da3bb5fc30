//! `topo kill`.

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::control::Control;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::diagnostic::suggest::closest;
use crate::plan::observed::Status;
use crate::plan::{self, KillChoices};
use crate::report::Goal;
use crate::report::wording::is_kill;

/// Send a signal to containers (default: SIGKILL).
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo kill web -s SIGHUP")]
pub(crate) struct KillArgs {
    /// A topology file, and the services; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// The signal, by name or number
    #[arg(short, long, default_value = "SIGKILL", value_parser = signal)]
    signal: String,
    /// Also send it to containers of services that the topology does not have
    #[arg(long)]
    remove_orphans: bool,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: KillArgs) -> Result<Exit, CliError> {
    let ends_it = is_kill(&options.signal);
    let goal = if ends_it { Goal::KILL } else { Goal::SIGNAL };
    global.merge(options.global);
    let orphans = options.remove_orphans || global.settings.remove_orphans;
    let mut control = Control::new("kill", goal, global, (options.excluded, &options.arguments))?;
    // Whoever kills does not want to wait for a run that hangs.
    control.takes_turn = false;
    control.end_status = ends_it.then_some(Status::Exited);
    let choices = KillChoices { signal: options.signal, orphans, one_offs: true };
    control.run(|scope, _| Ok(plan::kill(scope, &choices)))
}

/// The signals of Linux (signal(7)), without `SIG`.
const SIGNALS: [&str; 36] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE",
    "POLL", "PROF", "PWR", "QUIT", "RTMAX", "RTMIN", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
    "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
];

/// A signal as the engine takes it: a number, or a name that begins with `SIG`.
fn signal(text: &str) -> Result<String, String> {
    if text.parse::<u8>().is_ok_and(|number| (1..=64).contains(&number)) {
        return Ok(text.to_owned());
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    // SIGRTMIN+3, SIGRTMAX-1.
    let known = name.split(['+', '-']).next().unwrap_or_default();
    if SIGNALS.contains(&known) {
        return Ok(format!("SIG{name}"));
    }
    Err(match closest(name, SIGNALS) {
        Some(closest) => format!("did you mean `SIG{closest}`?"),
        None => "a name such as `SIGHUP` or a number is needed".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_known_by_name_or_number() {
        for (text, wanted) in
            [("HUP", "SIGHUP"), ("sigusr1", "SIGUSR1"), ("9", "9"), ("SIGRTMIN+3", "SIGRTMIN+3")]
        {
            assert_eq!(signal(text).as_deref(), Ok(wanted));
        }
        assert_eq!(signal("SIGHUB").unwrap_err(), "did you mean `SIGHUP`?");
        assert!(signal("0").is_err() && signal("65").is_err() && signal("").is_err());
    }
}
