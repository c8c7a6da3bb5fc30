//! In: an engine's address and a project. Out: the turn to change it; while another run has it, that is waited for.
//! Must not: keep anybody from reading, or stop a run because a file cannot be locked: that is a warning.
//!
//! Runs take turns by a lock on a file of the user's ([`place`]), which the system takes back when a process ends,
//! however it ends. In the file stands what the run does ([`record`]): whoever waits says for whom, and whoever comes
//! after one that was killed knows which stops the engine still goes on with.
//!
//! A turn is had from before the engine is looked at until the end of the run is seen. Whoever only follows what
//! runs, waits for files to change, or lets a program of somebody else do its work, does not have it.

mod place;
mod record;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::time::{sleep, timeout};

use crate::cli::arguments::global::Global;
use crate::cli::arguments::settings::ProgressForm;
use crate::cli::arguments::typed::TypedLine;
use crate::cli::engine::redaction::redacted;
use crate::cli::io::output::Output;
use crate::engine::execute::RUN;
use crate::engine::{Address, Endpoint};
use crate::plan::{Action, Plan, StepId};
use crate::run::{self, Cause, End, Event, Failure, PendingStop};
use crate::topology::name::{ContainerName, ProjectName};
use place::Opened;
use record::{Holder, Record};

/// How long a folder may take that is on a server which does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is tried again while another run has its turn.
const PERIOD: Duration = Duration::from_millis(50);

/// After how many attempts it is said for whom is waited: what takes less is not worth a word.
const WORTH_A_WORD: u32 = 3;

/// How many characters of a project's name stand in that of its file.
const READABLE: usize = 40;

/// The turn to change a project. All copies are one turn, which is over when the last is gone.
#[derive(Clone, Debug, Default)]
pub struct Turn(Option<Rc<Project>>);

/// A project that runs take turns at.
struct Project {
    name: ProjectName,
    /// The name of its file.
    file_name: String,
    output: Output,
    /// What this run is told as to others.
    typed: TypedLine,
    form: ProgressForm,
    held: RefCell<Option<Held>>,
    /// How many parts of this run do something in it.
    users: Cell<usize>,
}

/// A turn that is had.
struct Held {
    /// Nothing where no file can be locked.
    file: Option<File>,
    record: Record,
}

impl fmt::Debug for Project {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Project").field(&self.file_name).finish()
    }
}

impl Drop for Held {
    /// What is left in the file of a run that came to its end are the stops that go on without it.
    fn drop(&mut self) {
        let Self { file: Some(file), record } = self else { return };
        record.holder = None;
        // The next run finds the old record then, and looks whether it is still true.
        let _ = record.write(file);
    }
}

impl Turn {
    /// Nobody has it yet. The default is a turn at an engine that nobody else can reach.
    pub(crate) fn of(address: &Address, project: &ProjectName, global: &Global) -> Self {
        let project = Project {
            name: project.clone(),
            file_name: file_name(&address.endpoint, project),
            output: global.output(),
            typed: global.typed.clone(),
            form: global.progress.unwrap_or_default(),
            held: RefCell::default(),
            users: Cell::new(0),
        };
        Self(Some(Rc::new(project)))
    }

    /// Waits until it is this run's turn, which it may be already.
    pub(crate) async fn take(&self) {
        let Some(project) = &self.0 else { return };
        if project.held.borrow().is_none() {
            let held = project.wait().await;
            project.held.borrow_mut().get_or_insert(held);
        }
        project.users.set(project.users.get() + 1);
    }

    /// Lets the next run have its turn, when no other part of this run does something in it.
    pub(crate) fn end(&self) {
        let Some(project) = &self.0 else { return };
        project.users.set(project.users.get().saturating_sub(1));
        if project.users.get() == 0 {
            project.held.take();
        }
    }

    /// The stops that earlier runs asked for and did not see to their ends.
    pub(crate) fn stops_of_others(&self) -> BTreeMap<ContainerName, PendingStop> {
        let Some(project) = &self.0 else { return BTreeMap::new() };
        project.held.borrow().as_ref().map(|held| held.record.stops.clone()).unwrap_or_default()
    }

    /// Stops that are over need nobody's attention any more.
    pub(crate) fn forget<'stop>(&self, containers: impl IntoIterator<Item = &'stop ContainerName>) {
        if let Some(project) = &self.0
            && let Some(Held { file, record }) = &mut *project.held.borrow_mut()
        {
            containers.into_iter().for_each(|container| record.end(container, file.as_ref()));
        }
    }

    /// Says something to a person.
    pub(crate) fn remark(&self, words: &str) {
        if let Some(project) = &self.0 {
            project.remark(words);
        }
    }

    /// Notes what happens in a run, before the engine hears of it.
    pub(crate) fn note(&self, plan: &Plan, event: &Event) {
        let (Event::StepStarted { step } | Event::StepEnded { step, .. }) = event else { return };
        let Some((container, grace)) = stopped_by(plan, *step) else { return };
        let Some(project) = &self.0 else { return };
        let Some(Held { file, record }) = &mut *project.held.borrow_mut() else { return };
        match event {
            Event::StepStarted { .. } => {
                let grace = grace.map(|grace| grace.as_secs_f64());
                let stop = PendingStop { container: container.clone(), at: run::now(), grace };
                record.begin(stop, file.as_ref());
            }
            Event::StepEnded { end, .. } if !may_go_on(end) => record.end(container, file.as_ref()),
            Event::StepEnded { .. } | Event::StepProgress { .. } | Event::Cancelling => {}
        }
    }
}

/// The container that a step stops, and how long that may take.
fn stopped_by(plan: &Plan, step: StepId) -> Option<(&ContainerName, Option<Duration>)> {
    match &plan.steps[step].action {
        Action::StopContainer { container, grace, .. } => Some((container, *grace)),
        _ => None,
    }
}

/// Whether the engine may go on with a step that ended so for this run.
fn may_go_on(end: &End) -> bool {
    use crate::engine::EngineError::{BadAnswer, BrokenOff, Disconnected, NoAnswer, Unreachable};
    match end {
        End::Cancelled => true,
        End::Failed(Failure { cause: Cause::Engine(error), .. }) => {
            matches!(error, Disconnected(_) | Unreachable { .. } | NoAnswer(_) | BadAnswer(_) | BrokenOff(_))
        }
        End::Done | End::NotNeeded | End::Skipped { .. } | End::Failed(_) => false,
    }
}

impl Project {
    async fn wait(&self) -> Held {
        match self.lock().await {
            Ok(None) => Held { file: None, record: Record::default() },
            Ok(Some(file)) => {
                let left = Record::read(&file);
                self.tell_of_interrupted(&left);
                let record = Record { holder: Some(this_run(&self.typed)), ..left };
                // A disk that is full, for example: whoever waits does not learn for whom.
                let _ = record.write(&file);
                Held { file: Some(file), record }
            }
            Err(error) => {
                self.output.warning(&format!(
                    "cannot tell whether another run is changing {}: no lock file can be used: {error}",
                    self.name
                ));
                Held { file: None, record: Record::default() }
            }
        }
    }

    /// The file, once this process has the lock; nothing for a part of the run that has it.
    async fn lock(&self) -> io::Result<Option<File>> {
        let mut attempts = 0;
        let mut opened = self.open().await?;
        loop {
            if opened.is_locked && place::is_at(&opened.file, &opened.path) {
                return Ok(Some(opened.file));
            }
            if opened.is_locked {
                opened = self.open().await?;
                continue;
            }
            let record = Record::read(&opened.file);
            if record.holder.as_ref().is_some_and(is_of_this_run) {
                return Ok(None);
            }
            attempts += 1;
            if attempts == WORTH_A_WORD {
                self.tell_who_has_it(&record);
            }
            sleep(PERIOD).await;
            opened.is_locked = place::try_lock(&opened.file)?;
        }
    }

    /// A folder that does not answer is waited for on a thread of its own, and not for long.
    async fn open(&self) -> io::Result<Opened> {
        let name = self.file_name.clone();
        let opening = tokio::task::spawn_blocking(move || place::open(&name, &|name| std::env::var(name)));
        match timeout(PATIENCE, opening).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => Err(io::Error::other(error)),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "its file system does not answer")),
        }
    }

    fn tell_who_has_it(&self, Record { holder, stops: _ }: &Record) {
        let name = &self.name;
        let (who, since) = match holder {
            Some(Holder { process, command, since }) => {
                let clock = clock(*since).map(|since| format!(", since {since}")).unwrap_or_default();
                (format!("`{}` (process {process}{clock})", redacted(command)), Some(*since))
            }
            None => ("another run".to_owned(), None),
        };
        match self.form {
            ProgressForm::Json => {
                let process = holder.as_ref().map(|holder| holder.process);
                let command = holder.as_ref().map(|holder| redacted(&holder.command));
                let line = json!({"event": "waiting-for-turn", "project": name.as_str(), "process": process,
                                  "command": command, "since": since});
                self.output.complain(&format!("{line}\n"));
            }
            _ => self.remark(&format!("waiting for {who}, which is changing {name}")),
        }
    }

    fn tell_of_interrupted(&self, Record { holder, stops: _ }: &Record) {
        let Some(Holder { process, command, .. }) = holder else { return };
        let (command, name) = (redacted(command), &self.name);
        self.remark(&format!(
            "`{command}` (process {process}) was killed while it was changing {name}: continuing from there"
        ));
    }

    fn remark(&self, words: &str) {
        match self.form {
            ProgressForm::Auto | ProgressForm::Tty | ProgressForm::Plain => self.output.remark(words),
            ProgressForm::Json | ProgressForm::Quiet => {}
        }
    }
}

/// Whether a hook of that run called this process: it waits for the hook.
fn is_of_this_run(holder: &Holder) -> bool {
    std::env::var(RUN).is_ok_and(|process| process == holder.process.to_string())
}

/// This process, as others are told of it.
fn this_run(typed: &TypedLine) -> Holder {
    let command = redacted(&typed.whole());
    Holder { process: std::process::id(), command, since: run::now() as i64 }
}

/// The time of day at which something began.
fn clock(seconds: i64) -> Option<String> {
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    Some(time.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string())
}

/// The name of a project's file: readable, and another one for each engine and project.
fn file_name(endpoint: &Endpoint, project: &ProjectName) -> String {
    let engine = match endpoint {
        // `/var/run` is `/run`. A home on a server is that of several machines, each with an engine of its own.
        Endpoint::Unix(path) => {
            let path: PathBuf = path.canonicalize().unwrap_or_else(|_| path.clone());
            let machine = rustix::system::uname();
            format!("{} {}", machine.nodename().to_string_lossy(), path.display())
        }
        other => other.to_string(),
    };
    let digest = Sha256::digest(format!("{engine}\0{project}"));
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let readable: String = project.as_str().chars().filter(|one| one.is_ascii()).take(READABLE).collect();
    format!("{}-{digest}.lock", readable.replace('/', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_project_of_each_engine_has_a_file() {
        let unix = |path: &str| Endpoint::Unix(path.into());
        let tcp = |port| Endpoint::Tcp { host: "far".to_owned(), port };
        let names = [
            file_name(&unix("/none/a.sock"), &"shop".into()),
            file_name(&unix("/none/b.sock"), &"shop".into()),
            file_name(&unix("/none/a.sock"), &"blog".into()),
            file_name(&tcp(1), &"shop".into()),
            file_name(&tcp(2), &"shop".into()),
            file_name(&tcp(2), &"s".repeat(300).as_str().into()),
        ];
        let different: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
        assert!(names.iter().all(|name| name.len() < 80), "{names:?}");
        assert!(names[0].starts_with("shop-") && names[0].ends_with(".lock"));
    }

    #[test]
    fn an_engine_has_one_file_by_whatever_path_it_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let (socket, link) = (folder.path().join("engine.sock"), folder.path().join("link.sock"));
        std::fs::write(&socket, "").unwrap();
        std::os::unix::fs::symlink(&socket, &link).unwrap();
        let name = |path| file_name(&Endpoint::Unix(path), &"shop".into());
        assert_eq!(name(socket), name(link));
    }
}
