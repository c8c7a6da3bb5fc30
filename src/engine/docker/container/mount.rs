//! In: the mounts of a container. Out: binds and mounts in the engine's format. Must not: check
//! whether a path exists.
//!
//! The engine has two forms. The older one (`Binds`) creates a missing host directory and supports
//! SELinux labels; the newer one (`Mounts`) supports everything else, and paths with colons.

use bollard::models::{
    Mount as EngineMount, MountBindOptions, MountImageOptions, MountTmpfsOptions, MountType,
    MountVolumeOptions,
};

use super::super::version::ApiVersion;
use super::inherited::{InheritedVolume, InheritedVolumes};
use crate::engine::EngineError;
use crate::topology::Mount;
use crate::topology::service::MountKind;
use crate::topology::service::mount::{BindOptions, ImageOptions, TmpfsOptions, VolumeOptions};

/// The mounts of a container, each in a form that supports it.
#[derive(Default)]
pub(super) struct Mounts {
    /// The older form: `SOURCE:TARGET:OPTIONS`.
    pub binds: Vec<String>,
    /// The newer form.
    pub mounts: Vec<EngineMount>,
}

/// Translates every mount; volumes inherited from a predecessor are mounted by name.
pub(super) fn translate(
    mounts: &[Mount],
    mut inherited: InheritedVolumes,
    version: ApiVersion,
) -> Result<Mounts, EngineError> {
    let mut translated = Mounts::default();
    for mount in mounts {
        let volume = inherited.remove(&mount.target.value);
        match bind(mount) {
            Some(bind) => translated.binds.push(bind),
            None => translated.mounts.push(engine_mount(mount, volume, version)?),
        }
    }
    // The rest is declared only by the image.
    translated.mounts.extend(inherited.into_iter().map(|(target, volume)| EngineMount {
        typ: Some(MountType::VOLUME),
        volume_options: with_labels(None, &volume),
        source: Some(volume.name),
        target: Some(target),
        ..EngineMount::default()
    }));
    Ok(translated)
}

/// The older form of a mount; `None` if it is not supported.
fn bind(mount: &Mount) -> Option<String> {
    let Mount { kind, source, target, read_only, consistency: _, bind, volume, tmpfs: _, image: _ } = mount;
    let source = source.as_ref()?;
    // Colons are the separator of the older form.
    if source.contains(':') || target.contains(':') {
        return None;
    }
    let mut options = vec![if *read_only { "ro" } else { "rw" }];
    match kind {
        MountKind::Bind => options.extend(bind_options(bind.as_ref())?),
        MountKind::Volume => {
            let is_plain = |volume: &VolumeOptions| {
                let VolumeOptions { labels, nocopy, subpath, extensions: _ } = volume;
                labels.0.is_empty() && !**nocopy && subpath.is_none()
            };
            if !volume.as_ref().is_none_or(is_plain) {
                return None;
            }
            options.extend(bind.as_ref().and_then(|bind| bind.selinux.as_deref()));
        }
        MountKind::Tmpfs | MountKind::Cluster | MountKind::Npipe | MountKind::Image => return None,
    }
    Some(format!("{source}:{target}:{}", options.join(",")))
}

fn bind_options(bind: Option<&BindOptions>) -> Option<Vec<&str>> {
    let Some(BindOptions { propagation, create_host_path, recursive, selinux, extensions: _ }) = bind else {
        return Some(Vec::new());
    };
    // Only the newer form can require an existing directory, or exclude submounts.
    if *create_host_path == Some(false) || recursive.is_some() {
        return None;
    }
    // Both forms support propagation, but only the older one SELinux labels.
    if propagation.is_some() && selinux.is_none() {
        return None;
    }
    Some(selinux.iter().chain(propagation).map(String::as_str).collect())
}

fn engine_mount(
    mount: &Mount,
    inherited: Option<InheritedVolume>,
    version: ApiVersion,
) -> Result<EngineMount, EngineError> {
    let Mount { kind, source, target, read_only, consistency, bind, volume, tmpfs, image } = mount;
    // As in Docker Compose, options of other kinds of mounts are ignored.
    let mut volume_options = volume.as_ref().filter(|_| *kind == MountKind::Volume).map(volume_options);
    let mut source = source.as_ref().map(|source| source.value.clone());
    if let (None, Some(inherited)) = (&source, inherited) {
        volume_options = with_labels(volume_options, &inherited);
        source = Some(inherited.name);
    }
    Ok(EngineMount {
        typ: Some(mount_type(*kind)),
        source,
        target: Some(target.value.clone()),
        read_only: Some(*read_only),
        consistency: consistency.clone(),
        bind_options: match kind {
            MountKind::Bind => Some(mount_bind_options(bind.as_ref(), *read_only, version)?),
            _ => None,
        },
        volume_options,
        tmpfs_options: tmpfs.as_ref().filter(|_| *kind == MountKind::Tmpfs).map(tmpfs_options),
        image_options: image.as_ref().filter(|_| *kind == MountKind::Image).map(image_options),
    })
}

fn mount_type(kind: MountKind) -> MountType {
    match kind {
        MountKind::Bind => MountType::BIND,
        MountKind::Volume => MountType::VOLUME,
        MountKind::Tmpfs => MountType::TMPFS,
        MountKind::Cluster => MountType::CLUSTER,
        MountKind::Npipe => MountType::NPIPE,
        MountKind::Image => MountType::IMAGE,
    }
}

fn mount_bind_options(
    bind: Option<&BindOptions>,
    read_only: bool,
    version: ApiVersion,
) -> Result<MountBindOptions, EngineError> {
    let mut options = MountBindOptions::default();
    let nothing = BindOptions::default();
    let BindOptions { propagation, create_host_path, recursive, selinux, extensions: _ } =
        bind.unwrap_or(&nothing);
    if selinux.is_some() {
        return Err(EngineError::Unsupported(
            "`bind.selinux` cannot be combined with `create_host_path: false`, `recursive` or a `:` in a path"
                .to_owned(),
        ));
    }
    if let Some(propagation) = propagation {
        let known = propagation.parse().map_err(|_| {
            EngineError::Unsupported(format!("no mount propagation is named `{propagation}`"))
        })?;
        options.propagation = Some(known);
    }
    // Before API 1.42 the engine never creates the directory in this form, and refuses a missing
    // one.
    options.create_mountpoint = (version.minor >= 42).then_some(*create_host_path != Some(false));
    match recursive.as_deref() {
        None | Some("enabled") => {}
        Some("disabled") => options.non_recursive = Some(true),
        Some(read) if read_only => {
            options.read_only_non_recursive = Some(read == "writable");
            options.read_only_force_recursive = Some(read == "readonly");
        }
        Some(other) => {
            return Err(EngineError::Unsupported(format!(
                "`bind.recursive: {other}` needs `read_only: true`"
            )));
        }
    }
    Ok(options)
}

fn volume_options(volume: &VolumeOptions) -> MountVolumeOptions {
    let VolumeOptions { labels, nocopy, subpath, extensions: _ } = volume;
    MountVolumeOptions {
        no_copy: nocopy.then_some(true),
        labels: (!labels.0.is_empty()).then(|| labels.to_map().into_iter().collect()),
        subpath: subpath.clone(),
        driver_config: None,
    }
}

/// Adds the label of an inherited volume.
fn with_labels(options: Option<MountVolumeOptions>, volume: &InheritedVolume) -> Option<MountVolumeOptions> {
    let Some((name, value)) = volume.labels() else { return options };
    let mut options = options.unwrap_or_default();
    options.labels.get_or_insert_default().insert(name, value);
    Some(options)
}

fn tmpfs_options(tmpfs: &TmpfsOptions) -> MountTmpfsOptions {
    let TmpfsOptions { size, mode, extensions: _ } = tmpfs;
    MountTmpfsOptions {
        size_bytes: size.map(|size| size.0),
        mode: mode.map(|mode| i64::from(mode.0)),
        options: None,
    }
}

fn image_options(image: &ImageOptions) -> MountImageOptions {
    let ImageOptions { subpath, extensions: _ } = image;
    MountImageOptions { subpath: subpath.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Spanned;

    const NEW: ApiVersion = ApiVersion { minor: 51 };

    fn spanned(text: &str) -> Spanned<String> {
        let file = crate::source::Sources::default().add("t", "");
        Spanned::new(text.to_owned(), crate::source::Span::new(file, 0, 0))
    }

    fn mount(kind: MountKind, source: Option<&str>) -> Mount {
        Mount {
            kind,
            source: source.map(spanned),
            target: spanned("/data"),
            read_only: false,
            consistency: None,
            bind: None,
            volume: None,
            tmpfs: None,
            image: None,
        }
    }

    fn one(mount: Mount, version: ApiVersion) -> Result<Mounts, EngineError> {
        translate(&[mount], InheritedVolumes::new(), version)
    }

    #[test]
    fn plain_mounts_use_the_older_form() {
        let bind = Mount { read_only: true, ..mount(MountKind::Bind, Some("/host")) };
        assert_eq!(one(bind, NEW).unwrap().binds, ["/host:/data:ro"]);
        let volume = mount(MountKind::Volume, Some("shop_db"));
        assert_eq!(one(volume, NEW).unwrap().binds, ["shop_db:/data:rw"]);
    }

    #[test]
    fn selinux_labels_use_the_older_form_also_with_propagation() {
        let options = BindOptions {
            selinux: Some("Z".to_owned()),
            propagation: Some("rslave".to_owned()),
            ..BindOptions::default()
        };
        let bind = Mount { bind: Some(options), ..mount(MountKind::Bind, Some("/host")) };
        assert_eq!(one(bind, NEW).unwrap().binds, ["/host:/data:rw,Z,rslave"]);
    }

    #[test]
    fn a_host_path_that_must_exist_uses_the_newer_form() {
        let options = BindOptions { create_host_path: Some(false), ..BindOptions::default() };
        let bind = Mount { bind: Some(options), ..mount(MountKind::Bind, Some("/host")) };
        let mounts = one(bind, NEW).unwrap();
        assert!(mounts.binds.is_empty());
        assert_eq!(mounts.mounts[0].bind_options.as_ref().unwrap().create_mountpoint, Some(false));
    }

    #[test]
    fn an_anonymous_volume_is_inherited_by_its_target() {
        let volume = |name: &str, is_own| InheritedVolume { name: name.to_owned(), is_own };
        let taken = InheritedVolumes::from([
            ("/data".to_owned(), volume("a1", true)),
            ("/var".to_owned(), volume("b2", false)),
        ]);
        let mounts = translate(&[mount(MountKind::Volume, None)], taken, NEW).unwrap().mounts;
        let found: Vec<_> =
            mounts.iter().map(|mount| (mount.target.as_deref(), mount.source.as_deref())).collect();
        assert_eq!(found, [(Some("/data"), Some("a1")), (Some("/var"), Some("b2"))]);
        let is_marked: Vec<bool> = mounts.iter().map(|mount| mount.volume_options.is_some()).collect();
        assert_eq!(is_marked, [true, false], "what may be somebody else's is not marked as its own");
    }

    #[test]
    fn a_path_with_a_colon_uses_the_newer_form() {
        let source = one(mount(MountKind::Bind, Some("/host:ro")), NEW).unwrap();
        assert!(source.binds.is_empty());
        assert_eq!(source.mounts[0].source.as_deref(), Some("/host:ro"));
        let options = source.mounts[0].bind_options.as_ref().unwrap();
        assert_eq!(options.create_mountpoint, Some(true), "a missing directory is made as ever");
        let target = Mount { target: spanned("/a:b"), ..mount(MountKind::Volume, Some("shop_db")) };
        assert_eq!(one(target, NEW).unwrap().mounts[0].target.as_deref(), Some("/a:b"));
    }
}
