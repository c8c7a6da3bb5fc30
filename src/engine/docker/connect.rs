//! In: environment variables and the Docker CLI's own files. Out: the address of the engine to use.
//! Must not: open a connection.
//!
//! The order is that of the Docker CLI: `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context of
//! `config.json`, the default socket. If the default socket does not exist, the sockets of Docker
//! Desktop, of a rootless engine and of Podman are tried. An empty variable counts as unset.

mod context;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::config_file::CliConfig;
use crate::engine::{Address, Endpoint, EngineError, Origin};

/// The default socket of engines.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// Finds the engine's address from environment variables and the Docker CLI's current context.
pub fn locate(
    variables: &BTreeMap<String, String>,
    current_context: Option<String>,
) -> Result<Address, EngineError> {
    locate_among(&Variables(variables), current_context, &|path| path.exists())
}

/// Whether the engine runs on this machine, according to the variables. Docker Desktop's runs in a
/// virtual machine; if there is no valid address, this is unknown, hence false.
pub fn is_here(variables: &BTreeMap<String, String>) -> bool {
    let context = CliConfig::read(config_directory(variables).as_deref()).current_context;
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

/// Environment variables, of which empty ones count as unset.
struct Variables<'a>(&'a BTreeMap<String, String>);

impl Variables<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The directory of the Docker CLI's configuration: `DOCKER_CONFIG`, else `~/.docker`.
pub fn config_directory(variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    let variables = Variables(variables);
    let named = variables.get("DOCKER_CONFIG").map(PathBuf::from);
    named.or_else(|| Some(Path::new(variables.get("HOME")?).join(".docker")))
}

fn default_endpoint(variables: &Variables, exists: &dyn Fn(&Path) -> bool) -> Endpoint {
    let home = variables.get("HOME").map(PathBuf::from);
    let runtime = variables.get("XDG_RUNTIME_DIR").map(PathBuf::from);
    let candidates = [
        Some(PathBuf::from(DEFAULT_SOCKET)),
        runtime.as_ref().map(|directory| directory.join("docker.sock")),
        home.map(|directory| directory.join(".docker/run/docker.sock")),
        runtime.map(|directory| directory.join("podman/podman.sock")),
        Some(PathBuf::from("/run/podman/podman.sock")),
    ];
    let found = candidates.into_iter().flatten().find(|path| exists(path));
    Endpoint::Unix(found.unwrap_or_else(|| PathBuf::from(DEFAULT_SOCKET)))
}

/// Whether a TCP connection is encrypted, and why.
enum Tls {
    None,
    /// By `DOCKER_TLS_VERIFY`, or because the address says `https`.
    Verified,
    /// By `DOCKER_TLS`: encrypted, without verifying the server.
    Unverified,
    /// With the certificates of this context.
    Context(String),
}

/// Parses an address in the Docker CLI's format. The error is what to write instead.
fn parse_host(host: &str, tls: Tls) -> Result<Endpoint, String> {
    if !host.contains("://") && host.contains('/') {
        // A path is not a host name.
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
    // A TLS implementation would add 1.3 MB: the Docker CLI, which knows its certificates, is used
    // as a proxy.
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
    // After `--` nothing is an option, not even a host name that begins with a dash.
    command.extend(["--".to_owned(), host, "docker".to_owned()]);
    if !socket.is_empty() {
        command.extend(["--host".to_owned(), shell_quoted(&format!("unix:///{socket}"))]);
    }
    command.extend(["system".to_owned(), "dial-stdio".to_owned()]);
    Ok(Endpoint::Program { address: address.to_owned(), command })
}

/// ssh passes its words to a shell on the remote side.
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
        let context = CliConfig::read(config_directory(&variables).as_deref()).current_context;
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

    fn context(directory: &Path, name: &str, meta: &str) {
        let digest: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
        let directory = directory.join("contexts/meta").join(digest);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("meta.json"), meta).unwrap();
    }

    #[test]
    fn the_default_socket_is_used_by_default() {
        assert_eq!(endpoint(&[], &[]), "unix:///var/run/docker.sock");
        let sockets = ["/var/run/docker.sock", "/run/user/7/docker.sock"];
        assert_eq!(endpoint(&[("XDG_RUNTIME_DIR", "/run/user/7")], &sockets), "unix:///var/run/docker.sock");
    }

    #[test]
    fn other_sockets_replace_a_missing_default() {
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
    fn hosts_are_parsed_as_in_the_docker_cli() {
        let host = |host| endpoint(&[("DOCKER_HOST", host)], &[]);
        assert_eq!(host("unix:///run/x.sock"), "unix:///run/x.sock");
        assert_eq!(host("10.0.0.1:4000"), "tcp://10.0.0.1:4000");
        assert_eq!(host("tcp://:4000"), "tcp://127.0.0.1:4000");
        assert_eq!(host("http://h"), "tcp://h:2375");
        assert_eq!(host("tcp://[::1]:9/path"), "tcp://[::1]:9");
        assert_eq!(host("tcp://[::1]"), "tcp://[::1]:2375");
    }

    #[test]
    fn ssh_runs_the_docker_cli_on_the_remote_side() {
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
    fn an_unknown_context_is_reported_with_the_existing_ones() {
        let directory = tempfile::tempdir().unwrap();
        context(directory.path(), "server", r#"{"Name":"server","Endpoints":{}}"#);
        let config = directory.path().to_str().unwrap();
        let hint = |name| {
            let error = locate_with(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", name)], &[]);
            error.unwrap_err().hint().unwrap()
        };
        assert_eq!(hint("sever"), "did you mean `server`?");
        assert_eq!(hint("elsewhere"), "set DOCKER_CONTEXT to `default` or `server`");
    }

    #[test]
    fn a_context_names_its_host() {
        let directory = tempfile::tempdir().unwrap();
        context(directory.path(), "far", r#"{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far:1"}}}"#);
        let config = directory.path().to_str().unwrap();
        let address = locate_with(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", "far")], &[]).unwrap();
        assert_eq!(address.to_string(), "tcp://far:1 (context `far`, chosen by DOCKER_CONTEXT)");
    }

    #[test]
    fn the_current_context_is_used_unless_another_is_named() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join(".docker");
        context(&directory, "far", r#"{"Endpoints":{"docker":{"Host":"unix:///far.sock"}}}"#);
        std::fs::write(directory.join("config.json"), r#"{"currentContext":"far"}"#).unwrap();
        let home = home.path().to_str().unwrap();
        let address = locate_with(&[("HOME", home)], &[]).unwrap();
        assert_eq!(address.to_string(), "unix:///far.sock (context `far`, chosen by config.json)");
        let other = [("HOME", home), ("DOCKER_CONTEXT", "default")];
        assert_eq!(endpoint(&other, &[]), "unix:///var/run/docker.sock");
    }

    #[test]
    fn a_context_with_certificates_goes_through_the_docker_cli() {
        let directory = tempfile::tempdir().unwrap();
        let meta = r#"{"Endpoints":{"docker":{"Host":"tcp://far:2376","SkipTLSVerify":true}}}"#;
        context(directory.path(), "far", meta);
        let config = directory.path().to_str().unwrap();
        assert_eq!(
            endpoint(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", "far")], &[]),
            "docker --context far system dial-stdio"
        );
    }

    #[test]
    fn an_unknown_context_or_an_unreadable_one_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        context(directory.path(), "bad", "{");
        let config = directory.path().to_str().unwrap();
        let error = |name| {
            locate_with(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", name)], &[]).unwrap_err().to_string()
        };
        assert!(error("nope").starts_with("no Docker context is named `nope` (chosen by DOCKER_CONTEXT)"));
        assert!(error("bad").starts_with("cannot understand `"));
    }

    #[test]
    fn an_unusable_context_is_reported_without_its_address_and_with_a_way_out() {
        let directory = tempfile::tempdir().unwrap();
        context(directory.path(), "bad", "{");
        context(directory.path(), "swarm", r#"{"Endpoints":{}}"#);
        let config = directory.path().to_str().unwrap();
        for name in ["bad", "swarm"] {
            let error = locate_with(&[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", name)], &[]).unwrap_err();
            assert!(matches!(error, EngineError::NoAddress { .. }), "{error:?}");
            let wanted =
                format!("`docker context inspect {name}` shows it; set DOCKER_CONTEXT to choose another one");
            assert_eq!(error.hint(), Some(wanted));
        }
        std::fs::write(directory.path().join("config.json"), r#"{"currentContext":"swarm"}"#).unwrap();
        let hint = locate_with(&[("DOCKER_CONFIG", config)], &[]).unwrap_err().hint().unwrap();
        assert!(hint.ends_with("choose another one by `docker context use`"), "{hint}");
    }

    #[test]
    fn without_a_config_directory_only_the_default_context_exists() {
        let error = locate_with(&[("DOCKER_CONTEXT", "far")], &[]).unwrap_err();
        assert_eq!(error.to_string(), "no Docker context is named `far` (chosen by DOCKER_CONTEXT)");
        assert_eq!(error.hint().unwrap(), "set DOCKER_CONTEXT to `default`");
    }
}
