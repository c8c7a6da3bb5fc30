//! tmpfs mounts: `TARGET[:OPTIONS]`, with the options of `mount(8)` for this file system.
//!
//! Engine 28.5 accepts the options below, and no others.

use std::fmt;

use crate::diagnostic::suggest;
use crate::value::pair::Pair;

/// A tmpfs mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tmpfs {
    /// Where it appears in the container.
    pub target: String,
    /// The text after the colon.
    options: Option<String>,
}

impl From<String> for Tmpfs {
    fn from(text: String) -> Self {
        match text.split_once(':') {
            Some((target, options)) => Self { target: target.to_owned(), options: Some(options.to_owned()) },
            None => Self { target: text, options: None },
        }
    }
}

impl fmt::Display for Tmpfs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, options } = self;
        match options {
            Some(options) => write!(formatter, "{target}:{options}"),
            None => formatter.write_str(target),
        }
    }
}

/// Options without a value.
const FLAGS: &[&str] = &[
    "async",
    "atime",
    "defaults",
    "dev",
    "diratime",
    "dirsync",
    "exec",
    "mand",
    "noatime",
    "nodev",
    "nodiratime",
    "noexec",
    "nomand",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "private",
    "relatime",
    "ro",
    "rprivate",
    "rshared",
    "rslave",
    "runbindable",
    "rw",
    "shared",
    "slave",
    "strictatime",
    "suid",
    "sync",
    "unbindable",
];

/// Options with a value, and a description of its format.
pub const SETTINGS: &[(&str, &str)] = &[
    ("gid", "1000"),
    ("mode", "1777"),
    ("mpol", "local"),
    ("nr_blocks", "16k"),
    ("nr_inodes", "10k"),
    ("size", "64m"),
    ("uid", "1000"),
];

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueError<'a> {
    /// No option has this name.
    Unknown(&'a str),
    /// The option needs a value.
    WithoutValue(&'a str),
    /// The option takes no value, but has this one.
    WithValue(&'a str),
    /// The option does not accept this value.
    BadValue(&'a str, &'a str),
}

impl Tmpfs {
    /// Its options, separated by commas; may be empty.
    pub fn options(&self) -> &str {
        self.options.as_deref().unwrap_or_default()
    }

    /// The first invalid option.
    pub fn mistake(&self) -> Option<ValueError<'_>> {
        mistake_in(self.options())
    }

    /// The mount as it was written, without empty options.
    pub fn without_empty_options(&self) -> String {
        let options = self.options().split(',').filter(|option| !option.is_empty());
        let options = options.collect::<Vec<_>>().join(",");
        if options.is_empty() { self.target.clone() } else { format!("{}:{options}", self.target) }
    }
}

/// The first invalid one of these comma-separated options.
pub fn mistake_in(options: &str) -> Option<ValueError<'_>> {
    if options.is_empty() { None } else { options.split(',').find_map(mistake) }
}

/// The known option that was probably meant by an unknown one.
pub fn closest_option(option: &str) -> Option<&'static str> {
    let name = Pair::split(option).name.trim();
    let known = || FLAGS.iter().copied().chain(SETTINGS.iter().map(|(name, _)| *name));
    known().find(|known| *known == name).or_else(|| suggest::closest(name, known()))
}

fn mistake(option: &str) -> Option<ValueError<'_>> {
    let Pair { name, value } = Pair::split(option);
    let is_flag = FLAGS.contains(&name);
    let is_setting = SETTINGS.iter().any(|(known, _)| *known == name);
    match value {
        None if is_flag => None,
        None if is_setting => Some(ValueError::WithoutValue(name)),
        Some(_) if is_flag => Some(ValueError::WithValue(name)),
        Some(value) if is_setting => (!fits(name, value)).then_some(ValueError::BadValue(name, value)),
        _ => Some(ValueError::Unknown(option)),
    }
}

/// Whether the kernel accepts the value.
fn fits(name: &str, value: &str) -> bool {
    match name {
        "size" => is_amount(value.strip_suffix('%').unwrap_or(value)),
        "nr_blocks" | "nr_inodes" => is_amount(value),
        "mode" => !value.is_empty() && u32::from_str_radix(value, 8).is_ok(),
        "uid" | "gid" => value.parse::<u32>().is_ok_and(|id| id != u32::MAX),
        // Which memory nodes exist depends on the machine.
        _ => true,
    }
}

/// A number with a unit of one letter: `64m`.
fn is_amount(value: &str) -> bool {
    let digits = value.strip_suffix(|unit: char| "kKmMgGtTpPeE".contains(unit)).unwrap_or(value);
    !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_the_engine() {
        for text in [
            "/a",
            "/a:",
            "/a:rw,noexec",
            "/a:size=64m,mode=1777,uid=0",
            "/a:size=50%",
            "/a:defaults,nr_inodes=10k",
        ] {
            assert_eq!(Tmpfs::from(text.to_owned()).mistake(), None, "{text}");
        }
        for (text, wanted) in [
            ("/a:foo=1", ValueError::Unknown("foo=1")),
            ("/a:rw,", ValueError::Unknown("")),
            ("/a:size", ValueError::WithoutValue("size")),
            ("/a:ro=true", ValueError::WithValue("ro")),
            ("/a:size=x", ValueError::BadValue("size", "x")),
            ("/a:size=1.5g", ValueError::BadValue("size", "1.5g")),
            ("/a:size=64mb", ValueError::BadValue("size", "64mb")),
            ("/a:mode=9", ValueError::BadValue("mode", "9")),
            ("/a:uid=-1", ValueError::BadValue("uid", "-1")),
        ] {
            assert_eq!(Tmpfs::from(text.to_owned()).mistake(), Some(wanted), "{text}");
        }
    }
}
