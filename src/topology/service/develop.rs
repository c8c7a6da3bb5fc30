//! The `develop` section: what `watch` does when files change.

use crate::source::Spanned;
use crate::topology::attribute::{choice, record};
use crate::topology::service::Hook;
use crate::topology::value::{Flag, OneOrMany};

record! {
    /// What `watch` does when files change.
    pub struct Develop {
        /// Rules, in order.
        watch: Vec<Spanned<WatchRule>> = one_by_one,
    }
}

record! {
    /// What to do when files below a path change.
    pub struct WatchRule {
        /// The directory or file to watch.
        path: Option<Spanned<String>> = required public path,
        /// What to do: `sync`, `rebuild`, `restart`, `sync+restart` or `sync+exec`.
        action: Option<Spanned<WatchAction>> = required,
        /// Where files are copied to in the container.
        target: Option<Spanned<String>> = public,
        /// Patterns of files to ignore.
        ignore: OneOrMany = public,
        /// Patterns of the only files to watch.
        include: OneOrMany = public,
        /// The command of `sync+exec`.
        exec: Option<Hook>,
        /// Whether files are synchronised when watching begins.
        initial_sync: Flag,
    }
}

impl WatchRule {
    /// The former name of `initial_sync`, which Docker Compose 2 supports.
    pub const OLD_INITIAL_SYNC: &'static str = "x-initialSync";

    /// Whether files are synchronised when watching begins.
    pub fn syncs_first(&self) -> bool {
        self.initial_sync.0 || self.extensions.get(Self::OLD_INITIAL_SYNC).is_some_and(|value| value == true)
    }
}

choice! {
    /// What to do when files change.
    pub enum WatchAction {
        /// The image is rebuilt and the container recreated.
        Rebuild = "rebuild",
        /// The container is restarted.
        Restart = "restart",
        /// Files are copied into the container.
        Sync = "sync",
        /// Files are copied, then the container is restarted.
        SyncRestart = "sync+restart",
        /// Files are copied, then a command is run in the container.
        SyncExec = "sync+exec",
    }
}
