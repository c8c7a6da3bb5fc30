//! In: a directory and a selection of its content. Out: the selected entries, in the order that
//! builders require. Must not: read files.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::ignore::{Ignore, Matches};
use crate::engine::EngineError;
use crate::engine::archive::packing::Stopped;

/// Which part of a directory is selected.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// What is excluded.
    pub(super) ignored: Ignore,
    /// If present, only this is included.
    pub(super) only: Option<Ignore>,
}

/// Called for each entry: its path relative to the directory, its full path, and its metadata.
pub(super) type Visit<'a> = dyn FnMut(&Path, &Path, &Metadata) -> Result<(), Stopped> + 'a;

/// Walks a directory. A directory precedes its content, and names are in byte order.
pub(super) fn walk(directory: &Path, selection: &Selection, visit: &mut Visit<'_>) -> Result<(), Stopped> {
    let mut walk = Walk { root: directory, selection, visit, pending: Vec::new() };
    walk.directory(Path::new(""), &DirectoryMatches::default())
}

struct Walk<'a, 'b> {
    root: &'a Path,
    selection: &'a Selection,
    visit: &'a mut Visit<'b>,
    /// Directories that are not selected so far: one is visited when something in it is.
    pending: Vec<PathBuf>,
}

/// Which patterns matched a directory.
#[derive(Default)]
struct DirectoryMatches {
    ignored: Matches,
    only: Matches,
}

impl Walk<'_, '_> {
    fn directory(&mut self, directory: &Path, matches: &DirectoryMatches) -> Result<(), Stopped> {
        for name in self.names(directory)? {
            self.entry(&directory.join(name), matches)?;
        }
        Ok(())
    }

    fn names(&self, directory: &Path) -> Result<Vec<OsString>, EngineError> {
        let path = self.root.join(directory);
        let cannot = |error: io::Error| cannot_read(&path, &error);
        let Some(entries) = if_there(fs::read_dir(&path)).map_err(cannot)? else { return Ok(Vec::new()) };
        let names: io::Result<Vec<OsString>> =
            entries.map(|entry| entry.map(|entry| entry.file_name())).collect();
        let mut names = names.map_err(cannot)?;
        names.sort_unstable();
        Ok(names)
    }

    fn entry(&mut self, path: &Path, directory: &DirectoryMatches) -> Result<(), Stopped> {
        let Selection { ignored, only } = self.selection;
        // Patterns are text: bytes that are not become replacement characters, which nobody writes
        // in a pattern.
        let text = path.to_string_lossy();
        let (is_ignored, ignored_matches) = ignored.excludes(&text, &directory.ignored);
        let (is_chosen, only_matches) = match only {
            Some(only) => only.excludes(&text, &directory.only),
            None => (true, Matches::default()),
        };
        let may_hold_something = (!is_ignored || ignored.may_include_below(&text))
            && (is_chosen || only.as_ref().is_some_and(|only| only.may_match_below(&text)));
        if !may_hold_something {
            return Ok(());
        }
        let on_disk = self.root.join(path);
        let found =
            if_there(fs::symlink_metadata(&on_disk)).map_err(|error| cannot_read(&on_disk, &error))?;
        let Some(metadata) = found else { return Ok(()) };
        let is_wanted = is_chosen && !is_ignored;
        if metadata.is_dir() {
            let matches = DirectoryMatches { ignored: ignored_matches, only: only_matches };
            return self.subdirectory(path, &on_disk, &metadata, is_wanted, &matches);
        }
        if !is_wanted {
            return Ok(());
        }
        self.visit_pending_directories()?;
        (self.visit)(path, &on_disk, &metadata)
    }

    fn subdirectory(
        &mut self,
        path: &Path,
        on_disk: &Path,
        metadata: &Metadata,
        is_wanted: bool,
        matches: &DirectoryMatches,
    ) -> Result<(), Stopped> {
        if is_wanted {
            self.visit_pending_directories()?;
            (self.visit)(path, on_disk, metadata)?;
        } else {
            self.pending.push(path.to_owned());
        }
        self.directory(path, matches)?;
        // If it is still pending, nothing in it was selected.
        self.pending.pop_if(|last| last == path);
        Ok(())
    }

    fn visit_pending_directories(&mut self) -> Result<(), Stopped> {
        for path in std::mem::take(&mut self.pending) {
            let on_disk = self.root.join(&path);
            let metadata = fs::symlink_metadata(&on_disk).map_err(|error| cannot_read(&on_disk, &error))?;
            (self.visit)(&path, &on_disk, &metadata)?;
        }
        Ok(())
    }
}

/// `None` for entries that vanished after their directory was listed.
fn if_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// The error for an unreadable file in a build context.
pub(super) fn cannot_read(path: &Path, error: &io::Error) -> EngineError {
    let help = match error.kind() {
        io::ErrorKind::PermissionDenied => "; if the build does not need it, add it to `.dockerignore`",
        _ => "",
    };
    EngineError::LocalFile(format!("cannot read `{}`: {error}{help}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(root: &Path, ignored: &[&str], only: Option<&[&str]>) -> Vec<String> {
        let patterns = |patterns: &[&str]| Ignore::from_patterns(patterns.iter().copied()).unwrap();
        let selection = Selection { ignored: patterns(ignored), only: only.map(patterns) };
        let mut paths = Vec::new();
        let walked = walk(root, &selection, &mut |path, _, _| {
            paths.push(path.display().to_string());
            Ok(())
        });
        assert!(walked.is_ok());
        paths
    }

    #[test]
    fn selected_entries_are_ordered_and_come_with_their_directories() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for path in ["a/x/one", "a/x/two.log", "a/y/three", "a-b", "b/four", "b/five.log"] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "").unwrap();
        }
        let all =
            ["a", "a/x", "a/x/one", "a/x/two.log", "a/y", "a/y/three", "a-b", "b", "b/five.log", "b/four"];
        assert_eq!(walked(root, &[], None), all);
        assert_eq!(walked(root, &["**", "!b/*.log"], None), ["b", "b/five.log"]);
        assert_eq!(
            walked(root, &["*.log"], Some(&["a/x", "b/f*"])),
            ["a", "a/x", "a/x/one", "a/x/two.log", "b", "b/five.log", "b/four"]
        );
        assert_eq!(
            walked(root, &["**/*.log"], Some(&["a/x", "b/f*"])),
            ["a", "a/x", "a/x/one", "b", "b/four"]
        );
        assert_eq!(walked(root, &[], Some(&["gone"])), [""; 0]);
    }

    #[test]
    fn entries_that_vanish_meanwhile_are_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir(root.join("c")).unwrap();
        fs::write(root.join("a"), "").unwrap();
        fs::write(root.join("b"), "").unwrap();
        let mut seen = Vec::new();
        let walked = walk(root, &Selection::default(), &mut |path, _, _| {
            seen.push(path.to_owned());
            let _ = fs::remove_file(root.join("b")).and_then(|()| fs::remove_dir(root.join("c")));
            Ok(())
        });
        assert!(walked.is_ok());
        assert_eq!(seen, [Path::new("a")]);
    }
}
