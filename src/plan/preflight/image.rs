//! Images that cannot be had, or not for the platform that they are to run on.

use std::collections::BTreeSet;

use super::demand::{ImageDemand, PullDemand};
use super::{RegistryAnswer, Surroundings, report};
use crate::diagnostic::{Diagnostics, Severity, code};
use crate::topology::platform::Platform;

/// Reports an image that its registry does not have, or not for the platform.
pub(super) fn check_pull(demand: &PullDemand, surroundings: &Surroundings, found: &mut Diagnostics) {
    let PullDemand { image, platform, at } = demand;
    let (platforms, is_index) = match surroundings.registries.get(image) {
        None => return,
        Some(RegistryAnswer::Lacks { reason, help }) => {
            let message = format!("the image `{image}` is missing, and cannot be pulled");
            let fact = reason.clone();
            let diagnostic = report(found, (Severity::Error, code::MISSING_IMAGE), message, (*at, fact));
            if let Some(help) = help {
                diagnostic.help(help);
            }
            return;
        }
        Some(RegistryAnswer::Has { platforms, is_index }) => (platforms, *is_index),
    };
    // A single image is pulled whatever it is for, unless a platform is asked for.
    let asked = platform.as_ref().or(surroundings.platform.as_ref().filter(|_| is_index));
    let Some(asked) = asked.filter(|asked| !has(platforms, asked)) else { return };
    let message = format!("the image `{image}` is not for {asked}");
    let listed: Vec<&str> = platforms.iter().map(String::as_str).collect();
    let fact = format!("its registry has it for {}", listed.join(", "));
    report(found, (Severity::Error, code::OTHER_PLATFORM), message, (*at, fact))
        .help("choose another image, or another `platform`");
}

/// Without a list, any may be there. Variants are left to the engine, which knows what runs on what.
fn has(platforms: &BTreeSet<String>, asked: &str) -> bool {
    platforms.is_empty()
        || platforms.iter().any(|has| Platform::parse(has).is_of_kind(&Platform::parse(asked)))
}

/// Reports an image that is there for another platform than the one that is asked for, or than one that the
/// machine runs.
pub(super) fn check_platform(demand: &ImageDemand, surroundings: &Surroundings, found: &mut Diagnostics) {
    let ImageDemand { image, runs, asked, at } = demand;
    let is_for = |asked: &String| Platform::parse(runs).is_of_kind(&Platform::parse(asked));
    if let Some(asked) = asked.as_ref().filter(|asked| !is_for(asked)) {
        let message = format!("the image `{image}` is for {runs}");
        let fact = format!("{asked} is requested");
        report(found, (Severity::Error, code::OTHER_PLATFORM), message, (*at, fact))
            .help("pull it for that platform: `--pull always`; or leave out `platform`");
        return;
    }
    let cannot_emulate = surroundings.machine.as_ref().is_some_and(|machine| machine.emulates == Some(false));
    let platform = surroundings.platform.as_ref().filter(|platform| cannot_emulate && !is_for(platform));
    if let Some(platform) = platform {
        let message = format!("the image `{image}` is for {runs}");
        let fact = format!("this machine is {platform}, without an emulator");
        report(found, (Severity::Warning, code::OTHER_PLATFORM), message, (*at, fact))
            .help("choose an image for this machine, or install an emulator");
    }
}
