//! Changes of files, debounced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout_at};

use crate::engine::EngineError;

/// A burst of changes is over after this time without a change.
const QUIET: Duration = Duration::from_millis(200);
/// A longer burst is reported in parts.
const LONGEST: Duration = Duration::from_secs(10);

/// Paths that changed together.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Which ones.
    pub paths: BTreeSet<PathBuf>,
    /// Paths that can no longer be watched, with the system's message.
    pub troubles: Vec<String>,
}

/// Files and directories that are watched until this value is dropped.
pub struct Notice {
    /// Reports changes until dropped.
    watcher: RecommendedWatcher,
    sender: UnboundedSender<notify::Result<Event>>,
    events: UnboundedReceiver<notify::Result<Event>>,
    roots: Vec<PathBuf>,
    /// The paths that the system watches for them.
    points: Points,
}

/// Watched paths, and the identity of the file or directory at each: a replacement has another one.
type Points = BTreeMap<PathBuf, (RecursiveMode, Option<Identity>)>;

/// A device and an inode number.
type Identity = (u64, u64);

impl Notice {
    /// Watches directories recursively, and files.
    pub fn of<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<Self, EngineError> {
        let (sender, events) = unbounded_channel();
        let roots: Vec<PathBuf> = paths.map(Path::to_owned).collect();
        let points = points(&roots);
        let watcher = watcher(&points, &sender).map_err(|error| cannot_watch(&error))?;
        Ok(Self { watcher, sender, events, roots, points })
    }

    /// Waits for a change, and for the end of its burst.
    pub async fn next(&mut self) -> Changed {
        let mut changed = next(&mut self.events, &self.roots).await;
        self.watch_anew(&mut changed);
        changed
    }

    /// Adapts the watched paths: a created or removed path may be, or lead to, a root.
    fn watch_anew(&mut self, changed: &mut Changed) {
        // A new directory may reuse the inode of the removed one.
        let mut is_touched = changed.paths.iter().any(|path| self.is_way(path));
        // Repeated, because more may be created meanwhile.
        for _ in 0..MOST_LOOKS {
            let points = points(&self.roots);
            if points == self.points && !is_touched {
                return;
            }
            match watcher(&points, &self.sender) {
                Ok(watcher) => self.watcher = watcher,
                Err(error) => changed.troubles.push(cannot_watch(&error).to_string()),
            }
            let differs = |path: &Path| points.get(path) != self.points.get(path);
            let is_new = |root: &&PathBuf| {
                root.exists() && (is_touched || differs(root) || above(root).is_some_and(differs))
            };
            changed.paths.extend(self.roots.iter().filter(is_new).cloned());
            self.points = points;
            is_touched = false;
        }
    }

    /// Whether a path is a watched directory, or leads to a root.
    fn is_way(&self, path: &Path) -> bool {
        let is_directory = |root: &Path| self.points.contains_key(root) || root.is_dir();
        self.roots.iter().any(|root| root.starts_with(path) && (root != path || is_directory(root)))
    }
}

/// How often the watched paths are recomputed while directories are created and removed.
const MOST_LOOKS: usize = 10;

fn watcher(
    points: &Points,
    sender: &UnboundedSender<notify::Result<Event>>,
) -> notify::Result<RecommendedWatcher> {
    let sender = sender.clone();
    // The receiver is gone once watching is over.
    let mut watcher = notify::recommended_watcher(move |event| drop(sender.send(event)))?;
    for (path, (mode, _)) in points {
        match watcher.watch(path, *mode) {
            // It was removed meanwhile, which its parent directory reports.
            Err(error) if is_absence(&error) => {}
            other => other?,
        }
    }
    Ok(watcher)
}

fn is_absence(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}

/// What to watch for these paths: directories recursively; and the nearest existing parent of each
/// path, since a file is often replaced by a new one, and a directory may be removed and recreated,
/// or created later.
fn points(roots: &[PathBuf]) -> Points {
    let directories: BTreeSet<&PathBuf> = roots.iter().filter(|root| root.is_dir()).collect();
    let mut points = Points::new();
    for root in roots {
        if let Some(above) = above(root)
            && !directories.iter().any(|directory| above.starts_with(directory))
        {
            points.insert(above.to_owned(), (RecursiveMode::NonRecursive, identity(above)));
        }
    }
    for directory in directories {
        points.insert(directory.clone(), (RecursiveMode::Recursive, identity(directory)));
    }
    points
}

/// The nearest existing parent.
fn above(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|directory| directory.is_dir())
}

fn identity(path: &Path) -> Option<Identity> {
    let metadata = path.metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

async fn next(events: &mut UnboundedReceiver<notify::Result<Event>>, roots: &[PathBuf]) -> Changed {
    let mut changed = Changed::default();
    while changed.is_nothing() {
        match events.recv().await {
            Some(event) => changed.add(event, roots),
            // The watcher lives as long as its owner.
            None => return std::future::pending().await,
        }
    }
    let last = Instant::now() + LONGEST;
    while let Ok(Some(event)) = timeout_at(last.min(Instant::now() + QUIET), events.recv()).await {
        changed.add(event, roots);
    }
    changed
}

impl Changed {
    fn is_nothing(&self) -> bool {
        self.paths.is_empty() && self.troubles.is_empty()
    }

    fn add(&mut self, event: notify::Result<Event>, roots: &[PathBuf]) {
        match event {
            // The system's queue overflowed: everything may have changed.
            Ok(event) if event.need_rescan() => self.paths.extend(roots.iter().cloned()),
            Ok(event) if is_change(event.kind) => {
                // A parent directory is only watched for paths that lead to a root.
                let is_meant = |path: &PathBuf| {
                    roots.iter().any(|root| path.starts_with(root) || root.starts_with(path))
                };
                self.paths.extend(event.paths.into_iter().filter(is_meant));
            }
            Ok(_) => {}
            Err(error) => self.troubles.push(error.to_string()),
        }
    }
}

/// Reading is not a change: otherwise topo's own reads would be one.
fn is_change(kind: EventKind) -> bool {
    matches!(kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Any)
}

fn cannot_watch(error: &notify::Error) -> EngineError {
    let paths: Vec<String> = error.paths.iter().map(|path| format!("`{}`", path.display())).collect();
    let help = match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "; raise `fs.inotify.max_user_watches`, or watch fewer directories"
        }
        _ => "",
    };
    EngineError::Unwatchable(format!("cannot watch {}: {}{help}", paths.join(", "), words(&error.kind)))
}

fn words(kind: &notify::ErrorKind) -> String {
    match kind {
        notify::ErrorKind::Io(error) => error.to_string(),
        notify::ErrorKind::Generic(words) => words.clone(),
        notify::ErrorKind::PathNotFound => "it does not exist".to_owned(),
        notify::ErrorKind::MaxFilesWatch => "the system's limit of watched directories is reached".to_owned(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use notify::event::{AccessKind, CreateKind, Flag};

    use super::*;

    fn created(path: &str) -> notify::Result<Event> {
        Ok(Event::new(EventKind::Create(CreateKind::File)).add_path(PathBuf::from(path)))
    }

    fn paths(paths: &[&str]) -> BTreeSet<PathBuf> {
        paths.iter().map(PathBuf::from).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_reported_once() {
        let (sender, mut events) = unbounded_channel();
        let writing = async {
            for number in 0..1000 {
                sender.send(created(&format!("/{number}"))).unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(QUIET * 2).await;
            sender.send(created("/late")).unwrap();
        };
        let telling = async {
            (next(&mut events, &[PathBuf::from("/")]).await, next(&mut events, &[PathBuf::from("/")]).await)
        };
        let ((), (first, second)) = tokio::join!(writing, telling);
        assert_eq!(first.paths.len(), 1000);
        assert_eq!(second.paths, paths(&["/late"]));
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_burst_is_reported_in_parts() {
        let (sender, mut events) = unbounded_channel();
        let everything = [PathBuf::from("/")];
        let writing = async {
            loop {
                sender.send(created("/log")).unwrap();
                tokio::time::sleep(QUIET / 2).await;
            }
        };
        tokio::select! {
            changed = next(&mut events, &everything) => assert_eq!(changed.paths, paths(&["/log"])),
            () = writing => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn reading_is_not_a_change_and_an_overflow_changes_everything() {
        let (sender, mut events) = unbounded_channel();
        let read = Event::new(EventKind::Access(AccessKind::Any)).add_path(PathBuf::from("/read"));
        sender.send(Ok(read)).unwrap();
        sender.send(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan))).unwrap();
        let changed = next(&mut events, &[PathBuf::from("/root")]).await;
        assert_eq!(changed.paths, paths(&["/root"]));
    }

    /// Waits for a while until a change of a path is reported.
    async fn is_reported(notice: &mut Notice, path: &Path) -> bool {
        let telling = async { while !notice.next().await.paths.contains(path) {} };
        tokio::time::timeout(Duration::from_secs(20), telling).await.is_ok()
    }

    #[tokio::test]
    async fn paths_created_later_or_again_are_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path().canonicalize().unwrap();
        let [late, file, dist] = ["late/deep", "conf/app.conf", "dist"].map(|name| top.join(name));
        fs::create_dir(&dist).unwrap();
        let mut notice = Notice::of([&late, &file, &dist].into_iter().map(PathBuf::as_path)).unwrap();
        fs::create_dir_all(&late).unwrap();
        assert!(is_reported(&mut notice, &late).await);
        fs::write(late.join("one"), "").unwrap();
        assert!(is_reported(&mut notice, &late.join("one")).await);
        fs::create_dir(top.join("conf")).unwrap();
        fs::write(&file, "1").unwrap();
        assert!(is_reported(&mut notice, &file).await);
        // It is removed and recreated more than once, like the output of a bundler.
        for number in ["1", "2", "3"] {
            fs::remove_dir_all(&dist).unwrap();
            assert!(is_reported(&mut notice, &dist).await);
            fs::create_dir(&dist).unwrap();
            assert!(is_reported(&mut notice, &dist).await);
            fs::write(dist.join(number), "").unwrap();
            assert!(is_reported(&mut notice, &dist.join(number)).await);
        }
        // Both at once.
        fs::remove_dir_all(&dist).unwrap();
        fs::create_dir(&dist).unwrap();
        assert!(is_reported(&mut notice, &dist).await);
        fs::write(dist.join("last"), "").unwrap();
        assert!(is_reported(&mut notice, &dist.join("last")).await);
    }

    #[tokio::test]
    async fn siblings_are_ignored() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path().canonicalize().unwrap();
        let mut notice = Notice::of([top.join("late").as_path()].into_iter()).unwrap();
        fs::write(top.join("beside"), "").unwrap();
        fs::create_dir(top.join("late")).unwrap();
        let changed = notice.next().await;
        assert_eq!(changed.paths, [top.join("late")].into());
    }
}
