//! In: what a builder reports about its steps. Out: which steps to show, and whether all were
//! cached. Must not: know the builder: BuildKit's trace and buildx use the same names.

use crate::engine::{StepState, phrase};

/// Whether a step comes from the Dockerfile or exports the image: `[2/4] RUN make`, `exporting to
/// image`. Builders have internal steps: to load the Dockerfile, resolve base images, authenticate,
/// transfer the context.
pub(super) fn is_shown(step: &str) -> bool {
    is_from_dockerfile(step) || phrase::EXPORT.rest_of(step).is_some()
}

/// `[2/4] RUN make`, `[build 1/3] FROM rust`; not `[internal] load metadata`, `[auth] sharing
/// credentials`.
fn is_from_dockerfile(step: &str) -> bool {
    let place = step.strip_prefix('[').and_then(|step| Some(step.split_once(']')?.0));
    let number = place.and_then(|place| place.rsplit(' ').next()?.split_once('/'));
    number.is_some_and(|(number, all)| number.parse::<u32>().is_ok() && all.parse::<u32>().is_ok())
}

/// The results of a build's steps so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BuildCounts {
    has_old: bool,
    has_new: bool,
}

impl BuildCounts {
    pub(super) fn note(&mut self, step: &str, state: StepState) {
        if !is_from_dockerfile(step) {
            return;
        }
        match state {
            StepState::Cached => self.has_old = true,
            // Resolving a base image is not work.
            StepState::Done { .. } if phrase::FROM_STEP.is_in(step) => {}
            StepState::Done { .. } | StepState::Failed => self.has_new = true,
            StepState::Began => {}
        }
    }

    /// Whether every step was cached.
    pub(super) fn is_from_cache(self) -> bool {
        self.has_old && !self.has_new
    }
}

/// The description of a build with every step cached.
pub(super) const FROM_CACHE: &str = "built from cache";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DONE: StepState = StepState::Done { took: Duration::ZERO };

    #[test]
    fn internal_steps_of_a_builder_are_left_out() {
        for step in
            ["[2/4] RUN make", "[build 1/3] FROM rust", "[web stage-1 3/3] COPY . .", "exporting to image"]
        {
            assert!(is_shown(step), "{step}");
        }
        for step in [
            "[internal] load build definition from Dockerfile",
            "[web internal] load .dockerignore",
            "[auth] library/python:pull token for registry-1.docker.io",
            "copy /context /",
            "resolve image config for docker-image://docker.io/docker/dockerfile:1",
        ] {
            assert!(!is_shown(step), "{step}");
        }
    }

    #[test]
    fn a_build_is_from_cache_when_no_step_was_run() {
        let is_from_cache = |steps: &[(&str, StepState)]| {
            let mut counts = BuildCounts::default();
            steps.iter().for_each(|(step, state)| counts.note(step, *state));
            counts.is_from_cache()
        };
        let (from, run) = ("[1/2] FROM docker.io/library/busybox:1.37", "[2/2] RUN make");
        let export = ("exporting to image", DONE);
        assert!(is_from_cache(&[(from, DONE), (run, StepState::Cached), export]));
        assert!(!is_from_cache(&[(from, StepState::Cached), (run, DONE), export]));
        assert!(!is_from_cache(&[export]), "a builder that says nothing of steps is not trusted");
    }
}
