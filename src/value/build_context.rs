//! Where a build finds its files, as it is written: `./app`, `service:NAME`, `docker-image://NAME`...

/// The context of a build, or one of its `additional_contexts` (Compose Specification, "Compose Build
/// Specification", `context` and `additional_contexts`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildContext<'a> {
    /// The image of a service: `service:NAME`.
    Service(&'a str),
    /// What the builder fetches or knows itself: a repository, an archive, an image, an OCI layout.
    Remote(&'a str),
    /// A folder of this machine, or an archive on it.
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
        // Buildx takes a reference with and without the slashes.
        let is_reference = begins_with(&["docker-image:", "oci-layout:"]);
        if text.contains("://") || is_repository || is_reference {
            return Self::Remote(text);
        }
        Self::Local(text)
    }

    /// The image that is called this.
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

    /// The path of a folder or an archive of this machine.
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
    fn a_folder_is_what_is_neither_a_service_nor_fetched() {
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
    fn a_service_may_be_called_like_the_word_before_it() {
        for name in ["base", "service", "host", "none", "container", ""] {
            assert_eq!(BuildContext::parse(&format!("service:{name}")), BuildContext::Service(name));
        }
        assert_eq!(BuildContext::parse("service:service:a"), BuildContext::Service("service:a"));
    }
}
