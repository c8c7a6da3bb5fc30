//! In: a container, running or not, and paths in it. Out: what is there; archives out of it and into it.
//! Must not: know of this machine's files, or hold an archive in memory.

use std::collections::BTreeSet;
use std::future::Future;

use bytes::Bytes;
use futures_util::Stream;

use super::EngineError;
use super::archive::packing::Pieces;
use crate::topology::name::ContainerName;

/// What is at a path in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A symbolic link.
    Link {
        /// Where it leads, from the container's root; the last link of a chain is followed too.
        target: String,
    },
    /// A device, a pipe, a socket.
    Other,
}

/// Who owns the files of an archive that is put into a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Whom the archive names.
    OfArchive,
    /// The container's own user.
    OfContainer,
}

/// What becomes of a folder where a file is to be, and the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherKinds {
    /// It stays, and unpacking fails.
    Stay,
    /// It is replaced.
    AreReplaced,
}

/// Copies files into containers and out of them.
pub trait CopyFiles {
    /// What is at a path of a container; nothing when nothing is there. A slash at the end follows a
    /// link, and does not make a folder of a file.
    fn kind_of_path(
        &self,
        container: &ContainerName,
        path: &str,
    ) -> impl Future<Output = Result<Option<Kind>, EngineError>>;

    /// What is at a path of a container, as an archive. The path's last part is the first entry's name:
    /// `/etc/.` makes an archive of what is in `/etc`.
    fn archive_of_path(
        &self,
        container: &ContainerName,
        path: &str,
    ) -> impl Future<
        Output = Result<
            impl Stream<Item = Result<Bytes, EngineError>> + Send + Unpin + use<Self>,
            EngineError,
        >,
    >;

    /// Unpacks an archive into a folder of a container.
    fn unpack_to_path(
        &self,
        container: &ContainerName,
        folder: &str,
        archive: Pieces,
        ownership: Ownership,
        other_kinds: OtherKinds,
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// Those of the paths, from the root of a container, that are links to folders there. An archive that has
    /// a folder at such a path would put one in the link's place; what is in it goes through the link.
    fn linked_folders(
        &self,
        container: &ContainerName,
        paths: impl IntoIterator<Item = String>,
    ) -> impl Future<Output = Result<BTreeSet<String>, EngineError>> {
        async move {
            let mut linked = BTreeSet::new();
            let mut missing: Option<String> = None;
            // What is below a folder that is not there is not there either.
            for path in paths.into_iter().collect::<BTreeSet<String>>() {
                if missing.as_ref().is_some_and(|missing| path.starts_with(missing.as_str())) {
                    continue;
                }
                match self.kind_of_path(container, &path).await? {
                    None => missing = Some(format!("{}/", path.trim_end_matches('/'))),
                    Some(Kind::Link { target }) => {
                        if self.kind_of_path(container, &target).await? == Some(Kind::Folder) {
                            linked.insert(path);
                        }
                    }
                    Some(Kind::Folder | Kind::File | Kind::Other) => {}
                }
            }
            Ok(linked)
        }
    }
}
