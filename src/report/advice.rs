//! In: a step that failed, and why. Out: what to do about it, where that is known.

use crate::engine::EngineError;
use crate::plan::{Action, Step};
use crate::run::Cause;

/// What to do about a failure of a step.
pub(super) fn hint(step: &Step, cause: &Cause) -> Option<String> {
    match cause {
        Cause::Paused => {
            step.service.as_ref().map(|service| format!("`topo unpause {service}` lets it go on"))
        }
        Cause::Engine(error) => missing_file(&step.action, error).or_else(|| error.hint()),
        Cause::NoHealthcheck => {
            Some("give the service a `healthcheck`, or wait for `service_started`".to_owned())
        }
        Cause::Exited { .. }
        | Cause::Unsuccessful { .. }
        | Cause::Unhealthy { .. }
        | Cause::NotInTime { .. }
        | Cause::Removed => None,
    }
}

/// A file that `COPY` does not find: Docker names it as if it stood at the root of the machine.
fn missing_file(action: &Action, error: &EngineError) -> Option<String> {
    let Action::BuildImage(image) = action else { return None };
    let file = error.missing_in_context()?;
    let context = image.build.context.as_ref().map(|context| format!(", `{}`", context.value));
    let context = context.unwrap_or_default();
    Some(format!(
        "`{file}` is not in the build context{context}: what is copied is looked for there, and a `.dockerignore` \
         may leave it out"
    ))
}
