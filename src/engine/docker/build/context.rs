//! In: a build section whose context is a folder. Out: the folder as an archive, as it is read.
//! Must not: hold more of it in memory than a few pieces.
//!
//! Entries come in the order of their names, without owners, so that the same folder makes the same
//! archive. A Dockerfile that is not part of the context (outside the folder, inline, or left out by
//! `.dockerignore`) is added: the builder reads it from the archive.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::super::packing::{self, Archive, Owners, Sending, Stopped};
use super::ignore::{Ignore, Matches};
use crate::engine::EngineError;
use crate::topology::service::build::BuildSection;

/// How the name of a Dockerfile begins that is added to the archive.
const ADDED: &str = ".dockerfile.";

/// A folder that is ready to be sent.
pub struct Context {
    folder: PathBuf,
    ignore: Ignore,
    dockerfile: Dockerfile,
}

/// Where the Dockerfile of a build is.
struct Dockerfile {
    /// Its path in the archive.
    name: String,
    /// Its text, when it may have to be added to the folder's files.
    text: Vec<u8>,
}

impl Context {
    /// Reads the Dockerfile and what is to be left out.
    pub fn open(folder: &Path, build: &BuildSection) -> Result<Self, EngineError> {
        if !folder.is_dir() {
            return Err(EngineError::Other(format!(
                "the build context `{}` is not a folder",
                folder.display()
            )));
        }
        let (dockerfile, path) = find_dockerfile(folder, build)?;
        let ignore = read_ignore(folder, path.as_deref())?;
        Ok(Self { folder: folder.to_owned(), ignore, dockerfile })
    }

    /// The Dockerfile's path in the archive.
    pub fn dockerfile(&self) -> &str {
        &self.dockerfile.name
    }

    /// The Dockerfile's name for people and its text; nothing for an inline one.
    pub fn dockerfile_text(&self) -> Option<(String, String)> {
        let Dockerfile { name, text } = &self.dockerfile;
        let shown = name.rsplit('/').next().unwrap_or_default();
        (!name.starts_with(ADDED)).then(|| (shown.to_owned(), String::from_utf8_lossy(text).into_owned()))
    }

    /// Starts to read the folder, no faster than it is sent.
    pub fn send(self) -> Sending {
        packing::send(Owners::LeftOut, move |archive| self.pack(archive), cannot_read)
    }

    /// Writes the whole archive.
    fn pack(&self, archive: &mut Archive) -> Result<(), Stopped> {
        let mut packer = Packer { context: self, archive, folders: Vec::new(), has_dockerfile: false };
        packer.folder(Path::new(""), &Matches::default())?;
        if !packer.has_dockerfile {
            let Dockerfile { name, text } = &self.dockerfile;
            packer.archive.add_text(name, text)?;
        }
        Ok(())
    }
}

fn find_dockerfile(
    folder: &Path,
    build: &BuildSection,
) -> Result<(Dockerfile, Option<PathBuf>), EngineError> {
    if let Some(inline) = &build.dockerfile_inline {
        let text = inline.value.clone().into_bytes();
        return Ok((Dockerfile { name: added_name(&text), text }, None));
    }
    let path = build.dockerfile_in(folder);
    let text = fs::read(&path).map_err(|error| {
        EngineError::Other(format!("cannot read the Dockerfile `{}`: {error}", path.display()))
    })?;
    let name = path_within(folder, &path).unwrap_or_else(|| added_name(&text));
    Ok((Dockerfile { name, text }, Some(path)))
}

/// The path of a file relative to a folder that it is in, whichever way both are written.
fn path_within(folder: &Path, file: &Path) -> Option<String> {
    let parent = file.parent()?.canonicalize().ok()?;
    let relative = parent.strip_prefix(folder.canonicalize().ok()?).ok()?.join(file.file_name()?);
    relative.to_str().map(str::to_owned)
}

/// The name of a Dockerfile that is added: always the same for the same text, so that it can be cached.
fn added_name(text: &[u8]) -> String {
    let digest: String = Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{ADDED}{digest}")
}

/// What is left out of a folder that is built from, whether or not its Dockerfile is there.
pub fn left_out(folder: &Path, build: &BuildSection) -> Result<Ignore, EngineError> {
    let dockerfile = build.dockerfile_inline.is_none().then(|| build.dockerfile_in(folder));
    read_ignore(folder, dockerfile.as_deref())
}

/// `NAME.dockerignore` beside the Dockerfile, else `.dockerignore` in the folder.
fn read_ignore(folder: &Path, dockerfile: Option<&Path>) -> Result<Ignore, EngineError> {
    let beside = dockerfile.map(|path| {
        let mut name = path.as_os_str().to_owned();
        name.push(".dockerignore");
        PathBuf::from(name)
    });
    for path in beside.into_iter().chain([folder.join(".dockerignore")]) {
        let named =
            |error: &dyn std::fmt::Display| EngineError::Other(format!("`{}`: {error}", path.display()));
        match fs::read(&path) {
            Ok(text) => return Ignore::parse(&String::from_utf8_lossy(&text)).map_err(|error| named(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(named(&error)),
        }
    }
    Ok(Ignore::default())
}

struct Packer<'a> {
    context: &'a Context,
    archive: &'a mut Archive,
    /// Folders that are left out so far: one is added when an exception brings back what is in it.
    folders: Vec<PathBuf>,
    has_dockerfile: bool,
}

impl Packer<'_> {
    fn folder(&mut self, folder: &Path, matches: &Matches) -> Result<(), Stopped> {
        for name in self.names(folder)? {
            self.entry(&folder.join(name), matches)?;
        }
        Ok(())
    }

    fn names(&self, folder: &Path) -> Result<Vec<OsString>, EngineError> {
        let path = self.context.folder.join(folder);
        let cannot = |error: io::Error| cannot_read(&path, &error);
        let Some(entries) = if_there(fs::read_dir(&path)).map_err(cannot)? else { return Ok(Vec::new()) };
        let names: io::Result<Vec<OsString>> =
            entries.map(|entry| entry.map(|entry| entry.file_name())).collect();
        let mut names = names.map_err(cannot)?;
        names.sort_unstable();
        Ok(names)
    }

    fn entry(&mut self, path: &Path, folder: &Matches) -> Result<(), Stopped> {
        // Patterns are text: bytes that are none match as a character that nobody writes.
        let (is_excluded, matches) = self.context.ignore.excludes(&path.to_string_lossy(), folder);
        if is_excluded && !self.context.ignore.may_bring_back_below(&path.to_string_lossy()) {
            return Ok(());
        }
        let on_disk = self.context.folder.join(path);
        let found =
            if_there(fs::symlink_metadata(&on_disk)).map_err(|error| cannot_read(&on_disk, &error))?;
        let Some(metadata) = found else { return Ok(()) };
        if metadata.is_dir() {
            return self.subfolder(path, &metadata, is_excluded, &matches);
        }
        if is_excluded {
            return Ok(());
        }
        self.add_pending_folders()?;
        match self.archive.add(path, &on_disk, &metadata) {
            Err(Stopped::Unreadable { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Ok(()) => {
                self.has_dockerfile |= path == Path::new(&self.context.dockerfile.name);
                Ok(())
            }
            stopped => stopped,
        }
    }

    fn subfolder(
        &mut self,
        path: &Path,
        metadata: &Metadata,
        is_excluded: bool,
        matches: &Matches,
    ) -> Result<(), Stopped> {
        if is_excluded {
            self.folders.push(path.to_owned());
        } else {
            self.add_pending_folders()?;
            self.archive.add(path, &self.context.folder.join(path), metadata)?;
        }
        self.folder(path, matches)?;
        // Nothing was brought back when it still waits.
        self.folders.pop_if(|last| last == path);
        Ok(())
    }

    fn add_pending_folders(&mut self) -> Result<(), Stopped> {
        for path in std::mem::take(&mut self.folders) {
            let on_disk = self.context.folder.join(&path);
            let metadata = fs::symlink_metadata(&on_disk).map_err(|error| cannot_read(&on_disk, &error))?;
            self.archive.add(&path, &on_disk, &metadata)?;
        }
        Ok(())
    }
}

/// What vanished since its folder was listed is no part of the context.
fn if_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> EngineError {
    let help = match error.kind() {
        io::ErrorKind::PermissionDenied => "; if the build does not need it, add it to `.dockerignore`",
        _ => "",
    };
    EngineError::Other(format!("cannot read `{}`: {error}{help}", path.display()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::TryStreamExt;
    use http_body_util::BodyExt;

    use super::super::super::packing::PIECE;
    use super::*;
    use crate::source::{Sources, Span, Spanned};

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn build(dockerfile: &str) -> BuildSection {
        let span = Span::new(Sources::default().add("t", ""), 0, 0);
        let dockerfile = Some(Spanned::new(dockerfile.to_owned(), span));
        BuildSection { dockerfile, ..BuildSection::default() }
    }

    async fn pack(folder: &Path, build: &BuildSection) -> Vec<u8> {
        let Sending { body, sent: _sent, producer } = Context::open(folder, build).unwrap().send();
        let pieces: Vec<Bytes> = body.into_data_stream().try_collect().await.unwrap();
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
    async fn what_is_left_out_stays_but_for_exceptions_and_the_dockerfile() {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            &[
                (".dockerignore", "*\n!src/**/*.py\n"),
                ("Dockerfile", "FROM scratch\n"),
                ("src/deep/a.py", ""),
                ("src/deep/a.log", ""),
                ("src/empty/b.log", ""),
                ("big.bin", ""),
            ],
        );
        let archive = pack(folder.path(), &BuildSection::default()).await;
        assert_eq!(names(&archive), ["src/", "src/deep/", "src/deep/a.py", "Dockerfile"]);
    }

    #[tokio::test]
    async fn a_name_that_is_no_text_is_sent_unless_it_is_left_out() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let name = |bytes| std::ffi::OsStr::from_bytes(bytes);
        write(folder.path(), &[("Dockerfile", ""), (".dockerignore", "*.log\n.dockerignore\n")]);
        if fs::write(folder.path().join(name(b"a\xff.txt")), "").is_err() {
            return;
        }
        fs::write(folder.path().join(name(b"b\xff.log")), "").unwrap();
        let archive = pack(folder.path(), &BuildSection::default()).await;
        let mut archive = tar::Archive::new(archive.as_slice());
        let names: Vec<Vec<u8>> =
            archive.entries().unwrap().map(|entry| entry.unwrap().path_bytes().into_owned()).collect();
        assert_eq!(names, [b"Dockerfile".to_vec(), b"a\xff.txt".to_vec()]);
    }

    #[tokio::test]
    async fn what_vanishes_while_it_is_read_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[("Dockerfile", "")]);
        let context = Context::open(folder.path(), &BuildSection::default()).unwrap();
        let sending = packing::send(
            Owners::LeftOut,
            move |archive| {
                let mut packer =
                    Packer { context: &context, archive, folders: Vec::new(), has_dockerfile: false };
                packer.entry(Path::new("gone"), &Matches::default())?;
                packer.folder(Path::new("gone-too"), &Matches::default())
            },
            cannot_read,
        );
        let pieces: Vec<Bytes> = sending.body.into_data_stream().try_collect().await.unwrap();
        sending.producer.await.unwrap().unwrap();
        assert!(names(&pieces.concat()).is_empty());
    }

    #[tokio::test]
    async fn the_same_folder_makes_the_same_archive() {
        let folder = tempfile::tempdir().unwrap();
        let large = "x".repeat(3 * PIECE);
        write(folder.path(), &[("Dockerfile", "FROM scratch\n"), ("b", &large), ("a/c", "1")]);
        std::os::unix::fs::symlink("a/c", folder.path().join("link")).unwrap();
        let archive = pack(folder.path(), &BuildSection::default()).await;
        assert_eq!(names(&archive), ["Dockerfile", "a/", "a/c", "b", "link"]);
        assert_eq!(archive, pack(folder.path(), &BuildSection::default()).await);
    }

    #[tokio::test]
    async fn a_dockerfile_from_elsewhere_is_added_and_brings_its_own_ignore_file() {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            &[
                ("context/a", ""),
                ("context/b", ""),
                ("context/.dockerignore", "b"),
                ("Other", "FROM scratch\n"),
                ("Other.dockerignore", "a\n.dockerignore\n"),
            ],
        );
        let context = folder.path().join("context");
        let archive = pack(&context, &build("../Other")).await;
        assert_eq!(names(&archive), ["b".to_owned(), added_name(b"FROM scratch\n")]);
        assert_eq!(Context::open(&context, &build("../Other")).unwrap().dockerfile_text(), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = |path: &Path| Context::open(path, &BuildSection::default()).err().unwrap().to_string();
        assert!(error(folder.path()).starts_with("cannot read the Dockerfile `"));
        assert!(error(&folder.path().join("nope")).ends_with("nope` is not a folder"));
    }
}
