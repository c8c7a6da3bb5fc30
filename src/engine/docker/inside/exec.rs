//! In: a command line and a running container. Out: the command's process, and its exit code. Must
//! not: decide what happens with the output.

use futures_util::StreamExt;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::super::logs::Shape;
use super::super::transport::{Call, escape};
use super::super::{Docker, error};
use super::stream::attached;
use super::{END_IS_NOTED, output_ended_early};
use crate::engine::{Attached, Command, EngineError, Exec, Execute, LogChunk, TerminalSize};
use crate::topology::name::ContainerName;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    running: bool,
    exit_code: Option<i64>,
}

impl Execute for Docker {
    async fn create_exec(
        &self,
        container: &ContainerName,
        command: &Command,
        is_attached: bool,
    ) -> Result<Exec, EngineError> {
        let Command {
            words,
            environment,
            user,
            working_directory,
            is_privileged,
            has_input,
            terminal,
            detach_keys,
        } = command;
        let body = json!({
            "AttachStdin": has_input,
            "AttachStdout": is_attached,
            "AttachStderr": is_attached,
            "Tty": terminal.is_some(),
            "ConsoleSize": self.console_size(*terminal),
            "DetachKeys": detach_keys,
            "Env": environment,
            "Cmd": words,
            "Privileged": is_privileged,
            "User": user.as_deref().unwrap_or_default(),
            "WorkingDir": working_directory.as_deref().unwrap_or_default(),
        });
        let path = format!("/containers/{}/exec", escape(container.as_str(), ""));
        let Created { id } = self.transport.json(Call::new(Method::POST, path).json(&body)?).await?;
        Ok(Exec { id, terminal: *terminal })
    }

    async fn start_exec(&self, exec: &Exec) -> Result<Attached, EngineError> {
        let has_terminal = exec.terminal.is_some();
        let size = self.console_size(exec.terminal);
        let body = json!({ "Detach": false, "Tty": has_terminal, "ConsoleSize": size });
        let call = Call::new(Method::POST, path(exec, "start")).json(&body)?;
        let (connection, _) = self.transport.take_over(call, "tcp").await?;
        let shape = if has_terminal { Shape::Raw } else { Shape::Frames };
        let mut attached = attached(connection, shape);
        attached.output = Box::pin(attached.output.enumerate().map(refusal_as_error));
        Ok(attached)
    }

    async fn start_exec_detached(&self, exec: &Exec) -> Result<(), EngineError> {
        let body = json!({ "Detach": true, "Tty": exec.terminal.is_some() });
        self.transport.send(Call::new(Method::POST, path(exec, "start")).json(&body)?).await?;
        Ok(())
    }

    async fn resize_exec(&self, exec: &Exec, size: TerminalSize) -> Result<(), EngineError> {
        self.resize(path(exec, "resize"), size).await
    }

    async fn exec_exit_code(&self, exec: &Exec) -> Result<i64, EngineError> {
        let mut inspected = self.inspect_exec(exec).await?;
        if inspected.running {
            tokio::time::sleep(END_IS_NOTED).await;
            inspected = self.inspect_exec(exec).await?;
        }
        match inspected.running {
            true => Err(output_ended_early()),
            false => Ok(inspected.exit_code.unwrap_or_default()),
        }
    }
}

impl Docker {
    async fn inspect_exec(&self, exec: &Exec) -> Result<Inspected, EngineError> {
        self.transport.json(Call::get(path(exec, "json"))).await
    }

    pub(super) async fn resize(&self, path: String, size: TerminalSize) -> Result<(), EngineError> {
        let call = Call::new(Method::POST, path)
            .query("h", &size.rows.to_string())
            .query("w", &size.columns.to_string());
        self.transport.send(call).await?;
        Ok(())
    }

    /// Since API 1.42 a terminal's size can be set from the start.
    fn console_size(&self, terminal: Option<TerminalSize>) -> Option<[u16; 2]> {
        let size = terminal.filter(|_| self.transport.version().minor >= 42)?;
        Some([size.rows, size.columns])
    }
}

fn path(exec: &Exec, action: &str) -> String {
    format!("/exec/{}/{action}", escape(&exec.id, ""))
}

/// The engine's error about a process that could not be started arrives as its first output.
fn refusal_as_error((index, chunk): (usize, Result<LogChunk, EngineError>)) -> Result<LogChunk, EngineError> {
    const REFUSAL: &[u8] = b"OCI runtime exec failed: ";
    let chunk = chunk?;
    if index == 0 && chunk.bytes.starts_with(REFUSAL) {
        return Err(error::refused(400, &String::from_utf8_lossy(&chunk.bytes)));
    }
    Ok(chunk)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::engine::OutputStream;

    fn chunk(text: &'static str) -> Result<LogChunk, EngineError> {
        Ok(LogChunk { stream: OutputStream::Out, bytes: Bytes::from_static(text.as_bytes()) })
    }

    #[test]
    fn a_refusal_by_the_engine_is_not_output() {
        let text = "OCI runtime exec failed: exec failed: unable to start container process: exec: \"nope\": executable file not found in $PATH\r\n";
        let refused = refusal_as_error((0, chunk(text))).unwrap_err();
        assert_eq!(refused.to_string(), "exec: \"nope\": executable file not found in $PATH");
        assert_eq!(refusal_as_error((1, chunk(text))), chunk(text));
        assert_eq!(refusal_as_error((0, chunk("hello"))), chunk("hello"));
    }
}
