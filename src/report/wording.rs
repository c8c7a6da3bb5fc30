//! In: actions, reasons, causes, sizes and times. Out: the texts for them, all in this place. Must
//! not: know where the texts go, or use a wildcard (`_`): the compiler asks for the texts of a new
//! variant.

use std::fmt;
use std::time::Duration;

use serde_json::Value as Json;

use crate::engine::{EngineError, Excerpt, phrase};
use crate::plan::{Action, Because, Condition, FieldChange};
use crate::run::Cause;
use crate::topology::Separator;

/// The object of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Object<'action> {
    /// Its kind.
    pub kind: Kind,
    /// Its name in the engine, before the action.
    pub name: &'action str,
}

/// The kinds of objects of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An image.
    Image,
    /// A network.
    Network,
    /// A volume.
    Volume,
    /// A container.
    Container,
}

impl Kind {
    /// The singular: `image`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Image => "image",
            Kind::Network => "network",
            Kind::Volume => "volume",
            Kind::Container => "container",
        }
    }

    /// A number of the kind: `1 image`, `2 images`.
    pub fn count(self, number: usize) -> String {
        let ending = if number == 1 { "" } else { "s" };
        format!("{number} {}{ending}", self.word())
    }
}

impl fmt::Display for Object<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind.word(), self.name)
    }
}

/// The object of an action: `container shop-db-1`.
pub fn object(action: &Action) -> Object<'_> {
    let (kind, name) = match action {
        Action::PullImage { image, platform: _ }
        | Action::PushImage { image }
        | Action::RemoveImage { image } => (Kind::Image, image.as_str()),
        Action::BuildImage(spec) => (Kind::Image, spec.image.as_str()),
        Action::CreateNetwork(spec) => (Kind::Network, spec.name.as_str()),
        Action::RemoveNetwork { network } => (Kind::Network, network.as_str()),
        Action::CreateVolume(spec) => (Kind::Volume, spec.name.as_str()),
        Action::RemoveVolume { volume } => (Kind::Volume, volume.as_str()),
        Action::CreateContainer(spec) | Action::RunToEnd(spec) => (Kind::Container, spec.name.as_str()),
        Action::RenameContainer { from, to: _ } => (Kind::Container, from.as_str()),
        Action::ConnectNetwork { container, attachment: _ }
        | Action::DisconnectNetwork { container, network: _ }
        | Action::UpdateContainer { container, change: _ }
        | Action::StartContainer { container, post_start: _ }
        | Action::Wait { container, until: _ }
        | Action::StopContainer { container, .. }
        | Action::KillContainer { container, signal: _ }
        | Action::PauseContainer { container }
        | Action::UnpauseContainer { container }
        | Action::RemoveContainer { container, anonymous_volumes: _ } => {
            (Kind::Container, container.as_str())
        }
    };
    Object { kind, name }
}

/// The forms of the verb of an action.
struct Verb {
    /// Its name for programs.
    code: &'static str,
    to_do: &'static str,
    doing: &'static str,
    done: &'static str,
    /// What follows `could not be`.
    participle: &'static str,
    /// What follows each form.
    rest: String,
}

impl Verb {
    fn new(to_do: &'static str, doing: &'static str, done: &'static str) -> Self {
        Self { code: to_do, to_do, doing, done, participle: done, rest: String::new() }
    }

    fn then(self, rest: String) -> Self {
        Self { rest, ..self }
    }

    fn wait(code: &'static str, to_do: &'static str, doing: &'static str, done: &'static str) -> Self {
        Self { code, participle: "waited for", ..Self::new(to_do, doing, done) }
    }
}

fn verb(action: &Action) -> Verb {
    match action {
        Action::PullImage { .. } => Verb::new("pull", "pulling", "pulled"),
        Action::PushImage { .. } => Verb::new("push", "pushing", "pushed"),
        Action::BuildImage(_) => Verb::new("build", "building", "built"),
        Action::CreateNetwork(_) | Action::CreateVolume(_) | Action::CreateContainer(_) => {
            Verb::new("create", "creating", "created")
        }
        Action::RunToEnd(_) => Verb {
            code: "run-to-end",
            participle: "run",
            ..Verb::new("run", "running", "ran").then(" to its end".to_owned())
        },
        Action::RemoveImage { .. }
        | Action::RemoveNetwork { .. }
        | Action::RemoveVolume { .. }
        | Action::RemoveContainer { .. } => Verb::new("remove", "removing", "removed"),
        Action::RenameContainer { from: _, to } => {
            Verb::new("rename", "renaming", "renamed").then(format!(" to {to}"))
        }
        Action::ConnectNetwork { container: _, attachment } => {
            Verb::new("connect", "connecting", "connected").then(format!(" to {}", attachment.network))
        }
        Action::DisconnectNetwork { container: _, network } => {
            Verb::new("disconnect", "disconnecting", "disconnected").then(format!(" from {network}"))
        }
        Action::StartContainer { container: _, post_start } => {
            let start = Verb::new("start", "starting", "started");
            let to_do = if post_start.is_empty() { start.to_do } else { "start, then run post_start" };
            Verb { to_do, ..start }
        }
        Action::StopContainer { pre_stop, .. } => {
            let stop = Verb::new("stop", "stopping", "stopped");
            let to_do = if pre_stop.is_empty() { stop.to_do } else { "run pre_stop, then stop" };
            Verb { to_do, ..stop }
        }
        Action::KillContainer { container: _, signal } if is_kill(signal) => {
            Verb::new("kill", "killing", "killed")
        }
        Action::KillContainer { container: _, signal } => {
            Verb { code: "kill", ..Verb::new("send", "sending", "sent").then(format!(" {signal}")) }
        }
        Action::UpdateContainer { .. } => Verb::new("update", "updating", "updated"),
        Action::PauseContainer { .. } => Verb::new("pause", "pausing", "paused"),
        Action::UnpauseContainer { .. } => Verb::new("unpause", "unpausing", "unpaused"),
        Action::Wait { container: _, until } => match until {
            Condition::Healthy => {
                Verb::wait("wait-healthy", "wait until healthy", "waiting until healthy", "healthy")
            }
            Condition::Completed => {
                Verb::wait("wait-completed", "wait until completed", "waiting until completed", "completed")
            }
            Condition::Ready => Verb::wait("wait-ready", "wait until ready", "waiting until ready", "ready"),
        },
    }
}

/// The infinitive of an action: `create`, `wait until healthy`.
pub fn to_do(action: &Action) -> String {
    let Verb { to_do, rest, .. } = verb(action);
    format!("{to_do}{rest}")
}

/// The present participle of an action: `creating`, `waiting until healthy`.
pub fn doing(action: &Action) -> String {
    let Verb { doing, rest, .. } = verb(action);
    format!("{doing}{rest}")
}

/// The past participle of an action: `created`, `healthy`.
pub fn done(action: &Action) -> String {
    let Verb { done, rest, .. } = verb(action);
    format!("{done}{rest}")
}

/// An action's name for programs: `create`, `wait-healthy`.
pub fn code(action: &Action) -> &'static str {
    verb(action).code
}

/// Why something is done: its name for programs, and in words: `absent`, `it does not exist`.
pub fn because(because: &Because) -> (&'static str, String) {
    match because {
        Because::Absent => ("absent", "it does not exist".to_owned()),
        Because::NotRunning => ("not-running", "it is not running".to_owned()),
        Because::Paused => ("paused", "it is paused".to_owned()),
        Because::Changed(changes) => ("changed", list(changes.iter().map(change))),
        Because::ImageChanged { from: _ } => ("image-changed", "its image changed".to_owned()),
        Because::MountedImageChanged { image, from: _ } => {
            ("mounted-image-changed", format!("image {image}, which it mounts, changed"))
        }
        Because::NetworkLost(network) => ("network-lost", format!("it is not attached to network {network}")),
        Because::AddressNeeded { address, service } => {
            ("address-needed", format!("it has the address {address} of {service}"))
        }
        Because::NetworkExtra(network) => {
            ("network-extra", format!("it is attached to network {network}, which its service does not have"))
        }
        Because::UpdateRefused => ("update-refused", "the engine refused to update it".to_owned()),
        Because::NetworkReplaced(network) => ("network-replaced", format!("network {network} is recreated")),
        Because::MadeBy { program, changes } => ("not-ours", {
            let differing = list(changes.iter().map(|change| change.path.to_string()));
            match changes.is_empty() {
                true => format!("{program} created it with other settings (its labels do not say which)"),
                false => format!("{program} created it with other settings: {differing}"),
            }
        }),
        Because::OtherPlatform { asked, runs } => (
            "platform-differs",
            format!("DOCKER_DEFAULT_PLATFORM asks for {asked}, and its image is for {runs}"),
        ),
        Because::OtherConvention(Separator::Underscore) => (
            "other-convention",
            "it was named with `_`, as with COMPOSE_COMPATIBILITY or by Docker Compose v1".to_owned(),
        ),
        Because::OtherConvention(Separator::Hyphen) => {
            ("other-convention", "COMPOSE_COMPATIBILITY asks for names with `_`".to_owned())
        }
        Because::DependencyRecreated(service) => {
            ("dependency-recreated", format!("it shares resources with {service}, which is recreated"))
        }
        Because::LinkRecreated(service) => {
            ("link-recreated", format!("it is linked to {service}, which is recreated"))
        }
        Because::RestartedWith(service) => ("restarted-with", format!("it is restarted with {service}")),
        Because::NamespaceStale { owner, namespace } => ("namespace-stale", {
            let namespace = namespace.word();
            format!("it still has the old {namespace} namespace of {owner}")
        }),
        Because::VolumesRenewed => ("volumes-renewed", "new anonymous volumes were requested".to_owned()),
        Because::Replaced => ("replaced", "it is replaced".to_owned()),
        Because::Asked => ("asked", "it was requested".to_owned()),
        Because::NeededBy(service) => ("needed-by", format!("{service} needs it")),
        Because::TooMany => ("too-many", "the topology asks for fewer containers".to_owned()),
        Because::Orphan => ("orphan", "its service is no longer in the topology".to_owned()),
        Because::Down => ("down", "the project is taken down".to_owned()),
        Because::Misnamed => ("misnamed", "it was renamed by something else".to_owned()),
        Because::Interrupted => ("interrupted", "an interrupted run left it unfinished".to_owned()),
    }
}

/// One attribute that differs: `environment.DEBUG changed from 0 to 1`.
pub fn change(change: &FieldChange) -> String {
    let FieldChange { path, from, to, is_hidden, .. } = change;
    if *is_hidden && from.is_some() && to.is_some() {
        return format!("{path} changed");
    }
    match (from.as_ref(), to.as_ref()) {
        (Some(from), Some(to)) if is_short(from) && is_short(to) => {
            format!("{path} changed from {from} to {to}")
        }
        (None, Some(to)) if is_short(to) && !is_hidden => format!("{path} is {to} now"),
        (None, Some(_)) => format!("{path} is new"),
        (Some(_), None) => format!("{path} is gone"),
        (Some(_), Some(_)) | (None, None) => format!("{path} changed"),
    }
}

/// What happened to the object of a failed step: `is unhealthy`, `could not be created`.
pub fn failed(action: &Action, cause: &Cause) -> String {
    match cause {
        Cause::Engine(EngineError::HookFailed { .. }) => match action {
            Action::StartContainer { .. } => {
                "was stopped again, because its post_start hook failed".to_owned()
            }
            Action::StopContainer { .. } => "was not stopped, because its pre_stop hook failed".to_owned(),
            _ => could_not(action),
        },
        Cause::Engine(_) => could_not(action),
        Cause::Exited { exit_code } => format!("exited with code {exit_code} before it was ready"),
        Cause::Unsuccessful { exit_code } => format!("exited with code {exit_code}"),
        Cause::Unhealthy { .. } => "is unhealthy".to_owned(),
        Cause::NoHealthcheck => "has no health check, so it can never become healthy".to_owned(),
        Cause::NotInTime { limit, output: _ } => format!("was not ready within {}", duration(*limit)),
        Cause::Paused => "is paused, and cannot become ready".to_owned(),
        Cause::Removed => "was removed by something else".to_owned(),
    }
}

/// The engine's message about a failure; `None` if the cause says it all.
pub fn engine_words(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Engine(error) => Some(without_ids(&error.to_string())),
        Cause::Exited { .. }
        | Cause::Unsuccessful { .. }
        | Cause::Unhealthy { .. }
        | Cause::NoHealthcheck
        | Cause::NotInTime { .. }
        | Cause::Paused
        | Cause::Removed => None,
    }
}

/// Leaves out ids of containers that use a volume if their names are unknown.
fn without_ids(words: &str) -> String {
    phrase::users_of_volume(words).map_or(words, |(before, _)| before).to_owned()
}

/// The health check that failed, with its count and result.
pub fn failed_check(cause: &Cause) -> Option<&str> {
    match cause {
        Cause::Unhealthy { check, output: _ } => check.as_deref(),
        _ => None,
    }
}

/// The last output of the failed container's health check.
pub fn health_output(cause: &Cause) -> Option<&str> {
    match cause {
        Cause::Unhealthy { check: _, output } | Cause::NotInTime { limit: _, output } => output.as_deref(),
        Cause::Engine(_)
        | Cause::Exited { .. }
        | Cause::Unsuccessful { .. }
        | Cause::NoHealthcheck
        | Cause::Paused
        | Cause::Removed => None,
    }
}

/// The last lines of a failure other than a container's log: a build step's output.
pub fn build_output(cause: &Cause) -> &[String] {
    match cause {
        Cause::Engine(EngineError::BuildFailed { message: _, output, excerpt: _ }) => output,
        _ => &[],
    }
}

/// The lines of a file that a failure is about.
pub fn excerpt(cause: &Cause) -> Option<&Excerpt> {
    match cause {
        Cause::Engine(EngineError::BuildFailed { message: _, output: _, excerpt }) => excerpt.as_ref(),
        _ => None,
    }
}

/// A list of names, shortened if there are many: `a, b, c`, `a, b and 7 more`.
pub fn names<'name>(names: impl IntoIterator<Item = &'name str>, most: usize) -> String {
    let names: Vec<_> = names.into_iter().collect();
    if names.len() <= most {
        return names.join(", ");
    }
    format!("{} and {} more", names[..most].join(", "), names.len() - most)
}

/// A duration for people: `0.3s`, `12.4s`, `2m 05s`, `1h 02m`.
pub fn duration(duration: Duration) -> String {
    let tenths = (duration.as_millis() + 50) / 100;
    let seconds = tenths / 10;
    match seconds {
        0..60 => format!("{seconds}.{}s", tenths % 10),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// A size for people, in powers of 1000 as in Docker: `512 B`, `3.4 MB`.
pub fn bytes(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 999.95 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

/// Whether it is SIGKILL.
pub fn is_kill(signal: &str) -> bool {
    matches!(signal, "SIGKILL" | "KILL" | "9")
}

fn could_not(action: &Action) -> String {
    let Verb { participle, rest, .. } = verb(action);
    format!("could not be {participle}{rest}")
}

fn is_short(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => true,
        Json::String(text) => text.len() <= 40,
        // A command line is worth showing.
        Json::Array(items) => !items.is_empty() && value.to_string().len() <= 60,
        Json::Object(_) => false,
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::FieldPath;

    #[test]
    fn times_are_short_and_round_at_the_last_digit() {
        let words = [0, 49, 50, 999, 12_400, 59_949, 59_950, 125_000, 3_725_000]
            .map(|milliseconds| duration(Duration::from_millis(milliseconds)));
        assert_eq!(words, ["0.0s", "0.0s", "0.1s", "1.0s", "12.4s", "59.9s", "1m 00s", "2m 05s", "1h 02m"]);
    }

    #[test]
    fn sizes_are_in_powers_of_1000() {
        let words = [0, 999, 1_000, 3_400_000, 999_960, 7_000_000_000, 5_000_000_000_000].map(bytes);
        assert_eq!(words, ["0 B", "999 B", "1.0 kB", "3.4 MB", "1.0 MB", "7.0 GB", "5.0 TB"]);
    }

    #[test]
    fn a_change_shows_only_short_values() {
        let says = |from: Option<Json>, to: Option<Json>| {
            change(&FieldChange {
                path: FieldPath::of(&["a", "b"]),
                from,
                to,
                is_hidden: false,
                is_revealed: false,
                span: None,
            })
        };
        assert_eq!(says(Some("x".into()), Some(2.into())), "a.b changed from \"x\" to 2");
        assert_eq!(says(None, Some(true.into())), "a.b is true now");
        assert_eq!(says(None, Some(Json::Array(Vec::new()))), "a.b is new");
        assert_eq!(says(Some(1.into()), None), "a.b is gone");
        assert_eq!(says(Some("x".repeat(50).into()), Some(2.into())), "a.b changed");
    }

    #[test]
    fn many_names_are_shortened() {
        assert_eq!(names(["a", "b"], 2), "a, b");
        assert_eq!(names(["a", "b", "c", "d"], 2), "a, b and 2 more");
    }
}
