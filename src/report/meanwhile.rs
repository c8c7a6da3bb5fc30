//! In: what the last look at an engine showed. Out: the words for what happened to containers meanwhile.
//! Must not: say who did it: nobody knows.

use crate::run::{LastLook, Meanwhile};

/// A line for each container: `container shop-web-1  was stopped meanwhile: planning again`.
pub(super) fn lines(seen: &LastLook) -> Vec<String> {
    if seen.meanwhile.is_empty() {
        return vec!["something else changed the project meanwhile: planning again".to_owned()];
    }
    let line = |(container, what): (_, &Meanwhile)| {
        format!("container {container}  was {} meanwhile: planning again", word(*what))
    };
    seen.meanwhile.iter().map(line).collect()
}

/// What happened, in one word.
pub(super) fn word(what: Meanwhile) -> &'static str {
    match what {
        Meanwhile::Stopped => "stopped",
        Meanwhile::Removed => "removed",
        Meanwhile::Started => "started",
        Meanwhile::Created => "created",
    }
}
