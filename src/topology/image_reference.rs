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
            Some(("docker.io" | "index.docker.io" | "registry-1.docker.io", _)) | None => DOCKER_HUB,
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
            Some(_) => DOCKER_HUB,
        }
    }

    /// The name with its registry: `redis` is `docker.io/library/redis`.
    pub fn full_name(&self) -> String {
        match (self.server(), self.name.split_once('/')) {
            (DOCKER_HUB, None) => format!("docker.io/library/{}", self.name),
            (DOCKER_HUB, Some(("docker.io" | "index.docker.io", rest))) if rest.contains('/') => {
                format!("docker.io/{rest}")
            }
            (DOCKER_HUB, Some(("docker.io" | "index.docker.io", rest))) => {
                format!("docker.io/library/{rest}")
            }
            (DOCKER_HUB, Some(("registry-1.docker.io", _))) => self.name.to_owned(),
            (DOCKER_HUB, Some(_)) => format!("docker.io/{}", self.name),
            _ => self.name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_spelled_out_with_its_registry() {
        for (name, full) in [
            ("redis:8", "docker.io/library/redis"),
            ("docker.io/redis", "docker.io/library/redis"),
            ("index.docker.io/a/b", "docker.io/a/b"),
            ("a/b", "docker.io/a/b"),
            ("registry-1.docker.io/a/b", "registry-1.docker.io/a/b"),
            ("localhost:5000/a", "localhost:5000/a"),
        ] {
            assert_eq!(ImageReference::parse(name).full_name(), full, "{name}");
        }
    }

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
