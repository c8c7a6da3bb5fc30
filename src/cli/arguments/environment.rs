//! The variables of the environment that topo obeys, as the manual and the README list them.

/// A variable, and what it decides.
pub(crate) struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it decides.
    pub meaning: &'static str,
}

/// Every variable, by subject: the topology, the run, the output, the engine, the log. Those whose names begin with `COMPOSE_` may
/// stand in `.env` too, but for [`ONLY_IN_THE_ENVIRONMENT`].
pub(crate) const VARIABLES: &[Variable] = &[
    Variable::new("COMPOSE_FILE", "topology files, separated by `COMPOSE_PATH_SEPARATOR`; `--file` wins"),
    Variable::new("COMPOSE_PATH_SEPARATOR", "what separates the files in `COMPOSE_FILE`; `:` by default"),
    Variable::new("COMPOSE_PROJECT_NAME", "the project's name; `--project-name` wins"),
    Variable::new("COMPOSE_PROFILES", "active profiles, separated by commas, besides those of `--profile`"),
    Variable::new(
        "COMPOSE_COMPATIBILITY",
        "whether names of containers and images use `_`, as with `--compatibility`",
    ),
    Variable::new(
        "COMPOSE_ENV_FILES",
        "files with variables for the topology, separated by commas; `--env-file` wins",
    ),
    Variable::new("COMPOSE_DISABLE_ENV_FILE", "whether `.env` is left unread"),
    Variable::new(
        "COMPOSE_REMOVE_ORPHANS",
        "whether containers of services that are no longer declared are removed",
    ),
    Variable::new("COMPOSE_IGNORE_ORPHANS", "whether such containers are left unmentioned"),
    Variable::new(
        "COMPOSE_PARALLEL_LIMIT",
        "how many calls to the engine are made at once; `--parallel` wins",
    ),
    Variable::new("COMPOSE_MENU", "whether `up` shows its shortcut keys; `--menu` wins"),
    Variable::new("COMPOSE_PROGRESS", "how progress is shown; `--progress` wins"),
    Variable::new("COMPOSE_STATUS_STDOUT", "whether progress goes to standard output"),
    Variable::new(
        "COMPOSE_ANSI",
        "whether output has colours and moves the cursor: `auto`, `always` or `never`",
    ),
    Variable::new("NO_COLOR", "where it is set, output has no colours; `--color` wins"),
    Variable::new(
        "DOCKER_HOST",
        "the engine's address, such as `unix:///var/run/docker.sock` or `ssh://ana@server`",
    ),
    Variable::new("DOCKER_CONTEXT", "the Docker context whose engine is used; `DOCKER_HOST` wins"),
    Variable::new("DOCKER_CONFIG", "the directory of the Docker CLI's `config.json`; `~/.docker` by default"),
    Variable::new("DOCKER_TLS", "where it is set, connections over TCP are encrypted"),
    Variable::new(
        "DOCKER_TLS_VERIFY",
        "where it is set, connections over TCP are encrypted and the engine's certificate is verified",
    ),
    Variable::new(
        "DOCKER_CERT_PATH",
        "the directory of `ca.pem`, `cert.pem` and `key.pem` for such connections",
    ),
    Variable::new(
        "DOCKER_CUSTOM_HEADERS",
        "headers of every request, as `NAME=VALUE,NAME=VALUE`, in place of `HttpHeaders` of `config.json`",
    ),
    Variable::new("DOCKER_DEFAULT_PLATFORM", "the platform of services that do not set one"),
    Variable::new("BUILDX_BUILDER", "the builder that `topo build` uses; `--builder` wins"),
    Variable::new(
        "TOPO_LOG",
        "what is logged to standard error: a level such as `debug` (every request to the engine), or `topo=debug,h2=info`",
    ),
];

/// Variables of Docker Compose that `.env` cannot set.
pub(crate) const ONLY_IN_THE_ENVIRONMENT: [&str; 2] = ["COMPOSE_PROGRESS", "COMPOSE_STATUS_STDOUT"];

impl Variable {
    const fn new(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn the_readme_lists_them() {
        let rows: String = VARIABLES
            .iter()
            .map(|Variable { name, meaning }| format!("| `{name}` | {meaning} |\n"))
            .collect();
        let readme = include_str!("../../../README.md");
        assert!(readme.contains(&rows), "README.md, section Environment, should hold:\n{rows}");
    }

    /// A variable that is read somewhere stands in the table: its name is a text of its own in the code.
    #[test]
    fn every_variable_that_is_read_is_listed() {
        let listed: BTreeSet<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
        let mut missing = BTreeSet::new();
        for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
            let text = std::fs::read_to_string(file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let texts = code.split('"').skip(1).step_by(2);
            missing
                .extend(texts.filter(|text| is_for_topo(text) && !listed.contains(text)).map(str::to_owned));
        }
        assert!(missing.is_empty(), "not in the table: {missing:?}");
    }

    fn is_for_topo(text: &str) -> bool {
        let is_name = text.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
        // What topo sets for the programs that it starts, and its completion scripts for topo.
        let is_set = ["BUILDX_BAKE_ENTITLEMENTS_FS", "TOPO_COMPLETE", "TOPO_COMPLETE_INDEX", "TOPO_RUN"]
            .contains(&text);
        let prefixes = ["COMPOSE_", "DOCKER_", "BUILDX_", "BUILDKIT_", "TOPO_"];
        is_name
            && !is_set
            && prefixes.iter().any(|prefix| text.starts_with(prefix) && text.len() > prefix.len())
    }

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
        files.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
    }
}
