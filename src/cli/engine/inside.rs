//! What commands share that are about one container of a service: `exec`, `attach`, `cp`...

use clap::Args;

use crate::cli::arguments::global::Global;
use crate::cli::arguments::typed::Variable;
use crate::cli::error::{CliError, Problem};
use crate::cli::exit::Exit;
use crate::cli::io::detach::{self, DetachKeys};
use crate::cli::io::io_pump::{InputWiring, TerminalWiring, Wiring};
use crate::cli::io::signals::{Received, Signals};
use crate::cli::io::terminal::{self, Raw};
use crate::cli::list::absence;
use crate::cli::topology::load::{self, Known};
use crate::cli::topology::services;
use crate::engine::phrase;
use crate::engine::{Attach, EngineError, Inventory};
use crate::plan::observed::{ObservedContainer, Status};
use crate::plan::{self, Condition};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ProjectName, ServiceName};
use crate::value::pair::Pair;

/// Whether a command has a terminal and an input.
#[derive(Args, Clone, Debug)]
pub(crate) struct TerminalOptions {
    /// Do not give the command a terminal; it never gets one if topo has none
    #[arg(short = 'T', long = "no-tty", alias = "no-TTY", value_name = "BOOL", num_args = 0..=1,
          default_missing_value = "true", require_equals = true, hide_possible_values = true)]
    no_terminal: Option<bool>,
    /// Give the command a terminal
    #[arg(short = 't', long = "tty", num_args = 0..=1, default_missing_value = "true", require_equals = true,
          conflicts_with = "no_terminal", hide = true)]
    terminal: Option<bool>,
    /// Connect standard input to the command; `-i=false` does not
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true",
          require_equals = true, hide_possible_values = true)]
    interactive: Option<bool>,
    /// Keys that detach from the command and leave it running; empty for none
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
    pub(crate) fn console(&self, is_detached: bool) -> Result<Console, CliError> {
        let has_input = self.interactive.unwrap_or(true);
        let asked = self.terminal.or(self.no_terminal.map(|without| !without));
        let is_possible = terminal::is_output() && (terminal::is_input() || !has_input);
        let has_terminal = asked.unwrap_or(is_possible);
        if has_terminal && has_input && !is_detached && !terminal::is_input() {
            let help = "leave `-t` out, or give the command no input with `-i=false`";
            return Err(CliError::usage("the standard input is not a terminal").help(help));
        }
        let detach_keys = detach_keys(&self.detach_keys)?;
        Ok(Console { has_terminal, has_input, detach_keys, detach_text: self.detach_keys.clone() })
    }
}

impl Console {
    /// Makes the terminal raw, when what is typed goes to a terminal in a container.
    pub(crate) fn raw(&self) -> Result<Option<Raw>, CliError> {
        let raw = self.takes_keys().then(Raw::enter).transpose();
        raw.map_err(|error| CliError::failed(format!("the terminal cannot be switched to raw mode: {error}")))
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
pub(crate) fn detach_keys(text: &str) -> Result<Option<DetachKeys>, CliError> {
    DetachKeys::parse(text)
        .map_err(|help| CliError::usage(format!("`{text}` is not a sequence of keys")).help(help))
}

/// The one service among a command's arguments; files go to the options.
pub(crate) fn only_service(
    global: &mut Global,
    command: &str,
    arguments: &[String],
) -> Result<ServiceName, CliError> {
    let words = global.take_files(arguments);
    match words.as_slice() {
        [service] => Ok(ServiceName::from(service.as_str())),
        [] => Err(services::none_is_named(global, command, "SERVICE")),
        [service, ..] => {
            let help = format!("write `{} {service}`", global.command(command));
            Err(CliError::usage("exactly one service is needed").help(help))
        }
    }
}

/// What a provider runs is no container of the project.
pub(crate) fn refuse_provided(
    global: &Global,
    topology: &Topology,
    service: &ServiceName,
) -> Result<(), CliError> {
    let is_provided = topology.service(service.as_str()).is_some_and(|known| known.provider.is_some());
    let reason = is_provided.then(|| absence::of_service(topology, service, global)).flatten();
    reason.map_or(Ok(()), |reason| Err(CliError::Failed(reason)))
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
) -> Result<Vec<ObservedContainer>, CliError> {
    let mut found = engine.containers_of(project, service).await?;
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
) -> Result<ObservedContainer, CliError> {
    let mut found = containers(engine, project, service).await?;
    if let Some(index) = index {
        found.retain(|container| !container.is_one_off && container.number == index);
    }
    let runs = |container: &ObservedContainer| container.state.status == Status::Running;
    let position = found.iter().position(runs).or((wanted == Wanted::Any && !found.is_empty()).then_some(0));
    if let Some(position) = position {
        return Ok(found.swap_remove(position));
    }
    let Some(container) = found.first() else { return Err(none_is_there(global, service, index)) };
    let name = &container.name;
    Err(match container.state.status {
        Status::Paused => CliError::failed(format!("`{name}` is paused"))
            .help(format!("resume it: `{} {service}`", global.command("unpause"))),
        Status::Restarting => CliError::failed(format!("`{name}` keeps exiting and being restarted"))
            .help(format!("see why it exits: `{} {service}`", global.command("logs"))),
        _ => {
            let what = numbered(service, index);
            let state = container.status_text.to_lowercase();
            let has_completed = container.state.is_in(Condition::Completed);
            let is_done = has_completed && is_job(global, service);
            let help = match &wanted {
                // A job that did its work is not started again.
                Wanted::RunningFor(command) if is_done => {
                    let command = shlex::try_join(command.iter().map(String::as_str)).unwrap_or_default();
                    format!("it has completed: `{} {service} {command}`", global.command("run --rm"))
                }
                Wanted::Running if is_done => {
                    format!("it has completed: `{} {service}` shows its output", global.command("logs"))
                }
                _ => format!("start it: `{} {service}`", global.command("up -d")),
            };
            CliError::failed(format!("no container of {what} is running: `{name}` is {state}")).help(help)
        }
    })
}

/// A service, or its container with this number.
fn numbered(service: &ServiceName, index: Option<u32>) -> String {
    index.map_or(format!("`{service}`"), |index| format!("`{service}` number {index}"))
}

/// Whether other services wait until a service completed; false where that cannot be known.
fn is_job(global: &Global, service: &ServiceName) -> bool {
    match load::known(global, std::slice::from_ref(service)) {
        Ok(Known::Topology(topology)) => plan::jobs_of(&topology).contains(service),
        _ => false,
    }
}

/// A service has no container, or none with this number; the help makes it.
pub(crate) fn none_is_there(global: &Global, service: &ServiceName, index: Option<u32>) -> CliError {
    if let Ok(Known::Topology(topology)) = load::known(global, std::slice::from_ref(service))
        && let Some(reason) = absence::of_service(&topology, service, global)
    {
        return CliError::Failed(reason);
    }
    let up = global.command("up -d");
    let help = match index {
        Some(index @ 2..) => format!(
            "`{}` lists the existing ones; `{up} --scale {service}={index}` creates that many",
            global.command("ps -a")
        ),
        Some(_) | None => format!("create it: `{up} {service}`"),
    };
    let number = index.map_or(String::new(), |index| format!(" number {index}"));
    CliError::failed(format!("`{service}` has no container{number}")).help(help)
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

/// `NAME=VALUE` as it stands; a name alone takes the value that topo's own environment has.
pub(crate) fn variables(arguments: &[Variable]) -> Vec<String> {
    let read = |argument: &Variable| Pair::or_found(argument.as_str(), |name| std::env::var(name).ok());
    arguments.iter().filter_map(read).map(|(name, value)| format!("{name}={value}")).collect()
}

/// A program could not be run; `source` is where it was named.
pub(crate) fn refused_program(error: EngineError, source: &str) -> CliError {
    let Some(code) = code_of_refused_program(&error) else { return error.into() };
    let message = error.to_string();
    let help = match code {
        _ if phrase::NO_WORKING_DIRECTORY.is_in(&message) => {
            "that directory is not in the container: check `--workdir`, and `working_dir` of the service"
                .to_owned()
        }
        127 => format!("no such program is in the container: check {source}"),
        _ => format!("that is not an executable program: check {source}"),
    };
    CliError::Program(Problem::new(message), code).help(help)
}

/// The exit codes that shells have for programs that cannot be run.
fn code_of_refused_program(error: &EngineError) -> Option<u8> {
    let EngineError::Refused { message, .. } = error else { return None };
    if phrase::any(&[phrase::NO_EXECUTABLE, phrase::NO_SUCH_FILE], message) {
        return Some(127);
    }
    let not_a_program = [phrase::PERMISSION_DENIED, phrase::EXEC_FORMAT, phrase::IS_A_DIRECTORY];
    phrase::any(&not_a_program, message).then_some(126)
}

/// A program is heard no more: when the connection to it broke it may still run, and `way_back` says how to come back
/// to it.
pub(crate) fn lost(error: EngineError, container: &ContainerName, way_back: &str) -> CliError {
    let (EngineError::Disconnected(_) | EngineError::Unreachable { .. }) = error else { return error.into() };
    CliError::failed(format!(
        "`{container}` may still be running, but the connection to it was lost: {error}"
    ))
    .help(way_back)
}

/// The end of a program whose output has ended.
pub(crate) async fn end_of_program(
    ended: impl Future<Output = Result<i64, EngineError>>,
    engine: &impl Attach,
    container: &ContainerName,
    way_back: &str,
) -> Result<Exit, CliError> {
    let code = engine.end_after_output(container, ended).await;
    code.map(exit_of_process).map_err(|error| lost(error, container, way_back))
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
