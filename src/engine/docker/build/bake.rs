//! In: an image whose build needs a session with the builder. Out: the image, built by `docker
//! buildx bake`. Must not: put a secret into the definition: secrets are passed in the environment.

use crate::engine::phrase;
use std::collections::BTreeMap;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use serde_json::{Map as JsonMap, Value as Json, json};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use super::super::Docker;
use super::context::Dockerfile;
use super::raw_json::{self, is_noise};
use super::steps::Steps;
use super::{arguments, blocking, dockerfile, is_remote, platforms};
use crate::engine::{Address, CheckBuilds, Checked, Endpoint, EngineError, Origin, Progress, local_file};
use crate::plan::action::{FileContent, ImageSpec};
use crate::source::Spanned;
use crate::topology::attribute::Named;
use crate::topology::service::Ulimit;
use crate::topology::service::build::BuildSection;
use crate::topology::value::{HostMap, Loose, Pairs};

/// The entitlement for privileged builds.
const PRIVILEGED: &str = "security.insecure";

/// Builds an image with buildx; `reason` is the attribute that needs it.
pub(super) async fn build(
    docker: &Docker,
    spec: &ImageSpec,
    reason: &str,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    require_files(spec)?;
    let mut command = bake(docker, spec);
    command.args(["--progress", "rawjson"]).stdout(Stdio::null());
    let mut steps = Steps::default();
    let child = command.spawn().map_err(|error| missing(reason, &why(&error)))?;
    let definition = definitions(&docker.proxies, [("image", spec)]);
    let followed = follow(child, definition, &mut steps, progress).await;
    let (status, words) = followed.map_err(|error| broken(&error))?;
    if status.success() {
        return Ok(());
    }
    if phrase::any(&[phrase::UNKNOWN_COMMAND, phrase::NOT_A_COMMAND, phrase::UNKNOWN_FILE_FLAG], &words) {
        return Err(missing(reason, "the plugin is not installed"));
    }
    let context = spec.build.context.as_ref().map_or(".", |context| context.as_str()).to_owned();
    let (is_local, section) = (!is_remote(&context), spec.build.clone());
    let file_system = docker.file_system.clone();
    let read = move || Dockerfile::read(Path::new(&context), &section, &file_system);
    // Only for excerpts: buildx reports itself that it cannot be read.
    let dockerfile = if is_local { blocking(read).await.ok() } else { None };
    Err(dockerfile::failure(steps, &words, dockerfile.as_ref()))
}

/// `docker buildx bake` of the target `image`, whose definition is read from standard input.
fn bake(docker: &Docker, spec: &ImageSpec) -> Command {
    let mut command = Command::new("docker");
    command
        .args(["buildx", "bake", "--file", "-"])
        .args(spec.builder.iter().flat_map(|builder| ["--builder", builder]))
        .args(allowed(&spec.build).flat_map(|entitlement| ["--allow".to_owned(), entitlement]))
        .arg("image")
        // The definition comes from topo: it may read the files that the topology names.
        .env("BUILDX_BAKE_ENTITLEMENTS_FS", "0")
        .envs(engine_variable(docker.transport.address()))
        .envs(secret_variables(spec))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Has buildx check how an image would be built, without building it.
async fn check(docker: &Docker, spec: &ImageSpec) -> Result<Checked, EngineError> {
    require_files(spec)?;
    let mut command = bake(docker, spec);
    // With an output, the engine's builder would tag an empty image.
    command.args(["--check", "--progress", "quiet", "--set", "*.output=type=cacheonly", "--set", "*.tags="]);
    command.stdout(Stdio::piped());
    let definition = definitions(&docker.proxies, [("image", spec)]);
    let mut child = command.spawn().map_err(|error| missing("--check", &why(&error)))?;
    let checked = async {
        if let Some(mut input) = child.stdin.take() {
            let _ = input.write_all(definition.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let output = checked.await.map_err(|error| broken(&error))?;
    let words = [output.stdout, output.stderr].map(|bytes| {
        let words = String::from_utf8_lossy(&bytes);
        // The output begins with the target's name.
        let words = words.trim().strip_prefix("image\n").unwrap_or(words.trim()).trim();
        let lines = words.lines().filter(|line| !is_noise(line));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    });
    // Usage errors are among its standard error.
    let words = words.into_iter().find(|words| !words.is_empty()).unwrap_or_default();
    Ok(Checked { words, is_clean: output.status.success() })
}

impl CheckBuilds for Docker {
    async fn check(&self, spec: &ImageSpec) -> Result<Checked, EngineError> {
        check(self, spec).await
    }
}

/// The definition of several images, each a target, for `docker buildx bake`. Secrets from texts
/// are passed in variables, which the definition only names.
pub fn definitions<'a>(
    proxies: &BTreeMap<String, String>,
    specs: impl IntoIterator<Item = (&'a str, &'a ImageSpec)>,
) -> String {
    let targets = specs.into_iter().map(|(name, spec)| (name.to_owned(), definition(proxies, spec)));
    let targets: JsonMap<String, Json> = targets.collect();
    let names: Vec<&String> = targets.keys().collect();
    let file = json!({ "group": { "default": { "targets": names } }, "target": targets });
    format!("{:#}\n", escaped(file))
}

fn why(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no program is named `docker`".to_owned(),
        _ => error.to_string(),
    }
}

fn missing(reason: &str, why: &str) -> EngineError {
    EngineError::Unsupported(format!(
        "`{reason}` needs `docker buildx`, which cannot be run ({why}); install the buildx plugin of the Docker CLI"
    ))
}

fn broken(error: &std::io::Error) -> EngineError {
    EngineError::System(format!("cannot follow `docker buildx`: {error}"))
}

/// Follows a build to its end: its exit status, and the last of its output.
async fn follow(
    mut child: Child,
    definition: String,
    steps: &mut Steps,
    progress: &dyn Fn(Progress),
) -> std::io::Result<(ExitStatus, String)> {
    if let Some(mut input) = child.stdin.take() {
        // A program that exits without reading its input reports why on standard error.
        let _ = input.write_all(definition.as_bytes()).await;
    }
    let words = match child.stderr.take() {
        Some(errors) => raw_json::read(BufReader::new(errors), steps, progress).await?,
        None => String::new(),
    };
    Ok((child.wait().await?, words))
}

/// buildx finds the engine as the Docker CLI does; only a socket that topo chose instead of the
/// default one must be passed.
fn engine_variable(address: &Address) -> Option<(&'static str, String)> {
    match (&address.origin, &address.endpoint) {
        (Origin::Default, Endpoint::Unix(_)) => Some(("DOCKER_HOST", address.endpoint.to_string())),
        _ => None,
    }
}

fn allowed(build: &BuildSection) -> impl Iterator<Item = String> {
    let named = build.entitlements.iter().map(|entitlement| entitlement.value.clone());
    named.chain(build.privileged.then(|| PRIVILEGED.to_owned()))
}

/// The names of variables with the secrets in them.
fn secret_variables(spec: &ImageSpec) -> BTreeMap<String, String> {
    let text = |(index, (_, content)): (usize, (&String, &FileContent))| match content {
        FileContent::Text(text) => Some((secret_variable(index), text.to_string())),
        FileContent::File(_) => None,
    };
    spec.secrets.iter().enumerate().filter_map(text).collect()
}

fn secret_variable(index: usize) -> String {
    format!("TOPO_BUILD_SECRET_{index}")
}

/// The target's definition. The section is destructured without `..`: a new attribute does not
/// compile until it is applied.
fn definition(proxies: &BTreeMap<String, String>, spec: &ImageSpec) -> Json {
    let BuildSection {
        additional_contexts,
        args,
        cache_from,
        cache_to,
        context,
        dockerfile,
        dockerfile_inline,
        extra_hosts,
        labels,
        network,
        no_cache,
        no_cache_filter,
        provenance,
        pull,
        sbom,
        shm_size,
        ssh,
        tags,
        target,
        ulimits,
        // Merged with the service's own.
        platforms: _,
        // In the specification, with their contents.
        secrets: _,
        // With the requested entitlements.
        entitlements: _,
        privileged: _,
        // For Windows, which buildx does not support.
        isolation: _,
        extensions: _,
    } = &**spec.build;
    let context = context.as_ref().map_or(".", |context| context.as_str());
    let args = arguments(proxies, args).into_iter().filter_map(|(name, value)| Some((name, value?)));
    let args: BTreeMap<&str, &str> = args.collect();
    let tags = [spec.image.as_str()].into_iter().chain(tags.iter().map(|tag| tag.as_str()));
    let attestations = [attestation("provenance", provenance), attestation("sbom", sbom)];
    without_nothing(json!({
        "context": context,
        "contexts": given(additional_contexts),
        "dockerfile": dockerfile.as_ref().map(|name| dockerfile_path(context, name)),
        "dockerfile-inline": dockerfile_inline.as_ref().map(|text| &text.value),
        "args": args,
        "labels": labels.to_map(),
        "tags": tags.collect::<Vec<_>>(),
        "cache-from": texts(cache_from),
        "cache-to": texts(cache_to),
        "target": target.as_ref().map(|target| &target.value),
        "secret": secrets(spec),
        "ssh": ssh.0.iter().map(|(id, path)| key(id, path)).collect::<Vec<_>>(),
        "platforms": platforms(spec),
        "pull": pull.then_some(true),
        "no-cache": no_cache.then_some(true),
        "no-cache-filter": texts(&no_cache_filter.0),
        "network": network,
        "shm-size": shm_size.map(|size| size.0.to_string()),
        "ulimits": limits(ulimits),
        "extra-hosts": addresses(extra_hosts),
        "entitlements": allowed(&spec.build).collect::<Vec<_>>(),
        "attest": attestations.into_iter().flatten().collect::<Vec<_>>(),
        "output": [output(spec)],
    }))
}

fn limits(ulimits: &BTreeMap<String, Named<Ulimit>>) -> Vec<String> {
    let limit = |(name, limit): (&String, &Named<Ulimit>)| {
        format!("{name}={}:{}", limit.value.soft, limit.value.hard)
    };
    ulimits.iter().map(limit).collect()
}

/// The addresses of each host, separated by commas.
fn addresses(extra_hosts: &HostMap) -> BTreeMap<&str, String> {
    let mut hosts = BTreeMap::<&str, Vec<&str>>::new();
    for entry in &extra_hosts.0 {
        hosts.entry(&entry.host).or_default().push(&entry.address);
    }
    hosts.into_iter().map(|(host, addresses)| (host, addresses.join(","))).collect()
}

/// Not every image store supports images for several platforms; buildx reports that.
fn output(spec: &ImageSpec) -> &'static str {
    if platforms(spec).len() > 1 { "type=image" } else { "type=docker" }
}

/// Removes empty values, so that buildx's defaults apply.
fn without_nothing(definition: Json) -> Json {
    let Json::Object(mut entries) = definition else { return definition };
    entries.retain(|_, value| match value {
        Json::Null => false,
        Json::Array(items) => !items.is_empty(),
        Json::Object(entries) => !entries.is_empty(),
        _ => true,
    });
    Json::Object(entries)
}

/// The names that have a value.
fn given(pairs: &Pairs) -> BTreeMap<&str, &str> {
    pairs.0.iter().filter_map(|(name, value)| Some((name.as_str(), value.value.as_deref()?))).collect()
}

fn texts(values: &[Spanned<String>]) -> Vec<&str> {
    values.iter().map(|value| value.as_str()).collect()
}

fn dockerfile_path(context: &str, name: &str) -> String {
    if is_remote(context) {
        return name.to_owned();
    }
    Path::new(context).join(name).display().to_string()
}

fn secrets(spec: &ImageSpec) -> Vec<String> {
    let option = |(index, (id, content)): (usize, (&String, &FileContent))| match content {
        FileContent::File(path) => {
            [field("id", id), field("type", "file"), field("src", &path.display().to_string())].join(",")
        }
        FileContent::Text(_) => {
            [field("id", id), field("type", "env"), field("env", &secret_variable(index))].join(",")
        }
    };
    spec.secrets.iter().enumerate().map(option).collect()
}

/// A field of a line of CSV for buildx.
fn field(name: &str, value: &str) -> String {
    let text = format!("{name}={value}");
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn key(id: &str, path: &Option<String>) -> String {
    path.as_ref().map_or_else(|| id.to_owned(), |path| format!("{id}={path}"))
}

/// buildx would block on a named pipe, and read a device forever.
fn require_files(spec: &ImageSpec) -> Result<(), EngineError> {
    let named = spec.build.ssh.0.iter().filter_map(|(id, path)| Some((id, path.value.as_ref()?)));
    for (id, paths) in named {
        for path in paths.split(',') {
            let Ok(metadata) = std::fs::metadata(path) else { continue };
            let kind = metadata.file_type();
            if let Some(kind) = local_file::special(kind).filter(|_| !kind.is_socket()) {
                return Err(EngineError::LocalFile(format!(
                    "`build.ssh` `{id}`: `{path}` is {kind}: name a key, or the socket of an agent"
                )));
            }
        }
    }
    Ok(())
}

fn attestation(kind: &str, wanted: &Option<Loose>) -> Option<String> {
    match wanted.as_ref()?.0.as_str() {
        "false" => Some(format!("type={kind},disabled=true")),
        "true" => Some(format!("type={kind}")),
        options => Some(format!("type={kind},{options}")),
    }
}

/// buildx would evaluate `${` and `%{` in any text of a definition.
fn escaped(value: Json) -> Json {
    match value {
        Json::String(text) => Json::String(text.replace("${", "$${").replace("%{", "%%{")),
        Json::Array(items) => Json::Array(items.into_iter().map(escaped).collect()),
        Json::Object(entries) => {
            Json::Object(entries.into_iter().map(|(name, value)| (name, escaped(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_comma_is_one_field() {
        assert_eq!(field("src", "/plain path"), "src=/plain path");
        assert_eq!(field("src", "/a,b"), r#""src=/a,b""#);
        assert_eq!(field("src", r#"/a"b"#), r#""src=/a""b""#);
    }

    #[test]
    fn what_buildx_would_evaluate_is_escaped() {
        let escaped = escaped(json!({ "args": { "A": "${B} %{if} $C" } }));
        assert_eq!(escaped, json!({ "args": { "A": "$${B} %%{if} $C" } }));
    }
}
