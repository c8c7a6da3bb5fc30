//! The two ends of a copy: what was written, and what it means.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::cli::error::CliError;
use crate::cli::io::terminal;
use crate::engine::EngineError;
use crate::engine::local_file;

/// One end of a copy, as it was written.
pub(super) enum CopyEnd<'a> {
    /// `SERVICE:PATH`.
    Container(ContainerPath),
    /// A path here, or `-`.
    Here(&'a str),
}

/// A path in the container of a service.
pub(super) struct ContainerPath {
    /// The service.
    pub(super) service: String,
    /// The path, from the container's root.
    pub(super) path: String,
}

impl<'a> CopyEnd<'a> {
    /// A colon makes it an end in a container, unless the text begins like a path: `./a:b`.
    pub(super) fn read(text: &'a str) -> Self {
        match text.split_once(':') {
            Some((service, path)) if !text.starts_with(['/', '.']) && !service.is_empty() => {
                let path = format!("/{}", path.trim_start_matches('/'));
                Self::Container(ContainerPath { service: service.to_owned(), path })
            }
            _ => Self::Here(text),
        }
    }
}

/// What is copied into containers.
#[derive(Debug)]
pub(super) enum Source {
    /// The archive on the standard input.
    Input,
    /// A file, or a link.
    File { path: PathBuf, metadata: Metadata },
    /// What came out of a pipe, and is in a file of its own by now.
    Stream { path: PathBuf, content: NamedTempFile, metadata: Metadata },
    /// A directory.
    Directory { path: PathBuf, metadata: Metadata },
    /// What is in a directory.
    Contents { path: PathBuf, metadata: Metadata },
}

impl Source {
    /// Looks at what is there.
    pub(super) fn read(text: &str, follows_link: bool) -> Result<Self, CliError> {
        if text == "-" {
            return Ok(Self::Input);
        }
        let path = PathBuf::from(text);
        let is_contents = is_contents(text);
        // A slash at the end follows a link too.
        // A link to an open file, such as `/dev/stdin`, means nothing elsewhere.
        let is_followed =
            follows_link || is_contents || text.ends_with('/') || local_file::is_open_file(&path);
        let looked_at = if is_followed { fs::metadata(&path) } else { fs::symlink_metadata(&path) };
        let metadata = looked_at.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CliError::usage(format!("`{text}` does not exist")),
            _ => CliError::usage(format!("cannot read `{text}`: {error}")),
        })?;
        if let Some(what) = local_file::special(metadata.file_type()) {
            // The one device that has an end.
            let has_end = metadata.file_type().is_fifo() || path == Path::new("/dev/null");
            return if has_end { Self::stream(path) } else { Err(special(text, what)) };
        }
        match (metadata.is_dir(), is_contents) {
            (true, true) => Ok(Self::Contents { path, metadata }),
            (true, false) => Ok(Self::Directory { path, metadata }),
            (false, _) => Ok(Self::File { path, metadata }),
        }
    }

    /// Reads a pipe to its end: an archive says first how long a file is.
    fn stream(path: PathBuf) -> Result<Self, CliError> {
        let read = || {
            let mut content = NamedTempFile::new()?;
            io::copy(&mut File::open(&path)?, &mut content)?;
            content.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
            let metadata = content.as_file().metadata()?;
            Ok((content, metadata))
        };
        let unreadable =
            |error: io::Error| CliError::usage(format!("cannot read `{}`: {error}", path.display()));
        let (content, metadata) = read().map_err(unreadable)?;
        Ok(Self::Stream { path, content, metadata })
    }

    /// The name that it keeps in a directory.
    pub(super) fn name(&self) -> Result<String, CliError> {
        let (Self::File { path, .. } | Self::Directory { path, .. } | Self::Stream { path, .. }) = self
        else {
            return Ok(String::new());
        };
        // `..` has a name of its own, too.
        let known = path.file_name().map(ToOwned::to_owned);
        let name = known.or_else(|| path.canonicalize().ok()?.file_name().map(ToOwned::to_owned));
        let name = name.and_then(|name| name.into_string().ok());
        name.ok_or_else(|| {
            CliError::failed(format!("`{}` has no name that a copy could have", path.display()))
        })
    }
}

/// Where files go here.
#[derive(Debug)]
pub(super) enum Target {
    /// An archive on the standard output.
    Output,
    /// A path.
    Path(PathBuf),
}

impl Target {
    /// Nothing when it is the standard output, and a terminal.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "-" if terminal::is_output() => None,
            "-" => Some(Self::Output),
            path => Some(Self::Path(PathBuf::from(path))),
        }
    }
}

fn special(path: &str, what: &str) -> CliError {
    CliError::usage(format!("`{path}` is {what}")).help("files, directories, links and pipes are copied")
}

/// Whether a directory's contents are meant, and not the directory.
pub(super) fn is_contents(path: &str) -> bool {
    path == "." || path.ends_with("/.")
}

/// The directory and the name of a path from the root.
pub(super) fn split(path: &str) -> (&str, &str) {
    let path = path.trim_end_matches('/');
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((directory, name)) => (directory, name),
        None => ("/", path),
    }
}

/// What it means that a file here cannot be read.
pub(super) fn cannot_read(path: &Path, error: &std::io::Error) -> EngineError {
    EngineError::LocalFile(format!("cannot read `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_makes_an_end_in_a_container() {
        let service = |text| match CopyEnd::read(text) {
            CopyEnd::Container(ContainerPath { service, path }) => Some((service, path)),
            CopyEnd::Here(_) => None,
        };
        assert_eq!(service("web:/etc"), Some(("web".into(), "/etc".into())));
        assert_eq!(service("web:etc/x:y"), Some(("web".into(), "/etc/x:y".into())));
        for here in ["-", "file", "/a:b", "./a:b", "../a:b", ":a"] {
            assert_eq!(service(here), None, "{here}");
        }
    }

    #[test]
    fn a_path_is_split_at_its_last_slash() {
        assert_eq!(split("/etc/passwd"), ("/etc", "passwd"));
        assert_eq!(split("/etc/"), ("/", "etc"));
        assert_eq!(split("/"), ("/", ""));
    }
}
