//! In: an image of a plan. Out: the image in the engine, and the progress of its build. Must not:
//! decide whether it is needed.
//!
//! The engine's own BuildKit requests the Dockerfile and the changed files of the context, in a
//! session that lasts as long as the build. A builder without sessions gets both as an archive.
//! Features that need more from a session (secrets, SSH, further contexts...) are left to `docker
//! buildx bake`.

mod bake;
mod base;
pub mod context;
mod directory;
mod dockerfile;
pub mod ignore;
mod protobuf;
mod raw_json;
mod session;
mod steps;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bytes::Bytes;
use futures_util::Stream;
use http::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::Docker;
use super::json_lines::JsonLines;
use super::pull;
use super::transport::{Call, body_of};
use crate::engine::archive::packing::Sending;
use crate::engine::local_file::blocking;
use crate::engine::{EngineError, Progress};
use crate::plan::action::ImageSpec;
use crate::topology::service::build::BuildSection;
use crate::topology::service::{BuildContext, Ulimit};
use crate::topology::value::Pairs;
pub use bake::definitions;
use context::{Context, Dockerfile};
use session::Session;
use steps::Steps;

/// The variable that selects the instance of buildx for builds. buildx reads it by itself.
pub const BUILDER: &str = "BUILDX_BUILDER";

/// Builds an image and tags it.
pub async fn build(
    docker: &Docker,
    spec: &ImageSpec,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    let chosen = docker.has_chosen_builder.then_some(BUILDER);
    if let Some(reason) = reason_for_session(spec).or(chosen) {
        return bake::build(docker, spec, reason, progress).await;
    }
    let mut pulled = BTreeSet::new();
    loop {
        let Err(error) = build_in_engine(docker, spec, progress).await else { return Ok(()) };
        // The builder has no credentials: a private base image is pulled for it.
        let Some(image) = base::refused(docker, &error).await.filter(|image| pulled.insert(image.clone()))
        else {
            return Err(error);
        };
        if *spec.build.pull {
            return bake::build(docker, spec, "build.pull", progress).await;
        }
        let platform = platforms(spec).first().copied();
        pull::pull(docker, &image, platform, progress).await.map_err(|error| base::named(error, &image))?;
    }
}

async fn build_in_engine(
    docker: &Docker,
    spec: &ImageSpec,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    let place = spec.build.context.as_ref().map_or(".", |context| context.as_str());
    if is_remote(place) {
        let dockerfile = spec.build.dockerfile.as_ref().map_or("Dockerfile", |name| name.as_str());
        let call = call(docker, spec, dockerfile).query("remote", place);
        return follow(docker, call, None, progress).await;
    }
    let (directory, section) = (PathBuf::from(place), spec.build.clone());
    let file_system = docker.file_system.clone();
    let context = blocking(move || Context::open(&directory, &section, &file_system)).await?;
    let Some(mut session) = Session::open(&docker.transport, context.offer()).await? else {
        let call = call(docker, spec, &context.dockerfile_in_archive());
        return send_context(docker, call, context, progress).await;
    };
    let call = call(docker, spec, &context.dockerfile_name())
        .query("remote", "client-session")
        .query("session", &session.id);
    let built = follow(docker, call, Some(context.dockerfile()), progress).await;
    // A file that could not be read is the cause of the builder's error.
    built.map_err(|error| session.failure().unwrap_or(error))
}

/// Whether the builder fetches the context itself: a repository, or an archive by HTTP.
fn is_remote(context: &str) -> bool {
    matches!(BuildContext::parse(context), BuildContext::Remote(_))
}

/// The platforms to build for; the service's own platform wins.
fn platforms(spec: &ImageSpec) -> Vec<&str> {
    match &spec.platform {
        Some(platform) => vec![platform.as_str()],
        None => spec.build.platforms.iter().map(|platform| platform.as_str()).collect(),
    }
}

/// The attribute or option that the engine's own builder does not support, if any.
fn reason_for_session(spec: &ImageSpec) -> Option<&'static str> {
    let build = &*spec.build;
    let is_wanted = |attestation: &Option<crate::topology::value::Loose>| {
        attestation.as_ref().is_some_and(|attestation| &attestation.0 != "false")
    };
    let reasons = [
        (spec.builder.is_some(), "--builder"),
        (!build.secrets.is_empty(), "build.secrets"),
        (!build.ssh.0.is_empty(), "build.ssh"),
        (!build.additional_contexts.0.is_empty(), "build.additional_contexts"),
        (platforms(spec).len() > 1, "build.platforms"),
        (!build.cache_to.is_empty(), "build.cache_to"),
        (build.cache_from.iter().any(|cache| cache_reference(cache).is_none()), "build.cache_from"),
        (!build.no_cache_filter.0.is_empty(), "build.no_cache_filter"),
        (!build.entitlements.is_empty(), "build.entitlements"),
        (*build.privileged, "build.privileged"),
        (is_wanted(&build.provenance), "build.provenance"),
        (is_wanted(&build.sbom), "build.sbom"),
    ];
    reasons.into_iter().find(|(holds, _)| *holds).map(|(_, name)| name)
}

/// The image of an image cache; `None` for another kind of cache.
fn cache_reference(cache: &str) -> Option<&str> {
    if !cache.contains('=') {
        return Some(cache);
    }
    match cache.split_once(',')? {
        ("type=registry", rest) if !rest.contains(',') => rest.strip_prefix("ref="),
        _ => None,
    }
}

/// The request without its context. The section is destructured without `..`: a new attribute does
/// not compile until it is applied.
fn call(docker: &Docker, spec: &ImageSpec, dockerfile_name: &str) -> Call {
    let BuildSection {
        args,
        cache_from,
        extra_hosts,
        isolation,
        labels,
        network,
        no_cache,
        pull,
        shm_size,
        tags,
        target,
        ulimits,
        // Sent as the body.
        context: _,
        dockerfile: _,
        dockerfile_inline: _,
        // Merged with the service's own.
        platforms: _,
        // Reasons to use buildx instead.
        additional_contexts: _,
        cache_to: _,
        entitlements: _,
        no_cache_filter: _,
        privileged: _,
        provenance: _,
        sbom: _,
        secrets: _,
        ssh: _,
        extensions: _,
    } = &**spec.build;
    let caches: Vec<&str> = cache_from.iter().filter_map(|cache| cache_reference(cache)).collect();
    let ulimits: Vec<Json> = ulimits.iter().map(|(name, ulimit)| ulimit_json(name, &ulimit.value)).collect();

    let mut call = Call::new(Method::POST, "/build")
        .query("version", "2")
        .query("dockerfile", dockerfile_name)
        .query("buildargs", &json!(arguments(&docker.proxies, args)).to_string())
        .query("labels", &json!(labels.to_map()).to_string())
        .query("cachefrom", &json!(caches).to_string())
        .query("ulimits", &Json::Array(ulimits).to_string())
        .header("content-type", "application/x-tar");
    for tag in [spec.image.as_str()].into_iter().chain(tags.iter().map(|tag| tag.as_str())) {
        call = call.query("t", tag);
    }
    for entry in &extra_hosts.0 {
        call = call.query("extrahosts", &format!("{}:{}", entry.host, entry.address));
    }
    let flag = |on: bool| on.then_some("1");
    with_given(
        call,
        &[
            ("isolation", isolation.as_deref()),
            ("networkmode", network.as_deref()),
            ("nocache", flag(**no_cache)),
            ("pull", flag(**pull)),
            ("shmsize", shm_size.map(|size| size.0.to_string()).as_deref()),
            ("target", target.as_ref().map(|target| target.value.as_str())),
            ("platform", platforms(spec).first().copied()),
        ],
    )
}

/// Adds the parameters that have a value.
fn with_given(call: Call, parameters: &[(&str, Option<&str>)]) -> Call {
    let given = parameters.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
    given.fold(call, |call, (name, value)| call.query(name, value))
}

/// Build arguments; those of the proxies are included unless the topology sets them.
fn arguments<'a>(
    proxies: &'a BTreeMap<String, String>,
    args: &'a Pairs,
) -> BTreeMap<&'a str, Option<&'a str>> {
    let proxies = proxies.iter().map(|(name, value)| (name.as_str(), Some(value.as_str())));
    let given = args.0.iter().map(|(name, value)| (name.as_str(), value.value.as_deref()));
    proxies.chain(given).collect()
}

fn ulimit_json(name: &str, ulimit: &Ulimit) -> Json {
    let Ulimit { soft, hard, is_single: _ } = ulimit;
    json!({ "Name": name, "Soft": soft, "Hard": hard })
}

/// Sends the directory while the builder works. An error on this side takes precedence: the engine
/// only sees an archive that ends early.
async fn send_context(
    docker: &Docker,
    call: Call,
    context: Context,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    let dockerfile = context.dockerfile().clone();
    let Sending { pieces, mut sent, mut producer } = context.send();
    let mut build = std::pin::pin!(follow(docker, call.body(body_of(pieces)), Some(&dockerfile), progress));
    let mut is_sent = false;
    let built = loop {
        tokio::select! { biased;
            built = &mut build => break built,
            Some(done) = sent.recv() => {
                progress(Progress::Bytes { part: "context".to_owned(), done, total: None });
            }
            packed = &mut producer, if !is_sent => {
                packed.map_err(|error| EngineError::System(error.to_string()))??;
                progress(Progress::PartDone { part: "context".to_owned() });
                is_sent = true;
            }
        }
    };
    match (built, is_sent) {
        (Err(error), false) => Err(producer.await.ok().and_then(Result::err).unwrap_or(error)),
        (built, _) => built,
    }
}

/// Makes the request and follows the build to its end.
async fn follow(
    docker: &Docker,
    call: Call,
    dockerfile: Option<&Dockerfile>,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    let body = docker.transport.stream(call).await?;
    let mut steps = Steps::default();
    match read(JsonLines::new(body), &mut steps, progress).await? {
        Some(words) => Err(dockerfile::failure(steps, &words, dockerfile)),
        None => Ok(()),
    }
}

/// Reads the builder's output; returns the error message if it ends with one.
async fn read<S>(
    mut lines: JsonLines<S>,
    steps: &mut Steps,
    progress: &dyn Fn(Progress),
) -> Result<Option<String>, EngineError>
where
    S: Stream<Item = Result<Bytes, EngineError>> + Unpin,
{
    while let Some(message) = lines.next::<Message>().await? {
        let Message { id, aux, stream, error } = message;
        if error.is_some() {
            return Ok(error);
        }
        match (id.as_deref(), aux) {
            (Some("moby.buildkit.trace"), Some(Json::String(trace))) => {
                steps.apply(trace::decode(&trace), progress);
            }
            // Podman's builder, and the engine's older one, only print text.
            _ => stream.iter().flat_map(|text| text.lines()).for_each(|line| {
                progress(Progress::Output(line.to_owned()));
            }),
        }
    }
    Ok(None)
}

/// A line of the answer: moby's `JSONMessage`.
#[derive(Deserialize)]
struct Message {
    id: Option<String>,
    aux: Option<Json>,
    stream: Option<String>,
    error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_image_caches_are_supported_by_the_engine() {
        assert_eq!(cache_reference("shop/web:cache"), Some("shop/web:cache"));
        assert_eq!(cache_reference("type=registry,ref=shop/web"), Some("shop/web"));
        assert_eq!(cache_reference("type=local,src=/tmp/cache"), None);
        assert_eq!(cache_reference("type=gha"), None);
    }
}
