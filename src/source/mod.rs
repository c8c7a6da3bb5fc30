//! In: command-line choices and the file system. Out: texts, and the variables that they may use.
//! Must not: understand YAML, or change anything.

mod discover;
mod env;
pub mod program;
mod remote;
mod template;

pub use discover::{
    DEFAULT_NAMES, DiscoverError, Discovered, FileChoice, NamedBy, OVERRIDE_NAMES, PROJECT_NAME, cleaned,
    discover, display_path, normalised_project_name, surroundings,
};
pub use env::{
    EnvEntry, EnvFile, EnvFormat, EnvProblem, EnvProblemKind, Environment, Origin, Variable, parse_env_file,
    parse_env_file_over,
};
pub use remote::Remote;
pub use template::{
    Substituted, TemplateProblem, TemplateProblemKind, TemplateVariable, substitute, template_variables,
};

use std::fmt;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tracing::debug;

/// The largest file that is read, in bytes (16 MiB).
pub const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// One loaded text. A path that is loaded twice, for two purposes, has two ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A range of bytes in a loaded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte, from 0.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span of what is written in no file.
    pub const NOWHERE: Self = Self { file: FileId(u32::MAX), start: 0, end: 0 };

    /// The bytes `start..end` of `file`.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: clamp(start), end: clamp(end) }
    }

    /// The smallest range that covers both; `other` must be in the same file.
    pub fn to(self, other: Span) -> Self {
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether all of `other` is within this range.
    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// This span, or `other` when this one is empty, like that of a missing value.
    pub fn or(self, other: Span) -> Self {
        if self.start == self.end { other } else { self }
    }

    /// The range as byte offsets.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value and where it was written. Equal when the values are.
#[derive(Clone, Copy, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// Another value at the same place.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned::new(f(self.value), self.span)
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: PartialOrd> PartialOrd for Spanned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Ord> Ord for Spanned<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}

impl<T: fmt::Display> fmt::Display for Spanned<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(formatter)
    }
}

/// A loaded text and the path that users know it by.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as given (`-` for standard input).
    pub path: PathBuf,
    /// Its content in UTF-8, without a byte-order mark; offsets differ from those in a UTF-16 file.
    pub text: String,
    /// Whether it sets variables or labels, whose values are not shown.
    pub is_env_file: bool,
}

/// Why a file could not be read. The wording follows the house style for diagnostics.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The path does not exist.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// The path leads to another machine.
    #[error("`{}` is not on this machine, and topo fetches no files", .0.display())]
    Remote(PathBuf, Remote),
    /// The path is a directory, a device, a pipe or a socket.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// More than [`FILE_LIMIT`] bytes.
    #[error("`{}` is larger than 16 MiB", .0.display())]
    TooLarge(PathBuf),
    /// Not UTF-8 text.
    #[error("`{}` is not UTF-8 text{}", path.display(), encoding.shown(*line, *column))]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line of the first invalid byte, from 1.
        line: usize,
        /// Its column, from 1, in characters.
        column: usize,
        /// The probable encoding of the file.
        encoding: Encoding,
        /// The text with a replacement character for each invalid byte, and the offset of the first
        /// of them in it, in bytes.
        readable: (String, usize),
    },
    /// The operating system reported an error.
    #[error("cannot read `{}`: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error.
        error: std::io::Error,
    },
}

/// The probable encoding of a text that is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-16 that is truncated or has an unpaired surrogate.
    Utf16,
    /// One byte per character: Latin-1, Windows-1252 and the like.
    OneByte,
    /// Not a text.
    Binary,
}

impl Encoding {
    fn detect(bytes: &[u8]) -> Self {
        let has_mark = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        if has_mark {
            return Self::Utf16;
        }
        let is_control = |byte: &u8| matches!(byte, 0..=8 | 0x0e..=0x1f);
        if bytes.iter().take(1_000).any(is_control) { Self::Binary } else { Self::OneByte }
    }

    /// The rest of a sentence about a text that is not UTF-8 at this position.
    fn shown(self, line: usize, column: usize) -> String {
        match self {
            Self::Utf16 => ", and begins as UTF-16 that is damaged".to_owned(),
            Self::OneByte => format!(" at line {line}, column {column}: perhaps it is Latin-1"),
            Self::Binary => " but binary data".to_owned(),
        }
    }
}

/// Every loaded text, kept for as long as spans are shown.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a text that is already in memory.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> FileId {
        let text = without_mark(text.into());
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile { path: path.into(), text, is_env_file: false });
        id
    }

    /// Reads a regular file of at most [`FILE_LIMIT`] bytes; `-` is standard input, and the null
    /// device is an empty file. A text is UTF-8, or UTF-16 with a byte-order mark, as in YAML 1.2
    /// (5.2, "character encodings").
    pub fn read(&mut self, path: &Path) -> Result<FileId, ReadError> {
        self.read_as(path, path)
    }

    /// Like [`Sources::read`], with `shown` as the path that users see.
    pub fn read_as(&mut self, path: &Path, shown: &Path) -> Result<FileId, ReadError> {
        let bytes = match path {
            _ if path == Path::new("-") => read_bounded(path, std::io::stdin().lock()),
            _ if is_handed_over(path) => read_handed_over(path, shown),
            _ => read_regular(path, shown),
        }?;
        debug!(path = %shown.display(), bytes = bytes.len(), "read");
        if let Some(text) = text_of_utf16(&bytes) {
            return Ok(self.add(shown, text));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let (line, column) = position_after(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
            let encoding = Encoding::detect(error.as_bytes());
            let first = error.utf8_error().valid_up_to();
            let readable = (String::from_utf8_lossy(error.as_bytes()).into_owned(), first);
            ReadError::NotUtf8 { path: shown.to_owned(), line, column, encoding, readable }
        })?;
        Ok(self.add(shown, text))
    }

    /// The bytes of a regular file of at most [`FILE_LIMIT`] bytes, for which no span is needed.
    /// File descriptors passed by the shell are refused: the engine, which mounts the file, does
    /// not have them.
    pub fn bytes(path: &Path) -> Result<Vec<u8>, ReadError> {
        if is_handed_over(path) {
            return Err(ReadError::NotAFile(path.to_owned()));
        }
        read_regular(path, &display_path(path))
    }

    /// Whether [`Sources::bytes`] would accept a path. Nothing is opened: a FIFO would wait for its
    /// writer.
    pub fn check(path: &Path) -> Result<(), ReadError> {
        let shown = display_path(path);
        let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ReadError::Missing(shown.clone()),
            _ => ReadError::Io { path: shown.clone(), error },
        })?;
        match metadata.len() {
            _ if is_null_device(&metadata) => Ok(()),
            _ if is_handed_over(path) || !metadata.is_file() => Err(ReadError::NotAFile(shown)),
            length if length > FILE_LIMIT => Err(ReadError::TooLarge(shown)),
            _ => Ok(()),
        }
    }

    /// Takes over the files of `other`. The function that it returns translates their spans.
    pub fn absorb(&mut self, other: Sources) -> impl Fn(Span) -> Span + use<> {
        let shift = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.extend(other.files);
        move |span| Span { file: FileId(span.file.0 + shift), ..span }
    }

    /// Records that a file sets variables or labels.
    pub fn mark_env_file(&mut self, id: FileId) {
        self.files[id.0 as usize].is_env_file = true;
    }

    /// The file with this id.
    pub fn get(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The text at `span`.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).text.get(span.range()).unwrap_or_default()
    }

    /// Whether two spans are the same place of one file, perhaps loaded twice.
    pub fn is_same_place(&self, first: Span, second: Span) -> bool {
        first.range() == second.range() && self.get(first.file).path == self.get(second.file).path
    }

    /// Line and column of the first byte of `span`, both from 1; columns count characters.
    pub fn position(&self, span: Span) -> (usize, usize) {
        self.position_at(span.file, span.start as usize)
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    pub fn position_at(&self, file: FileId, offset: usize) -> (usize, usize) {
        let text = &self.get(file).text;
        position_after(&text.as_bytes()[..offset.min(text.len())])
    }

    /// All files, in the order in which they were loaded.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(index as u32), file))
    }
}

/// A text without a leading byte-order mark.
pub fn without_mark(mut text: String) -> String {
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    text
}

/// The text of UTF-16 that begins with a byte-order mark; `None` without one, or when it is not
/// valid.
fn text_of_utf16(bytes: &[u8]) -> Option<String> {
    let (mark, units) = bytes.split_first_chunk::<2>()?;
    let unit: fn([u8; 2]) -> u16 = match mark {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let (units, rest) = units.as_chunks::<2>();
    let text = char::decode_utf16(units.iter().copied().map(unit)).collect::<Result<String, _>>();
    text.ok().filter(|_| rest.is_empty())
}

/// Line and column right after a text, both from 1.
fn position_after(before: &[u8]) -> (usize, usize) {
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    (line, column)
}

/// Reads a file that is not part of the topology's text, such as the content of a secret.
///
/// # Errors
///
/// It is missing, unreadable, not a regular file, or endless.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, ReadError> {
    if is_handed_over(path) { read_handed_over(path, path) } else { read_regular(path, path) }
}

fn read_handed_over(path: &Path, shown: &Path) -> Result<Vec<u8>, ReadError> {
    let open = std::fs::File::open(path);
    read_bounded(shown, open.map_err(|error| ReadError::Io { path: shown.to_owned(), error })?)
}

fn read_regular(path: &Path, shown: &Path) -> Result<Vec<u8>, ReadError> {
    let io = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::Missing(shown.to_owned()),
        _ => ReadError::Io { path: shown.to_owned(), error },
    };
    // Checked before opening: opening a FIFO would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(io)?;
    if is_null_device(&metadata) {
        return Ok(Vec::new());
    }
    if !metadata.is_file() {
        return Err(ReadError::NotAFile(shown.to_owned()));
    }
    // Some files of `/proc` and `/sys` are endless and block.
    let without_waiting = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(without_waiting).open(path).map_err(io)?;
    read_bounded(shown, file)
}

/// A file descriptor passed by the shell (`<(command)`) is open already, and is not a regular file.
fn is_handed_over(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path == Path::new("/dev/stdin")
}

/// `/dev/null`, the customary way to name no file: minor 3 of the memory devices on Linux
/// (`Documentation/admin-guide/devices.txt`, "1 char").
fn is_null_device(metadata: &std::fs::Metadata) -> bool {
    let device = metadata.rdev();
    metadata.file_type().is_char_device() && (rustix::fs::major(device), rustix::fs::minor(device)) == (1, 3)
}

fn read_bounded(path: &Path, reader: impl Read) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    reader.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::WouldBlock => ReadError::NotAFile(path.to_owned()),
        _ => ReadError::Io { path: path.to_owned(), error },
    })?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(ReadError::TooLarge(path.to_owned()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, mark: [u8; 2], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
    }

    #[test]
    fn utf_16_is_read_by_its_mark_and_places_count_characters() {
        let text = "a: é\n😀: b\n";
        let little = utf16(text, [0xff, 0xfe], u16::to_le_bytes);
        let big = utf16(text, [0xfe, 0xff], u16::to_be_bytes);
        let directory = tempfile::tempdir().expect("a directory");
        for bytes in [&little, &big] {
            let path = directory.path().join("wide.yaml");
            std::fs::write(&path, bytes).expect("a file");
            let mut sources = Sources::default();
            let file = sources.read(&path).expect("a text");
            assert_eq!(sources.get(file).text, text);
            let at = text.find('b').expect("a value");
            assert_eq!(sources.position_at(file, at), (2, 4));
        }
        assert_eq!(text_of_utf16(&little[..little.len() - 1]), None);
        assert_eq!(text_of_utf16(&[0xff, 0xfe, 0x3d, 0xd8]), None);
        assert_eq!(text_of_utf16(b"a: b"), None);
    }
}
