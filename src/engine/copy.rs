//! In: a container, running or not, and paths in it. Out: their kind; archives from and to them.
//! Must not: know files of this machine, or keep an archive in memory.

use std::collections::BTreeSet;
use std::future::Future;

use bytes::Bytes;
use futures_util::Stream;

use super::EngineError;
use super::archive::packing::Pieces;
use crate::topology::name::ContainerName;

/// The kind of a path in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A file.
    File,
    /// A symbolic link.
    Link {
        /// Its target, as an absolute path in the container; chains of links are resolved.
        target: String,
    },
    /// A device, a pipe, a socket.
    Other,
}

/// Who owns the files of an archive that is unpacked in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The owners in the archive.
    OfArchive,
    /// The container's user.
    OfContainer,
}

/// How a directory in place of a file, or a file in place of a directory, is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherKinds {
    /// It is kept, and unpacking fails.
    Stay,
    /// It is replaced.
    AreReplaced,
}

/// Copies files into containers and out of them.
pub trait CopyFiles {
    /// The kind of a path in a container; `None` if it does not exist. A trailing slash follows a
    /// link, and is allowed after a file.
    fn kind_of_path(
        &self,
        container: &ContainerName,
        path: &str,
    ) -> impl Future<Output = Result<Option<Kind>, EngineError>>;

    /// A path of a container as an archive. The path's last component is the name of the first
    /// entry: `/etc/.` makes an archive of the content of `/etc`.
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

    /// Unpacks an archive into a directory of a container.
    fn unpack_to_path(
        &self,
        container: &ContainerName,
        directory: &str,
        archive: Pieces,
        ownership: Ownership,
        other_kinds: OtherKinds,
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// Those of the paths, absolute in a container, that are links to directories there. A
    /// directory entry in an archive would replace such a link; entries below it go through the
    /// link.
    fn linked_directories(
        &self,
        container: &ContainerName,
        paths: impl IntoIterator<Item = String>,
    ) -> impl Future<Output = Result<BTreeSet<String>, EngineError>> {
        async move {
            let mut linked = BTreeSet::new();
            let mut missing: Option<String> = None;
            // Nothing exists below a missing directory.
            for path in paths.into_iter().collect::<BTreeSet<String>>() {
                if missing.as_ref().is_some_and(|missing| path.starts_with(missing.as_str())) {
                    continue;
                }
                match self.kind_of_path(container, &path).await? {
                    None => missing = Some(format!("{}/", path.trim_end_matches('/'))),
                    Some(Kind::Link { target }) => {
                        if self.kind_of_path(container, &target).await? == Some(Kind::Directory) {
                            linked.insert(path);
                        }
                    }
                    Some(Kind::Directory | Kind::File | Kind::Other) => {}
                }
            }
            Ok(linked)
        }
    }
}
