//! In: a folder and what of it is wanted. Out: what is in it, in the order in which builders want it.
//! Must not: read files.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::ignore::{Ignore, Matches};
use crate::engine::EngineError;
use crate::engine::archive::packing::Stopped;

/// What of a folder is wanted.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// What is left out.
    pub(super) ignored: Ignore,
    /// What alone is wanted; everything when absent.
    pub(super) only: Option<Ignore>,
}

/// What is done with a thing in the folder: its path from the folder, its path, and what it is.
pub(super) type Visit<'a> = dyn FnMut(&Path, &Path, &Metadata) -> Result<(), Stopped> + 'a;

/// Goes through a folder. A folder comes before what is in it, and names in the order of their bytes.
pub(super) fn walk(folder: &Path, selection: &Selection, visit: &mut Visit<'_>) -> Result<(), Stopped> {
    let mut walk = Walk { root: folder, selection, visit, waiting: Vec::new() };
    walk.folder(Path::new(""), &FolderMatches::default())
}

struct Walk<'a, 'b> {
    root: &'a Path,
    selection: &'a Selection,
    visit: &'a mut Visit<'b>,
    /// Folders that are not wanted so far: one is visited when something in it is.
    waiting: Vec<PathBuf>,
}

/// Which patterns matched a folder.
#[derive(Default)]
struct FolderMatches {
    ignored: Matches,
    only: Matches,
}

impl Walk<'_, '_> {
    fn folder(&mut self, folder: &Path, matches: &FolderMatches) -> Result<(), Stopped> {
        for name in self.names(folder)? {
            self.entry(&folder.join(name), matches)?;
        }
        Ok(())
    }

    fn names(&self, folder: &Path) -> Result<Vec<OsString>, EngineError> {
        let path = self.root.join(folder);
        let cannot = |error: io::Error| cannot_read(&path, &error);
        let Some(entries) = if_there(fs::read_dir(&path)).map_err(cannot)? else { return Ok(Vec::new()) };
        let names: io::Result<Vec<OsString>> =
            entries.map(|entry| entry.map(|entry| entry.file_name())).collect();
        let mut names = names.map_err(cannot)?;
        names.sort_unstable();
        Ok(names)
    }

    fn entry(&mut self, path: &Path, folder: &FolderMatches) -> Result<(), Stopped> {
        let Selection { ignored, only } = self.selection;
        // Patterns are text: bytes that are none match as a character that nobody writes.
        let text = path.to_string_lossy();
        let (is_ignored, ignored_matches) = ignored.excludes(&text, &folder.ignored);
        let (is_chosen, only_matches) = match only {
            Some(only) => only.excludes(&text, &folder.only),
            None => (true, Matches::default()),
        };
        let may_hold_something = (!is_ignored || ignored.may_bring_back_below(&text))
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
            let matches = FolderMatches { ignored: ignored_matches, only: only_matches };
            return self.subfolder(path, &on_disk, &metadata, is_wanted, &matches);
        }
        if !is_wanted {
            return Ok(());
        }
        self.visit_waiting_folders()?;
        (self.visit)(path, &on_disk, &metadata)
    }

    fn subfolder(
        &mut self,
        path: &Path,
        on_disk: &Path,
        metadata: &Metadata,
        is_wanted: bool,
        matches: &FolderMatches,
    ) -> Result<(), Stopped> {
        if is_wanted {
            self.visit_waiting_folders()?;
            (self.visit)(path, on_disk, metadata)?;
        } else {
            self.waiting.push(path.to_owned());
        }
        self.folder(path, matches)?;
        // Nothing in it was wanted when it still waits.
        self.waiting.pop_if(|last| last == path);
        Ok(())
    }

    fn visit_waiting_folders(&mut self) -> Result<(), Stopped> {
        for path in std::mem::take(&mut self.waiting) {
            let on_disk = self.root.join(&path);
            let metadata = fs::symlink_metadata(&on_disk).map_err(|error| cannot_read(&on_disk, &error))?;
            (self.visit)(&path, &on_disk, &metadata)?;
        }
        Ok(())
    }
}

/// What vanished since its folder was listed is not part of it.
fn if_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// What it means that something in a build context cannot be read.
pub(super) fn cannot_read(path: &Path, error: &io::Error) -> EngineError {
    let help = match error.kind() {
        io::ErrorKind::PermissionDenied => "; if the build does not need it, add it to `.dockerignore`",
        _ => "",
    };
    EngineError::Other(format!("cannot read `{}`: {error}{help}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(root: &Path, ignored: &[&str], only: Option<&[&str]>) -> Vec<String> {
        let patterns = |patterns: &[&str]| Ignore::of(patterns.iter().copied()).unwrap();
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
    fn what_is_wanted_comes_in_order_with_the_folders_that_it_is_in() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
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
    fn what_vanishes_meanwhile_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
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
