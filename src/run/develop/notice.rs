//! Changes of files, told together when a burst of them is over.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, timeout_at};

use crate::engine::EngineError;

/// Nothing changes for so long, then a burst is over.
const QUIET: Duration = Duration::from_millis(200);
/// So long a burst may go on before it is told in parts.
const LONGEST: Duration = Duration::from_secs(10);

/// Paths that changed together.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Which ones.
    pub paths: BTreeSet<PathBuf>,
    /// What cannot be noticed any more, in the system's words.
    pub troubles: Vec<String>,
}

/// Files and folders that are watched until this value is dropped.
pub struct Notice {
    /// Changes are told as long as it lives.
    _watcher: RecommendedWatcher,
    events: UnboundedReceiver<notify::Result<Event>>,
    roots: Vec<PathBuf>,
}

impl Notice {
    /// Watches folders with all that is in them, and files.
    pub fn of<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<Self, EngineError> {
        let (sender, events) = unbounded_channel();
        // Nobody listens any more once watching is over.
        let tell = move |event| drop(sender.send(event));
        let mut watcher = notify::recommended_watcher(tell).map_err(|error| cannot_watch(&error))?;
        let mut roots = Vec::new();
        for path in paths {
            // A file is often replaced by another one of its name: its folder knows of that.
            let parent = path.parent().filter(|_| path.is_file());
            let mode = if parent.is_some() { RecursiveMode::NonRecursive } else { RecursiveMode::Recursive };
            watcher.watch(parent.unwrap_or(path), mode).map_err(|error| cannot_watch(&error))?;
            roots.push(path.to_owned());
        }
        Ok(Self { _watcher: watcher, events, roots })
    }

    /// Waits for a change, and for the end of the burst that it belongs to.
    pub async fn next(&mut self) -> Changed {
        next(&mut self.events, &self.roots).await
    }
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
            // So much changed that the system lost count: everything may have.
            Ok(event) if event.need_rescan() => self.paths.extend(roots.iter().cloned()),
            Ok(event) if is_change(event.kind) => self.paths.extend(event.paths),
            Ok(_) => {}
            Err(error) => self.troubles.push(error.to_string()),
        }
    }
}

/// Reading changes nothing: to take it for a change would make topo's own reading one.
fn is_change(kind: EventKind) -> bool {
    matches!(kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Any)
}

fn cannot_watch(error: &notify::Error) -> EngineError {
    let paths: Vec<String> = error.paths.iter().map(|path| format!("`{}`", path.display())).collect();
    let help = match error.kind {
        notify::ErrorKind::MaxFilesWatch => "; raise `fs.inotify.max_user_watches`, or watch fewer folders",
        _ => "",
    };
    EngineError::Other(format!("cannot watch {}: {}{help}", paths.join(", "), words(&error.kind)))
}

fn words(kind: &notify::ErrorKind) -> String {
    match kind {
        notify::ErrorKind::Io(error) => error.to_string(),
        notify::ErrorKind::Generic(words) => words.clone(),
        notify::ErrorKind::PathNotFound => "it is not there".to_owned(),
        notify::ErrorKind::MaxFilesWatch => "the system watches no more folders".to_owned(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, Flag};

    use super::*;

    fn created(path: &str) -> notify::Result<Event> {
        Ok(Event::new(EventKind::Create(CreateKind::File)).add_path(PathBuf::from(path)))
    }

    fn paths(paths: &[&str]) -> BTreeSet<PathBuf> {
        paths.iter().map(PathBuf::from).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_told_once() {
        let (sender, mut events) = unbounded_channel();
        let writing = async {
            for number in 0..1000 {
                sender.send(created(&format!("/{number}"))).unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(QUIET * 2).await;
            sender.send(created("/late")).unwrap();
        };
        let telling = async { (next(&mut events, &[]).await, next(&mut events, &[]).await) };
        let ((), (first, second)) = tokio::join!(writing, telling);
        assert_eq!(first.paths.len(), 1000);
        assert_eq!(second.paths, paths(&["/late"]));
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_rests_is_told_in_parts() {
        let (sender, mut events) = unbounded_channel();
        let writing = async {
            loop {
                sender.send(created("/log")).unwrap();
                tokio::time::sleep(QUIET / 2).await;
            }
        };
        tokio::select! {
            changed = next(&mut events, &[]) => assert_eq!(changed.paths, paths(&["/log"])),
            () = writing => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn reading_is_no_change_and_a_lost_count_is_one_of_everything() {
        let (sender, mut events) = unbounded_channel();
        let read = Event::new(EventKind::Access(AccessKind::Any)).add_path(PathBuf::from("/read"));
        sender.send(Ok(read)).unwrap();
        sender.send(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan))).unwrap();
        let changed = next(&mut events, &[PathBuf::from("/root")]).await;
        assert_eq!(changed.paths, paths(&["/root"]));
    }
}
