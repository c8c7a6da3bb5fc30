//! In: environment variables and the Docker CLI's own files. Out: the address of the engine to use.
//! Must not: open a connection.
//!
//! The order is that of the Docker CLI: `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context of
//! `config.json`, the default socket. Where the default socket does not exist, the sockets of Docker
//! Desktop, of a rootless engine and of Podman are looked for. An empty variable counts as unset.

mod context;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::config_file::CliConfig;
use crate::engine::{Address, Endpoint, EngineError, Origin};

/// The socket that an engine listens on when nothing else is said.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// Finds the engine's address from the variables of the environment, and the context that `config.json` of
/// the Docker CLI chooses.
pub fn locate(
    variables: &BTreeMap<String, String>,
    current_context: Option<String>,
) -> Result<Address, EngineError> {
    locate_among(&Variables(variables), current_context, &|path| path.exists())
}

/// Whether the engine that the variables name runs on this machine. Docker Desktop's has one of its own; of an
/// address that cannot be found nothing is known.
pub fn is_here(variables: &BTreeMap<String, String>) -> bool {
    let context = CliConfig::read(config_folder(variables).as_deref()).current_context;
    let Ok(Address { endpoint: Endpoint::Unix(socket), .. }) = locate(variables, context) else {
        return false;
    };
    let is_of_desktop = socket.components().any(|part| part.as_os_str() == ".docker");
    cfg!(target_os = "linux") && !is_of_desktop
}

fn locate_among(
    variables: &Variables,
    current_context: Option<String>,
    exists: &dyn Fn(&Path) -> bool,
) -> Result<Address, EngineError> {
    if let Some(host) = variables.get("DOCKER_HOST") {
        let is_set = |name| variables.get(name).is_some();
        let tls = match (is_set("DOCKER_TLS_VERIFY"), is_set("DOCKER_TLS")) {
            (true, _) => Tls::Verified,
            (false, true) => Tls::Unverified,
            (false, false) => Tls::None,
        };
        let endpoint =
            parse_host(host, tls).map_err(|advice| not_an_address(host, &Origin::DockerHost, &advice))?;
        return Ok(Address { endpoint, origin: Origin::DockerHost });
    }
    let (name, chosen_by) = match variables.get("DOCKER_CONTEXT") {
        Some(name) => (name.to_owned(), "DOCKER_CONTEXT"),
        None => (current_context.unwrap_or_default(), "config.json"),
    };
    if name.is_empty() || name == "default" {
        return Ok(Address { endpoint: default_endpoint(variables, exists), origin: Origin::Default });
    }
    let endpoint = context::endpoint(variables, &name, chosen_by)?;
    Ok(Address { endpoint, origin: Origin::Context { name, chosen_by } })
}

/// The environment, in which an empty variable counts as unset.
struct Variables<'a>(&'a BTreeMap<String, String>);

impl Variables<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The folder of the Docker CLI's configuration: `DOCKER_CONFIG`, else `~/.docker`.
pub fn config_folder(variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    let variables = Variables(variables);
    let named = variables.get("DOCKER_CONFIG").map(PathBuf::from);
    named.or_else(|| Some(Path::new(variables.get("HOME")?).join(".docker")))
}

fn default_endpoint(variables: &Variables, exists: &dyn Fn(&Path) -> bool) -> Endpoint {
    let home = variables.get("HOME").map(PathBuf::from);
    let runtime = variables.get("XDG_RUNTIME_DIR").map(PathBuf::from);
    let candidates = [
        Some(PathBuf::from(DEFAULT_SOCKET)),
        runtime.as_ref().map(|folder| folder.join("docker.sock")),
        home.map(|folder| folder.join(".docker/run/docker.sock")),
        runtime.map(|folder| folder.join("podman/podman.sock")),
        Some(PathBuf::from("/run/podman/podman.sock")),
    ];
    let found = candidates.into_iter().flatten().find(|path| exists(path));
    Endpoint::Unix(found.unwrap_or_else(|| PathBuf::from(DEFAULT_SOCKET)))
}

/// Whether, and on whose word, a TCP connection is encrypted.
enum Tls {
    None,
    /// By `DOCKER_TLS_VERIFY`, or because the address says `https`.
    Verified,
    /// By `DOCKER_TLS`: encrypted, whoever answers.
    Unverified,
    /// By the certificates of this context.
    Context(String),
}

/// Understands an address as the Docker CLI writes it. The error is what to write instead.
fn parse_host(host: &str, tls: Tls) -> Result<Endpoint, String> {
    if !host.contains("://") && host.contains('/') {
        // A path is no name of a host.
        let path = host.trim_start_matches("unix:").trim_start_matches('/');
        return Err(format!("write `unix:///{path}`"));
    }
    let (scheme, rest) = host.split_once("://").unwrap_or(("tcp", host));
    match scheme {
        "unix" => Ok(Endpoint::Unix(PathBuf::from(rest))),
        "tcp" | "http" => parse_tcp(host, rest, tls),
        "https" => parse_tcp(host, rest, Tls::Verified),
        "ssh" => parse_ssh(host, rest),
        _ => Err("write `unix:///PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST`".to_owned()),
    }
}

fn parse_tcp(address: &str, rest: &str, tls: Tls) -> Result<Endpoint, String> {
    let authority = rest.split('/').next().unwrap_or_default();
    let default_port = if matches!(tls, Tls::None) { 2375 } else { 2376 };
    let (host, port) =
        split_port(authority, default_port).ok_or("write `tcp://HOST:PORT`, with a number for the port")?;
    let target = Endpoint::Tcp { host, port };
    // TLS of our own would cost 1.3 MB: the Docker CLI knows its own certificates and lends a hand.
    let dial = |options: &[&str]| Endpoint::Program {
        address: address.to_owned(),
        command: ["docker"]
            .iter()
            .chain(options)
            .chain(&["system", "dial-stdio"])
            .map(|word| (*word).to_owned())
            .collect(),
    };
    Ok(match tls {
        Tls::None => target,
        Tls::Unverified => dial(&["--tls", "--host", &target.to_string()]),
        Tls::Verified => dial(&["--tlsverify", "--host", &target.to_string()]),
        Tls::Context(name) => dial(&["--context", &name]),
    })
}

fn parse_ssh(address: &str, rest: &str) -> Result<Endpoint, String> {
    let (authority, socket) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host_and_port) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let (host, port) =
        split_port(host_and_port, 22).ok_or("write `ssh://USER@HOST:PORT`, with a number for the port")?;
    let mut command: Vec<String> =
        ["ssh", "-o", "ConnectTimeout=30", "-o", "BatchMode=yes", "-T"].map(str::to_owned).into();
    if let Some(user) = user {
        command.extend(["-l".to_owned(), user.to_owned()]);
    }
    if host_and_port.ends_with(&format!(":{port}")) {
        command.extend(["-p".to_owned(), port.to_string()]);
    }
    // After `--` nothing is an option: a host name that begins with a dash cannot become one.
    command.extend(["--".to_owned(), host, "docker".to_owned()]);
    if !socket.is_empty() {
        command.extend(["--host".to_owned(), shell_quoted(&format!("unix:///{socket}"))]);
    }
    command.extend(["system".to_owned(), "dial-stdio".to_owned()]);
    Ok(Endpoint::Program { address: address.to_owned(), command })
}

/// ssh hands its words to a shell on the other side.
fn shell_quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.replace('\0', ""), |quoted| quoted.into_owned())
}

/// `host`, `host:port`, `[address]` or `[address]:port`.
fn split_port(authority: &str, default_port: u16) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':').or(after.is_empty().then_some(""))?)
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    let port = if port.is_empty() { default_port } else { port.parse().ok()? };
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    Some((host.to_owned(), port))
}

fn not_an_address(address: &str, origin: &Origin, advice: &str) -> EngineError {
    let (source, instead) = match origin {
        Origin::Context { name, chosen_by } => (
            format!(" (context `{name}`, chosen by {chosen_by})"),
            format!(" in it: `docker context update {name} --docker host=...`"),
        ),
        Origin::DockerHost => {
            (" (set by DOCKER_HOST)".to_owned(), ", or unset DOCKER_HOST to use the local engine".to_owned())
        }
        Origin::Default => (String::new(), String::new()),
    };
    EngineError::NoAddress {
        message: format!("`{address}`{source} is not the address of an engine"),
        advice: format!("{advice}{instead}"),
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn locate_with(variables: &[(&str, &str)], sockets: &[&str]) -> Result<Address, EngineError> {
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let context = CliConfig::read(config_folder(&variables).as_deref()).current_context;
        locate_among(&Variables(&variables), context, &|path| {
            sockets.iter().any(|socket| Path::new(socket) == path)
        })
    }

    fn endpoint(variables: &[(&str, &str)], sockets: &[&str]) -> String {
        match locate_with(variables, sockets).expect("an address").endpoint {
            Endpoint::Program { command, .. } => command.join(" "),
            endpoint => endpoint.to_string(),
        }
    }

    fn context(folder: &Path, name: &str, meta: &str) {
        let digest: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = folder.join("contexts/meta").join(digest);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("meta.json"), meta).unwrap();
    }

    #[test]
    fn nothing_said_means_the_default_socket() {
        assert_eq!(endpoint(&[], &[]), "unix:///var/run/docker.sock");
        let sockets = ["/var/run/docker.sock", "/run/user/7/docker.sock"];
        assert_eq!(endpoint(&[("XDG_RUNTIME_DIR", "/run/user/7")], &sockets), "unix:///var/run/docker.sock");
    }

    #[test]
    fn other_sockets_stand_in_for_a_missing_default() {
        let variables = [("XDG_RUNTIME_DIR", "/run/user/7"), ("HOME", "/home/ana")];
        let found = |socket| endpoint(&variables, &["/run/podman/podman.sock", socket]);
        assert_eq!(found("/run/user/7/docker.sock"), "unix:///run/user/7/docker.sock");
        assert_eq!(found("/home/ana/.docker/run/docker.sock"), "unix:///home/ana/.docker/run/docker.sock");
        assert_eq!(found("/run/user/7/podman/podman.sock"), "unix:///run/user/7/podman/podman.sock");
        assert_eq!(found(""), "unix:///run/podman/podman.sock");
    }

    #[test]
    fn docker_host_wins_over_a_context() {
        let variables = [("DOCKER_HOST", "tcp://10.0.0.1"), ("DOCKER_CONTEXT", "remote")];
        let address = locate_with(&variables, &[]).unwrap();
        assert_eq!(address.to_string(), "tcp://10.0.0.1:2375 (set by DOCKER_HOST)");
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let variables = [("DOCKER_HOST", ""), ("DOCKER_CONTEXT", ""), ("DOCKER_CONFIG", ""), ("HOME", "")];
        assert_eq!(endpoint(&variables, &[]), "unix:///var/run/docker.sock");
        let plain = [("DOCKER_HOST", "tcp://h:1"), ("DOCKER_TLS_VERIFY", "")];
        assert_eq!(endpoint(&plain, &[]), "tcp://h:1");
    }

    #[test]
    fn hosts_are_read_as_the_docker_cli_reads_them() {
        let host = |host| endpoint(&[("DOCKER_HOST", host)], &[]);
        assert_eq!(host("unix:///run/x.sock"), "unix:///run/x.sock");
        assert_eq!(host("10.0.0.1:4000"), "tcp://10.0.0.1:4000");
        assert_eq!(host("tcp://:4000"), "tcp://127.0.0.1:4000");
        assert_eq!(host("http://h"), "tcp://h:2375");
        assert_eq!(host("tcp://[::1]:9/path"), "tcp://[::1]:9");
        assert_eq!(host("tcp://[::1]"), "tcp://[::1]:2375");
    }

    #[test]
    fn ssh_runs_the_docker_cli_on_the_other_side() {
        let host = |host| endpoint(&[("DOCKER_HOST", host)], &[]);
        let ssh = "ssh -o ConnectTimeout=30 -o BatchMode=yes -T";
        assert_eq!(host("ssh://box"), format!("{ssh} -- box docker system dial-stdio"));
        assert_eq!(
            host("ssh://ana@box:2222/run/x y.sock"),
            format!("{ssh} -l ana -p 2222 -- box docker --host 'unix:///run/x y.sock' system dial-stdio")
        );
    }

    #[test]
    fn tls_goes_through_the_docker_cli() {
        let verified = "docker --tlsverify --host tcp://docker:2376 system dial-stdio";
        assert_eq!(endpoint(&[("DOCKER_HOST", "tcp://docker"), ("DOCKER_TLS_VERIFY", "1")], &[]), verified);
        assert_eq!(endpoint(&[("DOCKER_HOST", "https://docker")], &[]), verified);
        let (host, tls, verify) =
            (("DOCKER_HOST", "tcp://docker"), ("DOCKER_TLS", "1"), ("DOCKER_TLS_VERIFY", "1"));
        assert_eq!(endpoint(&[host, tls, verify], &[]), verified);
        let unverified = "docker --tls --host tcp://docker:2376 system dial-stdio";
        assert_eq!(endpoint(&[host, tls], &[]), unverified);
        assert_eq!(
            endpoint(&[host, ("DOCKER_TLS", "0")], &[]),
            unverified,
            "any value counts, as for the Docker CLI"
        );
        assert_eq!(
            endpoint(&[host, ("DOCKER_TLS", ""), ("DOCKER_CERT_PATH", "/c")], &[]),
            "tcp://docker:2375"
        );
        assert_eq!(endpoint(&[("DOCKER_HOST", "unix:///x.sock"), tls], &[]), "unix:///x.sock");
    }

    #[test]
    fn an_address_that_cannot_be_used_is_named() {
        for host in
            ["npipe:////./pipe/docker_engine", "tcp://h:x", "tcp://[::1", "ssh://h:99999", "unix:/run/x.sock"]
        {
            let error = locate_with(&[("DOCKER_HOST", host)], &[]).unwrap_err();
            let wanted = format!("`{host}` (set by DOCKER_HOST) is not the address of an engine");
            assert_eq!(error.to_string(), wanted);
            assert!(error.hint().unwrap().starts_with("write `"));
        }
    }

    #[test]
    fn a_path_becomes_the_address_of_a_socket() {
        for host in ["unix:/run/docker.sock", "/run/docker.sock"] {
            let error = locate_with(&[("DOCKER_HOST", host)], &[]).unwrap_err();
            assert!(error.hint().unwrap().starts_with("write `unix:///run/docker.sock`"), "{error:?}");
        }
    }

    #[test]
    fn an_unknown_context_comes_with_those_that_there_are() {
        let folder = tempfile::tempdir().unwrap();
        context(folder.path(), "server", r#"{"Name":"server","Endpoints":{}}"#);
        let config = folder.path().to_str().unwrap();
        let hint = |name| {
            let error = locate_with(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", name)], &[]);
            error.unwrap_err().hint().unwrap()
        };
        assert_eq!(hint("sever"), "did you mean `server`?");
        assert_eq!(hint("elsewhere"), "set DOCKER_CONTEXT to `default` or `server`");
    }

    #[test]
    fn a_context_names_its_host() {
        let folder = tempfile::tempdir().unwrap();
        context(folder.path(), "far", r#"{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far:1"}}}"#);
        let config = folder.path().to_str().unwrap();
        let address = locate_with(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", "far")], &[]).unwrap();
        assert_eq!(address.to_string(), "tcp://far:1 (context `far`, chosen by DOCKER_CONTEXT)");
    }

    #[test]
    fn the_current_context_is_used_unless_another_is_named() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".docker");
        context(&folder, "far", r#"{"Endpoints":{"docker":{"Host":"unix:///far.sock"}}}"#);
        std::fs::write(folder.join("config.json"), r#"{"currentContext":"far"}"#).unwrap();
        let home = home.path().to_str().unwrap();
        let address = locate_with(&[("HOME", home)], &[]).unwrap();
        assert_eq!(address.to_string(), "unix:///far.sock (context `far`, chosen by config.json)");
        let other = [("HOME", home), ("DOCKER_CONTEXT", "default")];
        assert_eq!(endpoint(&other, &[]), "unix:///var/run/docker.sock");
    }

    #[test]
    fn a_context_with_certificates_goes_through_the_docker_cli() {
        let folder = tempfile::tempdir().unwrap();
        let meta = r#"{"Endpoints":{"docker":{"Host":"tcp://far:2376","SkipTLSVerify":true}}}"#;
        context(folder.path(), "far", meta);
        let config = folder.path().to_str().unwrap();
        assert_eq!(
            endpoint(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", "far")], &[]),
            "docker --context far system dial-stdio"
        );
    }

    #[test]
    fn an_unknown_context_or_an_unreadable_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        context(folder.path(), "bad", "{");
        let config = folder.path().to_str().unwrap();
        let error = |name| {
            locate_with(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", name)], &[]).unwrap_err().to_string()
        };
        assert!(error("nope").starts_with("no Docker context is named `nope` (chosen by DOCKER_CONTEXT)"));
        assert!(error("bad").starts_with("cannot understand `"));
    }

    #[test]
    fn a_context_that_cannot_be_used_names_no_address_and_the_way_to_another() {
        let folder = tempfile::tempdir().unwrap();
        context(folder.path(), "bad", "{");
        context(folder.path(), "swarm", r#"{"Endpoints":{}}"#);
        let config = folder.path().to_str().unwrap();
        for name in ["bad", "swarm"] {
            let error = locate_with(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", name)], &[]).unwrap_err();
            assert!(matches!(error, EngineError::NoAddress { .. }), "{error:?}");
            let wanted =
                format!("`docker context inspect {name}` shows it; set DOCKER_CONTEXT to choose another one");
            assert_eq!(error.hint(), Some(wanted));
        }
        std::fs::write(folder.path().join("config.json"), r#"{"currentContext":"swarm"}"#).unwrap();
        let hint = locate_with(&[("DOCKER_CONFIG", config)], &[]).unwrap_err().hint().unwrap();
        assert!(hint.ends_with("choose another one by `docker context use`"), "{hint}");
    }

    #[test]
    fn without_a_folder_of_the_docker_cli_only_the_default_context_is_there() {
        let error = locate_with(&[("DOCKER_CONTEXT", "far")], &[]).unwrap_err();
        assert_eq!(error.to_string(), "no Docker context is named `far` (chosen by DOCKER_CONTEXT)");
        assert_eq!(error.hint().unwrap(), "set DOCKER_CONTEXT to `default`");
    }
}
