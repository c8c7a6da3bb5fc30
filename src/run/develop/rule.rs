//! Which change affects which service, and what to do about it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::EngineError;
use crate::engine::docker::build::context;
use crate::engine::docker::build::ignore::Ignore;
use crate::engine::sync::SyncEntry;
use crate::source::FileSystem;
use crate::topology::name::ServiceName;
use crate::topology::service::develop::{WatchAction, WatchRule};
use crate::topology::service::{BuildContext, Hook, Mount, MountKind};
use crate::topology::{Service, Topology};

/// Files that are always ignored: version control, and temporary files of editors.
const NEVER: &[&str] = &[
    "**/.git",
    "**/.hg",
    "**/.svn",
    "**/.DS_Store",
    "**/*~",
    "**/.#*",
    "**/#*#",
    "**/.*.sw[a-z]",
    "**/.*.kate-swp",
    "**/4913",
    "**/*___jb_tmp___",
    "**/*___jb_old___",
];

/// The rules of the chosen services.
#[derive(Debug)]
pub struct Rules {
    rules: Vec<Rule>,
    /// Remarks to print before anything happens.
    pub remarks: Vec<String>,
}

#[derive(Debug)]
struct Rule {
    service: ServiceName,
    action: WatchAction,
    /// The watched directory or file, with links resolved.
    path: PathBuf,
    /// Whether it was a directory when last seen.
    is_directory: Cell<bool>,
    /// The target of its files in the container.
    target: Option<String>,
    exec: Option<Hook>,
    syncs_first: bool,
    /// Patterns of ignored files, with the directories that they are relative to.
    ignored: Vec<(PathBuf, Ignore)>,
    /// Patterns of the only files to include.
    included: Option<Ignore>,
}

/// What to do about files that changed together.
#[derive(Debug, Default)]
pub struct Pass {
    /// Services whose images are rebuilt.
    pub rebuilds: BTreeSet<ServiceName>,
    /// Files to synchronise to the containers of services.
    pub syncs: BTreeMap<ServiceName, BTreeSet<SyncEntry>>,
    /// Services to restart.
    pub restarts: BTreeSet<ServiceName>,
    /// Commands to run in the containers of services.
    pub commands: Vec<(ServiceName, Hook)>,
}

impl Rules {
    /// The rules of these services; of all if none is named.
    pub fn of(topology: &Topology, services: &[ServiceName]) -> Result<Self, EngineError> {
        let mut rules = Self { rules: Vec::new(), remarks: Vec::new() };
        for (name, service) in &topology.services {
            if !services.is_empty() && !services.contains(name) {
                continue;
            }
            for rule in service.develop.iter().flat_map(|develop| &develop.watch) {
                rules.add(name, service, rule, &topology.file_system)?;
            }
        }
        Ok(rules)
    }

    fn add(
        &mut self,
        name: &ServiceName,
        service: &Service,
        rule: &WatchRule,
        file_system: &FileSystem,
    ) -> Result<(), EngineError> {
        let (Some(path), Some(action)) = (&rule.path, &rule.action) else { return Ok(()) };
        let path = Path::new(path.as_str());
        if !path.exists() {
            self.remarks.push(format!("`{}` does not exist yet: waiting for it", path.display()));
        }
        let path = without_links(path).map_err(|error| {
            EngineError::Unwatchable(format!("`{}` cannot be watched for `{name}`: {error}", path.display()))
        })?;
        if action.value == WatchAction::Rebuild && service.build.is_none() {
            let message = format!("`{name}` should be rebuilt, but has no `build` section");
            return Err(EngineError::Unwatchable(message));
        }
        let copies = copies(action.value);
        if copies && let Some(mount) = mount_of(&path, service) {
            let target = mount.target.as_str();
            let shown = path.display();
            let words = format!("`{shown}` is already mounted at `{target}` in `{name}`: it is not synced");
            self.remarks.push(words);
            return Ok(());
        }
        let texts = |patterns: &crate::topology::value::OneOrMany| {
            Ignore::from_patterns(patterns.0.iter().map(|pattern| pattern.as_str()))
        };
        let mut ignored = vec![(path.clone(), texts(&rule.ignore)?)];
        ignored.push((path.clone(), Ignore::from_patterns(NEVER.iter().copied())?));
        if let Some((directory, build)) =
            service.build.as_ref().and_then(|build| Some((directory(build)?, build)))
            && let Ok(directory) = directory.canonicalize()
        {
            let left_out = context::left_out(&directory, build, file_system)?;
            ignored.push((directory, left_out));
        }
        self.rules.push(Rule {
            service: name.clone(),
            action: action.value,
            is_directory: Cell::new(path.is_dir()),
            path,
            target: rule.target.as_ref().map(|target| target.value.clone()).filter(|_| copies),
            exec: rule.exec.clone().filter(|_| action.value == WatchAction::SyncExec),
            syncs_first: rule.syncs_first() && copies,
            ignored,
            included: (!rule.include.0.is_empty()).then(|| texts(&rule.include)).transpose()?,
        });
        Ok(())
    }

    /// Whether there is nothing to watch.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The services with rules.
    pub fn services(&self) -> BTreeSet<&ServiceName> {
        self.rules.iter().map(|rule| &rule.service).collect()
    }

    /// The services whose images may be rebuilt.
    pub fn rebuilt(&self) -> impl Iterator<Item = &ServiceName> {
        self.rules.iter().filter(|rule| rule.action == WatchAction::Rebuild).map(|rule| &rule.service)
    }

    /// The watched paths.
    pub fn paths(&self) -> BTreeSet<&Path> {
        self.rules.iter().map(|rule| rule.path.as_path()).collect()
    }

    /// What to do about changed paths. A directory includes all that is in it.
    pub fn pass<'a>(&self, changed: impl Iterator<Item = &'a Path>) -> Pass {
        let mut pass = Pass::default();
        let mut commands = BTreeSet::new();
        for path in changed {
            for (index, rule) in self.rules.iter().enumerate() {
                let twins = rule.twins(path);
                if twins.is_empty() {
                    continue;
                }
                rule.add_to(&mut pass, twins);
                if rule.exec.is_some() {
                    commands.insert(index);
                }
            }
        }
        let command =
            |index: usize| Some((self.rules[index].service.clone(), self.rules[index].exec.clone()?));
        pass.commands.extend(commands.into_iter().filter_map(command));
        pass
    }

    /// What to do when watching begins: synchronise files of the rules that ask for it.
    pub fn first_pass(&self) -> Pass {
        let mut pass = Pass::default();
        for rule in self.rules.iter().filter(|rule| rule.syncs_first) {
            let twins = rule.twins(&rule.path).into_iter().filter_map(Affected::twin);
            pass.syncs.entry(rule.service.clone()).or_default().extend(twins);
        }
        pass
    }
}

/// A path that a rule applies to.
enum Affected {
    /// It has a target in the container.
    SyncEntry(SyncEntry),
    /// It has no target.
    Alone,
}

impl Affected {
    fn twin(self) -> Option<SyncEntry> {
        match self {
            Self::SyncEntry(twin) => Some(twin),
            Self::Alone => None,
        }
    }
}

impl Rule {
    fn add_to(&self, pass: &mut Pass, twins: Vec<Affected>) {
        let service = || self.service.clone();
        match self.action {
            WatchAction::Rebuild => drop(pass.rebuilds.insert(service())),
            WatchAction::Restart | WatchAction::SyncRestart => drop(pass.restarts.insert(service())),
            WatchAction::Sync | WatchAction::SyncExec => {}
        }
        if copies(self.action) {
            let files = pass.syncs.entry(service()).or_default();
            files.extend(twins.into_iter().filter_map(Affected::twin));
        }
    }

    /// The parts of a path, recursively, that the rule applies to.
    fn twins(&self, path: &Path) -> Vec<Affected> {
        let mut twins = Vec::new();
        let is_within = path.starts_with(&self.path);
        if is_within && !self.is_ignored(path) {
            self.collect(path, &mut twins);
        }
        twins
    }

    fn collect(&self, path: &Path, twins: &mut Vec<Affected>) {
        let is_directory = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        // The creation or removal of the whole directory is not a change of its content.
        let is_root = path == self.path && (is_directory || self.is_directory.get());
        if path == self.path && path.exists() {
            self.is_directory.set(is_directory);
        }
        if !is_root && self.is_included(path) {
            twins.push(self.affected(path));
        }
        let Some(entries) = is_directory.then(|| fs::read_dir(path).ok()).flatten() else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if !self.is_ignored(&path) {
                self.collect(&path, twins);
            }
        }
    }

    fn affected(&self, path: &Path) -> Affected {
        match self.target_of(path) {
            Some(there) => Affected::SyncEntry(SyncEntry { here: path.to_owned(), there }),
            None => Affected::Alone,
        }
    }

    fn target_of(&self, path: &Path) -> Option<String> {
        let target = self.target.as_deref()?.trim_end_matches('/');
        let relative = path.strip_prefix(&self.path).ok()?.to_str()?;
        Some(if relative.is_empty() { target.to_owned() } else { format!("{target}/{relative}") })
    }

    fn is_ignored(&self, path: &Path) -> bool {
        self.ignored.iter().any(|(directory, patterns)| {
            let relative = path.strip_prefix(directory).ok().and_then(Path::to_str);
            relative.is_some_and(|path| !path.is_empty() && patterns.excludes_at_any_depth(path))
        })
    }

    fn is_included(&self, path: &Path) -> bool {
        let Some(included) = &self.included else { return true };
        let relative = path.strip_prefix(&self.path).ok().and_then(Path::to_str);
        relative.is_some_and(|path| path.is_empty() || included.excludes_at_any_depth(path))
    }
}

/// A path with links resolved as far as it exists, which is how changes are reported.
fn without_links(path: &Path) -> io::Result<PathBuf> {
    let Some(above) = path.ancestors().find(|above| above.exists()) else { return path.canonicalize() };
    let rest = path.strip_prefix(above).unwrap_or(Path::new(""));
    let above = above.canonicalize()?;
    Ok(if rest.as_os_str().is_empty() { above } else { above.join(rest) })
}

fn copies(action: WatchAction) -> bool {
    match action {
        WatchAction::Sync | WatchAction::SyncRestart | WatchAction::SyncExec => true,
        WatchAction::Rebuild | WatchAction::Restart => false,
    }
}

/// The directory that a service is built from, if it is a local one.
fn directory(build: &crate::topology::Build) -> Option<PathBuf> {
    let context = build.context.as_ref()?;
    BuildContext::parse(&context.value).local().map(PathBuf::from)
}

/// The bind mount that already makes a path visible in the container.
fn mount_of<'a>(path: &Path, service: &'a Service) -> Option<&'a Mount> {
    let mut mounts = service.volumes.0.iter().map(|mount| &mount.value);
    mounts.find(|mount| {
        let source = mount.source.as_ref().filter(|_| mount.kind == MountKind::Bind);
        source.is_some_and(|source| {
            without_links(Path::new(source.as_str())).is_ok_and(|source| path.starts_with(source))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A rule about a temporary directory.
    struct Case {
        directory: tempfile::TempDir,
        rule: Rule,
    }

    fn case(ignore: &[&str], include: &[&str]) -> Case {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap();
        let ignored = [ignore, NEVER]
            .map(|patterns| (path.clone(), Ignore::from_patterns(patterns.iter().copied()).unwrap()));
        let rule = Rule {
            service: ServiceName::from("web"),
            action: WatchAction::SyncRestart,
            is_directory: Cell::new(true),
            path,
            target: Some("/srv/".to_owned()),
            exec: None,
            syncs_first: false,
            ignored: ignored.into(),
            included: (!include.is_empty()).then(|| Ignore::from_patterns(include.iter().copied()).unwrap()),
        };
        Case { directory, rule }
    }

    impl Case {
        fn write(&self, paths: &[&str]) {
            for path in paths {
                let path = self.directory.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
        }

        /// The targets of a changed path.
        fn targets(&self, changed: &str) -> Vec<String> {
            let path = self.rule.path.join(changed);
            let path = if changed.is_empty() { self.rule.path.clone() } else { path };
            let twins = self.rule.twins(&path).into_iter().filter_map(Affected::twin);
            let mut targets: Vec<String> = twins.map(|twin| twin.there).collect();
            targets.sort();
            targets
        }
    }

    #[test]
    fn a_file_goes_below_the_target_and_a_directory_with_all_in_it() {
        let case = case(&[], &[]);
        case.write(&["a", "deep/b", "deep/er/c"]);
        assert_eq!(case.targets("a"), ["/srv/a"]);
        assert_eq!(case.targets("gone"), ["/srv/gone"]);
        assert_eq!(case.targets("deep"), ["/srv/deep", "/srv/deep/b", "/srv/deep/er", "/srv/deep/er/c"]);
        assert_eq!(case.targets("").len(), 5, "the watched directory itself is none of its files");
        assert_eq!(case.targets("/elsewhere/a").len(), 0);
    }

    #[test]
    fn the_watched_directory_is_never_removed_in_the_container() {
        let case = case(&[], &[]);
        fs::remove_dir_all(&case.rule.path).unwrap();
        assert_eq!(case.targets(""), Vec::<String>::new());
    }

    #[test]
    fn a_path_created_later_is_what_it_is_then() {
        let (directory, file) = (case(&[], &[]), case(&[], &[]));
        for case in [&directory, &file] {
            fs::remove_dir_all(&case.rule.path).unwrap();
            case.rule.is_directory.set(false);
        }
        directory.write(&["a"]);
        assert_eq!(directory.targets(""), ["/srv/a"]);
        fs::remove_dir_all(&directory.rule.path).unwrap();
        assert_eq!(directory.targets(""), Vec::<String>::new());
        fs::write(&file.rule.path, "").unwrap();
        assert_eq!(file.targets(""), ["/srv"]);
        fs::remove_file(&file.rule.path).unwrap();
        assert_eq!(file.targets(""), ["/srv"]);
    }

    #[test]
    fn patterns_choose_files() {
        let case = case(&["node_modules", "*.log", "!keep.log"], &[]);
        case.write(&["a", "x.log", "keep.log", "node_modules/x/y", ".git/HEAD", "deep/.b.swp", "c~"]);
        assert_eq!(case.targets(""), ["/srv/a", "/srv/deep", "/srv/keep.log"]);
        assert_eq!(case.targets("node_modules/x"), Vec::<String>::new());
        assert_eq!(case.targets(".git/index.lock"), Vec::<String>::new());
    }

    #[test]
    fn an_include_excludes_all_others() {
        let case = case(&["b.go"], &["*.go", "deep"]);
        case.write(&["a.go", "b.go", "c.rs", "deep/d.rs"]);
        assert_eq!(case.targets(""), ["/srv/a.go", "/srv/deep", "/srv/deep/d.rs"]);
        assert_eq!(case.targets("c.rs"), Vec::<String>::new());
    }

    #[test]
    fn a_link_is_not_followed() {
        let case = case(&[], &[]);
        symlink("/etc", case.rule.path.join("link")).unwrap();
        assert_eq!(case.targets("link"), ["/srv/link"]);
    }

    #[test]
    fn a_pass_combines_changes() {
        let case = case(&[], &[]);
        case.write(&["a", "b"]);
        let paths: Vec<PathBuf> = ["a", "b", "a"].iter().map(|name| case.rule.path.join(name)).collect();
        let rules = Rules { rules: vec![case.rule], remarks: Vec::new() };
        let pass = rules.pass(paths.iter().map(PathBuf::as_path));
        assert_eq!(pass.syncs[&ServiceName::from("web")].len(), 2);
        assert_eq!(pass.restarts.len(), 1);
        assert!(pass.rebuilds.is_empty() && pass.commands.is_empty());
        assert!(rules.first_pass().syncs.is_empty());
    }
}
