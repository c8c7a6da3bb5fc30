//! In: a build section whose context is a directory. Out: the files that a builder needs from this
//! machine. Must not: keep more than a few chunks of the directory in memory.
//!
//! A builder with a session requests the files that it needs. One without (Podman's) gets the
//! directory as an archive, and reads the Dockerfile from that: a Dockerfile that is not part of
//! the context (outside the directory, inline, or excluded by `.dockerignore`) is added. Entries
//! are sorted by name and have no owners, so that the same directory always makes the same archive.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::directory::{self, Selection, cannot_read};
use super::ignore::Ignore;
use super::session::Offer;
use crate::engine::EngineError;
use crate::engine::archive::packing::{self, Archive, Owners, Sending, Stopped};
use crate::source::{FileSystem, ReadError};
use crate::topology::service::build::BuildSection;

/// The prefix of the name of a Dockerfile that is added to an archive.
const ADDED: &str = ".dockerfile.";

/// The name of an inline Dockerfile.
const INLINE: &str = "Dockerfile";

/// A directory that is ready to be sent.
pub struct Context {
    directory: PathBuf,
    ignore: IgnoreFile,
    dockerfile: Dockerfile,
}

/// The Dockerfile of a build.
#[derive(Clone)]
pub(super) struct Dockerfile {
    /// Its path; `None` for an inline one.
    path: Option<PathBuf>,
    /// Where people find it: a path from here, or the attribute that holds its text.
    shown: String,
    text: Bytes,
}

/// The ignore file of a build.
#[derive(Default)]
struct IgnoreFile {
    ignore: Ignore,
    /// Its text, if it is specific to the Dockerfile.
    of_dockerfile: Option<Bytes>,
}

impl Context {
    /// Reads the Dockerfile and the ignore file.
    pub fn open(
        directory: &Path,
        build: &BuildSection,
        file_system: &FileSystem,
    ) -> Result<Self, EngineError> {
        if !directory.is_dir() {
            return Err(EngineError::LocalFile(format!(
                "the build context `{}` is not a directory",
                directory.display()
            )));
        }
        let dockerfile = Dockerfile::read(directory, build, file_system)?;
        let ignore = IgnoreFile::read(directory, dockerfile.path.as_deref(), file_system)?;
        Ok(Self { directory: directory.to_owned(), ignore, dockerfile })
    }

    /// What a builder may request in a session.
    pub(super) fn offer(&self) -> Offer {
        let name = self.dockerfile.file_name();
        let ignore = self.ignore.of_dockerfile.clone().map(|text| (format!("{name}.dockerignore"), text));
        let dockerfile = [(name, self.dockerfile.text.clone())].into_iter().chain(ignore).collect();
        Offer { context: self.directory.clone(), dockerfile }
    }

    /// The Dockerfile's name in a session.
    pub fn dockerfile_name(&self) -> String {
        self.dockerfile.file_name()
    }

    /// The Dockerfile's path in an archive.
    pub fn dockerfile_in_archive(&self) -> String {
        let Dockerfile { path, text, .. } = &self.dockerfile;
        path.as_ref().and_then(|path| path_within(&self.directory, path)).unwrap_or_else(|| added_name(text))
    }

    /// The Dockerfile.
    pub(super) fn dockerfile(&self) -> &Dockerfile {
        &self.dockerfile
    }

    /// Starts packing the directory, no faster than it is sent.
    pub fn send(self) -> Sending {
        packing::send(Owners::LeftOut, move |archive| self.pack(archive), cannot_read)
    }

    /// Writes the whole archive.
    fn pack(self, archive: &mut Archive) -> Result<(), Stopped> {
        let dockerfile = self.dockerfile_in_archive();
        let selection = Selection { ignored: self.ignore.ignore, only: None };
        let mut has_dockerfile = false;
        directory::walk(&self.directory, &selection, &mut |path, on_disk, metadata| match archive
            .add(path, on_disk, metadata)
        {
            Err(Stopped::Unreadable { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Ok(()) => {
                has_dockerfile |= path == Path::new(&dockerfile);
                Ok(())
            }
            stopped => stopped,
        })?;
        if has_dockerfile { Ok(()) } else { archive.add_text(&dockerfile, &self.dockerfile.text) }
    }
}

impl Dockerfile {
    /// Reads that of a build in this directory.
    pub(super) fn read(
        directory: &Path,
        build: &BuildSection,
        file_system: &FileSystem,
    ) -> Result<Self, EngineError> {
        if let Some(inline) = &build.dockerfile_inline {
            let shown = "dockerfile_inline".to_owned();
            return Ok(Self { path: None, shown, text: inline.value.clone().into() });
        }
        let path = build.dockerfile_in(directory, file_system);
        let text = file_system
            .bytes(&path)
            .map_err(|error| EngineError::LocalFile(format!("cannot read the Dockerfile: {error}")))?;
        let shown = file_system.shown(&path).display().to_string();
        Ok(Self { path: Some(path), shown, text: text.into() })
    }

    /// Its place for messages: a relative path, or the attribute with its text.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Its text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }

    fn file_name(&self) -> String {
        let name = self.path.as_ref().and_then(|path| path.file_name());
        name.map_or_else(|| INLINE.to_owned(), |name| name.to_string_lossy().into_owned())
    }
}

impl IgnoreFile {
    /// `NAME.dockerignore` next to the Dockerfile, else `.dockerignore` in the directory.
    fn read(
        directory: &Path,
        dockerfile: Option<&Path>,
        file_system: &FileSystem,
    ) -> Result<Self, EngineError> {
        let beside = dockerfile.map(|path| {
            let mut name = path.as_os_str().to_owned();
            name.push(".dockerignore");
            (PathBuf::from(name), true)
        });
        for (path, is_of_dockerfile) in beside.into_iter().chain([(directory.join(".dockerignore"), false)]) {
            let text = match file_system.bytes(&path) {
                Ok(text) => Bytes::from(text),
                Err(ReadError::Missing(_)) => continue,
                Err(error) => return Err(EngineError::LocalFile(error.to_string())),
            };
            let ignore = Ignore::parse(&String::from_utf8_lossy(&text))
                .map_err(|error| EngineError::LocalFile(format!("`{}`: {error}", path.display())))?;
            return Ok(Self { ignore, of_dockerfile: is_of_dockerfile.then_some(text) });
        }
        Ok(Self::default())
    }
}

/// The path of a file relative to a directory that contains it, however both are written.
fn path_within(directory: &Path, file: &Path) -> Option<String> {
    let parent = file.parent()?.canonicalize().ok()?;
    let relative = parent.strip_prefix(directory.canonicalize().ok()?).ok()?.join(file.file_name()?);
    relative.to_str().map(str::to_owned)
}

/// The name of a Dockerfile that is added: the same for the same text, so that it can be cached.
fn added_name(text: &[u8]) -> String {
    let digest: String = Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{ADDED}{digest}")
}

/// What is excluded from a build context, whether or not its Dockerfile exists.
pub fn left_out(
    directory: &Path,
    build: &BuildSection,
    file_system: &FileSystem,
) -> Result<Ignore, EngineError> {
    let dockerfile = build.dockerfile_inline.is_none().then(|| build.dockerfile_in(directory, file_system));
    Ok(IgnoreFile::read(directory, dockerfile.as_deref(), file_system)?.ignore)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::engine::archive::packing::PIECE;
    use crate::source::{Sources, Span, Spanned};

    fn write(directory: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn build(dockerfile: &str) -> BuildSection {
        let span = Span::new(Sources::default().add("t", ""), 0, 0);
        let dockerfile = Some(Spanned::new(dockerfile.to_owned(), span));
        BuildSection { dockerfile, ..BuildSection::default() }
    }

    async fn pack(directory: &Path, build: &BuildSection) -> Vec<u8> {
        let Sending { pieces: mut coming, sent: _sent, producer } =
            Context::open(directory, build, &FileSystem::default()).unwrap().send();
        let mut pieces: Vec<Bytes> = Vec::new();
        while let Some(piece) = coming.recv().await {
            pieces.push(piece.unwrap());
        }
        producer.await.unwrap().unwrap();
        pieces.concat()
    }

    fn names(archive: &[u8]) -> Vec<String> {
        let mut archive = tar::Archive::new(archive);
        let name =
            |entry: io::Result<tar::Entry<&[u8]>>| entry.unwrap().path().unwrap().display().to_string();
        archive.entries().unwrap().map(name).collect()
    }

    #[tokio::test]
    async fn ignored_files_are_not_sent_except_for_exceptions_and_the_dockerfile() {
        let directory = tempfile::tempdir().unwrap();
        write(
            directory.path(),
            &[
                (".dockerignore", "*\n!src/**/*.py\n"),
                ("Dockerfile", "FROM scratch\n"),
                ("src/deep/a.py", ""),
                ("src/deep/a.log", ""),
                ("src/empty/b.log", ""),
                ("big.bin", ""),
            ],
        );
        let archive = pack(directory.path(), &BuildSection::default()).await;
        assert_eq!(names(&archive), ["src/", "src/deep/", "src/deep/a.py", "Dockerfile"]);
    }

    #[tokio::test]
    async fn a_name_that_is_not_text_is_sent_unless_it_is_ignored() {
        use std::os::unix::ffi::OsStrExt;
        let directory = tempfile::tempdir().unwrap();
        let name = |bytes| std::ffi::OsStr::from_bytes(bytes);
        write(directory.path(), &[("Dockerfile", ""), (".dockerignore", "*.log\n.dockerignore\n")]);
        if fs::write(directory.path().join(name(b"a\xff.txt")), "").is_err() {
            return;
        }
        fs::write(directory.path().join(name(b"b\xff.log")), "").unwrap();
        let archive = pack(directory.path(), &BuildSection::default()).await;
        let mut archive = tar::Archive::new(archive.as_slice());
        let names: Vec<Vec<u8>> =
            archive.entries().unwrap().map(|entry| entry.unwrap().path_bytes().into_owned()).collect();
        assert_eq!(names, [b"Dockerfile".to_vec(), b"a\xff.txt".to_vec()]);
    }

    #[tokio::test]
    async fn the_same_directory_makes_the_same_archive() {
        let directory = tempfile::tempdir().unwrap();
        let large = "x".repeat(3 * PIECE);
        write(directory.path(), &[("Dockerfile", "FROM scratch\n"), ("b", &large), ("a/c", "1")]);
        std::os::unix::fs::symlink("a/c", directory.path().join("link")).unwrap();
        let archive = pack(directory.path(), &BuildSection::default()).await;
        assert_eq!(names(&archive), ["Dockerfile", "a/", "a/c", "b", "link"]);
        assert_eq!(archive, pack(directory.path(), &BuildSection::default()).await);
    }

    #[tokio::test]
    async fn a_dockerfile_from_elsewhere_is_added_with_its_own_ignore_file() {
        let directory = tempfile::tempdir().unwrap();
        write(
            directory.path(),
            &[
                ("context/a", ""),
                ("context/b", ""),
                ("context/.dockerignore", "b"),
                ("Other", "FROM scratch\n"),
                ("Other.dockerignore", "a\n.dockerignore\n"),
            ],
        );
        let context = directory.path().join("context");
        let archive = pack(&context, &build("../Other")).await;
        assert_eq!(names(&archive), ["b".to_owned(), added_name(b"FROM scratch\n")]);
    }

    #[test]
    fn a_session_offers_the_dockerfile_and_its_ignore_file_separately() {
        let directory = tempfile::tempdir().unwrap();
        write(
            directory.path(),
            &[
                ("context/.dockerignore", "a"),
                ("context/sub/Dev", "FROM scratch\n"),
                ("context/sub/Dev.dockerignore", "b"),
                ("context/Dockerfile", "FROM busybox\n"),
            ],
        );
        let context = directory.path().join("context");
        let offered = |build: &BuildSection| {
            Context::open(&context, build, &FileSystem::default()).unwrap().offer().dockerfile
        };
        let file = |name: &str, text: &'static str| (name.to_owned(), Bytes::from_static(text.as_bytes()));
        let own = [file("Dev", "FROM scratch\n"), file("Dev.dockerignore", "b")];
        assert_eq!(offered(&build("sub/Dev")), own);
        assert_eq!(offered(&build("../context/sub/Dev")), own);
        assert_eq!(offered(&BuildSection::default()), [file("Dockerfile", "FROM busybox\n")]);
        let span = Span::new(Sources::default().add("t", ""), 0, 0);
        let inline = Some(Spanned::new("FROM inline\n".to_owned(), span));
        let inline = BuildSection { dockerfile_inline: inline, ..build("sub/Dev") };
        assert_eq!(offered(&inline), [file("Dockerfile", "FROM inline\n")]);
    }

    #[test]
    fn special_and_huge_files_are_never_read() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &[("Dockerfile", "FROM scratch\n")]);
        let made = std::process::Command::new("mkfifo").arg(directory.path().join(".dockerignore")).status();
        assert!(made.unwrap().success());
        std::fs::File::create(directory.path().join("Large")).unwrap().set_len(1 << 40).unwrap();
        let error = |build: &BuildSection| {
            Context::open(directory.path(), build, &FileSystem::default()).err().unwrap().to_string()
        };
        assert!(error(&BuildSection::default()).ends_with(".dockerignore` is not a regular file"));
        assert!(error(&build("/dev/zero")).ends_with("`/dev/zero` is not a regular file"));
        assert!(error(&build(".dockerignore")).ends_with(".dockerignore` is not a regular file"));
        assert!(error(&build("Large")).ends_with("Large` is larger than 16 MiB"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = |path: &Path| {
            Context::open(path, &BuildSection::default(), &FileSystem::default()).err().unwrap().to_string()
        };
        assert!(error(directory.path()).starts_with("cannot read the Dockerfile: `"));
        assert!(error(&directory.path().join("nope")).ends_with("nope` is not a directory"));
    }
}
