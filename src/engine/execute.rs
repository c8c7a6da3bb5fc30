//! In: a command line and a running container. Out: the command's process, its output and exit
//! code. Must not: decide what happens with the output.

use std::future::Future;

use futures_util::{Stream, StreamExt};

use super::{Attached, EngineError, LogChunk};
use crate::topology::name::ContainerName;
use crate::topology::service::Hook;

/// A command to run in a container.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// The command line.
    pub words: Vec<String>,
    /// `NAME=VALUE`, overriding the container's own.
    pub environment: Vec<String>,
    /// The user. The container's own when absent.
    pub user: Option<String>,
    /// The working directory. The container's own when absent.
    pub working_directory: Option<String>,
    /// Whether it is privileged.
    pub is_privileged: bool,
    /// Whether it has input.
    pub has_input: bool,
    /// Its terminal, if it has one.
    pub terminal: Option<TerminalSize>,
    /// The key sequence that detaches from its terminal, in the engine's notation.
    pub detach_keys: String,
}

/// A command that was created in the engine.
#[derive(Clone, Debug)]
pub struct Exec {
    /// The engine's id of it.
    pub(super) id: String,
    /// Its terminal, if it has one.
    pub(super) terminal: Option<TerminalSize>,
}

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// How many lines it shows.
    pub rows: u16,
    /// How many characters fit into a line.
    pub columns: u16,
}

/// Runs commands in containers.
pub trait Execute {
    /// Creates a command in the engine; nothing runs yet.
    fn create_exec(
        &self,
        container: &ContainerName,
        command: &Command,
        is_attached: bool,
    ) -> impl Future<Output = Result<Exec, EngineError>>;

    /// Runs it and attaches to it. A missing program is an error of the output.
    fn start_exec(&self, exec: &Exec) -> impl Future<Output = Result<Attached, EngineError>>;

    /// Runs it without attaching.
    fn start_exec_detached(&self, exec: &Exec) -> impl Future<Output = Result<(), EngineError>>;

    /// Sets the size of its terminal.
    fn resize_exec(&self, exec: &Exec, size: TerminalSize) -> impl Future<Output = Result<(), EngineError>>;

    /// The exit code of a command whose output has ended. Engines end the output only with the
    /// command, even if the command closes it earlier: if it is still running, the connection was
    /// lost.
    fn exec_exit_code(&self, exec: &Exec) -> impl Future<Output = Result<i64, EngineError>>;

    /// Runs a hook in a container to completion. `said` is called with each line of output; an exit
    /// code other than 0 is an error.
    fn run_hook(
        &self,
        container: &ContainerName,
        hook: &Hook,
        said: &dyn Fn(String),
    ) -> impl Future<Output = Result<(), EngineError>> {
        async move {
            let command = command(hook);
            let exec = self.create_exec(container, &command, true).await?;
            say_lines(self.start_exec(&exec).await?.output, said).await?;
            match self.exec_exit_code(&exec).await? {
                0 => Ok(()),
                code => {
                    let words = shlex::try_join(command.words.iter().map(String::as_str));
                    let words = words.unwrap_or_else(|_| command.words.join(" "));
                    Err(EngineError::ProgramFailed(format!("`{words}` ended with exit code {code}")))
                }
            }
        }
    }
}

/// Calls back with each line of an output, until it ends.
pub(super) async fn say_lines(
    mut output: impl Stream<Item = Result<LogChunk, EngineError>> + Unpin,
    said: &dyn Fn(String),
) -> Result<(), EngineError> {
    let mut rest = Vec::new();
    while let Some(chunk) = output.next().await {
        let LogChunk { bytes, .. } = chunk?;
        rest.extend_from_slice(&bytes);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            said(text(&line));
        }
    }
    if !rest.is_empty() {
        said(text(&rest));
    }
    Ok(())
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches(['\n', '\r']).to_owned()
}

/// The variable that tells a hook which run it belongs to, by the id of its process: if the hook calls topo itself, that
/// one does not wait for the end of this run.
pub const RUN: &str = "TOPO_RUN";

fn command(hook: &Hook) -> Command {
    let Hook { command, user, privileged, working_dir, environment, extensions: _ } = hook;
    // A variable without a value is not set in the caller's environment either.
    let set = environment.texts().map(|(name, value)| format!("{name}={value}"));
    let of_run = format!("{RUN}={}", std::process::id());
    Command {
        words: command.0.clone().unwrap_or_default(),
        environment: std::iter::once(of_run).chain(set).collect(),
        user: user.clone(),
        working_directory: working_dir.clone(),
        is_privileged: privileged.0,
        ..Command::default()
    }
}
