//! `volumes` of a service: the short form that [`crate::value::mount`] reads, or a mapping.
//!
//! Compose Specification, "volumes" of a service.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Node, Value};
use crate::source::{Span, Spanned};
use crate::topology::attribute::{
    Attribute, Field, Form, Sealing, Shape, Wanted, WantedKind, choice, divided_by_a_blank, put, record,
    word, wrong_type,
};
use crate::topology::name::VolumeKey;
use crate::topology::service::container_file::FileMode;
use crate::topology::value::{ByteSize, Flag, Pairs};
use crate::value::ValueError;
use crate::value::image::ImageReference;
use crate::value::mount::{MountOption, PROPAGATIONS, SELINUX, ShortMount, trailing_blank};

choice! {
    /// What is mounted.
    pub enum MountKind {
        /// A directory or file of the host.
        Bind = "bind",
        /// A volume; an anonymous one without a source.
        Volume = "volume",
        /// A tmpfs mount.
        Tmpfs = "tmpfs",
        /// A volume of a cluster.
        Cluster = "cluster",
        /// A named pipe (Windows).
        Npipe = "npipe",
        /// The content of an image.
        Image = "image",
    }
}

record! {
    /// A mount in the long form.
    pub struct MountSection {
        /// What is mounted: `bind`, `volume`, `tmpfs`, `image`...
        kind as "type": Option<MountKind> = required,
        /// A path, a volume's key in the topology, or an image.
        source: Option<Spanned<String>> = public also(&["src", "from", "host"]) unset_when_empty path,
        /// Where it appears in the container.
        target: Option<Spanned<String>> = required public also(&["destination", "dst", "to", "path", "container"]) instead("a path in the container: `/path`"),
        /// Whether it is mounted read-only.
        read_only: Flag = also(&["readonly", "ro", "read-only"]),
        /// Ignored by current engines.
        consistency: Option<String> = public,
        /// Options of a bind mount.
        bind: Option<BindOptions>,
        /// Options of a volume.
        volume: Option<VolumeOptions>,
        /// Options of a tmpfs mount.
        tmpfs: Option<TmpfsOptions>,
        /// Options of an image mount.
        image: Option<ImageOptions>,
    } elsewhere { crate::topology::attribute::hint::MOUNT }
}

record! {
    /// Options of a bind mount.
    pub struct BindOptions {
        /// Propagation of mounts: `rprivate`, `rshared`, `rslave`...
        propagation: Option<String> = public instead("`rprivate`, `rshared` or `rslave`") unset_when_empty,
        /// Whether a missing directory is created on the host. True when absent.
        create_host_path: Option<bool>,
        /// Whether submounts are included: `enabled`, `disabled`, `writable` or `readonly`.
        recursive: Option<String> = public instead("`enabled`, `disabled`, `writable` or `readonly`"),
        /// SELinux label: `z` shared, `Z` private.
        selinux: Option<String> = public instead("`z` or `Z`"),
    }
}

record! {
    /// Options of a volume.
    pub struct VolumeOptions {
        /// Labels of an anonymous volume.
        labels: Pairs,
        /// Whether the image's content at the target is not copied into an empty volume.
        nocopy: Flag,
        /// A directory in the volume to mount instead of its root.
        subpath: Option<String> = public,
    }
}

record! {
    /// Options of a tmpfs mount.
    pub struct TmpfsOptions {
        /// Its size.
        size: Option<ByteSize>,
        /// Its permissions.
        mode: Option<TmpfsMode>,
    }
}

/// Permissions of a tmpfs mount; a number in the canonical form, unlike those of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TmpfsMode(pub u32);

impl Attribute for TmpfsMode {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        FileMode::decode(node, found).map(|mode| Self(mode.0))
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self.0)
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        FileMode::schema(definitions)
    }
}

record! {
    /// Options of an image mount.
    pub struct ImageOptions {
        /// A directory in the image.
        subpath: Option<String> = public,
    }
}

/// A mount in a container.
#[derive(Clone, Debug, PartialEq)]
pub struct Mount {
    /// What is mounted.
    pub kind: MountKind,
    /// A path, a volume's key in the topology (its name in the engine once planned), or an image.
    pub source: Option<Spanned<String>>,
    /// Where it appears in the container.
    pub target: Spanned<String>,
    /// Whether it is mounted read-only.
    pub read_only: bool,
    /// Ignored by current engines.
    pub consistency: Option<String>,
    /// Options of a bind mount.
    pub bind: Option<BindOptions>,
    /// Options of a volume.
    pub volume: Option<VolumeOptions>,
    /// Options of a tmpfs mount.
    pub tmpfs: Option<TmpfsOptions>,
    /// Options of an image mount.
    pub image: Option<ImageOptions>,
}

impl Mount {
    /// The volume that is mounted; `None` for an anonymous one, and for other kinds of mounts.
    pub fn volume_key(&self) -> Option<Spanned<VolumeKey>> {
        let source = self.source.as_ref().filter(|_| self.kind == MountKind::Volume)?;
        Some(Spanned::new(VolumeKey::from(source.as_str()), source.span))
    }

    /// The image, if one is mounted.
    pub fn image_reference(&self) -> Option<Spanned<ImageReference>> {
        let source = self.source.as_ref().filter(|_| self.kind == MountKind::Image)?;
        Some(source.clone().map(ImageReference::from))
    }

    /// Reads the short form at a place.
    pub fn from_short(text: &str, at: Span) -> Result<Self, ValueError> {
        let short = ShortMount::parse(text)?;
        let is_bind = short.is_bind();
        let mut mount = Self {
            kind: if is_bind { MountKind::Bind } else { MountKind::Volume },
            source: short.source.map(|source| Spanned::new(source.to_owned(), at)),
            target: Spanned::new(short.target.to_owned(), at),
            read_only: false,
            consistency: None,
            bind: is_bind.then(|| BindOptions { create_host_path: Some(true), ..BindOptions::default() }),
            volume: (!is_bind).then(VolumeOptions::default),
            tmpfs: None,
            image: None,
        };
        short.options.into_iter().for_each(|option| apply_option(&mut mount, option));
        Ok(mount)
    }
}

/// The mounts of a container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mounts(pub Vec<Spanned<Mount>>);

impl Attribute for Mounts {
    const ELEMENTS: &'static [Field] = MountSection::FIELDS;
    const SHAPE: Shape = Shape::List;
    const SEALING: Sealing = Sealing::Each(&MountSection::SEALING);

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let Value::List(items) = &node.value else {
            return wrong_type(node, Wanted::new("a list of mounts", &[WantedKind::List]), found);
        };
        let mount = |item: &Node| decode_mount(item, &mut *found).map(|mount| Spanned::new(mount, item.span));
        Some(Self(items.iter().filter_map(mount).collect()))
    }

    fn canonical(&self, form: Form) -> Json {
        Json::Array(self.0.iter().map(|mount| canonical_mount(mount, form)).collect())
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        let section = MountSection::schema(definitions);
        json!({ "type": "array", "items": { "anyOf": [{ "type": "string" }, section] } })
    }
}

fn canonical_mount(mount: &Mount, form: Form) -> Json {
    let Mount { kind, source, target, read_only, consistency, bind, volume, tmpfs, image } = mount;
    let mut object = JsonMap::new();
    put(&mut object, "type", kind.canonical(form));
    put(&mut object, "source", source.canonical(form));
    put(&mut object, "target", target.canonical(form));
    put(&mut object, "read_only", Flag(*read_only).canonical(form));
    put(&mut object, "consistency", consistency.canonical(form));
    put(&mut object, "bind", bind.canonical(form));
    put(&mut object, "volume", volume.canonical(form));
    put(&mut object, "tmpfs", tmpfs.canonical(form));
    put(&mut object, "image", image.canonical(form));
    Json::Object(object)
}

fn decode_mount(node: &Node, found: &mut Diagnostics) -> Option<Mount> {
    if matches!(node.value, Value::Scalar(_)) {
        let text = String::decode(node, found)?;
        warn_of_blank(&text, node, found);
        return Mount::from_short(&text, node.span)
            .map_err(|mistake| refuse(&text, mistake, node, found))
            .ok();
    }
    if let Value::Map(map) = &node.value
        && divided_by_a_blank(map, MountSection::FIELDS, node, found)
    {
        return None;
    }
    let section = MountSection::decode(node, found)?;
    let MountSection {
        kind,
        source,
        target,
        read_only,
        consistency,
        bind,
        volume,
        tmpfs,
        image,
        extensions: _,
    } = section;
    check_words(node, &["bind", "selinux"], &SELINUX, found);
    check_words(node, &["bind", "recursive"], &["enabled", "disabled", "writable", "readonly"], found);
    check_words(node, &["bind", "propagation"], &PROPAGATIONS, found);
    let (kind, target) = (kind?, target?);
    if kind == MountKind::Bind && source.as_ref().is_none_or(|source| source.is_empty()) {
        found
            .error(code::MISSING_ATTRIBUTE, "a bind mount needs a `source`")
            .about("source")
            .label(target.span, "nothing is mounted here")
            .help("add `source: ./directory`");
    }
    Some(Mount { kind, source, target, read_only: read_only.0, consistency, bind, volume, tmpfs, image })
}

/// Refuses any other word than these at a path below a mount.
fn check_words(mount: &Node, path: &[&str], words: &[&'static str], found: &mut Diagnostics) {
    let at = path.iter().try_fold(mount, |node, key| node.as_map()?.get(key));
    if let Some(node) = at.filter(|node| node.as_text().is_some()) {
        word(node, words, |text| words.contains(&text).then_some(()), found);
    }
}

fn refuse(text: &str, mistake: ValueError, node: &Node, found: &mut Diagnostics) {
    let diagnostic = found.error(code::BAD_MOUNT, format!("`{text}` is not a mount"));
    mistake.explain(text, node.span, diagnostic);
}

/// Warns about a trailing blank in a source or a target, which is hardly ever meant.
fn warn_of_blank(text: &str, node: &Node, found: &mut Diagnostics) {
    let Some((part, repaired)) = trailing_blank(text) else { return };
    found
        .warning(code::YAML_PITFALL, format!("a space comes after `{part}`"))
        .label(node.span, "the space is part of the path")
        .help(format!("remove the space: `{repaired}`"))
        .perhaps_write(text, repaired);
}

fn apply_option(mount: &mut Mount, option: MountOption) {
    match option {
        MountOption::ReadOnly => mount.read_only = true,
        MountOption::ReadWrite => mount.read_only = false,
        MountOption::NoCopy => mount.volume.get_or_insert_default().nocopy = Flag(true),
        MountOption::Selinux(label) => {
            mount.bind.get_or_insert_default().selinux = Some(label.to_owned());
        }
        MountOption::Propagation(propagation) => {
            mount.bind.get_or_insert_default().propagation = Some(propagation.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    fn read(text: &str) -> Option<String> {
        let span = Span::new(Sources::default().add("t", text), 0, text.len());
        Some(canonical_mount(&Mount::from_short(text, span).ok()?, Form::Model).to_string())
    }

    #[test]
    fn the_source_decides_what_is_mounted() {
        for (text, wanted) in [
            ("/data", r#"{"target":"/data","type":"volume"}"#),
            ("data:/data", r#"{"source":"data","target":"/data","type":"volume"}"#),
            (
                "./a:/b:ro",
                r#"{"bind":{"create_host_path":true},"read_only":true,"source":"./a","target":"/b","type":"bind"}"#,
            ),
            ("data:/d:nocopy", r#"{"source":"data","target":"/d","type":"volume","volume":{"nocopy":true}}"#),
            ("v:/data:ro", r#"{"read_only":true,"source":"v","target":"/data","type":"volume"}"#),
            ("v:/data", r#"{"source":"v","target":"/data","type":"volume"}"#),
            ("v:/data:z", r#"{"bind":{"selinux":"z"},"source":"v","target":"/data","type":"volume"}"#),
            (
                "c:/x:/y:ro",
                r#"{"bind":{"create_host_path":true},"read_only":true,"source":"c:/x","target":"/y","type":"bind"}"#,
            ),
            (
                r"C:\a:/b",
                r#"{"bind":{"create_host_path":true},"source":"C:\\a","target":"/b","type":"bind"}"#,
            ),
        ] {
            assert_eq!(read(text).as_deref(), Some(wanted), "{text}");
        }
    }
}
