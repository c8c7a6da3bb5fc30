//! In: an action. Out: the requests that perform it. Must not: decide anything; conditions belong
//! to the plan.

use crate::engine::phrase::{self, Phrase};
use std::time::Duration;

use bollard::query_parameters::{
    KillContainerOptionsBuilder, RenameContainerOptionsBuilder, StartContainerOptions,
    StopContainerOptionsBuilder,
};
use http::Method;

use super::transport::{Call, escape};
use super::{Docker, build, container, network, pull, push, volume};
use crate::engine::{EngineError, Execute, Observe, Progress};
use crate::plan::Action;
use crate::plan::action::AfterFailedHook;
use crate::plan::observed::Status;
use crate::plan::sealed::Sealed;
use crate::topology::name::ContainerName;
use crate::topology::service::Hook;
use crate::value::image::ImageReference;

/// Performs an action.
pub async fn perform(
    docker: &Docker,
    action: &Action,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    let done = perform_one(docker, action, progress).await;
    if let Action::PullImage { .. } | Action::BuildImage(_) | Action::RemoveImage { .. } = action {
        docker.forget_images().await;
    }
    done
}

async fn perform_one(
    docker: &Docker,
    action: &Action,
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    match action {
        Action::PullImage { image, platform } => {
            pull::pull(docker, image, platform.as_deref(), progress).await
        }
        Action::PushImage { image } => push::push(docker, image, progress).await,
        Action::RemoveImage { image } => remove_image(docker, image).await,
        Action::BuildImage(spec) => build::build(docker, spec, progress).await,
        Action::CreateNetwork(spec) => network::create(&docker.transport, spec).await,
        Action::RemoveNetwork { network } => network::remove(docker, network).await,
        Action::CreateVolume(spec) => volume::create(&docker.transport, spec).await,
        Action::RemoveVolume { volume } => volume::remove(docker, volume).await,
        Action::ConnectNetwork { container, attachment } => {
            container::connect(docker, attachment, container.as_str()).await
        }
        Action::DisconnectNetwork { container, network } => {
            network::disconnect(docker, network, container).await
        }
        Action::CreateContainer(spec) => container::create(docker, spec, progress).await,
        Action::RunToEnd(spec) => docker.run_to_end(spec, progress).await,
        Action::UpdateContainer { container, change } => container::update(docker, container, change).await,
        Action::RenameContainer { from, to } => rename(docker, from, to).await,
        Action::StartContainer { container, post_start } => {
            start(docker, container).await?;
            let hooks = ("post_start", post_start.as_slice());
            match run_hooks(docker, container, hooks, progress).await {
                Err(error @ EngineError::HookFailed { .. }) => Err(give_up(docker, container, error).await),
                ran => ran,
            }
        }
        Action::StopContainer { container, grace, pre_stop, after_failed_hook } => {
            if !pre_stop.is_empty() && runs(docker, container).await? {
                let ran = run_hooks(docker, container, ("pre_stop", pre_stop), progress).await;
                match (ran, after_failed_hook) {
                    (Err(error @ EngineError::HookFailed { .. }), AfterFailedHook::GoOn) => {
                        progress(Progress::Warning(format!("a pre_stop hook failed: {error}")));
                    }
                    (ran, _) => ran?,
                }
            }
            stop(docker, container, *grace).await
        }
        Action::KillContainer { container, signal } => kill(docker, container, signal).await,
        Action::PauseContainer { container } => pause(docker, container).await,
        Action::UnpauseContainer { container } => unpause(docker, container).await,
        Action::RemoveContainer { container, anonymous_volumes } => {
            container::remove(docker, container, *anonymous_volumes).await
        }
        Action::Wait { .. } => unreachable!("the run waits itself: see `Engine::perform`"),
    }
}

/// The engine's response for a running container (304) counts as success.
pub(super) async fn start(docker: &Docker, container: &ContainerName) -> Result<(), EngineError> {
    let name = escape(container.as_str(), "");
    let started = docker.bollard.start_container(&name, None::<StartContainerOptions>).await;
    started.map_err(|error| docker.transport.failure(error))
}

/// Runs hooks one after the other. The first that fails is named by its position.
async fn run_hooks(
    docker: &Docker,
    container: &ContainerName,
    (attribute, hooks): (&str, &[Sealed<Hook>]),
    progress: &dyn Fn(Progress),
) -> Result<(), EngineError> {
    for (index, hook) in hooks.iter().enumerate() {
        let ran = docker.run_hook(container, hook, &|line| progress(Progress::Output(line))).await;
        ran.map_err(|error| match error {
            EngineError::Unreachable { .. }
            | EngineError::NoAddress { .. }
            | EngineError::Unsupported(_)
            | EngineError::HookFailed { .. }
            | EngineError::Disconnected(_) => error,
            error => {
                EngineError::HookFailed { hook: format!("{attribute}[{index}]"), message: error.to_string() }
            }
        })?;
    }
    Ok(())
}

/// The engine keeps no record of hooks. A container whose `post_start` failed is stopped, so that
/// the next start runs them again, as in Kubernetes.
async fn give_up(docker: &Docker, container: &ContainerName, failure: EngineError) -> EngineError {
    match (stop(docker, container, None).await, failure) {
        (Err(error), EngineError::HookFailed { hook, message }) => {
            let message = format!("{message}, and {container} could not be stopped after it: {error}");
            EngineError::HookFailed { hook, message }
        }
        (_, failure) => failure,
    }
}

/// A paused container runs no command.
async fn runs(docker: &Docker, container: &ContainerName) -> Result<bool, EngineError> {
    match docker.inspect(container).await {
        Ok(state) => Ok(state.status == Status::Running),
        Err(EngineError::Refused { status: 404, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The engine's response for a stopped container (304) counts as success, and so does a missing
/// one.
async fn stop(
    docker: &Docker,
    container: &ContainerName,
    grace: Option<Duration>,
) -> Result<(), EngineError> {
    let seconds = |grace: Duration| i32::try_from(grace.as_millis().div_ceil(1000)).unwrap_or(i32::MAX);
    let options = grace.map(|grace| StopContainerOptionsBuilder::new().t(seconds(grace)).build());
    let stopped = docker.bollard.stop_container(&escape(container.as_str(), ""), options).await;
    match stopped.map_err(|error| docker.transport.failure(error)) {
        Err(EngineError::Refused { status: 404, .. }) => Ok(()),
        other => other,
    }
}

/// A container that exited meanwhile counts as success.
async fn kill(docker: &Docker, container: &ContainerName, signal: &str) -> Result<(), EngineError> {
    let options = KillContainerOptionsBuilder::new().signal(signal).build();
    let killed = docker.bollard.kill_container(&escape(container.as_str(), ""), Some(options)).await;
    match killed.map_err(|error| docker.transport.failure(error)) {
        Err(EngineError::Refused { status: 404 | 409, .. }) => Ok(()),
        other => other,
    }
}

async fn pause(docker: &Docker, container: &ContainerName) -> Result<(), EngineError> {
    let paused = docker.bollard.pause_container(&escape(container.as_str(), "")).await;
    unless_already(paused.map_err(|error| docker.transport.failure(error)), phrase::ALREADY_PAUSED)
}

async fn unpause(docker: &Docker, container: &ContainerName) -> Result<(), EngineError> {
    let unpaused = docker.bollard.unpause_container(&escape(container.as_str(), "")).await;
    unless_already(unpaused.map_err(|error| docker.transport.failure(error)), phrase::NOT_PAUSED)
}

/// A refusal because the state is already reached counts as success.
fn unless_already(done: Result<(), EngineError>, already_phrase: Phrase) -> Result<(), EngineError> {
    match done {
        Err(EngineError::Refused { message, .. }) if already_phrase.is_in(&message) => Ok(()),
        other => other,
    }
}

/// If it does not exist, that is not an error.
async fn remove_image(docker: &Docker, image: &ImageReference) -> Result<(), EngineError> {
    let call = Call::new(Method::DELETE, format!("/images/{}", escape(image.as_str(), "/:@")));
    match docker.transport.send(call).await {
        Ok(_) | Err(EngineError::Refused { status: 404, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn rename(docker: &Docker, from: &ContainerName, to: &ContainerName) -> Result<(), EngineError> {
    let options = RenameContainerOptionsBuilder::new().name(to.as_str()).build();
    let renamed = docker.bollard.rename_container(&escape(from.as_str(), ""), options).await;
    renamed.map_err(|error| docker.transport.failure(error))
}
