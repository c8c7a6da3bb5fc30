//! In: an image reference as people write it. Out: its parts.
//! Must not: check that it is a good one; the engine does.

/// The parts of an image reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageReference<'a> {
    /// Everything before the tag or the digest.
    pub name: &'a str,
    /// The digest, else the tag, else `latest`.
    pub version: &'a str,
}

/// What the Docker CLI files the credentials of Docker Hub under.
pub const DOCKER_HUB: &str = "https://index.docker.io/v1/";

impl<'a> ImageReference<'a> {
    /// Takes a reference apart: `registry/name:tag@digest`.
    pub fn parse(reference: &'a str) -> Self {
        let (rest, digest) = match reference.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (reference, None),
        };
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[last..].find(':') {
            Some(colon) => (&rest[..last + colon], Some(&rest[last + colon + 1..])),
            None => (rest, None),
        };
        Self { name, version: digest.or(tag).unwrap_or("latest") }
    }

    /// The server whose credentials are needed, in the words of the Docker CLI's configuration.
    pub fn server(&self) -> &'a str {
        match self.name.split_once('/') {
            Some(("docker.io" | "index.docker.io", _)) | None => DOCKER_HUB,
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
            Some(_) => DOCKER_HUB,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_taken_apart() {
        for (reference, name, version, server) in [
            ("redis", "redis", "latest", DOCKER_HUB),
            ("redis:8", "redis", "8", DOCKER_HUB),
            ("library/redis:8@sha256:ab", "library/redis", "sha256:ab", DOCKER_HUB),
            ("docker.io/library/redis", "docker.io/library/redis", "latest", DOCKER_HUB),
            ("localhost:5000/shop/web", "localhost:5000/shop/web", "latest", "localhost:5000"),
            ("localhost/web:1", "localhost/web", "1", "localhost"),
            ("ghcr.io/a/b:c", "ghcr.io/a/b", "c", "ghcr.io"),
        ] {
            let parsed = ImageReference::parse(reference);
            assert_eq!(
                (parsed.name, parsed.version, parsed.server()),
                (name, version, server),
                "{reference}"
            );
        }
    }
}
