//! `security_opt` of a service: `NAME=VALUE`, `NAME:VALUE` or a name alone.

use std::fmt;

/// Leaves the paths open that the engine hides from containers: the only value that clients support.
pub const SYSTEM_PATHS_UNCONFINED: &str = "systempaths=unconfined";

/// An option of the host's security system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityOption {
    /// Its name: `apparmor`, `seccomp`...
    pub name: String,
    /// Its value, if one is given.
    pub value: Option<String>,
    /// What divides the two.
    sign: char,
}

/// As the engine reads it: where there is a `=`, the name ends at the first of them.
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
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.name.is_empty() && self.value.is_none()
    }

    /// A profile of seccomp: the path of a file, or its text.
    pub fn seccomp(profile: impl fmt::Display) -> Self {
        Self { name: "seccomp".to_owned(), value: Some(profile.to_string()), sign: '=' }
    }

    /// The file of a seccomp profile that is not the engine's own.
    pub fn seccomp_profile(&self) -> Option<&str> {
        let value = self.value.as_deref().filter(|_| self.name == "seccomp")?;
        (!matches!(value, "unconfined" | "builtin")).then_some(value)
    }

    /// Whether it shows paths such as `/proc/kcore`: the client carries it out, and the engine knows no such option.
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
    fn either_sign_divides() {
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
    fn own_profiles_of_seccomp_are_files() {
        assert_eq!(option("seccomp=a.json").seccomp_profile(), Some("a.json"));
        assert_eq!(option("seccomp:./a=b.json").seccomp_profile(), None);
        for text in ["seccomp=unconfined", "seccomp:builtin", "apparmor=a.json", "seccomp"] {
            assert_eq!(option(text).seccomp_profile(), None, "{text}");
        }
        assert_eq!(SecurityOption::seccomp("/a").seccomp_profile(), Some("/a"));
    }
}
