//! In: secrets and configs of a container. Out: files in the created container. Must not: write to
//! this machine, or let a content reach an error.
//!
//! A file of this machine without its own owner and mode is mounted read-only: changes to it are
//! visible in the container. Everything else is uploaded as an archive, which keeps owner and mode.
//! The engine accepts no upload into a read-only root file system, but it does into a volume: in
//! that case the directory of the file is an anonymous volume.

use std::collections::{BTreeMap, BTreeSet};

use bollard::models::{Mount as EngineMount, MountType, MountVolumeOptions};
use bytes::Bytes;
use http::Method;

use super::super::Docker;
use super::super::transport::{Call, escape};
use crate::engine::EngineError;
use crate::plan::action::{ContainerSpec, FileContent, FileSpec};
use crate::source::{self, Spanned};
use crate::topology::Mount;
use crate::topology::service::MountKind;

/// The default permissions of a file: everybody may read it.
const DEFAULT_MODE: u32 = 0o444;

/// The label of a volume that contains only uploaded files. No container inherits it: a secret that
/// is removed from the topology must disappear from the container.
pub(super) const UPLOAD_LABEL: &str = "topo.files";

/// Mounts for the files that can be mounted. A missing file is an error: a bind in the older form
/// would create a directory of that name.
pub(super) fn mounts(files: &[FileSpec]) -> impl Iterator<Item = EngineMount> {
    files.iter().filter_map(|file| {
        Some(EngineMount {
            typ: Some(MountType::BIND),
            source: Some(mountable(file)?.to_owned()),
            target: Some(file.target.clone()),
            read_only: Some(true),
            ..EngineMount::default()
        })
    })
}

/// Volumes for files that cannot be uploaded otherwise, or would be hidden by a tmpfs mount.
pub(super) fn upload_volumes(spec: &ContainerSpec) -> Result<Vec<EngineMount>, EngineError> {
    let directories =
        uploads(spec).map(|file| directory(&file.target)).filter(|directory| needs_volume(spec, directory));
    let directories: BTreeSet<&str> = directories.collect();
    if directories.contains("/") {
        return Err(EngineError::Unsupported(
            "a read-only container takes no file at its root: give it a `target` in a directory".to_owned(),
        ));
    }
    let volume = |directory: &str| EngineMount {
        typ: Some(MountType::VOLUME),
        target: Some(directory.to_owned()),
        volume_options: Some(MountVolumeOptions {
            labels: Some([(UPLOAD_LABEL.to_owned(), "true".to_owned())].into()),
            ..MountVolumeOptions::default()
        }),
        ..EngineMount::default()
    };
    Ok(directories.into_iter().map(volume).collect())
}

fn uploads(spec: &ContainerSpec) -> impl Iterator<Item = &FileSpec> {
    spec.files.iter().filter(|file| mountable(file).is_none())
}

fn needs_volume(spec: &ContainerSpec, directory: &str) -> bool {
    let mounts = || spec.service.volumes.0.iter();
    let is_kept = |mount: &&Spanned<Mount>| matches!(mount.kind, MountKind::Bind | MountKind::Volume);
    if mounts().filter(is_kept).any(|mount| is_below(directory, &mount.target.value)) {
        return false;
    }
    let in_memory = spec.service.tmpfs.0.iter().map(|tmpfs| tmpfs.target.as_str());
    let mounted = mounts().filter(|mount| mount.kind == MountKind::Tmpfs);
    let mut in_memory = in_memory.chain(mounted.map(|mount| mount.target.as_str()));
    *spec.service.read_only || in_memory.any(|target| is_below(directory, target))
}

/// Uploads the files that cannot be mounted.
pub(super) async fn upload(docker: &Docker, spec: &ContainerSpec, id: &str) -> Result<(), EngineError> {
    // One archive per directory: files in a volume must be sent to its path.
    let mut directories: BTreeMap<&str, Vec<&FileSpec>> = BTreeMap::new();
    for file in uploads(spec) {
        directories.entry(directory(&file.target)).or_default().push(file);
    }
    for (directory, files) in directories {
        let is_volume = *spec.service.read_only || needs_volume(spec, directory);
        let (root, prefix) = if is_volume { (directory, "") } else { ("/", directory) };
        let archive = archive(prefix, &files)?;
        let call = Call::new(Method::PUT, format!("/containers/{}/archive", escape(id, "")))
            .query("path", root)
            .header("content-type", "application/x-tar")
            .body(bollard::body_full(archive));
        docker.transport.send(call).await?;
    }
    Ok(())
}

/// The path on this machine of a file that can be mounted directly.
fn mountable(file: &FileSpec) -> Option<&str> {
    let FileSpec { target: _, content, uid, gid, mode } = file;
    match content {
        FileContent::File(path) if uid.is_none() && gid.is_none() && mode.is_none() => path.to_str(),
        _ => None,
    }
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn directory(target: &str) -> &str {
    match target.rsplit_once('/') {
        Some((directory, _)) if !directory.is_empty() => directory,
        _ => "/",
    }
}

fn archive(prefix: &str, files: &[&FileSpec]) -> Result<Bytes, EngineError> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in files {
        let content = content(&file.content)?;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(file.mode.unwrap_or(DEFAULT_MODE));
        header.set_uid(file.uid.unwrap_or(0).into());
        header.set_gid(file.gid.unwrap_or(0).into());
        header.set_mtime(0);
        let name = file.target.rsplit('/').next().unwrap_or_default();
        let path = format!("{}/{name}", prefix.trim_matches('/'));
        archive
            .append_data(&mut header, path.trim_start_matches('/'), content.as_slice())
            .map_err(|error| cannot_pack(file, &error))?;
    }
    archive.into_inner().map(Bytes::from).map_err(|error| EngineError::System(error.to_string()))
}

fn content(content: &FileContent) -> Result<Vec<u8>, EngineError> {
    match content {
        FileContent::Text(text) => Ok(text.as_bytes().to_vec()),
        FileContent::File(path) => {
            source::read_bytes(path).map_err(|error| EngineError::LocalFile(error.to_string()))
        }
    }
}

fn cannot_pack(file: &FileSpec, error: &std::io::Error) -> EngineError {
    EngineError::LocalFile(format!("cannot put a file at `{}`: {error}", file.target))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::plan::sealed::Sealed;

    fn text(target: &str, uid: Option<u32>, mode: Option<u32>) -> FileSpec {
        let content = FileContent::Text(Sealed::from("hush".to_owned()));
        FileSpec { target: target.to_owned(), content, uid, gid: None, mode }
    }

    #[test]
    fn only_a_plain_file_is_mounted() {
        let plain = FileSpec {
            content: FileContent::File(PathBuf::from("/a/key")),
            ..text("/run/secrets/key", None, None)
        };
        let owned =
            FileSpec { content: FileContent::File(PathBuf::from("/a/key")), ..text("/k", Some(7), None) };
        let files = [plain, owned, text("/t", None, None)];
        let mounted: Vec<_> =
            mounts(&files).map(|mount| (mount.source.unwrap(), mount.target.unwrap())).collect();
        assert_eq!(mounted, [("/a/key".to_owned(), "/run/secrets/key".to_owned())]);
    }

    #[test]
    fn an_archive_keeps_owner_and_mode() {
        let bytes = archive("/run/secrets", &[&text("/run/secrets/key", Some(7), Some(0o400))]).unwrap();
        let mut archive = tar::Archive::new(bytes.as_ref());
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap().to_str(), Some("run/secrets/key"));
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mode().unwrap()), (7, 0, 0o400));
    }

    #[test]
    fn an_endless_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .unwrap();
        for path in [pipe, PathBuf::from("/dev/zero")] {
            let error = content(&FileContent::File(path.clone())).unwrap_err().to_string();
            assert!(error.contains("is not a regular file"), "{}: {error}", path.display());
        }
    }

    #[test]
    fn the_directory_of_a_file_at_the_root_is_the_root() {
        assert_eq!((directory("/key"), directory("/a/b/key")), ("/", "/a/b"));
        assert!(is_below("/a/b", "/a") && is_below("/a", "/a/") && !is_below("/ab", "/a"));
    }
}
