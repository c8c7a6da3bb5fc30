//! Where a build finds its files: `./app`, `service:NAME`, `docker-image://NAME`...

/// The context of a build, or one of its `additional_contexts` (Compose Specification, "Compose Build
/// Specification", `context` and `additional_contexts`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildContext<'a> {
    /// The image of a service: `service:NAME`.
    Service(&'a str),
    /// A repository, an archive, an image or an OCI layout, which the builder fetches.
    Remote(&'a str),
    /// A directory or an archive on this machine.
    Local(&'a str),
}

impl<'a> BuildContext<'a> {
    /// Reads the text of the attribute.
    pub fn parse(text: &'a str) -> Self {
        let begins_with = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
        if let Some(name) = text.strip_prefix("service:") {
            return Self::Service(name);
        }
        let is_repository = begins_with(&["git@", "github.com/"]);
        // Buildx accepts a reference with and without the slashes.
        let is_reference = begins_with(&["docker-image:", "oci-layout:"]);
        if text.contains("://") || is_repository || is_reference {
            return Self::Remote(text);
        }
        Self::Local(text)
    }

    /// The reference to an image of this name.
    pub fn of_image(name: &str) -> String {
        format!("docker-image://{name}")
    }

    /// The service whose image it is.
    pub fn service(self) -> Option<&'a str> {
        match self {
            Self::Service(name) => Some(name),
            Self::Remote(_) | Self::Local(_) => None,
        }
    }

    /// The path of a directory or an archive on this machine.
    pub fn local(self) -> Option<&'a str> {
        match self {
            Self::Local(path) => Some(path),
            Self::Service(_) | Self::Remote(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_a_service_nor_remote_is_a_directory() {
        for remote in [
            "https://example.com/a.git",
            "ssh://git@host/a",
            "git@example.com:a/b",
            "github.com/a/b",
            "docker-image://alpine",
            "oci-layout:///a",
        ] {
            assert_eq!(BuildContext::parse(remote), BuildContext::Remote(remote), "{remote}");
        }
        for local in ["./app", "/app", "app", "service", "host", "container:app", "target:app", "git"] {
            assert_eq!(BuildContext::parse(local), BuildContext::Local(local), "{local}");
        }
    }

    #[test]
    fn a_service_may_have_a_prefix_as_its_name() {
        for name in ["base", "service", "host", "none", "container", ""] {
            assert_eq!(BuildContext::parse(&format!("service:{name}")), BuildContext::Service(name));
        }
        assert_eq!(BuildContext::parse("service:service:a"), BuildContext::Service("service:a"));
    }
}
