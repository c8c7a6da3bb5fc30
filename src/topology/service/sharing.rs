//! What a service shares with another container, as it is written: `service:NAME`, `container:NAME`...

/// A namespace (`ipc`, `pid`, `uts`, `network_mode`) that is another container's, or says something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedNamespace<'a> {
    /// That of a container of this service.
    Service(&'a str),
    /// That of a container that this topology does not make.
    Container(&'a str),
    /// A word of the engine's, such as `host`, or a network.
    Word(&'a str),
}

impl<'a> SharedNamespace<'a> {
    /// Reads the text of the attribute.
    pub fn parse(text: &'a str) -> Self {
        match text.split_once(':') {
            Some(("service", name)) => Self::Service(name),
            Some(("container", name)) => Self::Container(name),
            _ => Self::Word(text),
        }
    }

    /// The service whose namespace it is.
    pub fn service(self) -> Option<&'a str> {
        match self {
            Self::Service(name) => Some(name),
            Self::Container(_) | Self::Word(_) => None,
        }
    }
}

/// An element of `volumes_from`: `SERVICE[:ACCESS]`, or `container:NAME[:ACCESS]`. As in Compose, what
/// begins with `container:` is never the service `container`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumesFrom<'a> {
    /// Whose volumes they are.
    pub owner: VolumesOwner<'a>,
    /// `ro` or `rw`.
    pub access: Option<&'a str>,
}

/// Whose volumes are mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumesOwner<'a> {
    /// Those of a container of this service.
    Service(&'a str),
    /// Those of a container that this topology does not make.
    Container(&'a str),
}

impl<'a> VolumesFrom<'a> {
    /// Reads the text of an element.
    pub fn parse(text: &'a str) -> Self {
        let with_access = |text: &'a str| match text.split_once(':') {
            Some((name, access)) => (name, Some(access)),
            None => (text, None),
        };
        match text.split_once(':') {
            Some(("container", rest)) => {
                let (name, access) = with_access(rest);
                Self { owner: VolumesOwner::Container(name), access }
            }
            _ => {
                let (name, access) = with_access(text);
                Self { owner: VolumesOwner::Service(name), access }
            }
        }
    }

    /// The service whose volumes they are.
    pub fn service(self) -> Option<&'a str> {
        match self.owner {
            VolumesOwner::Service(name) => Some(name),
            VolumesOwner::Container(_) => None,
        }
    }

    /// Whether they cannot be written to.
    pub fn is_read_only(self) -> bool {
        self.access == Some("ro")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_never_the_service_of_that_name() {
        let parse = |text| (VolumesFrom::parse(text).owner, VolumesFrom::parse(text).access);
        assert_eq!(parse("container"), (VolumesOwner::Service("container"), None));
        assert_eq!(parse("container:db"), (VolumesOwner::Container("db"), None));
        assert_eq!(parse("container:container:ro"), (VolumesOwner::Container("container"), Some("ro")));
        assert_eq!(parse("service:ro"), (VolumesOwner::Service("service"), Some("ro")));
        assert_eq!(parse("host"), (VolumesOwner::Service("host"), None));
    }

    #[test]
    fn words_of_the_engine_are_no_services() {
        assert_eq!(SharedNamespace::parse("host"), SharedNamespace::Word("host"));
        assert_eq!(SharedNamespace::parse("service:host"), SharedNamespace::Service("host"));
        assert_eq!(SharedNamespace::parse("service:service"), SharedNamespace::Service("service"));
        assert_eq!(SharedNamespace::parse("container:service"), SharedNamespace::Container("service"));
        assert_eq!(SharedNamespace::parse("service"), SharedNamespace::Word("service"));
    }
}
