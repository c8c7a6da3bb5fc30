//! A chosen profile that no service has, and so has no effect.

use std::collections::BTreeSet;

use crate::diagnostic::suggest::{all_of, closest};
use crate::diagnostic::{Diagnostics, code};
use crate::topology::Topology;

/// The scope of chosen profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// This topology: `--profile`.
    ForThis,
    /// Possibly several topologies: a variable, or an option with several files. Only probable
    /// misspellings are reported.
    ForSeveral,
}

/// Warns about profiles that no service has.
pub fn check(topology: &Topology, profiles: &BTreeSet<String>, chosen: Chosen, found: &mut Diagnostics) {
    let known = topology.profiles();
    let is_unknown = |profile: &&String| *profile != "*" && !known.contains(profile.as_str());
    for profile in profiles.iter().filter(is_unknown) {
        let help = match (closest(profile, known.iter().copied()), chosen) {
            (Some(closest), Chosen::ForThis) => format!("did you mean `{closest}`?"),
            (Some(closest), Chosen::ForSeveral) => {
                format!("did you mean `{closest}`? `--profile` or COMPOSE_PROFILES names it")
            }
            (None, Chosen::ForSeveral) => continue,
            (None, Chosen::ForThis) if known.is_empty() => "no service here has a profile".to_owned(),
            (None, Chosen::ForThis) => format!("profiles here: {}", all_of(known.iter().copied())),
        };
        found.warning(code::UNKNOWN_PROFILE, format!("no service has the profile `{profile}`")).help(help);
    }
}

/// Warns about chosen profiles that none of several topologies has; `known` are the profiles of
/// all.
pub fn check_of_several(known: &BTreeSet<String>, profiles: &BTreeSet<String>, found: &mut Diagnostics) {
    for profile in profiles.iter().filter(|profile| *profile != "*" && !known.contains(*profile)) {
        let help = match known.is_empty() {
            true => "no service in these topologies has a profile".to_owned(),
            false => format!("profiles here: {}", all_of(known.iter().map(String::as_str))),
        };
        found.warning(code::UNKNOWN_PROFILE, format!("no service has the profile `{profile}`")).help(help);
    }
}
