//! The `build` section: a directory, or a mapping.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::Diagnostics;
use crate::document::{Identity, Node, Value};
use crate::source::{FileSystem, Spanned};
use crate::topology::attribute::{Attribute, Field, Form, Named, Sealing, Shape, record};
use crate::topology::name::SecretKey;
use crate::topology::service::{ContainerFile, Ulimit};
use crate::topology::value::{ByteSize, Flag, HostMap, Loose, OneOrMany, Pairs};
use crate::value::image::ImageReference;
use crate::value::pair::Pair;

record! {
    /// How an image is built.
    pub struct BuildSection {
        /// Named contexts that the Dockerfile may use: a directory, a URL, `docker-image://...` or `service:NAME`.
        additional_contexts: Pairs = long path,
        /// Build arguments. A name without a value is taken from the caller's environment.
        args: Pairs = also(&["arg", "build_args", "build-args", "build_arg"]) without_empty,
        /// Images and caches to take layers from.
        cache_from: Vec<Spanned<String>>,
        /// Where the cache is written to.
        cache_to: Vec<Spanned<String>>,
        /// The directory or URL that is sent to the builder. `.` when absent.
        context: Option<Spanned<String>> = also(&["path", "dir", "directory", "folder"]) long path,
        /// The Dockerfile, relative to the context. `Dockerfile` when absent.
        dockerfile: Option<Spanned<String>> = public also(&["file", "docker_file", "docker-file"]),
        /// The Dockerfile's text itself.
        dockerfile_inline: Option<Spanned<String>> = instead_of("dockerfile"),
        /// Privileges that the build requests.
        entitlements: Vec<Spanned<String>> = public,
        /// Additional lines of the hosts file while building.
        extra_hosts: HostMap = public instead("an address such as `192.0.2.7`"),
        /// Isolation technology (Windows).
        isolation: Option<String> = public,
        /// Labels of the image.
        labels: Pairs = without_empty,
        /// Network while building: `default`, `none` or `host`.
        network: Option<String> = public,
        /// Whether every step is run again, without the cache.
        no_cache: Flag,
        /// Stages that are built without the cache.
        no_cache_filter: OneOrMany = public,
        /// Platforms to build for.
        platforms: Vec<Spanned<String>> = public instead("`linux/amd64`, `linux/arm64` or `linux/arm/v7`") unique(Identity::Text),
        /// Whether the build has full access to the host.
        privileged: Flag,
        /// Provenance attestation: `true`, `false` or `mode=max`.
        provenance: Option<Loose> = public,
        /// Whether base images are always pulled.
        pull: Flag,
        /// Bill-of-materials attestation: `true`, `false` or a generator.
        sbom: Option<Loose> = public,
        /// Secrets that the build may read.
        secrets: Vec<Spanned<ContainerFile<SecretKey>>> = long,
        /// Size of `/dev/shm` while building.
        shm_size: Option<ByteSize>,
        /// SSH agents or keys that the build may use: `default`, or `id=path`.
        ssh: SshKeys = long,
        /// Additional tags of the image.
        tags: Vec<Spanned<ImageReference>> = public unique(Identity::Name),
        /// The stage to build. The last one when absent.
        target: Option<Spanned<String>> = public also(&["stage"]),
        /// Limits of the build's processes.
        ulimits: BTreeMap<String, Named<Ulimit>>,
    } elsewhere { crate::topology::attribute::hint::BUILD }
}

impl BuildSection {
    /// The path of its Dockerfile if its context is this directory. If the default name does not
    /// exist, the builder accepts `dockerfile` too.
    pub fn dockerfile_in(&self, directory: &Path, file_system: &FileSystem) -> PathBuf {
        const USUAL: &str = "Dockerfile";
        let named = self.dockerfile.as_ref().map_or(USUAL, |name| name.as_str());
        let (path, other) = (directory.join(named), directory.join("dockerfile"));
        let takes_other = named == USUAL && !file_system.exists(&path) && file_system.exists(&other);
        if takes_other { other } else { path }
    }
}

/// A statement about an image that is attached to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attestation {
    /// How it was built.
    Provenance,
    /// What it contains.
    Sbom,
}

impl Attestation {
    /// What is wrong with a value, and what to write instead; `None` if the builder accepts it.
    /// Values are `true`, `false`, or comma-separated `NAME=VALUE` pairs (BuildKit, "Build
    /// attestations").
    pub fn mistake(self, value: &str) -> Option<(String, &'static str)> {
        let help = match self {
            Self::Provenance => "write `mode=max`, `mode=min`, `true` or `false`",
            Self::Sbom => "write `true`, `false` or `generator=IMAGE`",
        };
        // A text with variables may become anything.
        if value.is_empty() || value.contains('$') || matches!(value, "true" | "false") {
            return None;
        }
        let reason = |part: &str| match (self, Pair::both(part)) {
            (_, None | Some(("", _))) => Some(format!("`{part}` is not `NAME=VALUE`")),
            (Self::Provenance, Some(("mode", mode))) if !matches!(mode, "min" | "max") => {
                Some(format!("there is no mode `{mode}`"))
            }
            (Self::Sbom, Some(("generator", ""))) => Some("no generator is named".to_owned()),
            _ => None,
        };
        value.split(',').find_map(reason).map(|reason| (reason, help))
    }
}

/// How an image is built; `build: DIRECTORY` is short for a section with just a context.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build(pub Box<BuildSection>);

impl Attribute for Build {
    const KEYS: &'static [Field] = BuildSection::KEYS;
    const SHAPE: Shape = Shape::Record;
    const SEALING: Sealing = BuildSection::SEALING;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        if !matches!(node.value, Value::Scalar(_)) {
            return Box::decode(node, found).map(Self);
        }
        let context = Some(Spanned::decode(node, found)?);
        Some(Self(Box::new(BuildSection { context, ..BuildSection::default() })))
    }

    fn canonical(&self, form: Form) -> Json {
        self.0.canonical(form)
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": "string" }, BuildSection::schema(definitions)] })
    }
}

impl std::ops::Deref for Build {
    type Target = BuildSection;

    fn deref(&self) -> &BuildSection {
        &self.0
    }
}

impl std::ops::DerefMut for Build {
    fn deref_mut(&mut self) -> &mut BuildSection {
        &mut self.0
    }
}

/// SSH agents or keys: an id, and a path unless the caller's agent is meant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SshKeys(pub BTreeMap<String, Spanned<Option<String>>>);

impl Attribute for SshKeys {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        if let Value::Scalar(scalar) = &node.value {
            let Pair { name: id, value: path } = Pair::split(&scalar.text);
            let path = Spanned::new(path.map(str::to_owned), node.span);
            return Some(Self(BTreeMap::from([(id.to_owned(), path)])));
        }
        Pairs::decode(node, found).map(|pairs| Self(pairs.0))
    }

    fn canonical(&self, _: Form) -> Json {
        let written = |(id, path): (&String, &Spanned<Option<String>>)| match &path.value {
            Some(path) => json!(format!("{id}={path}")),
            None => json!(id),
        };
        Json::Array(self.0.iter().map(written).collect())
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": "string" }, Pairs::schema(definitions)] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Sources, Span};

    #[test]
    fn attestations_are_true_or_false_or_pairs() {
        let reason = |kind: Attestation, value| kind.mistake(value).map(|(reason, _)| reason);
        for value in ["", "true", "false", "mode=max", "mode=min,builder-id=https://a", "inline-only=true"] {
            assert_eq!(reason(Attestation::Provenance, value), None, "{value}");
        }
        assert_eq!(reason(Attestation::Sbom, "generator=docker/scanner:1,a=b"), None);
        for (kind, value, wanted) in [
            (Attestation::Provenance, "max", "`max` is not `NAME=VALUE`"),
            (Attestation::Provenance, "mode=large", "there is no mode `large`"),
            (Attestation::Provenance, "mode=max,", "`` is not `NAME=VALUE`"),
            (Attestation::Sbom, "syft", "`syft` is not `NAME=VALUE`"),
            (Attestation::Sbom, "generator=", "no generator is named"),
        ] {
            assert_eq!(reason(kind, value).as_deref(), Some(wanted), "{value}");
        }
    }

    #[test]
    fn the_default_name_may_be_in_lower_case() {
        let directory = tempfile::tempdir().unwrap();
        let span = Span::new(Sources::default().add("topology.yaml", ""), 0, 0);
        let path = |named: Option<&str>| {
            let dockerfile = named.map(|name| Spanned::new(name.to_owned(), span));
            let build = BuildSection { dockerfile, ..BuildSection::default() };
            build
                .dockerfile_in(directory.path(), &FileSystem::default())
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(path(None), "Dockerfile");
        std::fs::write(directory.path().join("dockerfile"), "").unwrap();
        assert_eq!(path(None), "dockerfile");
        assert_eq!(path(Some("Dockerfile")), "dockerfile");
        assert_eq!(path(Some("Other")), "Other");
        std::fs::write(directory.path().join("Dockerfile"), "").unwrap();
        assert_eq!(path(None), "Dockerfile");
    }
}
