//! `security_opt` of a service: `NAME=VALUE`, `NAME:VALUE` or a name alone.

/// An option of the host's security system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityOption<'a> {
    /// Its name: `apparmor`, `seccomp`...
    pub name: &'a str,
    /// Its value, if one is given.
    pub value: Option<&'a str>,
}

impl<'a> SecurityOption<'a> {
    /// Reads an option as the engine does: where there is a `=`, the name ends at the first of them.
    pub fn of(text: &'a str) -> Self {
        match text.split_once('=').or_else(|| text.split_once(':')) {
            Some((name, value)) => Self { name, value: Some(value) },
            None => Self { name: text, value: None },
        }
    }

    /// What is to be written for a profile of seccomp in this file.
    pub fn with_seccomp_profile(path: impl std::fmt::Display) -> String {
        format!("seccomp={path}")
    }

    /// The file of a seccomp profile that is not the engine's own.
    pub fn seccomp_profile(self) -> Option<&'a str> {
        let value = self.value.filter(|_| self.name == "seccomp")?;
        (!matches!(value, "unconfined" | "builtin")).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_sign_divides() {
        for (text, name, value) in [
            ("no-new-privileges", "no-new-privileges", None),
            ("no-new-privileges:true", "no-new-privileges", Some("true")),
            ("apparmor=unconfined", "apparmor", Some("unconfined")),
            ("label=user:USER", "label", Some("user:USER")),
            ("seccomp:", "seccomp", Some("")),
        ] {
            assert_eq!(SecurityOption::of(text), SecurityOption { name, value }, "{text}");
        }
    }

    #[test]
    fn own_profiles_of_seccomp_are_files() {
        let profile = |text| SecurityOption::of(text).seccomp_profile();
        assert_eq!(profile("seccomp=a.json"), Some("a.json"));
        assert_eq!(profile("seccomp:./a=b.json"), None);
        for text in ["seccomp=unconfined", "seccomp:builtin", "apparmor=a.json", "seccomp"] {
            assert_eq!(profile(text), None, "{text}");
        }
        assert_eq!(profile(&SecurityOption::with_seccomp_profile("/a")), Some("/a"));
    }
}
