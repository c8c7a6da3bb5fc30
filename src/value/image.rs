//! Image references: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`, by the grammar of the CNCF Distribution
//! project.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::ValueError;

/// The reference that an image is pulled, built and run by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ImageReference {
    text: String,
    /// Where the name ends.
    name: usize,
    /// Where the tag ends, if there is one.
    tag: Option<usize>,
}

/// The key of Docker Hub's credentials in the Docker CLI's configuration.
pub const DOCKER_HUB: &str = "https://index.docker.io/v1/";

impl From<String> for ImageReference {
    fn from(text: String) -> Self {
        let (name, tag, _) = split(&text);
        let tag = tag.map(|tag| name.len() + 1 + tag.len());
        Self { name: name.len(), tag, text }
    }
}

impl From<&str> for ImageReference {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<ImageReference> for String {
    fn from(reference: ImageReference) -> Self {
        reference.text
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}

impl ImageReference {
    /// Takes the text without checking it.
    pub fn new(text: impl Into<String>) -> Self {
        text.into().into()
    }

    /// The reference as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Everything before the tag or the digest.
    pub fn name(&self) -> &str {
        &self.text[..self.name]
    }

    /// The digest, else the tag, else `latest`.
    pub fn version(&self) -> &str {
        let end = self.tag.unwrap_or(self.name);
        match (self.text.get(end + 1..), self.tag) {
            (Some(digest), _) => digest,
            (None, Some(end)) => &self.text[self.name + 1..end],
            (None, None) => "latest",
        }
    }

    /// Whether a digest pins it to one image.
    pub fn has_digest(&self) -> bool {
        self.text.len() > self.tag.unwrap_or(self.name)
    }

    /// Reports what is wrong with the reference.
    pub fn check(&self) -> Result<(), ValueError> {
        check_parts(&self.text).map_err(|reason| match similar(&self.text) {
            Some(similar) => ValueError::mended(reason, similar),
            None => ValueError::new(reason, "write `NAME`, `NAME:TAG` or `registry.example.com/NAME:TAG`"),
        })
    }

    /// The server whose credentials are needed, named as in the Docker CLI's configuration.
    pub fn server(&self) -> &str {
        match self.name().split_once('/') {
            Some(("docker.io" | "index.docker.io" | "registry-1.docker.io", _)) | None => DOCKER_HUB,
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
            Some(_) => DOCKER_HUB,
        }
    }

    /// The full name with its registry: `redis` is `docker.io/library/redis`.
    pub fn full_name(&self) -> String {
        match (self.server(), self.name().split_once('/')) {
            (DOCKER_HUB, None) => format!("docker.io/library/{}", self.name()),
            (DOCKER_HUB, Some(("docker.io" | "index.docker.io", rest))) if rest.contains('/') => {
                format!("docker.io/{rest}")
            }
            (DOCKER_HUB, Some(("docker.io" | "index.docker.io", rest))) => {
                format!("docker.io/library/{rest}")
            }
            (DOCKER_HUB, Some(("registry-1.docker.io", _))) => self.name().to_owned(),
            (DOCKER_HUB, Some(_)) => format!("docker.io/{}", self.name()),
            _ => self.name().to_owned(),
        }
    }
}

/// The name, the tag and the digest.
fn split(reference: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, digest) = match reference.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (reference, None),
    };
    // A colon before a slash belongs to a registry's port.
    let last = rest.rfind('/').map_or(0, |slash| slash + 1);
    match rest[last..].find(':') {
        Some(colon) => (&rest[..last + colon], Some(&rest[last + colon + 1..]), digest),
        None => (rest, None, digest),
    }
}

/// A correct reference that differs by a common mistake.
fn similar(image: &str) -> Option<String> {
    let is_wrapping = |letter: char| "“”‘’\"'`;,".contains(letter) || letter.is_whitespace();
    let bare = image.trim_matches(is_wrapping);
    let bare = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let bare =
        bare.strip_prefix("hub.docker.com/_/").or(bare.strip_prefix("hub.docker.com/r/")).unwrap_or(bare);
    let commented = bare.split(['#', ' ']).next().unwrap_or_default();
    let joined = bare.split_whitespace().collect::<Vec<_>>();
    let joined = if let [name, tag] = joined.as_slice() { format!("{name}:{tag}") } else { bare.to_owned() };
    let candidates = [bare.to_owned(), bare.to_lowercase(), joined, commented.to_owned()];
    candidates.into_iter().find(|candidate| candidate != image && check_parts(candidate).is_ok())
}

/// The error says what is wrong.
fn check_parts(reference: &str) -> Result<(), String> {
    let (name, tag, digest) = split(reference);
    digest.map_or(Ok(()), check_digest)?;
    tag.map_or(Ok(()), check_tag)?;
    let path = match name.split_once('/') {
        Some((host, path)) if is_host(host) => path,
        _ => name,
    };
    path.split('/').try_for_each(check_component)
}

/// Whether the first part of a name is a registry, by Docker's rule.
fn is_host(text: &str) -> bool {
    text == "localhost" || text.contains(['.', ':']) || text.chars().any(char::is_uppercase)
}

fn check_component(component: &str) -> Result<(), String> {
    if component.is_empty() {
        return Err("a part of the name is empty".to_owned());
    }
    let is_allowed =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-".contains(letter);
    if let Some(letter) = component.chars().find(|letter| !is_allowed(*letter)) {
        let kind = if letter.is_uppercase() { ": names are lower case" } else { "" };
        return Err(format!("`{letter}` cannot be in a name{kind}"));
    }
    let ends_well = component.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && component.ends_with(|letter: char| letter.is_ascii_alphanumeric());
    if !ends_well {
        return Err(format!("`{component}` must begin and end with a letter or a digit"));
    }
    if component.contains("..") || component.contains("___") {
        return Err(format!("`{component}` has too many separators in a row"));
    }
    Ok(())
}

fn check_tag(tag: &str) -> Result<(), String> {
    if tag.is_empty() {
        return Err("the tag after the colon is empty".to_owned());
    }
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    if let Some(letter) = tag.chars().find(|letter| !is_allowed(*letter)) {
        return Err(format!("`{letter}` cannot be in a tag"));
    }
    if tag.starts_with(['.', '-']) || tag.len() > 128 {
        return Err("a tag begins with a letter, a digit or `_`, and has at most 128 of them".to_owned());
    }
    Ok(())
}

fn check_digest(digest: &str) -> Result<(), String> {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return Err("a digest is needed after `@`: `sha256:` and 64 digits".to_owned());
    };
    let wanted = if algorithm == "sha512" { 128 } else { 64 };
    let is_hex = hex.chars().all(|letter| letter.is_ascii_hexdigit() && !letter.is_ascii_uppercase());
    if algorithm.is_empty() || !is_hex || hex.len() != wanted {
        return Err(format!("the digest needs {wanted} hexadecimal digits, but has {}", hex.len()));
    }
    Ok(())
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
            assert_eq!(ImageReference::from(name).full_name(), full, "{name}");
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
            let parsed = ImageReference::from(reference);
            assert_eq!(
                (parsed.name(), parsed.version(), parsed.server()),
                (name, version, server),
                "{reference}"
            );
        }
    }

    #[test]
    fn references_are_read_as_docker_reads_them() {
        for text in [
            "nginx",
            "nginx:1.27-alpine",
            "library/nginx",
            "localhost/a",
            "localhost:5000/a/b:c",
            "registry.example.com/a__b/c-d.e:V_1",
            "Registry/a",
            "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(check_parts(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, reason) in [
            ("Nginx", "`N` cannot be in a name: names are lower case"),
            ("nginx:", "the tag after the colon is empty"),
            ("nginx:a b", "` ` cannot be in a tag"),
            ("a//b", "a part of the name is empty"),
            ("a/-b", "`-b` must begin and end with a letter or a digit"),
            ("a..b", "`a..b` has too many separators in a row"),
            ("a@sha256:abc", "the digest needs 64 hexadecimal digits, but has 3"),
            ("http://a/b", "a part of the name is empty"),
            ("a/b:c/d", "`:` cannot be in a name"),
        ] {
            assert_eq!(check_parts(text), Err(reason.to_owned()), "{text}");
        }
    }
}
