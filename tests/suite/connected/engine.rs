//! An engine that tracks the state of a project, and whose containers follow a script.

use std::cell::RefCell;

use futures_util::Stream;
use topo::engine::{
    Change, EngineError, Events, LogChoice, LogChunk, Logs, Observe, Perform, Progress, Query,
};
use topo::plan::observed::ContainerState;
use topo::plan::{Action, Observed};
use topo::topology::name::{ContainerName, ImageId, ProjectName};
use topo::value::image::ImageReference;

use crate::memory_engine::{MemoryEngine, Script};
use crate::plans::world::World;

pub(crate) struct ProjectEngine {
    memory: MemoryEngine,
    world: RefCell<World>,
    /// What was done to containers, in that order: `stop shop-db-1`.
    done: RefCell<Vec<String>>,
}

impl ProjectEngine {
    /// Creates one with the image `app:1`.
    pub(crate) fn new(script: Script) -> Self {
        let mut world = World::default();
        world.make_image(&ImageReference::from("app:1"));
        Self { memory: MemoryEngine::new(script), world: RefCell::new(world), done: RefCell::default() }
    }

    /// What was done to containers since the last call.
    pub(crate) fn take_done(&self) -> Vec<String> {
        self.done.take()
    }

    /// Updates the world with what containers did by themselves.
    fn update_containers(&self) {
        for container in &mut self.world.borrow_mut().containers {
            if let Some(state) = self.memory.state(&container.seen.name) {
                container.seen.state = state;
            }
        }
    }

    fn record(&self, action: &Action) {
        let verb = match action {
            Action::StartContainer { .. } => "start",
            Action::StopContainer { .. } => "stop",
            Action::KillContainer { .. } => "kill",
            Action::PauseContainer { .. } => "pause",
            Action::UnpauseContainer { .. } => "unpause",
            _ => return,
        };
        let container = action.container().expect("these are about containers");
        self.done.borrow_mut().push(format!("{verb} {container}"));
    }
}

impl Observe for ProjectEngine {
    async fn observe(&self, query: &Query) -> Result<Observed, EngineError> {
        self.update_containers();
        self.world
            .borrow_mut()
            .containers
            .retain(|container| self.memory.state(&container.seen.name).is_some());
        Ok(self.world.borrow().observe(query))
    }

    async fn inspect(&self, container: &ContainerName) -> Result<ContainerState, EngineError> {
        self.memory.inspect(container).await
    }

    async fn image_id(&self, image: &ImageReference) -> Result<Option<ImageId>, EngineError> {
        Ok(self.world.borrow().images.get(image).cloned())
    }
}

impl Perform for ProjectEngine {
    async fn perform(&self, action: &Action, progress: &dyn Fn(Progress)) -> Result<(), EngineError> {
        self.memory.perform(action, progress).await?;
        self.record(action);
        self.update_containers();
        let changes_more = !matches!(
            action,
            Action::StopContainer { .. }
                | Action::KillContainer { .. }
                | Action::PauseContainer { .. }
                | Action::UnpauseContainer { .. }
                | Action::StartContainer { .. }
        );
        if changes_more {
            let made = self.world.borrow_mut().perform(action);
            made.map_err(|message| EngineError::Refused { status: 500, message })?;
        }
        Ok(())
    }
}

impl Events for ProjectEngine {
    async fn subscribe(
        &self,
        project: &ProjectName,
    ) -> Result<impl Stream<Item = Result<Change, EngineError>> + Unpin, EngineError> {
        self.memory.subscribe(project).await
    }

    async fn recent(&self, _project: &ProjectName) -> Result<Vec<Change>, EngineError> {
        Ok(self.memory.happened())
    }
}

impl Logs for ProjectEngine {
    async fn logs<'engine>(
        &'engine self,
        container: &ContainerName,
        choice: &LogChoice,
    ) -> Result<impl Stream<Item = Result<LogChunk, EngineError>> + Unpin + use<'engine>, EngineError> {
        self.memory.logs(container, choice).await
    }
}
