//! `topo exec`.

use clap::Args;

use crate::cli::arguments::global::Global;
use crate::cli::arguments::typed::Variable;
use crate::cli::engine::connection;
use crate::cli::engine::inside::{self, Console, TerminalOptions, Wanted};
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::io_pump::{End, io_pump};
use crate::cli::io::output::Output;
use crate::cli::io::signals::Signals;
use crate::cli::io::terminal;
use crate::cli::topology::project::project_name;
use crate::cli::topology::services;
use crate::engine::EngineError;
use crate::engine::{Command, Exec, Execute, Target};
use crate::topology::name::{ContainerName, ServiceName};

/// Run a command in a running container.
///
/// In a terminal, the command gets a terminal too, with keys, colours and the window's size. Otherwise its
/// input and output are those of topo, and can be piped. topo exits with the command's exit code.
#[derive(Args, Debug)]
#[command(
    override_usage = "topo exec [OPTIONS] [FILE] <SERVICE> <COMMAND> [ARGUMENT]...",
    after_help = "Examples:\n  topo exec db psql -U shop\n  \
                  topo exec -T db pg_dump -U shop > copy.sql"
)]
pub(crate) struct ExecArgs {
    /// The service, and the command to run in its container
    #[arg(value_name = "SERVICE COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// Leave the command running in the background
    #[arg(short, long)]
    detach: bool,
    /// Set an environment variable of the command; `NAME` without a value passes on the caller's
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<Variable>,
    /// The container with this number, if the service has several
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Run the command with extended privileges
    #[arg(long)]
    privileged: bool,
    /// User to run the command as: `name`, `uid` or `uid:gid`
    #[arg(short, long)]
    user: Option<String>,
    /// Working directory of the command
    #[arg(short, long, value_name = "DIRECTORY")]
    workdir: Option<String>,
    #[command(flatten)]
    terminal: TerminalOptions,
    #[command(flatten)]
    global: Global,
}

/// Where the program is named.
const NAMED_BY: &str = "the command, which comes after the service name";

pub(super) fn run(global: &mut Global, options: ExecArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    let output = global.output();
    let (service, words) = service_and_command(&options.arguments, global)?;
    let console = options.terminal.console(options.detach)?;
    let project = project_name(global, &service, &output)?;
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let about = (&project, &service);
        let container =
            inside::container(&engine, global, about, options.index, Wanted::RunningFor(words)).await?;
        let command = command(&options, words, &console);
        let exec = engine.create_exec(&container.name, &command, !options.detach).await?;
        if options.detach {
            let started = engine.start_exec_detached(&exec).await;
            started.map_err(|error| inside::refused_program(error, NAMED_BY))?;
            return Ok(Exit::Success);
        }
        in_the_foreground(&engine, &container.name, &exec, &console, &output).await
    })
}

fn service_and_command<'a>(
    arguments: &'a [String],
    global: &Global,
) -> Result<(ServiceName, &'a [String]), CliError> {
    match arguments.split_first() {
        Some((service, words)) if !words.is_empty() => Ok((ServiceName::from(service.as_str()), words)),
        None => Err(services::none_is_named(global, "exec", "SERVICE sh")),
        Some((service, _)) => {
            let help = format!("for a shell, write `{} {service} sh`", global.command("exec"));
            Err(CliError::usage("no command is given").help(help))
        }
    }
}

fn command(options: &ExecArgs, words: &[String], console: &Console) -> Command {
    Command {
        words: words.to_vec(),
        environment: inside::variables(&options.env),
        user: options.user.clone(),
        working_directory: options.workdir.clone(),
        is_privileged: options.privileged,
        has_input: console.has_input && !options.detach,
        terminal: console.has_terminal.then(terminal::size),
        detach_keys: console.detach_text.clone(),
    }
}

async fn in_the_foreground(
    engine: &impl Target,
    container: &ContainerName,
    exec: &Exec,
    console: &Console,
    output: &Output,
) -> Result<Exit, CliError> {
    let signals = Signals::listen();
    let raw = console.raw()?;
    let attached = engine.start_exec(exec).await?;
    // A command that has ended meanwhile has no terminal any more.
    let resize = async |size| engine.resize_exec(exec, size).await.is_ok();
    let leave = inside::end_asked_for(signals);
    let end = io_pump(attached, console.wiring(engine), resize, leave).await;
    drop(raw);
    let way_back = format!("`docker top {container}` shows whether the command still runs in it");
    let lost = |error: EngineError| inside::lost(error, container, &way_back);
    match end {
        End::Closed => {
            let code = engine.exec_exit_code(exec).await.map_err(lost)?;
            Ok(inside::exit_of_process(code))
        }
        End::Failed(error @ (EngineError::Disconnected(_) | EngineError::Unreachable { .. })) => {
            Err(lost(error))
        }
        End::Failed(error) => {
            let code = engine.exec_exit_code(exec).await.ok().filter(|code| *code != 0);
            let error = inside::refused_program(error, NAMED_BY);
            let exit = code.map_or(error.exit(), inside::exit_of_process);
            Err(CliError::Several(vec![error], exit))
        }
        End::Detached => {
            output.remark(&format!("detached: the command keeps running in `{container}`"));
            Ok(Exit::Success)
        }
        End::NoReader => Err(CliError::NoReader),
        End::Unwritable(error) => Err(CliError::Output(error)),
        End::Left(received) => {
            output.warning(&format!(
                "the command may keep running in `{container}`: the engine cannot stop it"
            ));
            Ok(inside::exit_of_signal(received))
        }
    }
}
