//! Platforms of images.

use crate::diagnostic::{Code, Diagnostics, Severity, suggest};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::source::Spanned;
use crate::topology::Topology;

/// Operating systems of images.
const SYSTEMS: &[&str] = &["linux", "windows", "freebsd", "darwin", "wasi", "wasip1"];

/// Architectures of images, and aliases that the engine knows.
const PROCESSORS: &[&str] = &[
    "386", "aarch64", "amd64", "arm", "arm64", "armel", "armhf", "i386", "loong64", "mips", "mips64",
    "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm", "x86-64", "x86_64",
];

const INVALID_PLATFORM: Code = code!("invalid-platform", BAD_VALUE, "A platform cannot be read.");
const UNKNOWN_PLATFORM: Code =
    code!("unknown-platform", BAD_VALUE, "No image is known to be made for this platform.");

pub(super) const RULE: Rule = Rule {
    codes: &[(UNKNOWN_PLATFORM, Severity::Warning), (INVALID_PLATFORM, Severity::Error)],
    group: Group::Portability,
    since: "0.1.0",
    check,
};

/// Reports invalid platforms, and unknown parts of platforms.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        let builds = service.build.iter().flat_map(|build| &build.platforms);
        let platforms = service.platform.iter().chain(builds);
        platforms
            .filter(|platform| !platform.is_empty() && !platform.contains('$'))
            .for_each(|platform| check_platform(platform, found));
    }
    if let Some(platform) = &topology.default_platform {
        check_default(platform, found);
    }
}

/// A platform from the environment has no place in a file: the message names the variable.
fn check_default(platform: &str, found: &mut Diagnostics) {
    let parts: Vec<&str> = platform.split('/').collect();
    let unknown = match parts.as_slice() {
        [only] => (!is_known(only, SYSTEMS) && !is_known(only, PROCESSORS)).then_some(*only),
        [system, processor] | [system, processor, _] => {
            let system = system.split('(').next().unwrap_or_default();
            let system = (!is_known(system, SYSTEMS)).then_some(system);
            system.or((!is_known(processor, PROCESSORS)).then_some(*processor))
        }
        _ => Some(platform),
    };
    let Some(unknown) = unknown else { return };
    let help = match nearest(unknown, &[SYSTEMS, PROCESSORS]) {
        Some(nearest) => format!("did you mean `{}`?", platform.replacen(unknown, nearest, 1)),
        None => "set it to `linux/amd64`, `linux/arm64` or `linux/arm/v7`, or unset it".to_owned(),
    };
    let message = format!("DOCKER_DEFAULT_PLATFORM is `{platform}`, which is not a platform that is known");
    match parts.len() {
        2 | 3 => found.warning(UNKNOWN_PLATFORM, message),
        _ => found.error(INVALID_PLATFORM, message),
    }
    .help(help);
}

fn is_known(part: &str, words: &[&str]) -> bool {
    words.contains(&part.to_lowercase().as_str())
}

fn check_platform(platform: &Spanned<String>, found: &mut Diagnostics) {
    let parts: Vec<&str> = platform.split('/').collect();
    match parts.as_slice() {
        [only] if is_known(only, SYSTEMS) || is_known(only, PROCESSORS) => {}
        [only] => {
            refuse(platform, "neither a system nor a processor", nearest(only, &[SYSTEMS, PROCESSORS]), found)
        }
        [system, processor] | [system, processor, _] => {
            // `linux(ubuntu22)` includes the version of the system.
            let system = system.split('(').next().unwrap_or_default();
            if !is_known(system, SYSTEMS) {
                warn(platform, system, SYSTEMS, found);
            }
            if !is_known(processor, PROCESSORS) {
                warn(platform, processor, PROCESSORS, found);
            }
        }
        _ => refuse(platform, "more than three parts", None, found),
    }
}

fn nearest<'a>(word: &str, lists: &[&'a [&'a str]]) -> Option<&'a str> {
    suggest::closest(word, lists.iter().flat_map(|list| list.iter().copied()))
}

const EXAMPLES: &str = "write `linux/amd64`, `linux/arm64` or `linux/arm/v7`";

fn refuse(platform: &Spanned<String>, reason: &str, nearest: Option<&str>, found: &mut Diagnostics) {
    found
        .error(INVALID_PLATFORM, format!("`{}` is not a platform", platform.value))
        .label(platform.span, reason)
        .did_you_mean(platform, nearest, || EXAMPLES.to_owned());
}

fn warn(platform: &Spanned<String>, part: &str, words: &[&str], found: &mut Diagnostics) {
    let closest = suggest::closest(part, words.iter().copied());
    let closest = closest.map(|closest| platform.value.replacen(part, closest, 1));
    found
        .warning(UNKNOWN_PLATFORM, format!("there is no platform with `{part}`"))
        .label(platform.span, "probably no image exists for it")
        .did_you_mean(platform, closest.as_deref(), || EXAMPLES.to_owned());
}
