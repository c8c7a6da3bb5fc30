//! The files that the topology was read from: that one changed is said, and nothing is done about it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::pending;
use std::path::{Path, PathBuf};

use crate::run::develop::{Changed, Notice};
use crate::source::{FileSystem, SourceFile, Sources, without_mark};

/// Says of each file that holds something else than what was read, once for each time that it changes.
/// `again` is the command that reads them anew.
pub(super) async fn tell_of_changes(sources: &Sources, again: &str, remark: &dyn Fn(&str)) -> Infallible {
    let mut files = Files::of(sources);
    // A watcher of their own: folders that are watched with all that is in them stay so.
    let mut notice = match Notice::of(files.0.keys().map(PathBuf::as_path)) {
        Ok(notice) => notice,
        Err(error) => {
            remark(&format!("changes to the topology itself will not be noticed: {error}"));
            return pending().await;
        }
    };
    loop {
        let Changed { paths, troubles: _ } = notice.next().await;
        for path in paths {
            if let Some(shown) = files.changed(&path) {
                let shown = shown.display();
                remark(&format!("{shown} changed; run `{again}` again for it to take effect"));
            }
        }
    }
}

/// The files by their paths without links, each with the name that people know it by and what was read from it
/// last.
struct Files(BTreeMap<PathBuf, SourceFile>);

impl Files {
    fn of(sources: &Sources) -> Self {
        // What came through a pipe cannot change.
        let entry = |file: &SourceFile| {
            let path = file.path.canonicalize().ok().filter(|path| path.is_file())?;
            Some((path, file.clone()))
        };
        Self(sources.files().filter_map(|(_, file)| entry(file)).collect())
    }

    /// The name of a file that holds another text than before. One that an editor is just replacing may be
    /// missing, and a second notice follows.
    fn changed(&mut self, path: &Path) -> Option<&Path> {
        let file = self.0.get_mut(path)?;
        let bytes = FileSystem::default().bytes(path).ok()?;
        let text = without_mark(String::from_utf8_lossy(&bytes).into_owned());
        if text == file.text {
            return None;
        }
        file.text = text;
        Some(&file.path)
    }
}
