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

    /// The file of a seccomp profile that is not the engine's own.
    pub fn seccomp_profile(self) -> Option<&'a str> {
        let value = self.value.filter(|_| self.name == "seccomp")?;
        (!matches!(value, "unconfined" | "builtin")).then_some(value)
    }
}
