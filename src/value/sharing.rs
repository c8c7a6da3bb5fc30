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

    /// How a container's namespace, or its volumes, are written.
    pub fn of_container(name: impl std::fmt::Display) -> String {
        format!("container:{name}")
    }

    /// The service whose namespace it is.
    pub fn service(self) -> Option<&'a str> {
        match self {
            Self::Service(name) => Some(name),
            Self::Container(_) | Self::Word(_) => None,
        }
    }

    /// The name or the id of the container whose namespace it is.
    pub fn container(self) -> Option<&'a str> {
        match self {
            Self::Container(name) => Some(name),
            Self::Service(_) | Self::Word(_) => None,
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

    /// Whether the engine reads what is said of access: `ro` or `rw`, and a label of SELinux.
    pub fn is_access_known(self) -> bool {
        let words: Vec<&str> = self
            .access
            .filter(|access| !access.is_empty())
            .map_or(Vec::new(), |access| access.split(',').collect());
        let is_once = |known: [&str; 2]| words.iter().filter(|word| known.contains(word)).count() <= 1;
        words.iter().all(|word| matches!(*word, "ro" | "rw" | "z" | "Z"))
            && is_once(["ro", "rw"])
            && is_once(["z", "Z"])
    }

    /// Whether they cannot be written to.
    pub fn is_read_only(self) -> bool {
        self.access == Some("ro")
    }
}

/// An element of `links` or `external_links`: `NAME[:ALIAS]`, a service or a container and what else it is
/// called here. As in Compose, no word before the name says what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// The service, or the container of another project.
    pub name: &'a str,
    /// What it is called here; its name when absent.
    pub alias: Option<&'a str>,
}

impl<'a> Link<'a> {
    /// Reads the text of an element.
    pub fn parse(text: &'a str) -> Self {
        let (name, alias) = text.split_once(':').unwrap_or((text, ""));
        Self { name, alias: Some(alias).filter(|alias| !alias.is_empty()) }
    }

    /// The link without what the engine does not know: a third part.
    pub fn without_rest(self) -> Option<String> {
        let (alias, _) = self.alias?.split_once(':')?;
        Some(format!("{}:{alias}", self.name))
    }

    /// What it is called here.
    pub fn alias(self) -> &'a str {
        self.alias.unwrap_or(self.name)
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
    fn access_is_what_the_engine_reads() {
        for text in ["db", "db:", "db:ro", "db:rw,z", "db:Z", "container:db:ro,Z"] {
            assert!(VolumesFrom::parse(text).is_access_known(), "{text}");
        }
        for text in ["db:rox", "db:ro,", "db:ro,rw", "db:z,Z", "db:ro:db", "db:rslave", "db:nocopy", "db:RO"]
        {
            assert!(!VolumesFrom::parse(text).is_access_known(), "{text}");
        }
    }

    #[test]
    fn a_link_is_to_a_service_whatever_it_is_called() {
        for name in ["db", "service", "container", "host", "none"] {
            assert_eq!(Link::parse(name), Link { name, alias: None });
            assert_eq!(Link::parse(&format!("{name}:a")), Link { name, alias: Some("a") });
            assert_eq!(Link::parse(&format!("{name}:")).alias(), name);
        }
        assert_eq!(Link::parse("service:service").alias(), "service");
        assert_eq!(Link::parse("a:b:c").alias, Some("b:c"));
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
