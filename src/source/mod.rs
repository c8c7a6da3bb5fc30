//! In: command-line choices and the file system. Out: texts, and the variables that they may use.
//! Must not: understand YAML, or change anything.

mod discover;
mod encoding;
mod env;
mod file_system;
pub mod program;
mod remote;
mod template;

pub use discover::{
    DEFAULT_NAMES, DiscoverError, Discovered, FileChoice, NamedBy, OVERRIDE_NAMES, PROJECT_NAME, cleaned,
    discover, normalised_project_name, surroundings,
};
use encoding::Encoding;
pub use encoding::{Damage, without_mark};
pub use env::{
    EnvEntry, EnvFile, EnvFormat, EnvProblem, EnvProblemKind, Environment, Origin, Variable, parse_env_file,
    parse_env_file_over,
};
pub use file_system::{FileKind, FileSystem, read_bytes};
pub use remote::Remote;
pub use template::{
    Substituted, TemplateProblem, TemplateProblemKind, TemplateVariable, substitute, template_variables,
};

use std::fmt;
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
    /// How its bytes are made of its text.
    encoding: Encoding,
    /// Its comments, from the `#` to the end of the line, in their order; known once it was read as YAML.
    comments: Vec<Span>,
}

impl SourceFile {
    /// The bytes of the file if its text were this one: with the byte-order mark that it has, and in its encoding.
    pub fn encoded(&self, text: &str) -> Vec<u8> {
        self.encoding.bytes(text)
    }
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
    #[error("`{}` is not UTF-8 text{}", path.display(), damage.shown(*line, *column))]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line of the first invalid byte, from 1.
        line: usize,
        /// Its column, from 1, in characters.
        column: usize,
        /// The probable encoding of the file.
        damage: Damage,
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

/// Every text that was loaded, kept for as long as spans are shown.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    file_system: FileSystem,
}

impl Sources {
    /// No texts yet; they will be read from `file_system`.
    pub fn new(file_system: FileSystem) -> Self {
        Self { files: Vec::new(), file_system }
    }

    /// What texts are read from.
    pub fn file_system(&self) -> &FileSystem {
        &self.file_system
    }

    /// Keeps a text that is already in memory.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> FileId {
        let text = text.into();
        let encoding = if text.starts_with('\u{feff}') { Encoding::Utf8WithMark } else { Encoding::Utf8 };
        self.add_encoded(path, without_mark(text), encoding)
    }

    fn add_encoded(&mut self, path: impl Into<PathBuf>, text: String, encoding: Encoding) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile {
            path: path.into(),
            text,
            is_env_file: false,
            encoding,
            comments: Vec::new(),
        });
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
        let bytes = self.file_system.read(path, shown)?;
        debug!(path = %shown.display(), bytes = bytes.len(), "read");
        if let Some((text, encoding)) = encoding::text_of_utf16(&bytes) {
            return Ok(self.add_encoded(shown, text, encoding));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let (line, column) = position_after(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
            let damage = Damage::detect(error.as_bytes());
            let first = error.utf8_error().valid_up_to();
            let readable = (String::from_utf8_lossy(error.as_bytes()).into_owned(), first);
            ReadError::NotUtf8 { path: shown.to_owned(), line, column, damage, readable }
        })?;
        Ok(self.add(shown, text))
    }

    /// Takes over the files of `other`. The function that it returns translates their spans.
    pub fn absorb(&mut self, other: Sources) -> impl Fn(Span) -> Span + use<> {
        let shift = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        if self.files.is_empty() {
            self.file_system = other.file_system;
        }
        self.files.extend(other.files);
        move |span| Span { file: FileId(span.file.0 + shift), ..span }
    }

    /// The comments of a file, in their order; nothing unless it was read as YAML.
    pub fn comments(&self, file: FileId) -> &[Span] {
        &self.get(file).comments
    }

    /// Records where the comments of a file are.
    pub fn set_comments(&mut self, file: FileId, comments: Vec<Span>) {
        self.files[file.0 as usize].comments = comments;
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

/// Line and column right after a text, both from 1.
fn position_after(before: &[u8]) -> (usize, usize) {
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    (line, column)
}
