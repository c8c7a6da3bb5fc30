//! In: the words that started the program. Out: the program that topo is called as, and the words for topo itself.
//! Must not: know what topo's own options mean.
//!
//! topo is a plugin of the Docker CLI: linked as `docker-topo` it answers `docker topo`. Linked as `docker-compose` it
//! stands in for Docker Compose, both as `docker compose` and as the program that scripts call by that name.
//!
//! The Docker CLI hands all of its words to a plugin, its own options first: `docker --context far compose ps` becomes
//! `docker-compose --context far compose ps`. Those options are what the Docker CLI also reads from its environment, and
//! there topo reads them too.

mod compose;
mod docker_options;

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::Path;

use serde_json::json;

pub(crate) use compose::as_topo_takes_them;
use docker_options::DockerOptions;

/// The release of Docker Compose whose command line topo follows; programs ask for it before they call any other
/// command.
pub(crate) const COMPOSE_VERSION: &str = "2.40.3";

/// The call that the Docker CLI makes to learn what a plugin is.
const METADATA: &str = "docker-cli-plugin-metadata";

/// The program that topo is called as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Program {
    /// `topo`.
    #[default]
    Topo,
    /// `docker topo`.
    DockerTopo,
    /// `docker-compose`.
    DockerCompose,
    /// `docker compose`.
    ComposePlugin,
}

impl Program {
    /// What a person types to call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Program::Topo => "topo",
            Program::DockerTopo => "docker topo",
            Program::DockerCompose => "docker-compose",
            Program::ComposePlugin => "docker compose",
        }
    }

    /// Whether topo stands in for Docker Compose.
    pub(crate) fn is_compose(self) -> bool {
        matches!(self, Program::DockerCompose | Program::ComposePlugin)
    }

    /// The word by which the Docker CLI calls the plugin.
    fn plugin(self) -> Option<&'static str> {
        match self {
            Program::Topo | Program::DockerCompose => None,
            Program::DockerTopo => Some("topo"),
            Program::ComposePlugin => Some("compose"),
        }
    }
}

/// How topo was called.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// The program that it was called as.
    pub program: Program,
    /// The words, without those of the Docker CLI; the program comes first.
    pub words: Vec<OsString>,
    options: DockerOptions,
}

impl Invocation {
    /// How this process was called.
    pub(crate) fn of_process() -> Self {
        Self::of(std::env::args_os().collect())
    }

    /// How topo was called with these words; the program comes first.
    pub(crate) fn of(words: Vec<OsString>) -> Self {
        let stem = words.first().and_then(|program| Path::new(program).file_stem()).unwrap_or_default();
        let (alone, as_plugin) = match stem.to_str() {
            Some("docker-compose") => (Program::DockerCompose, Program::ComposePlugin),
            Some("docker-topo") => (Program::DockerTopo, Program::DockerTopo),
            _ => return Self { program: Program::Topo, words, options: DockerOptions::default() },
        };
        let (options, rest) = DockerOptions::read(&words[1..]);
        let is_plugin =
            rest.first().is_some_and(|word| Some(word.as_os_str()) == as_plugin.plugin().map(OsStr::new));
        let program = if is_plugin { as_plugin } else { alone };
        let rest = &rest[usize::from(is_plugin)..];
        let words = words[..1].iter().chain(rest).cloned().collect();
        Self { program, words, options }
    }

    /// What the Docker CLI asks of a plugin before it calls it, as JSON.
    pub(crate) fn metadata(&self) -> Option<String> {
        (self.words.get(1)? == METADATA).then(|| {
            let (version, description) = match self.program.is_compose() {
                true => (COMPOSE_VERSION, "Docker Compose (topo)"),
                false => (env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_DESCRIPTION")),
            };
            let metadata = json!({
                "SchemaVersion": "0.1.0",
                "Vendor": "topo",
                "Version": version,
                "ShortDescription": description,
            });
            format!("{metadata:#}\n")
        })
    }

    /// Starts topo once more in the place of this process, with the Docker CLI's options in its environment. Does nothing
    /// where there are none, and returns only then or when it fails.
    ///
    /// # Errors
    ///
    /// When an option has no counterpart in the environment, or the program cannot be started.
    pub(crate) fn with_options_in_environment(&self) -> Result<(), String> {
        let variables = self.options.variables()?;
        if variables.is_empty() {
            return Ok(());
        }
        let program = std::env::current_exe().map_err(|error| format!("cannot find topo itself: {error}"))?;
        let mut command = std::process::Command::new(program);
        command.arg0(&self.words[0]).args(self.program.plugin()).args(&self.words[1..]);
        for (name, value) in variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Err(format!("cannot start topo again: {}", command.exec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(line: &str) -> Invocation {
        Invocation::of(line.split(' ').map(OsString::from).collect())
    }

    fn words(line: &str) -> String {
        invocation(line).words.join(OsStr::new(" ")).into_string().unwrap()
    }

    #[test]
    fn the_name_of_the_program_says_what_topo_stands_in_for() {
        for (line, wanted) in [
            ("topo up", "topo"),
            ("/usr/bin/topo compose up", "topo"),
            ("/plugins/docker-topo topo up", "docker topo"),
            ("docker-compose up -d", "docker-compose"),
            ("docker-compose.exe up -d", "docker-compose"),
            ("/plugins/docker-compose compose up", "docker compose"),
            ("docker-compose --context far compose up", "docker compose"),
            ("docker-compose -f a.yaml up", "docker-compose"),
        ] {
            assert_eq!(invocation(line).program.name(), wanted, "{line}");
        }
    }

    #[test]
    fn the_words_of_the_docker_command_line_are_taken_away() {
        for (line, wanted) in [
            ("topo -D up", "topo -D up"),
            ("docker-topo topo -f a.yaml up", "docker-topo -f a.yaml up"),
            (
                "docker-compose -D --host=tcp://far:2375 compose run web compose",
                "docker-compose run web compose",
            ),
            ("docker-compose -f a.yaml --project-name x up", "docker-compose -f a.yaml --project-name x up"),
            ("docker-compose -H tcp://far:2375 ps", "docker-compose ps"),
            ("docker-compose --context far", "docker-compose"),
        ] {
            assert_eq!(words(line), wanted, "{line}");
        }
    }

    #[test]
    fn the_options_of_the_docker_command_line_are_variables() {
        let variables = |line| {
            let variables = invocation(line).options.variables().unwrap();
            let shown = |(name, value): (&str, Option<OsString>)| match value {
                Some(value) => format!("{name}={}", value.display()),
                None => format!("-{name}"),
            };
            variables.into_iter().map(shown).collect::<Vec<_>>().join(" ")
        };
        for (line, wanted) in [
            ("docker-compose compose up", ""),
            ("docker-compose --debug --log-level=debug compose up", ""),
            ("docker-compose -c far compose up", "DOCKER_CONTEXT=far -DOCKER_HOST"),
            (
                "docker-compose -H tcp://far:2376 --tlsverify ps",
                "DOCKER_HOST=tcp://far:2376 DOCKER_TLS_VERIFY=1",
            ),
            (
                "docker-compose --config /etc/docker --tls compose ps",
                "DOCKER_CONFIG=/etc/docker DOCKER_TLS=1",
            ),
            (
                "docker-compose --tlscacert c/ca.pem --tlscert c/cert.pem --tlskey=c/key.pem compose ps",
                "DOCKER_CERT_PATH=c",
            ),
        ] {
            assert_eq!(variables(line), wanted, "{line}");
        }
        let error =
            invocation("docker-compose --tlskey=c/mine.pem compose ps").options.variables().unwrap_err();
        assert_eq!(
            error,
            "`--tlskey` names `c/mine.pem`, where topo reads `key.pem` in the directory of DOCKER_CERT_PATH"
        );
    }

    #[test]
    fn the_docker_command_line_learns_what_the_plugin_is() {
        assert!(invocation("topo up").metadata().is_none());
        let metadata = invocation("docker-compose docker-cli-plugin-metadata").metadata().unwrap();
        assert!(
            metadata.contains(r#""SchemaVersion": "0.1.0""#) && metadata.contains(COMPOSE_VERSION),
            "{metadata}"
        );
    }
}
