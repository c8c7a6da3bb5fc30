//! In: changed files on this machine, and their paths in a container. Out: the same files there.
//! Must not: choose the files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::archive::packing::{self, Archive, Owners, Sending, Stopped};
use super::local_file::blocking;
use super::{CopyFiles, EngineError, Execute, OtherKinds, Ownership};
use crate::topology::name::ContainerName;
use crate::topology::service::Hook;
use crate::topology::value::Command;

/// The most bytes of paths in one call of `rm`: every kernel accepts that.
const LONGEST: usize = 100_000;

/// A file, a link or a directory, here and in a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SyncEntry {
    /// Its path here.
    pub here: PathBuf,
    /// Its path in the container, from the root.
    pub there: String,
}

/// The number of files, links and directories that were synchronised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synced {
    /// Copied to the container.
    pub synced: usize,
    /// Removed from the container.
    pub removed: usize,
}

/// Synchronises files to a container, as the container's user; those that no longer exist here are
/// removed there, with `rm`.
pub async fn bring_up_to_date<E: CopyFiles + Execute>(
    engine: &E,
    container: &ContainerName,
    twins: &[SyncEntry],
) -> Result<Synced, EngineError> {
    let twins = twins.to_vec();
    let is_here = |twin: &SyncEntry| twin.here.symlink_metadata().is_ok();
    let divided = blocking(move || Ok(twins.into_iter().partition(is_here)));
    let (present, gone): (Vec<SyncEntry>, Vec<SyncEntry>) = divided.await?;
    let done = Synced { synced: present.len(), removed: gone.len() };
    // A directory may have replaced a file: removals come first.
    for paths in batches(&gone) {
        remove_paths(engine, container, paths).await?;
    }
    if present.is_empty() {
        return Ok(done);
    }
    let mut sent = send(engine, container, present.clone(), OtherKinds::Stay).await;
    if let Err(EngineError::Refused { .. }) = sent {
        // A directory there may be a file, or a link to a directory, which is kept.
        let twins = present.clone();
        let directories = blocking(move || Ok(directories_among(twins))).await?;
        let linked = engine.linked_directories(container, directories).await?;
        let others = present.into_iter().filter(|twin| !linked.contains(&twin.there)).collect();
        sent = send(engine, container, others, OtherKinds::AreReplaced).await;
    }
    sent.map(|()| done)
}

async fn send<E: CopyFiles>(
    engine: &E,
    container: &ContainerName,
    twins: Vec<SyncEntry>,
    other_kinds: OtherKinds,
) -> Result<(), EngineError> {
    let Sending { pieces, sent: _, producer } =
        packing::send(Owners::LeftOut, move |archive| pack(archive, &twins), cannot_read);
    let sent = engine.unpack_to_path(container, "/", pieces, Ownership::OfContainer, other_kinds).await;
    // An error on this side is the cause of the engine's error.
    if let Ok(Err(error)) = producer.await {
        return Err(error);
    }
    sent
}

async fn remove_paths<E: Execute>(
    engine: &E,
    container: &ContainerName,
    paths: Vec<String>,
) -> Result<(), EngineError> {
    let words = ["rm", "-rf", "--"].map(str::to_owned).into_iter().chain(paths);
    let remove =
        Hook { command: Command(Some(words.collect())), user: Some("0".to_owned()), ..Hook::default() };
    engine.run_hook(container, &remove, &|_| {}).await.map_err(|error| {
        EngineError::ProgramFailed(format!(
            "files cannot be removed in the container, which needs `rm`: {error}"
        ))
    })
}

/// The paths there of entries that are directories here.
fn directories_among(twins: Vec<SyncEntry>) -> Vec<String> {
    twins.into_iter().filter(|twin| is_directory(&twin.here)).map(|twin| twin.there).collect()
}

fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

fn batches(gone: &[SyncEntry]) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut length = LONGEST;
    for SyncEntry { there, .. } in gone {
        length += there.len() + 1;
        if length > LONGEST {
            batches.push(Vec::new());
            length = there.len() + 1;
        }
        if let Some(last) = batches.last_mut() {
            last.push(there.clone());
        }
    }
    batches
}

fn pack(archive: &mut Archive, twins: &[SyncEntry]) -> Result<(), Stopped> {
    for SyncEntry { here, there } in twins {
        let metadata = match fs::symlink_metadata(here) {
            Ok(metadata) => metadata,
            // It has been removed meanwhile, which is another change.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Stopped::unreadable(here, error)),
        };
        archive.add(Path::new(there.trim_start_matches('/')), here, &metadata)?;
    }
    Ok(())
}

fn cannot_read(path: &Path, error: &io::Error) -> EngineError {
    EngineError::LocalFile(format!("cannot read `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_paths_are_removed_in_batches() {
        let twin = |there: &str| SyncEntry { here: PathBuf::new(), there: there.to_owned() };
        assert!(batches(&[]).is_empty());
        assert_eq!(batches(&[twin("/a"), twin("/b")]), [["/a", "/b"]]);
        let long = "x".repeat(60_000);
        assert_eq!(batches(&[twin(&long), twin(&long), twin("/b")]).len(), 2);
    }
}
