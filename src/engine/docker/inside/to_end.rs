//! In: a container that is to run once. Out: its output line by line, and its result. Must not:
//! remove a container that failed: it is needed for finding the cause.

use super::super::Docker;
use super::super::{container, inspect, perform};
use crate::engine::execute::say_lines;
use crate::engine::{Attach, AttachChoice, EngineError, LastEnd, Progress};
use crate::plan::action::{AnonymousVolumes, ContainerSpec};
use crate::plan::label;
use crate::topology::name::ContainerName;

impl Docker {
    /// Creates a container, runs it to completion and removes it. An exit code other than 0 is an
    /// error, and the container is kept until the next time.
    pub async fn run_to_end(
        &self,
        spec: &ContainerSpec,
        progress: &dyn Fn(Progress),
    ) -> Result<(), EngineError> {
        let name = &spec.name;
        if self.is_leftover(spec).await? {
            container::remove(self, name, AnonymousVolumes::Remove).await?;
        }
        container::create(self, spec, progress).await?;
        let ended = self.start_and_follow(name, progress).await;
        if let Ok(code) = ended
            && code != 0
        {
            let help = format!("`docker logs {name}` shows what it printed");
            return Err(match spec.one_off.and_then(|one_off| one_off.pre_start) {
                Some(index) => EngineError::HookFailed {
                    hook: format!("pre_start[{index}]"),
                    message: format!("it ended with exit code {code}; {help}"),
                },
                None => EngineError::ProgramFailed(format!("{name} ended with exit code {code}; {help}")),
            });
        }
        let removed = container::remove(self, name, AnonymousVolumes::Remove).await;
        ended.and(removed)
    }

    /// Whether the container of that name is left from an earlier run.
    async fn is_leftover(&self, spec: &ContainerSpec) -> Result<bool, EngineError> {
        let found = match inspect::inspect(&self.transport, spec.name.as_str()).await {
            Err(EngineError::Refused { status: 404, .. }) => return Ok(false),
            found => found?.config.labels.unwrap_or_default(),
        };
        let same = [label::PROJECT, label::SERVICE, label::SLUG];
        Ok(same.into_iter().all(|name| found.get(name) == spec.labels.get(name)))
    }

    async fn start_and_follow(
        &self,
        container: &ContainerName,
        progress: &dyn Fn(Progress),
    ) -> Result<i64, EngineError> {
        let choice = AttachChoice { has_input: false, detach_keys: String::new() };
        let attached = self.attach(container, &choice, false).await?;
        let waiting = self.wait_for_end(container, LastEnd::Exit).await?;
        perform::start(self, container).await?;
        say_lines(attached.output, &|line| progress(Progress::Output(line))).await?;
        self.end_after_output(container, waiting).await
    }
}
