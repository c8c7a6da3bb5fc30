//! In: an AI model of a topology. Out: the model, ready in Docker Model Runner, and its address.
//! Must not: print, or know of services.
//!
//! Docker Model Runner is controlled by its Docker CLI plugin, with the same commands as in Docker
//! Compose (`pkg/compose/model.go` of its sources).

use std::path::PathBuf;
use std::process::{Output, Stdio};

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use super::plugin::{self, ANSWER_LIMIT};
use crate::source::program::Programs;
use crate::topology::model::Model;

/// The plugin `docker model`.
#[derive(Debug)]
pub struct ModelRunner {
    program: PathBuf,
}

/// An existing model: an item of `docker model ls --json`.
#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// The needed parts of `docker model status --json`.
#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    endpoint: String,
}

impl ModelRunner {
    /// The plugin, when it is installed.
    pub fn find(programs: &Programs) -> Option<Self> {
        plugin::find("model", programs).map(|program| Self { program })
    }

    /// Downloads a model if it is missing, and configures it. `said` is called with slow steps;
    /// dropping the future ends the plugin. The error is a text for users.
    pub async fn prepare(&self, model: &Model, said: &mut dyn FnMut(&str)) -> Result<(), String> {
        let Model { name: _, model, context_size, runtime_flags, extensions: _ } = model;
        let artifact = model.as_ref().map_or("", |model| model.as_str());
        if !self.has(artifact).await? {
            said(&format!("pulling {artifact}"));
            self.order(&["pull", artifact]).await?;
        }
        let size = context_size.map(|size| size.0.to_string());
        let mut arguments = vec!["configure"];
        arguments.extend(size.iter().flat_map(|size| ["--context-size", size]));
        arguments.push(artifact);
        if !runtime_flags.is_empty() {
            arguments.push("--");
            arguments.extend(runtime_flags.iter().map(|flag| flag.as_str()));
        }
        self.order(&arguments).await.map(drop)
    }

    /// The address of the models for containers. The error is a text for users.
    pub async fn endpoint(&self) -> Result<String, String> {
        let Status { endpoint } = understood(&self.ask("status").await?, "status", "a status")?;
        if endpoint.is_empty() {
            Err("`docker model status` names no endpoint".to_owned())
        } else {
            Ok(endpoint)
        }
    }

    async fn has(&self, artifact: &str) -> Result<bool, String> {
        let listed: Vec<Listed> = understood(&self.ask("ls").await?, "ls", "a list of models")?;
        let is_it = |tag: &String| tag == artifact || tag.strip_suffix(":latest") == Some(artifact);
        Ok(listed.into_iter().flat_map(|listed| listed.tags.unwrap_or_default()).any(|tag| is_it(&tag)))
    }

    /// The plugin's answer to a query, which is quick unless it hangs.
    async fn ask(&self, question: &str) -> Result<Vec<u8>, String> {
        let late = |_| {
            let limit = ANSWER_LIMIT.as_secs();
            format!("`docker model {question} --json` did not end within {limit} seconds")
        };
        timeout(ANSWER_LIMIT, self.order(&[question, "--json"])).await.map_err(late)?
    }

    /// The plugin's output of a command. A pull may take as long as it needs.
    async fn order(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let output: Output = Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| format!("`{}` cannot be run: {error}", self.program.display()))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let words =
            [output.stderr, output.stdout].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        let words = words.into_iter().find(|words| !words.is_empty());
        let words = words.unwrap_or_else(|| output.status.to_string());
        Err(format!("`docker model {}`: {words}", arguments.join(" ")))
    }
}

/// Parses an answer as JSON; `expected` describes a valid one.
fn understood<'a, T: Deserialize<'a>>(answer: &'a [u8], order: &str, expected: &str) -> Result<T, String> {
    serde_json::from_slice(answer)
        .map_err(|error| format!("the answer of `docker model {order} --json` is not {expected}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_query_without_an_answer_times_out() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("docker-model");
        std::fs::write(&program, "#!/bin/sh\nexec sleep 1000\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let runner = ModelRunner { program };
        let late = |question: &str| format!("`docker model {question} --json` did not end within 10 seconds");
        assert_eq!(runner.endpoint().await, Err(late("status")));
        let asked = runner.prepare(&Model::default(), &mut |_| {}).await;
        assert_eq!(asked, Err(late("ls")));
    }
}
