//! Hooks: commands at certain moments of a container's life.

use crate::source::Spanned;
use crate::topology::attribute::record;
use crate::topology::value::{Command, Flag, Pairs};
use crate::value::image::ImageReference;

record! {
    /// A command that is run in a running container.
    pub struct Hook {
        /// The command to run.
        command: Command = required,
        /// The user that runs it. The container's own when absent.
        user: Option<String> = public,
        /// Whether it has full access to the host.
        privileged: Flag,
        /// The working directory.
        working_dir: Option<String> = public instead("a path in the container: `/path`"),
        /// Additional environment variables.
        environment: Pairs,
    }
}

record! {
    /// A container that runs to completion before the service's own is started.
    pub struct PreStartHook {
        /// The command. The image's own when absent.
        command: Command,
        /// The image. The service's own when absent.
        image: Option<Spanned<ImageReference>> = public,
        /// The user that runs it.
        user: Option<String> = public,
        /// Whether it has full access to the host.
        privileged: Flag,
        /// The working directory.
        working_dir: Option<String> = public instead("a path in the container: `/path`"),
        /// Additional environment variables.
        environment: Pairs,
        /// Whether it runs once for each replica. Once for the service when absent.
        per_replica: Flag,
    }
}
