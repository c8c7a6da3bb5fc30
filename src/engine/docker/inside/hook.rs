//! In: a command of the topology, and a container that runs. Out: its output, line by line.
//! Must not: say what a failure means.

use futures_util::{Stream, StreamExt};

use super::super::Docker;
use super::exec::Command;
use crate::engine::{EngineError, LogChunk};
use crate::topology::name::ContainerName;
use crate::topology::service::Hook;

impl Docker {
    /// Runs a command of the topology in a container to its end. `said` gets each line that it writes;
    /// another exit code than 0 is an error.
    pub async fn run_hook(
        &self,
        container: &ContainerName,
        hook: &Hook,
        said: &dyn Fn(String),
    ) -> Result<(), EngineError> {
        let command = command(hook);
        let exec = self.create_exec(container, &command, true).await?;
        say_lines(self.start_exec(&exec).await?.output, said).await?;
        match self.exec_exit_code(&exec).await? {
            0 => Ok(()),
            code => {
                let words = shlex::try_join(command.words.iter().map(String::as_str));
                let words = words.unwrap_or_else(|_| command.words.join(" "));
                Err(EngineError::Other(format!("`{words}` ended with exit code {code}")))
            }
        }
    }
}

/// Says each line of an output, until that ends.
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

fn command(hook: &Hook) -> Command {
    let Hook { command, user, privileged, working_dir, environment, extensions: _ } = hook;
    // A variable without a value has none in the caller's environment either.
    let set = environment.texts().map(|(name, value)| format!("{name}={value}"));
    Command {
        words: command.0.clone().unwrap_or_default(),
        environment: set.collect(),
        user: user.clone(),
        working_directory: working_dir.clone(),
        is_privileged: privileged.0,
        ..Command::default()
    }
}
