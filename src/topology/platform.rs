//! Platforms as they are written, and whether they match.
//!
//! The names are Docker's (OCI Image Specification, "image index", and containerd's aliases): case
//! is ignored, and most architectures have several names.

use std::fmt;

/// The platform of an image; a missing part matches any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    system: Option<String>,
    processor: Option<String>,
    variant: Option<String>,
}

impl Platform {
    /// Reads `linux/arm/v7`, or the system or the architecture alone.
    pub fn parse(text: &str) -> Self {
        let text = text.to_lowercase();
        let mut parts = text.split('/');
        let [first, second, variant] = std::array::from_fn(|_| parts.next().unwrap_or_default());
        // `linux(ubuntu22)` includes the version of the system.
        let system = first.split('(').next().unwrap_or_default();
        let (system, processor) = match second {
            "" if !SYSTEMS.contains(&system) => ("", first),
            second => (system, second),
        };
        let (processor, variant) = known_as(processor, variant);
        let said = |part: &str| Some(part.to_owned()).filter(|part| !part.is_empty());
        let system = if system == "macos" { "darwin" } else { system };
        Self { system: said(system), processor: said(processor), variant: said(&variant) }
    }

    /// Whether an image for this platform satisfies `asked`.
    pub fn is_for(&self, asked: &Self) -> bool {
        let agree =
            |one: &Option<String>, other: &Option<String>| one.is_none() || other.is_none() || one == other;
        agree(&self.system, &asked.system)
            && agree(&self.processor, &asked.processor)
            && agree(&self.variant, &asked.variant)
    }

    /// [`Platform::is_for`], whatever the variants: most processors run more than one.
    pub fn is_of_kind(&self, asked: &Self) -> bool {
        let without = |platform: &Self| Self { variant: None, ..platform.clone() };
        without(self).is_for(&without(asked))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.system, &self.processor, &self.variant].into_iter().flatten();
        formatter.write_str(&parts.map(String::as_str).collect::<Vec<_>>().join("/"))
    }
}

/// Operating systems that may be named without an architecture.
const SYSTEMS: &[&str] = &["linux", "windows", "freebsd", "darwin", "macos", "wasi", "wasip1"];

/// An architecture and its variant, by the names that images use. The default variant is left out,
/// except for 32-bit ARM, whose images name theirs.
fn known_as<'a>(processor: &'a str, variant: &str) -> (&'a str, String) {
    let kept = variant.to_owned();
    match (processor, variant) {
        ("i386", _) => ("386", String::new()),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", String::new()),
        ("x86_64" | "x86-64", _) => ("amd64", kept),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", String::new()),
        ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9".to_owned()),
        ("aarch64", _) => ("arm64", kept),
        ("armhf", _) => ("arm", "v7".to_owned()),
        ("armel", _) => ("arm", "v6".to_owned()),
        ("arm", "5" | "6" | "7" | "8") => ("arm", format!("v{variant}")),
        _ => (processor, kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_for(runs: &str, asked: &str) -> bool {
        Platform::parse(runs).is_for(&Platform::parse(asked))
    }

    #[test]
    fn platforms_match_whatever_their_names() {
        for (runs, asked) in [
            ("linux/amd64", "linux/amd64"),
            ("linux/amd64", "linux/x86_64"),
            ("linux/amd64", "LINUX/AMD64"),
            ("linux/amd64", "Linux/x86-64/v1"),
            ("linux/amd64", "amd64"),
            ("linux/amd64", "x86_64"),
            ("linux/amd64", "linux"),
            ("linux/amd64", "linux(ubuntu22)/amd64"),
            ("windows/amd64", "amd64"),
            ("linux/386", "linux/i386"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64", "linux/aarch64"),
            ("linux/arm64/v8", "aarch64"),
            ("linux/arm64", "linux/arm64/8"),
            ("linux/arm/v7", "linux/armhf"),
            ("linux/arm/v7", "linux/arm/7"),
            ("linux/arm/v7", "linux/arm"),
            ("linux/arm/v6", "armel"),
            ("darwin/arm64", "macos/arm64"),
        ] {
            assert!(is_for(runs, asked), "{runs} is for {asked}");
        }
        for (runs, asked) in [
            ("linux/amd64", "linux/arm64"),
            ("linux/amd64", "arm64"),
            ("linux/amd64", "windows"),
            ("linux/arm/v6", "linux/arm/v7"),
            ("linux/arm/v6", "armhf"),
            ("linux/arm64", "linux/arm"),
        ] {
            assert!(!is_for(runs, asked), "{runs} is not for {asked}");
        }
    }
}
