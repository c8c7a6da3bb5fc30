//! What commands share that are about one container of a service: `exec`, `attach`, `cp`...

use clap::Args;

use crate::cli::arguments::global::Global;
use crate::cli::engine::session;
use crate::cli::exit::Exit;
use crate::cli::io::detach::{self, DetachKeys};
use crate::cli::io::io_pump::{InputWiring, TerminalWiring, Wiring};
use crate::cli::io::output::Output;
use crate::cli::io::signals::{Received, Signals};
use crate::cli::io::terminal::{self, Raw};
use crate::cli::list::absence;
use crate::cli::topology::load::{self, Known};
use crate::cli::topology::services;
use crate::engine::{Attach, EngineError, Inventory};
use crate::plan::observed::{ObservedContainer, Status};
use crate::plan::{self, Condition};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ProjectName, ServiceName};
use crate::value::pair::Pair;

/// Whether a command has a terminal and an input.
#[derive(Args, Clone, Debug)]
pub(crate) struct TerminalOptions {
    /// Give the command no terminal; without a terminal here it gets none anyway
    #[arg(short = 'T', long = "no-tty", alias = "no-TTY", value_name = "BOOL", num_args = 0..=1,
          default_missing_value = "true", require_equals = true, hide_possible_values = true)]
    no_terminal: Option<bool>,
    /// Give the command a terminal
    #[arg(short = 't', long = "tty", num_args = 0..=1, default_missing_value = "true", require_equals = true,
          conflicts_with = "no_terminal", hide = true)]
    terminal: Option<bool>,
    /// Give the command the standard input; `-i=false` gives it none
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true",
          require_equals = true, hide_possible_values = true)]
    interactive: Option<bool>,
    /// Keys that leave the command running and end topo; empty for none
    #[arg(long, value_name = "KEYS", default_value = detach::DEFAULT)]
    detach_keys: String,
}

/// What came of [`TerminalOptions`].
#[derive(Clone, Debug)]
pub(crate) struct Console {
    /// Whether the command has a terminal.
    pub(crate) has_terminal: bool,
    /// Whether it gets the standard input.
    pub(crate) has_input: bool,
    /// Keys that leave it alone, and their text.
    pub(crate) detach_keys: Option<DetachKeys>,
    pub(crate) detach_text: String,
}

impl TerminalOptions {
    /// Decides. Without a word of the user a command has a terminal where there is one here.
    pub(crate) fn console(&self, is_detached: bool, output: &Output) -> Result<Console, Exit> {
        let has_input = self.interactive.unwrap_or(true);
        let asked = self.terminal.or(self.no_terminal.map(|without| !without));
        let is_possible = terminal::is_output() && (terminal::is_input() || !has_input);
        let has_terminal = asked.unwrap_or(is_possible);
        if has_terminal && has_input && !is_detached && !terminal::is_input() {
            let help = "leave `-t` out, or give the command no input with `-i=false`";
            output.error("the standard input is not a terminal", Some(help));
            return Err(Exit::Usage);
        }
        let detach_keys = detach_keys(&self.detach_keys, output)?;
        Ok(Console { has_terminal, has_input, detach_keys, detach_text: self.detach_keys.clone() })
    }
}

impl Console {
    /// Makes the terminal raw, when what is typed goes to a terminal in a container.
    pub(crate) fn raw(&self, output: &Output) -> Result<Option<Raw>, Exit> {
        let raw = self.takes_keys().then(Raw::enter).transpose();
        raw.map_err(|error| {
            output.error(&format!("the terminal cannot be made raw: {error}"), None);
            Exit::Failed
        })
    }

    /// How the program is connected.
    pub(crate) fn wiring(&self, engine: &impl Attach) -> Wiring {
        Wiring {
            input: if self.has_input { InputWiring::Whole } else { InputWiring::None },
            terminal: match (self.has_terminal, engine.takes_size_at_start()) {
                (false, _) => TerminalWiring::None,
                (true, false) => TerminalWiring::OfUnknownSize,
                (true, true) => TerminalWiring::OfKnownSize,
            },
            detach_keys: self.detach_keys.clone().filter(|_| self.takes_keys()),
        }
    }

    /// Whether keys that are typed here reach a terminal in the container one by one.
    pub(crate) fn takes_keys(&self) -> bool {
        self.has_terminal && self.has_input && terminal::is_input()
    }
}

/// Reads `--detach-keys`.
pub(crate) fn detach_keys(text: &str, output: &Output) -> Result<Option<DetachKeys>, Exit> {
    DetachKeys::parse(text).map_err(|help| {
        output.error(&format!("`{text}` is not a sequence of keys"), Some(&help));
        Exit::Usage
    })
}

/// The one service among a command's arguments; files go to the options.
pub(crate) fn only_service(
    global: &mut Global,
    command: &str,
    arguments: &[String],
    output: &Output,
) -> Result<ServiceName, Exit> {
    let words = global.take_files(arguments);
    match words.as_slice() {
        [service] => Ok(ServiceName::from(service.as_str())),
        [] => Err(services::none_is_named(global, command, "SERVICE", output)),
        [service, ..] => {
            let help = format!("write `{} {service}`", global.command(command));
            output.error("exactly one service is needed", Some(&help));
            Err(Exit::Usage)
        }
    }
}

/// What a provider runs is no container of the project.
pub(crate) fn refuse_provided(
    global: &Global,
    topology: &Topology,
    service: &ServiceName,
    output: &Output,
) -> Result<(), Exit> {
    let is_provided = topology.service(service.as_str()).is_some_and(|known| known.provider.is_some());
    let reason = is_provided.then(|| absence::of_service(topology, service, global)).flatten();
    let Some((message, help)) = reason else { return Ok(()) };
    output.error(&message, Some(&help));
    Err(Exit::Failed)
}

/// Which containers of a service a command may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted<'command> {
    /// One that runs.
    Running,
    /// One that runs, for this command to be run in it.
    RunningFor(&'command [String]),
    /// Any, running ones first.
    Any,
}

/// The containers of a service that a command may take: those of the service itself by their numbers,
/// then those of `run`.
pub(crate) async fn containers(
    engine: &impl Inventory,
    project: &ProjectName,
    service: &ServiceName,
    output: &Output,
) -> Result<Vec<ObservedContainer>, Exit> {
    let found = engine.containers_of(project, service).await;
    let mut found = found.map_err(|error| session::refused(&error, output))?;
    found.sort_by_key(|container| (container.is_one_off, container.number));
    Ok(found)
}

/// One container of a service: the one with this number, or the first that runs.
pub(crate) async fn container(
    engine: &impl Inventory,
    global: &Global,
    (project, service): (&ProjectName, &ServiceName),
    index: Option<u32>,
    wanted: Wanted<'_>,
    output: &Output,
) -> Result<ObservedContainer, Exit> {
    let mut found = containers(engine, project, service, output).await?;
    if let Some(index) = index {
        found.retain(|container| !container.is_one_off && container.number == index);
    }
    let runs = |container: &ObservedContainer| container.state.status == Status::Running;
    let position = found.iter().position(runs).or((wanted == Wanted::Any && !found.is_empty()).then_some(0));
    if let Some(position) = position {
        return Ok(found.swap_remove(position));
    }
    let what = match index {
        Some(index) => format!("`{service}` number {index}"),
        None => format!("`{service}`"),
    };
    match found.first() {
        Some(container) if container.state.status == Status::Paused => {
            let help = format!("resume it: `{} {service}`", global.command("unpause"));
            output.error(&format!("`{}` is paused", container.name), Some(&help));
        }
        Some(container) if container.state.status == Status::Restarting => {
            let help = format!("see why it ends: `{} {service}`", global.command("logs"));
            output.error(&format!("`{}` ends and is started again and again", container.name), Some(&help));
        }
        Some(container) => {
            let state = container.status_text.to_lowercase();
            let has_completed = container.state.is_in(Condition::Completed);
            let is_done = has_completed && is_job(global, service, output);
            let help = match &wanted {
                // A job that did its work is not started again.
                Wanted::RunningFor(command) if is_done => {
                    let command = shlex::try_join(command.iter().map(String::as_str)).unwrap_or_default();
                    format!("it did its work: `{} {service} {command}`", global.command("run --rm"))
                }
                Wanted::Running if is_done => {
                    format!("it did its work: `{} {service}` shows its output", global.command("logs"))
                }
                _ => format!("start it: `{} {service}`", global.command("up -d")),
            };
            output
                .error(&format!("no container of {what} runs: `{}` is {state}", container.name), Some(&help));
        }
        None => return Err(none_is_there(global, service, index, output)),
    }
    Err(Exit::Failed)
}

/// Whether other services wait until a service completed; false where that cannot be known.
fn is_job(global: &Global, service: &ServiceName, output: &Output) -> bool {
    match load::known(global, std::slice::from_ref(service), output) {
        Ok(Known::Topology(topology)) => plan::jobs_of(&topology).contains(service),
        _ => false,
    }
}

/// Says that a service has no container, or none with this number, and what makes it.
pub(crate) fn none_is_there(
    global: &Global,
    service: &ServiceName,
    index: Option<u32>,
    output: &Output,
) -> Exit {
    if let Ok(Known::Topology(topology)) = load::known(global, std::slice::from_ref(service), output)
        && let Some((message, help)) = absence::of_service(&topology, service, global)
    {
        output.error(&message, Some(&help));
        return Exit::Failed;
    }
    let up = global.command("up -d");
    let (what, help) = match index {
        Some(index @ 2..) => (
            format!("`{service}` number {index}"),
            format!(
                "`{}` lists those that are there; `{up} --scale {service}={index}` makes as many",
                global.command("ps -a")
            ),
        ),
        Some(index) => (format!("`{service}` number {index}"), format!("create it: `{up} {service}`")),
        None => (format!("`{service}`"), format!("create it: `{up} {service}`")),
    };
    output.error(&format!("there is no container of {what}"), Some(&help));
    Exit::Failed
}

/// Ends when a signal asks topo to end.
pub(crate) async fn end_asked_for(mut signals: Signals) -> Received {
    loop {
        let received = signals.next().await;
        if received.asks_to_end() {
            return received;
        }
    }
}

/// The exit code of a process in a container, passed on.
pub(crate) fn exit_of_process(code: i64) -> Exit {
    match code {
        0 => Exit::Success,
        // The shell sees the lowest eight bits.
        code => Exit::Container((code & 0xff) as u8),
    }
}

/// The exit code of topo that a signal made leave, as a shell has it.
pub(crate) fn exit_of_signal(received: Received) -> Exit {
    Exit::Container(u8::try_from(128 + received.number).unwrap_or(Exit::Interrupted.code()))
}

/// The exit code of a program whose reader is gone: that of SIGPIPE.
pub(crate) const EXIT_WITHOUT_READER: Exit = Exit::Container(141);

/// `NAME=VALUE` as it stands; a name alone takes the value that topo's own environment has.
pub(crate) fn variables(arguments: &[String]) -> Vec<String> {
    let read = |argument: &String| Pair::or_found(argument, |name| std::env::var(name).ok());
    arguments.iter().filter_map(read).map(|(name, value)| format!("{name}={value}")).collect()
}

/// Explains that a program could not be run; `source` is where it was named.
pub(crate) fn refused_program(error: &EngineError, source: &str, output: &Output) -> Exit {
    let message = error.to_string();
    let help = match exit_of_refused_program(error) {
        Some(_) if message.contains("chdir to cwd") => {
            "that directory is not in the container: check `--workdir`, and `working_dir` of the service"
                .to_owned()
        }
        Some(Exit::Container(127)) => format!("no such program is in the container: check {source}"),
        Some(_) => format!("that is not a program that can be run: check {source}"),
        None => return session::refused(error, output),
    };
    output.error(&message, Some(&help));
    exit_of_refused_program(error).unwrap_or(Exit::Failed)
}

/// The exit codes that shells have for programs that cannot be run.
fn exit_of_refused_program(error: &EngineError) -> Option<Exit> {
    let EngineError::Refused { message, .. } = error else { return None };
    let is_missing = ["executable file not found", "no such file or directory"];
    if is_missing.iter().any(|words| message.contains(words)) {
        return Some(Exit::Container(127));
    }
    let is_no_program = ["permission denied", "exec format error", "is a directory"];
    is_no_program.iter().any(|words| message.contains(words)).then_some(Exit::Container(126))
}

/// Explains that a program is heard no more: when the connection to it broke it may still run, and `way_back`
/// says how to come back to it.
pub(crate) fn lost(error: &EngineError, container: &ContainerName, way_back: &str, output: &Output) -> Exit {
    let (EngineError::Disconnected(_) | EngineError::Unreachable { .. }) = error else {
        return session::refused(error, output);
    };
    output.error(
        &format!("`{container}` may still be running, but the connection to it was lost: {error}"),
        Some(way_back),
    );
    Exit::Failed
}

/// The end of a program whose output has ended.
pub(crate) async fn end_of_program(
    ended: impl Future<Output = Result<i64, EngineError>>,
    engine: &impl Attach,
    container: &ContainerName,
    way_back: &str,
    output: &Output,
) -> Result<Exit, Exit> {
    let code = engine.end_after_output(container, ended).await;
    code.map(exit_of_process).map_err(|error| lost(&error, container, way_back, output))
}

/// What the third signal that asks topo to end does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThirdSignal {
    /// It kills the container.
    Kills,
    /// topo leaves, and the container goes on.
    Leaves,
}

/// Passes signals on to a container's process. Ends when the user has asked three times.
pub(crate) async fn pass_on(
    mut signals: Signals,
    engine: &impl Attach,
    container: &ContainerName,
    third: ThirdSignal,
) -> Received {
    let mut asked = 0;
    loop {
        let received = signals.next().await;
        asked += u32::from(received.asks_to_end());
        let name = match (asked, third) {
            (0..=2, _) => received.name,
            (_, ThirdSignal::Kills) => "KILL",
            (_, ThirdSignal::Leaves) => return received,
        };
        // One that has ended meanwhile takes no signal.
        let _ = engine.signal(container, name).await;
    }
}
