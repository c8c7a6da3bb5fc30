//! Image references that the engine can read.
//!
//! `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`, by the grammar of the distribution project's references.

use crate::diagnostic::{Diagnostics, code};
use crate::lint::services;
use crate::source::Spanned;
use crate::topology::Topology;
use crate::topology::service::MountKind;

/// Finds references that no image can have.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        let tags = service.build.iter().flat_map(|build| &build.tags);
        let hooks = service.pre_start.iter().filter_map(|hook| hook.image.as_ref());
        let mounts = service.volumes.0.iter().filter(|mount| mount.kind == MountKind::Image);
        let mounted = mounts.filter_map(|mount| mount.source.as_ref());
        for image in service.image.iter().chain(tags).chain(hooks).chain(mounted) {
            check_reference(image, found);
        }
    }
}

fn check_reference(image: &Spanned<String>, found: &mut Diagnostics) {
    // An empty one counts as none.
    if image.is_empty() {
        return;
    }
    let Err(reason) = parse(image) else { return };
    let diagnostic = found.error(code::BAD_IMAGE, format!("`{}` is not an image", image.value));
    diagnostic.label(image.span, reason);
    diagnostic.help(match similar(image) {
        Some(similar) => format!("write `{similar}`"),
        None => "write `NAME`, `NAME:TAG` or `registry.example.com/NAME:TAG`".to_owned(),
    });
}

/// A reference that differs in what people leave in by mistake.
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
    candidates.into_iter().find(|candidate| candidate != image && parse(candidate).is_ok())
}

/// Reads a reference; the error says what is wrong with it.
fn parse(text: &str) -> Result<(), String> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    if let Some(digest) = digest {
        check_digest(digest)?;
    }
    let path = match rest.split_once('/') {
        Some((host, path)) if is_host(host) => path,
        _ => rest,
    };
    let (path, tag) = match path.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (path, None),
    };
    if let Some(tag) = tag {
        check_tag(tag)?;
    }
    path.split('/').try_for_each(check_component)
}

/// As Docker tells a registry from the first part of a name.
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
        return Err(format!("the digest needs {wanted} hexadecimal digits, here are {}", hex.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(parse(text), Ok(()), "{text}");
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
            ("a@sha256:abc", "the digest needs 64 hexadecimal digits, here are 3"),
            ("http://a/b", "the tag after the colon is empty"),
        ] {
            assert!(parse(text).is_err(), "{text}");
            if text != "http://a/b" {
                assert_eq!(parse(text), Err(reason.to_owned()), "{text}");
            }
        }
    }
}
