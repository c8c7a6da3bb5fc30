//! Mounts: `[SOURCE:]TARGET[:OPTIONS]`.
//!
//! Compose Specification, "volumes" of a service.

use crate::diagnostic::suggest;
use crate::value::{ValueError, path};

/// A mount in the short form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortMount<'a> {
    /// A path of the host, or a volume's key; an anonymous volume without it.
    pub source: Option<&'a str>,
    /// Where it appears in the container.
    pub target: &'a str,
    /// Its options in the order of the text: of two that contradict each other, the later one wins.
    pub options: Vec<MountOption>,
}

/// An option of the short form that has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountOption {
    /// `ro`: read-only.
    ReadOnly,
    /// `rw`: writable.
    ReadWrite,
    /// `nocopy`: the image's content at the target is not copied into the volume.
    NoCopy,
    /// `z` or `Z`: how SELinux labels it.
    Selinux(&'static str),
    /// How mounts below it propagate.
    Propagation(&'static str),
}

/// The modes of mount propagation.
pub const PROPAGATIONS: [&str; 6] = ["rprivate", "private", "rshared", "shared", "rslave", "slave"];
/// The labels of SELinux: shared, private.
pub const SELINUX: [&str; 2] = ["z", "Z"];
/// Consistency modes for Docker Desktop on a Mac, which have no effect here.
const CONSISTENCY_MODES: [&str; 3] = ["cached", "delegated", "consistent"];
const SUGGESTED: [&str; 8] =
    ["readonly", "nocopy", "cached", "delegated", "consistent", "rprivate", "rshared", "rslave"];

impl<'a> ShortMount<'a> {
    /// Reads the short form.
    pub fn parse(text: &'a str) -> Result<Self, ValueError> {
        parse(text)
    }

    /// Whether a path of the host is mounted, rather than a volume.
    pub fn is_bind(&self) -> bool {
        self.source.is_some_and(path::is_path)
    }
}

/// The target of a mount, even of a wrong one: two elements with the same target are the same
/// mount.
pub fn target_of(text: &str) -> &str {
    let parts = split(text);
    parts.get(1).copied().unwrap_or(parts[0])
}

/// A source or target with a trailing blank, which is hardly ever meant, and the mount without
/// blanks.
pub fn trailing_blank(text: &str) -> Option<(&str, String)> {
    let parts = split(text);
    // What is refused because of its blank is already reported.
    if parts.iter().any(|part| part.starts_with(char::is_whitespace)) || has_blank_after_name(&parts) {
        return None;
    }
    let part = parts.iter().take(2).find(|part| part.ends_with(char::is_whitespace))?;
    Some((part.trim(), without_blanks(&parts)))
}

/// The short form of `type=bind,source=./a,target=/b`.
fn short_form_of_mount_option(text: &str) -> Option<String> {
    let pairs: Vec<(&str, &str)> = text.split(',').filter_map(|pair| pair.split_once('=')).collect();
    let value = |names: &[&str]| pairs.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| *value);
    let (source, target) = (value(&["source", "src"])?, value(&["target", "destination", "dst"])?);
    let is_read_only = text.split(',').any(|word| matches!(word, "readonly" | "ro"));
    Some(format!("{source}:{target}{}", if is_read_only { ":ro" } else { "" }))
}

/// The two paths of a mount with another separator than a colon: `./a;/b`, `./a -> /b`.
fn with_other_divider(text: &str) -> Option<(&str, &str)> {
    let dividers = ["->", "=>", ";", "=", ",", "|", " "];
    let mut divided = dividers.into_iter().filter_map(|divider| text.split_once(divider));
    divided
        .find(|(source, target)| !source.trim().is_empty() && target.trim().starts_with('/'))
        .map(|(source, target)| (source.trim(), target.trim()))
}

/// The mount that was probably meant by a text that reads as the path of an anonymous volume:
/// `v=/b`, or the value of `docker run --mount`.
pub fn meant(text: &str) -> Option<String> {
    if let Some(target) = target_option(text) {
        let is_tmpfs = text.split(',').any(|pair| pair == "type=tmpfs");
        return Some(if is_tmpfs { format!("{{type: tmpfs, target: {target}}}") } else { target.to_owned() });
    }
    with_other_divider(text).map(|(source, target)| format!("{source}:{target}"))
}

/// The target in the value of `docker run --mount`: `type=tmpfs,target=/a`.
pub fn target_option(text: &str) -> Option<&str> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    let mut targets = pairs.filter(|(name, _)| matches!(*name, "target" | "destination" | "dst"));
    targets.next().map(|(_, target)| target)
}

/// Whether the name of a volume has a trailing blank, which no volume's name has.
fn has_blank_after_name(parts: &[&str]) -> bool {
    let [source, _, ..] = parts else { return false };
    source.trim_end() != *source && !source.trim().is_empty() && !path::is_path(source)
}

/// The help that shows the forms of a mount.
fn forms(text: &str) -> &'static str {
    if text.contains(" - ") {
        return "two elements are read as one: align each `-` with the one above";
    }
    "write `SOURCE:TARGET`, such as `data:/var/lib/data`, `./code:/code` or `./code:/code:ro`"
}

fn parse(text: &str) -> Result<ShortMount<'_>, ValueError> {
    if let Some(mount) = ["-v ", "--volume "].iter().find_map(|option| text.strip_prefix(option)) {
        return Err(ValueError::mended("`-v` is an option of `docker run`", mount.trim()));
    }
    if let Some(mount) = short_form_of_mount_option(text) {
        return Err(ValueError::mended("`--mount` of `docker run` is written like this", mount));
    }
    let parts = split(text);
    if let Some(part) = parts.iter().find(|part| part.trim_start() != **part && !part.trim().is_empty()) {
        return Err(with_blank(format!("a space comes before `{}`", part.trim()), &parts));
    }
    if has_blank_after_name(&parts) {
        let source = parts[0];
        return Err(with_blank(format!("a space comes after `{}`", source.trim()), &parts));
    }
    if parts.iter().any(|part| part.trim().is_empty()) {
        return Err(ValueError::new(
            "there is nothing between two colons, or before or after one",
            forms(text),
        ));
    }
    let (source, target, options) = match parts.as_slice() {
        [target] if target.starts_with("./") || target.starts_with("../") => {
            const REASON: &str = "its path in the container is missing";
            return Err(match with_other_divider(target) {
                Some((source, target)) => ValueError::mended(REASON, format!("{source}:{target}")),
                None => ValueError::new(REASON, format!("write `{text}:/path/in/container`")),
            });
        }
        [target] => (None, *target, None),
        [source, target] => (Some(*source), *target, None),
        [source, target, options] => (Some(*source), *target, Some(*options)),
        _ => return Err(ValueError::new("there are too many colons", forms(text))),
    };
    let options = options.into_iter().flat_map(|options| options.split(','));
    let options = options.map(|option| read_option(option).map_err(|()| unknown(option, text, &parts)));
    let options = options.collect::<Result<Vec<_>, _>>()?;
    Ok(ShortMount { source, target, options: options.into_iter().flatten().collect() })
}

/// An option; `None` for one without effect.
fn read_option(option: &str) -> Result<Option<MountOption>, ()> {
    let among = |words: &[&'static str]| words.iter().copied().find(|word| *word == option);
    Ok(Some(match option {
        "ro" | "readonly" => MountOption::ReadOnly,
        "rw" => MountOption::ReadWrite,
        "nocopy" => MountOption::NoCopy,
        _ if CONSISTENCY_MODES.contains(&option) => return Ok(None),
        _ => match (among(&SELINUX), among(&PROPAGATIONS)) {
            (Some(label), _) => MountOption::Selinux(label),
            (None, Some(propagation)) => MountOption::Propagation(propagation),
            (None, None) => return Err(()),
        },
    }))
}

fn unknown(option: &str, text: &str, parts: &[&str]) -> ValueError {
    let reason = format!("`{option}` is not an option of a mount");
    match suggest::closest(option.trim(), SUGGESTED) {
        _ if is_of_podman(option) => {
            let without = without_option(parts, option);
            ValueError::new(reason, format!("only Podman has it: write `{without}`")).instead(without)
        }
        _ if read_option(option.trim()).is_ok() => with_blank(reason, parts),
        Some(closest) => ValueError::new(reason, format!("did you mean `{closest}`?"))
            .instead(with_option(parts, option, closest)),
        None => ValueError::new(reason, forms(text)),
    }
}

/// A mistake that is mended by taking blanks away.
fn with_blank(reason: String, parts: &[&str]) -> ValueError {
    let repaired = without_blanks(parts);
    ValueError::new(reason, format!("remove the space: `{repaired}`")).instead(repaired)
}

/// The mount with another option in place of this one.
fn with_option(parts: &[&str], option: &str, other: &str) -> String {
    let Some((options, ends)) = parts.split_last() else { return String::new() };
    let options = options.split(',').map(|known| if known == option { other } else { known });
    let options = options.collect::<Vec<_>>().join(",");
    ends.iter().copied().chain([options.as_str()]).collect::<Vec<_>>().join(":")
}

/// The parts of a mount, and the options of the last one, without blanks around them.
fn without_blanks(parts: &[&str]) -> String {
    let part = |part: &&str| part.split(',').map(str::trim).collect::<Vec<_>>().join(",");
    parts.iter().map(part).collect::<Vec<_>>().join(":")
}

/// Whether it is an option of `podman-run(1)`, "--volume".
fn is_of_podman(option: &str) -> bool {
    matches!(option, "U" | "O" | "idmap" | "exec" | "noexec" | "dev" | "nodev" | "suid" | "nosuid" | "copy")
        || option.starts_with("idmap=")
        || option.starts_with("upperdir=")
        || option.starts_with("workdir=")
}

/// The mount with its other options, if there are any.
fn without_option(parts: &[&str], option: &str) -> String {
    let Some((options, ends)) = parts.split_last() else { return String::new() };
    let kept: Vec<&str> = options.split(',').filter(|kept| *kept != option && !is_of_podman(kept)).collect();
    let options = (!kept.is_empty()).then(|| kept.join(","));
    ends.iter().map(|end| (*end).to_owned()).chain(options).collect::<Vec<_>>().join(":")
}

/// Splits at colons, but not after the letter of a Windows drive. Never empty.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, _) in text.match_indices(':') {
        if !is_drive(&text[start..index], &text[index + 1..], start == 0) {
            parts.push(&text[start..index]);
            start = index + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Whether a colon between these belongs to a Windows drive. `c:/data` and `c:/data:ro` mount the
/// volume `c`, although Compose takes it for a drive; in `c:/code:/code` a target follows the
/// directory on the drive.
fn is_drive(letter: &str, rest: &str, is_first: bool) -> bool {
    let has_target = || rest.split(':').nth(1).is_some_and(|next| next.starts_with('/'));
    path::is_drive_letter(letter)
        && (rest.starts_with('\\') || (is_first && rest.starts_with('/') && has_target()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        use MountOption::{NoCopy, Propagation, ReadOnly, ReadWrite, Selinux};
        for (text, source, target, options, is_bind) in [
            ("/data", None, "/data", vec![], false),
            ("data:/data", Some("data"), "/data", vec![], false),
            ("./a:/b:ro", Some("./a"), "/b", vec![ReadOnly], true),
            ("~/a:/b:ro,rw", Some("~/a"), "/b", vec![ReadOnly, ReadWrite], true),
            ("data:/d:nocopy", Some("data"), "/d", vec![NoCopy], false),
            ("v:/data:ro", Some("v"), "/data", vec![ReadOnly], false),
            ("v:/data:z", Some("v"), "/data", vec![Selinux("z")], false),
            ("/a:/b:rshared,cached", Some("/a"), "/b", vec![Propagation("rshared")], true),
            ("c:/x:/y:ro", Some("c:/x"), "/y", vec![ReadOnly], true),
            (r"C:\a:/b", Some(r"C:\a"), "/b", vec![], true),
            (r"C:\a:D:\b:ro", Some(r"C:\a"), r"D:\b", vec![ReadOnly], true),
        ] {
            let mount = ShortMount::parse(text).expect(text);
            assert_eq!(mount, ShortMount { source, target, options }, "{text}");
            assert_eq!((target_of(text), mount.is_bind()), (target, is_bind), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, reason) in [
            ("", "there is nothing between two colons, or before or after one"),
            ("a:", "there is nothing between two colons, or before or after one"),
            ("a:/b:rx", "`rx` is not an option of a mount"),
            ("aa:/b:ro:z", "there are too many colons"),
            ("a: /b", "a space comes before `/b`"),
            ("a :/b", "a space comes after `a`"),
            ("./a", "its path in the container is missing"),
            ("-v a:/b", "`-v` is an option of `docker run`"),
        ] {
            assert_eq!(ShortMount::parse(text).map_err(|mistake| mistake.reason), Err(reason.to_owned()));
        }
    }

    #[test]
    fn the_help_is_a_mount_that_can_be_read() {
        for (text, help) in [
            ("aa:/b:readony", "did you mean `readonly`?"),
            ("aa:/b:ro,U", "only Podman has it: write `aa:/b:ro`"),
            ("aa:/b:ro, z", "remove the space: `aa:/b:ro,z`"),
            ("../a", "write `../a:/path/in/container`"),
            ("./a;/b", "write `./a:/b`"),
            ("type=bind,src=./a,dst=/b,readonly", "write `./a:/b:ro`"),
            ("./a -> /b", "write `./a:/b`"),
        ] {
            assert_eq!(
                ShortMount::parse(text).map_err(|mistake| mistake.help),
                Err(help.to_owned()),
                "{text}"
            );
        }
        assert_eq!(trailing_blank("/a :/b"), Some(("/a", "/a:/b".to_owned())));
        assert_eq!(trailing_blank("a :/b"), None);
        assert_eq!(trailing_blank("a:/b"), None);
    }

    #[test]
    fn the_target_is_found_despite_mistakes() {
        assert_eq!(target_of("a:/b:rx"), "/b");
        assert_eq!(target_of("${DATA}:/b"), "/b");
    }
}
