//! In: a step that failed, and its cause. Out: what to do about it, if known.

use super::Commands;
use crate::engine::EngineError;
use crate::plan::{Action, Step};
use crate::run::Cause;

/// What to do about a failure of a step.
pub(super) fn hint(step: &Step, cause: &Cause, commands: &Commands) -> Option<String> {
    let hint = match cause {
        Cause::Paused => step.service.as_ref().map(|service| format!("`topo unpause {service}` resumes it")),
        Cause::Engine(error) => {
            missing_file(&step.action, error).or_else(|| error.hint_about(registry(&step.action)))
        }
        Cause::NoHealthcheck => {
            Some("give the service a `healthcheck`, or wait for `service_started`".to_owned())
        }
        Cause::Exited { .. }
        | Cause::Unsuccessful { .. }
        | Cause::Unhealthy { .. }
        | Cause::NotInTime { .. }
        | Cause::Removed => None,
    };
    hint.map(|hint| commands.filled_in(&hint))
}

/// The registry that an image is pulled from or pushed to.
fn registry(action: &Action) -> Option<&str> {
    match action {
        Action::PullImage { image, .. } | Action::PushImage { image } => Some(image.server()),
        _ => None,
    }
}

/// A file that `COPY` does not find: Docker reports it as if it were in the root directory.
fn missing_file(action: &Action, error: &EngineError) -> Option<String> {
    let Action::BuildImage(image) = action else { return None };
    let file = error.missing_in_context()?;
    let context = image.build.context.as_ref().map(|context| format!(", `{}`", context.value));
    let context = context.unwrap_or_default();
    Some(format!(
        "`{file}` is not in the build context{context}: that is where `COPY` and `ADD` look for files, and a \
         `.dockerignore` may exclude it"
    ))
}
