//! Signals must exist.

use crate::diagnostic::{Code, Diagnostics, Severity, suggest};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::topology::Topology;

/// Names without `SIG`: `signal(7)`.
const SIGNALS: &[&str] = &[
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE",
    "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU",
    "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
];

const UNKNOWN_SIGNAL: Code = code!("unknown-signal", BAD_VALUE, "Linux has no signal of this name.");

pub(super) const RULE: Rule =
    Rule { codes: &[(UNKNOWN_SIGNAL, Severity::Error)], group: Group::Correctness, since: "0.1.0", check };

/// Reports signals that the engine refuses.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        let Some(signal) = service.stop_signal.as_ref().filter(|signal| !is_signal(signal)) else { continue };
        let diagnostic = found.error(UNKNOWN_SIGNAL, format!("no signal is named `{}`", signal.value));
        diagnostic.label(signal.span, "cannot stop the container");
        let upper = signal.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let closest = suggest::closest(name, SIGNALS.iter().copied()).map(|closest| format!("SIG{closest}"));
        diagnostic.did_you_mean(signal, closest.as_deref(), || {
            "write a name such as `SIGTERM`, `SIGINT` or `SIGQUIT`".to_owned()
        });
    }
}

fn is_signal(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    if let Ok(number) = text.parse::<u8>() {
        return number != 0;
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    SIGNALS.contains(&name) || is_real_time(name)
}

/// `RTMIN`, `RTMIN+3`, `RTMAX-2`.
fn is_real_time(name: &str) -> bool {
    let steps = |rest: &str, sign: char, most: u8| {
        let is_step = |steps: u8| (1..=most).contains(&steps);
        rest.is_empty() || rest.strip_prefix(sign).is_some_and(|steps| steps.parse().is_ok_and(is_step))
    };
    name.strip_prefix("RTMIN").is_some_and(|rest| steps(rest, '+', 15))
        || name.strip_prefix("RTMAX").is_some_and(|rest| steps(rest, '-', 14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_signals() {
        for text in ["SIGTERM", "term", "SigUsr1", "15", "SIGRTMIN+3", "RTMAX-14", "RTMIN", ""] {
            assert!(is_signal(text), "{text}");
        }
        for text in ["SIGTREM", "0", "SIGRTMIN-1", "RTMIN+0", "RTMAX-15", "RTMAX+1", "SIG", "-9", "RTMIN+99"]
        {
            assert!(!is_signal(text), "{text}");
        }
    }
}
