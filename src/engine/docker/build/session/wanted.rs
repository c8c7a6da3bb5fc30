//! In: the headers of a call for files. Out: the requested directory, and which part of it. Must
//! not: send anything.
//!
//! The builder sends patterns (it has read `.dockerignore`) and the paths that the Dockerfile
//! copies. It does not follow links among those paths: that is left to the side that has the files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use http::HeaderMap;

use super::super::directory::Selection;
use super::super::ignore::Ignore;
use crate::engine::EngineError;

/// What a builder requests.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The name of the directory: `context` or `dockerfile`.
    pub(super) directory: String,
    excluded: Vec<String>,
    included: Vec<String>,
    followed: Vec<String>,
}

impl Wanted {
    /// Reads the headers of `moby.filesync.v1.FileSync/DiffCopy`.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        Self {
            directory: values(headers, "dir-name").pop().unwrap_or_default(),
            excluded: values(headers, "exclude-patterns"),
            included: values(headers, "include-patterns"),
            followed: values(headers, "followpaths"),
        }
    }

    /// The requested selection of the directory at `root`.
    pub(super) fn selection(&self, root: &Path) -> Result<Selection, EngineError> {
        let ignored = Ignore::from_patterns(self.excluded.iter().map(String::as_str))?;
        let mut wanted: BTreeSet<String> = self.included.iter().cloned().collect();
        self.followed.iter().for_each(|path| follow(root, path, &mut wanted));
        if wanted.is_empty() || wanted.contains("") {
            return Ok(Selection { ignored, only: None });
        }
        // Sending more than requested does no harm: without a valid pattern everything is sent.
        let only = Ignore::from_patterns(wanted.iter().map(String::as_str)).ok();
        Ok(Selection { ignored, only })
    }
}

/// The values of a header, unescaped if another header says so.
fn values(headers: &HeaderMap, name: &'static str) -> Vec<String> {
    let is_escaped = headers.get(format!("{name}-encoded")).is_some_and(|value| value == "1");
    let values = headers.get_all(name).iter().map(|value| value.as_bytes());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    values.map(|value| if is_escaped { text(&unescaped(value)) } else { text(value) }).collect()
}

/// Text with URL query escapes decoded.
fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
                continue;
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
        rest = after;
    }
    bytes
}

/// Adds a path, and each link on it with its target. A link never leads out of the directory.
fn follow(root: &Path, path: &str, wanted: &mut BTreeSet<String>) {
    let mut current = String::new();
    let parts = normal_parts(Path::new(path));
    for (index, part) in parts.iter().enumerate() {
        current = if current.is_empty() { part.clone() } else { format!("{current}/{part}") };
        let targets = targets(root, &current);
        if targets.is_empty() {
            continue;
        }
        if !wanted.insert(current) {
            return;
        }
        let rest: PathBuf = parts[index + 1..].iter().collect();
        targets.iter().for_each(|target| follow(root, &target.join(&rest).to_string_lossy(), wanted));
        return;
    }
    wanted.insert(current);
}

/// The target of the link at a path, or of each link that matches a pattern.
fn targets(root: &Path, path: &str) -> Vec<PathBuf> {
    let directory = Path::new(path).parent().unwrap_or(Path::new(""));
    let name = path.rsplit('/').next().unwrap_or_default();
    if !name.contains(['*', '?', '[']) {
        return target(root, Path::new(path)).into_iter().collect();
    }
    let Ok(pattern) = Ignore::from_patterns([name].into_iter()) else { return Vec::new() };
    let entries = fs::read_dir(root.join(directory)).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name());
    let names = names.filter(|name| pattern.excludes_at_any_depth(&name.to_string_lossy()));
    names.filter_map(|name| target(root, &directory.join(name))).collect()
}

/// The target of a link, relative to the root.
fn target(root: &Path, path: &Path) -> Option<PathBuf> {
    let target = fs::read_link(root.join(path)).ok()?;
    Some(path.parent().unwrap_or(Path::new("")).join(target))
}

/// The components of a path below a root, which nothing can leave.
fn normal_parts(path: &Path) -> Vec<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => drop(parts.pop()),
            Component::RootDir => parts.clear(),
            Component::CurDir | Component::Prefix(_) => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use http::HeaderValue;

    use super::*;

    fn followed(root: &Path, paths: &[&str]) -> Vec<String> {
        let mut wanted = BTreeSet::new();
        paths.iter().for_each(|path| follow(root, path, &mut wanted));
        wanted.into_iter().collect()
    }

    #[test]
    fn headers_are_read_in_the_format_of_builders() {
        let mut headers = HeaderMap::new();
        headers.append("dir-name", HeaderValue::from_static("context"));
        headers.append("exclude-patterns", HeaderValue::from_static("a+b"));
        headers.append("exclude-patterns", HeaderValue::from_static("!c"));
        headers.append("followpaths", HeaderValue::from_static("caf%C3%A9+au+lait"));
        headers.append("followpaths-encoded", HeaderValue::from_static("1"));
        let wanted = Wanted::read(&headers);
        assert_eq!(
            (wanted.directory.as_str(), wanted.excluded),
            ("context", vec!["a+b".to_owned(), "!c".into()])
        );
        assert_eq!(wanted.followed, ["café au lait"]);
    }

    #[test]
    fn links_are_followed_within_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("real/deep")).unwrap();
        fs::write(root.join("real/deep/file"), "").unwrap();
        symlink("real", root.join("link")).unwrap();
        symlink("../../../../real/deep", root.join("real/up")).unwrap();
        symlink("/real/deep/file", root.join("absolute")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        assert_eq!(followed(root, &["real/deep/file"]), ["real/deep/file"]);
        assert_eq!(followed(root, &["link/deep/file"]), ["link", "real/deep/file"]);
        assert_eq!(followed(root, &["real/up/file"]), ["real/deep/file", "real/up"]);
        assert_eq!(followed(root, &["absolute"]), ["absolute", "real/deep/file"]);
        assert_eq!(followed(root, &["loop/a"]), ["loop"]);
        assert_eq!(followed(root, &["a*"]), ["a*", "real/deep/file"]);
        assert_eq!(followed(root, &["gone/*.txt", "."]), ["", "gone/*.txt"]);
    }
}
