//! `security_opt` of a service: `NAME=VALUE`, `NAME:VALUE` or a bare name.

use std::fmt;

/// Unmasks the paths that the engine hides from containers; the only value of `systempaths` that
/// clients support.
pub const SYSTEM_PATHS_UNCONFINED: &str = "systempaths=unconfined";

/// An option of the host's security system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityOption {
    /// Its name: `apparmor`, `seccomp`...
    pub name: String,
    /// Its value, if one is given.
    pub value: Option<String>,
    /// The separator of the two.
    sign: char,
}

/// As in the engine: where there is a `=`, the name ends at the first one.
impl From<String> for SecurityOption {
    fn from(text: String) -> Self {
        for sign in ['=', ':'] {
            if let Some((name, value)) = text.split_once(sign) {
                return Self { name: name.to_owned(), value: Some(value.to_owned()), sign };
            }
        }
        Self { name: text, value: None, sign: '=' }
    }
}

impl fmt::Display for SecurityOption {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, sign } = self;
        match value {
            Some(value) => write!(formatter, "{name}{sign}{value}"),
            None => formatter.write_str(name),
        }
    }
}

impl SecurityOption {
    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.name.is_empty() && self.value.is_none()
    }

    /// A profile of seccomp: the path of a file, or its text.
    pub fn seccomp(profile: impl fmt::Display) -> Self {
        Self { name: "seccomp".to_owned(), value: Some(profile.to_string()), sign: '=' }
    }

    /// The file of a seccomp profile other than the engine's own.
    pub fn seccomp_profile(&self) -> Option<&str> {
        let value = self.value.as_deref().filter(|_| self.name == "seccomp")?;
        (!matches!(value, "unconfined" | "builtin")).then_some(value)
    }

    /// Whether it unmasks paths such as `/proc/kcore`: carried out by the client, as the engine has
    /// no such option.
    pub fn shows_system_paths(&self) -> bool {
        self.name == "systempaths" && self.sign == '=' && self.value.as_deref() == Some("unconfined")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(text: &str) -> SecurityOption {
        SecurityOption::from(text.to_owned())
    }

    #[test]
    fn both_separators_are_read() {
        for (text, name, value) in [
            ("no-new-privileges", "no-new-privileges", None),
            ("no-new-privileges:true", "no-new-privileges", Some("true")),
            ("apparmor=unconfined", "apparmor", Some("unconfined")),
            ("label=user:USER", "label", Some("user:USER")),
            ("seccomp:", "seccomp", Some("")),
            ("", "", None),
        ] {
            let read = option(text);
            assert_eq!((read.name.as_str(), read.value.as_deref()), (name, value), "{text}");
            assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn custom_seccomp_profiles_are_files() {
        assert_eq!(option("seccomp=a.json").seccomp_profile(), Some("a.json"));
        assert_eq!(option("seccomp:./a=b.json").seccomp_profile(), None);
        for text in ["seccomp=unconfined", "seccomp:builtin", "apparmor=a.json", "seccomp"] {
            assert_eq!(option(text).seccomp_profile(), None, "{text}");
        }
        assert_eq!(SecurityOption::seccomp("/a").seccomp_profile(), Some("/a"));
    }
}
