//! In: an error message of the engine. Out: what to do about it, if the message alone is not clear.
//! Must not: guess: no hint is better than a wrong one.

use super::EngineError;
use super::phrase::{self, Phrase};
use crate::value::image::DOCKER_HUB;

impl EngineError {
    /// What the user can do, if the engine's message alone does not say so. Commands of topo in it
    /// are written without a file.
    pub fn hint(&self) -> Option<String> {
        self.hint_about(None)
    }

    /// [`EngineError::hint`], if the registry of the request is known.
    pub fn hint_about(&self, registry: Option<&str>) -> Option<String> {
        match self {
            Self::Unreachable { advice, .. } | Self::NoAddress { advice, .. } => Some(advice.clone()),
            Self::Refused { message, .. }
            | Self::BuildFailed { message, .. }
            | Self::HookFailed { message, .. } => {
                hint(message).map(|hint| with_registry(&hint, registry.or_else(|| registry_in(message))))
            }
            Self::NameTaken { is_fixed, .. } => Some(taken_name_hint(*is_fixed).to_owned()),
            Self::Unsupported(_)
            | Self::Disconnected(_)
            | Self::NoAnswer(_)
            | Self::BadAnswer(_)
            | Self::BrokenOff(_)
            | Self::BadRequest(_)
            | Self::ProgramFailed(_)
            | Self::LocalFile(_)
            | Self::BadPattern(_)
            | Self::Unwatchable(_)
            | Self::Credentials(_)
            | Self::System(_) => None,
        }
    }

    /// The file that a build was to copy and that its context does not have.
    pub fn missing_in_context(&self) -> Option<&str> {
        let Self::BuildFailed { message, .. } = self else { return None };
        let is_copy = phrase::any(&[phrase::COPY_STEP, phrase::ADD_STEP], message);
        if !is_copy || phrase::FROM_STAGE.is_in(message) {
            return None;
        }
        let quoted = || phrase::NOT_FOUND.start_of(message)?.rsplit_once(": \"");
        let unquoted = || {
            let before = phrase::NO_SUCH_FILE.start_of(message)?.strip_suffix(": ")?;
            before.rsplit_once(phrase::LSTAT.words)
        };
        let (_, path) = quoted().or_else(unquoted)?;
        Some(path.trim_start_matches('/')).filter(|path| !path.is_empty())
    }
}

/// Messages of the engine, and what to do about them. The first match applies.
const HINTS: &[(Phrase, &str)] = &[
    (phrase::TOO_MANY_REQUESTS, "Docker Hub limits how much is pulled without an account: `docker login`"),
    (
        phrase::HTTP_FOR_HTTPS,
        "the registry does not speak TLS: name it under `insecure-registries` in the engine's `daemon.json`",
    ),
    (phrase::NO_CREDENTIALS, "the registry requires a login: `docker login REGISTRY`"),
    (phrase::UNAUTHORIZED, "the registry rejects the account, or requires a login: `docker login REGISTRY`"),
    (
        phrase::PULL_DENIED,
        "check the image's name; for a private image, log in to its registry first: `docker login REGISTRY`",
    ),
    (phrase::MANIFEST_UNKNOWN, "the registry has no such image or tag: check both"),
    (
        phrase::CERTIFICATE,
        "the engine does not trust that registry: put its CA certificate in \
         `/etc/docker/certs.d/REGISTRY/ca.crt` on the engine's machine",
    ),
    (phrase::NO_LOCAL_IMAGE, "it has not been built yet: `topo build` builds it"),
    (
        phrase::NO_SUCH_IMAGE,
        "the engine does not have it, and was told not to pull or build it: `topo pull` or `topo build` gets it",
    ),
    (
        phrase::NO_EXECUTABLE,
        "the image has no such program: check `command` and `entrypoint`; for a shell, write `[\"sh\", \"-c\", \"...\"]`",
    ),
    (phrase::EXEC_FORMAT, "the image is for another processor architecture: choose one with `platform`"),
    (
        phrase::NO_BIND_SOURCE,
        "create it on the engine's machine, or let the engine create it: `bind: { create_host_path: true }`",
    ),
    (
        phrase::FIXED_ADDRESS_IN_USE,
        "another container has this fixed address: stop that container, or choose another address",
    ),
    (
        phrase::POOL_OVERLAPS,
        "another network has these addresses: choose another `subnet`; `docker network ls` lists the networks",
    ),
    (
        phrase::FULLY_SUBNETTED,
        "the engine has no addresses left for networks: `docker network prune` frees unused ones",
    ),
    (
        phrase::NO_MATCHING_NETWORK,
        "the network was removed: `topo up` creates it again and reconnects the containers",
    ),
    (
        phrase::ACTIVE_ENDPOINTS,
        "containers outside the topology are attached to it: `docker network inspect` lists them",
    ),
    (phrase::NO_SPACE, "`docker system df` shows what takes up space, `docker system prune` frees some"),
    (
        phrase::NO_DEVICE_DRIVER,
        "the engine has no such driver: for NVIDIA, install the NVIDIA Container Toolkit on its machine",
    ),
];

/// A hint with its registry; without it if the registry is unknown.
fn with_registry(hint: &str, registry: Option<&str>) -> String {
    let registry = registry.map(|registry| if is_docker_hub(registry) { DOCKER_HUB } else { registry });
    match registry {
        // It is the default of `docker login`.
        None | Some(DOCKER_HUB) => hint.replace(" REGISTRY", "").replace("REGISTRY", "HOST:PORT"),
        Some(registry) => hint.replace("REGISTRY", registry),
    }
}

fn is_docker_hub(host: &str) -> bool {
    host == "docker.io" || host.ends_with(".docker.io")
}

/// `localhost:5001` of `Head "http://localhost:5001/v2/app/manifests/1": ...`.
fn registry_in(message: &str) -> Option<&str> {
    let (before, _) = phrase::REGISTRY_PATH.around(message)?;
    let (_, host) = before.rsplit_once("://")?;
    (!host.contains(['/', ' '])).then_some(host)
}

fn hint(message: &str) -> Option<String> {
    if let Some(hint) = port_hint(message) {
        return Some(hint);
    }
    if let Some(hint) = volume_hint(message).or_else(|| unreachable_hint(message)) {
        return Some(hint);
    }
    if let Some(hint) = permission_hint(message).or_else(|| name_hint(message)) {
        return Some(hint);
    }
    if is_missing_network(message) {
        return hint_of(phrase::NO_MATCHING_NETWORK.words);
    }
    hint_of(message)
}

/// `network 93e074872fee... not found`: one that a container was connected to.
fn is_missing_network(message: &str) -> bool {
    let id = phrase::NETWORK.rest_of(message).and_then(|rest| phrase::IS_NOT_FOUND.start_of(rest));
    id.is_some_and(|id| id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn hint_of(message: &str) -> Option<String> {
    let (_, hint) = HINTS.iter().find(|(phrase, _)| phrase.is_in(message))?;
    Some((*hint).to_owned())
}

/// Messages of an engine that cannot reach a host, and the probable cause.
const UNREACHABLE: &[(Phrase, &str)] = &[
    (
        phrase::NO_SUCH_HOST,
        "the engine cannot resolve that host name: check the name, and the network of the engine's machine",
    ),
    (phrase::SERVER_MISBEHAVING, NO_NAMES),
    (phrase::NO_RESOLUTION, NO_NAMES),
    (phrase::CONNECT_REFUSED, "nothing listens there: is the registry running, and is its port right?"),
    (phrase::NETWORK_UNREACHABLE, NO_WAY),
    (phrase::NO_ROUTE, NO_WAY),
    (phrase::IO_TIMEOUT, NO_ANSWER),
    (phrase::TLS_TIMEOUT, NO_ANSWER),
    (phrase::DEADLINE, NO_ANSWER),
    (phrase::CLIENT_TIMEOUT, NO_ANSWER),
];
const NO_NAMES: &str = "the engine cannot resolve host names: check DNS on the engine's machine";
const NO_WAY: &str = "there is no route to that host: check the network of the engine's machine";
const NO_ANSWER: &str =
    "that host does not answer: check the network of the engine's machine, or try again later";

/// `Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host`
fn unreachable_hint(message: &str) -> Option<String> {
    let (phrase, hint) = UNREACHABLE.iter().find(|(phrase, _)| phrase.is_in(message))?;
    // Not only registries may refuse a connection.
    let is_of_a_registry = phrase::any(&[phrase::REGISTRY_PATH, phrase::TOKEN_PATH], message);
    if phrase::DOCKER_HUB_HOST.is_in(message) {
        return Some(
            "the engine cannot reach Docker Hub, the registry of images whose names include none: \
             check the network of the engine's machine, or load the image with `docker load`"
                .to_owned(),
        );
    }
    (is_of_a_registry || *phrase == phrase::NO_SUCH_HOST).then(|| (*hint).to_owned())
}

/// `remove shop_data: volume is in use - [f89abc739922...]`
fn volume_hint(message: &str) -> Option<String> {
    let (before, _) = phrase::VOLUME_IN_USE.around(message)?;
    let name = before.rsplit(' ').next()?;
    Some(format!(
        "a container of this or another project still uses it: \
         `docker ps -a --filter volume={name}` shows which one"
    ))
}

/// `Conflict. The container name "/shop-web-1" is already in use by container "93e074872fee...".`
fn name_hint(message: &str) -> Option<String> {
    let (before, _) = phrase::NAME_IN_USE.around(message)?;
    let (_, name) = before.rsplit_once(phrase::CONTAINER_NAME.words)?;
    let name = name.trim_start_matches('/');
    Some(format!(
        "a container that is not part of this topology has that name: `docker inspect {name}` shows it, \
         `docker rename {name} {name}-other` renames it"
    ))
}

/// The other project's container must not be touched.
fn taken_name_hint(is_fixed: bool) -> &'static str {
    match is_fixed {
        true => {
            "two containers of an engine cannot have the same name: choose another one, which is \
             `container_name` of the service, or `--name` of `topo run`"
        }
        false => {
            "two containers of an engine cannot have the same name: give this project another name, with \
             `-p NAME`"
        }
    }
}

/// `exec: "/start.sh": permission denied` in a container, exit code 126 in a build step.
fn permission_hint(message: &str) -> Option<String> {
    if phrase::RUN_STEP.is_in(message) && message.ends_with(phrase::EXIT_CODE_126.words) {
        return Some(
            "a file that it runs is not executable: put `RUN chmod +x FILE` before it, or use `COPY --chmod=755`"
                .to_owned(),
        );
    }
    let (before, _) = phrase::NOT_EXECUTABLE.around(message)?;
    let (_, program) = before.rsplit_once(phrase::EXEC.words)?;
    let name = program.rsplit('/').next()?;
    Some(format!(
        "`{program}` is not executable: `chmod +x {name}` on this machine, or `COPY --chmod=755` in the Dockerfile"
    ))
}

/// `Bind for 0.0.0.0:8080 failed: port is already allocated`,
/// `listen tcp4 0.0.0.0:8080: bind: address already in use`.
fn port_hint(message: &str) -> Option<String> {
    if phrase::PORT_ALLOCATED.is_in(message) {
        let port = host_port(message)?;
        return Some(format!(
            "another container publishes port {port}: `docker ps --filter publish={port}` shows which one"
        ));
    }
    if phrase::ADDRESS_IN_USE.is_in(message) {
        let port = host_port(message)?;
        return Some(format!(
            "a program on the engine's machine uses port {port}: `ss -tulpn | grep :{port}` shows which one"
        ));
    }
    None
}

/// The first port after an address.
fn host_port(message: &str) -> Option<u16> {
    let starts = message.match_indices(':').map(|(at, _)| &message[at + 1..]);
    let ports = starts.map(|rest| {
        let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    });
    ports.flatten().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named() {
        for (message, wanted) in [
            ("Bind for 0.0.0.0:8080 failed: port is already allocated", "publish=8080"),
            (
                "failed to bind host port for 127.0.0.1:5432:172.17.0.2:5432/tcp: address already in use",
                "port 5432",
            ),
            ("listen tcp4 0.0.0.0:80: bind: address already in use", "port 80:"),
        ] {
            let hint = hint(message).unwrap();
            assert!(hint.contains(wanted), "{hint}");
        }
    }

    #[test]
    fn a_volume_in_use_is_named() {
        let hint = hint("remove shop_data: volume is in use - [f89abc73]").unwrap();
        assert!(hint.contains("--filter volume=shop_data`"), "{hint}");
    }

    #[test]
    fn a_taken_name_comes_with_the_command_that_frees_it() {
        let message = "Error when allocating new name: Conflict. The container name \"/shop-web-1\" is already in use by container \"93e0748\". You have to remove (or rename) that container to be able to reuse that name.";
        let hint = hint(message).unwrap();
        assert!(hint.contains("`docker rename shop-web-1 shop-web-1-other`"), "{hint}");
        assert!(!hint.contains("container_name"), "the service may have none: {hint}");
    }

    #[test]
    fn a_container_of_another_project_is_not_touched() {
        for (is_fixed, wanted) in [(true, "`container_name`"), (false, "`-p NAME`")] {
            let (name, project) = ("servidor".into(), "walk".into());
            let error = EngineError::NameTaken { name, project, is_fixed };
            assert_eq!(error.to_string(), "a container of project `walk` has the name `servidor`");
            let hint = error.hint().unwrap();
            assert!(hint.contains(wanted) && !hint.contains("docker "), "{hint}");
        }
    }

    #[test]
    fn an_unreachable_registry_hints_at_the_network() {
        for (message, wanted) in [
            (
                "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host",
                "Hub",
            ),
            (
                "Get \"https://r.example/v2/\": dial tcp: lookup r.example on 10.0.0.1:53: no such host",
                "the name",
            ),
            (
                "Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
                "port right",
            ),
            ("Get \"https://r.example/v2/\": dial tcp 10.1.1.1:443: i/o timeout", "does not answer"),
            ("Get \"https://r.example/v2/\": context deadline exceeded", "does not answer"),
            (
                "Get \"https://r.example/v2/\": dial tcp 10.1.1.1:443: connect: network is unreachable",
                "no route",
            ),
            ("Get \"https://r.example/v2/\": tls: failed to verify certificate: x509: unknown", "ca.crt"),
            ("manifest for r.example/a:1 not found: manifest unknown: manifest unknown", "or tag"),
            (
                "Head \"https://r.example/v2/a/manifests/1\": unauthorized: authentication required",
                "docker login",
            ),
        ] {
            let hint = hint(message).unwrap_or_default();
            assert!(hint.contains(wanted), "{message}: {hint}");
        }
        assert_eq!(hint("dial tcp 10.0.0.2:2376: connect: connection refused"), None);
    }

    #[test]
    fn a_login_hint_names_the_registry() {
        let hint_about = |message: &str, registry| {
            EngineError::Refused { status: 500, message: message.to_owned() }.hint_about(registry)
        };
        let hint = hint_about("no basic auth credentials", Some("localhost:5001")).unwrap();
        assert!(hint.ends_with("`docker login localhost:5001`"), "{hint}");
        let refused = "Head \"https://r.example/v2/a/manifests/1\": unauthorized: authentication required";
        let hint = hint_about(refused, None).unwrap();
        assert!(hint.ends_with("`docker login r.example`"), "{hint}");
        let untrusted =
            "Get \"https://r.example:5000/v2/\": tls: failed to verify certificate: x509: unknown";
        let hint = hint_about(untrusted, None).unwrap();
        assert!(hint.contains("`/etc/docker/certs.d/r.example:5000/ca.crt`"), "{hint}");
        let denied = "pull access denied for secret, repository does not exist";
        for hub in [Some(DOCKER_HUB), Some("registry-1.docker.io"), None] {
            let hint = hint_about(denied, hub).unwrap();
            assert!(hint.ends_with("`docker login`"), "{hint}");
        }
    }

    #[test]
    fn a_missing_network_is_recreated_by_up() {
        let message = format!("network {} not found", "93e0748a".repeat(8));
        assert!(hint(&message).unwrap().contains("`topo up`"));
        assert_eq!(hint("network front not found"), None);
    }

    #[test]
    fn a_script_without_permission_is_made_executable() {
        let hint_of_start = hint("exec: \"/app/start.sh\": permission denied").unwrap();
        assert!(hint_of_start.contains("`chmod +x start.sh`"), "{hint_of_start}");
        assert!(hint("[3/3] RUN /start.sh: exit code: 126").unwrap().contains("`RUN chmod +x"));
        assert_eq!(hint("exec: \"/\": is a directory: permission denied"), None);
        assert_eq!(hint("[3/3] RUN false: exit code: 1"), None);
    }

    #[test]
    fn files_missing_in_a_context_are_distinguished_from_those_missing_in_a_stage() {
        let missing = |message: &str| {
            let error =
                EngineError::BuildFailed { message: message.to_owned(), output: Vec::new(), excerpt: None };
            error.missing_in_context().map(str::to_owned)
        };
        assert_eq!(missing("[2/2] COPY app.py /x: \"/app.py\": not found").as_deref(), Some("app.py"));
        let glob = "Dockerfile:2: [2/2] ADD src/*.js /x/: lstat /src: no such file or directory";
        assert_eq!(missing(glob).as_deref(), Some("src"));
        assert_eq!(missing("[2/2] COPY --from=a /b /c: \"/b\": not found"), None);
        assert_eq!(missing("[2/2] RUN x: \"/b\": not found"), None);
    }

    #[test]
    fn clear_messages_need_no_hint() {
        assert_eq!(hint("invalid restart policy: unknown policy 'x'"), None);
        assert_eq!(hint("port is already allocated"), None);
    }

    #[test]
    fn a_removed_image_is_not_blamed_on_the_topology() {
        let hint = hint("No such image: nope:1").unwrap();
        assert!(hint.contains("`topo pull`") && !hint.contains("pull_policy"), "{hint}");
    }

    #[test]
    fn a_missing_program_hints_at_the_command() {
        let message = "exec: \"nope\": executable file not found in $PATH".to_owned();
        let error = EngineError::Refused { status: 400, message };
        assert!(error.hint().unwrap().contains("`command`"));
    }
}
