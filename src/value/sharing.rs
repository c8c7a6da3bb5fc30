//! What a service shares with another container: `service:NAME`, `container:NAME`...

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::name::{ContainerName, ServiceName};

/// A namespace that a container runs in: `ipc`, `network_mode`, `pid`, `userns_mode` or `uts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Namespace {
    /// `host`: the host's.
    Host,
    /// `none`.
    None,
    /// `private`: its own.
    Private,
    /// `shareable`: its own, which others may share.
    Shareable,
    /// `service:NAME`: that of a container of this service.
    Service(ServiceName),
    /// `container:NAME`: that of this container, by its name or id.
    Container(ContainerName),
    /// Another word of the engine, such as `bridge`, or the name of a network.
    Named(String),
}

impl From<String> for Namespace {
    fn from(text: String) -> Self {
        match text.as_str() {
            "host" => Self::Host,
            "none" => Self::None,
            "private" => Self::Private,
            "shareable" => Self::Shareable,
            _ => match text.split_once(':') {
                Some(("service", name)) => Self::Service(name.into()),
                Some(("container", name)) => Self::Container(name.into()),
                _ => Self::Named(text),
            },
        }
    }
}

impl From<Namespace> for String {
    fn from(namespace: Namespace) -> Self {
        namespace.to_string()
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => formatter.write_str("host"),
            Self::None => formatter.write_str("none"),
            Self::Private => formatter.write_str("private"),
            Self::Shareable => formatter.write_str("shareable"),
            Self::Service(name) => write!(formatter, "service:{name}"),
            Self::Container(name) => write!(formatter, "container:{name}"),
            Self::Named(word) => formatter.write_str(word),
        }
    }
}

impl Namespace {
    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Named(word) if word.is_empty())
    }

    /// The owner of the namespace; `None` unless it belongs to another container.
    pub fn owner(&self) -> Option<Owner<'_>> {
        match self {
            Self::Service(name) => Some(Owner::Service(name)),
            Self::Container(name) => Some(Owner::Container(name)),
            Self::Host | Self::None | Self::Private | Self::Shareable | Self::Named(_) => None,
        }
    }

    /// The service that owns the namespace.
    pub fn service(&self) -> Option<&ServiceName> {
        self.owner().and_then(Owner::service)
    }

    /// The container that owns the namespace, by its name or id.
    pub fn container(&self) -> Option<&ContainerName> {
        self.owner().and_then(Owner::container)
    }
}

/// The owner of something that a service shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    /// A container of this service.
    Service(&'a ServiceName),
    /// A container by its name in the engine.
    Container(&'a ContainerName),
}

impl<'a> Owner<'a> {
    /// The service.
    pub fn service(self) -> Option<&'a ServiceName> {
        match self {
            Self::Service(name) => Some(name),
            Self::Container(_) => None,
        }
    }

    /// The container.
    pub fn container(self) -> Option<&'a ContainerName> {
        match self {
            Self::Container(name) => Some(name),
            Self::Service(_) => None,
        }
    }
}

/// An element of `volumes_from`: `SERVICE[:ACCESS]`, or `container:NAME[:ACCESS]`. As in Compose,
/// the prefix `container:` is never the service `container`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumesFrom {
    /// The owner of the volumes.
    pub owner: VolumesOwner,
    /// `ro` or `rw`.
    pub access: Option<String>,
}

/// The owner of volumes that are mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumesOwner {
    /// A container of this service.
    Service(ServiceName),
    /// A container by its name in the engine.
    Container(ContainerName),
}

impl From<String> for VolumesFrom {
    fn from(text: String) -> Self {
        let with_access = |text: &str| match text.split_once(':') {
            Some((name, access)) => (name.to_owned(), Some(access.to_owned())),
            None => (text.to_owned(), None),
        };
        match text.split_once(':') {
            Some(("container", rest)) => {
                let (name, access) = with_access(rest);
                Self { owner: VolumesOwner::Container(name.into()), access }
            }
            _ => {
                let (name, access) = with_access(&text);
                Self { owner: VolumesOwner::Service(name.into()), access }
            }
        }
    }
}

impl fmt::Display for VolumesFrom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let VolumesOwner::Container(_) = self.owner {
            formatter.write_str("container:")?;
        }
        formatter.write_str(&self.for_engine())
    }
}

impl VolumesFrom {
    /// The volumes of this container.
    pub fn container(name: ContainerName, access: Option<String>) -> Self {
        Self { owner: VolumesOwner::Container(name), access }
    }

    /// The owner of the volumes.
    pub fn owner(&self) -> Owner<'_> {
        match &self.owner {
            VolumesOwner::Service(name) => Owner::Service(name),
            VolumesOwner::Container(name) => Owner::Container(name),
        }
    }

    /// Whether the engine accepts the access mode: `ro` or `rw`, and a label of SELinux.
    pub fn is_access_known(&self) -> bool {
        let words: Vec<&str> = self
            .access
            .as_deref()
            .filter(|access| !access.is_empty())
            .map_or(Vec::new(), |access| access.split(',').collect());
        let is_once = |known: [&str; 2]| words.iter().filter(|word| known.contains(word)).count() <= 1;
        words.iter().all(|word| matches!(*word, "ro" | "rw" | "z" | "Z"))
            && is_once(["ro", "rw"])
            && is_once(["z", "Z"])
    }

    /// Whether they are mounted read-only.
    pub fn is_read_only(&self) -> bool {
        self.access.as_deref() == Some("ro")
    }

    /// In the engine's form, which knows containers only: `NAME[:ACCESS]`.
    pub fn for_engine(&self) -> String {
        let name = match &self.owner {
            VolumesOwner::Service(name) => name.as_str(),
            VolumesOwner::Container(name) => name.as_str(),
        };
        self.access.as_ref().map_or_else(|| name.to_owned(), |access| format!("{name}:{access}"))
    }
}

/// An element of `links` or `external_links`: `NAME[:ALIAS]`, a service or a container and its
/// alias. As in Compose, there is no prefix that tells which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link<N> {
    /// The service, or the container of another project.
    pub name: N,
    /// The text after the first colon.
    rest: Option<String>,
}

impl<N: From<String>> From<String> for Link<N> {
    fn from(text: String) -> Self {
        match text.split_once(':') {
            Some((name, rest)) => Self { name: name.to_owned().into(), rest: Some(rest.to_owned()) },
            None => Self { name: text.into(), rest: None },
        }
    }
}

impl<N: fmt::Display> fmt::Display for Link<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, rest } = self;
        match rest {
            Some(rest) => write!(formatter, "{name}:{rest}"),
            None => write!(formatter, "{name}"),
        }
    }
}

impl<N: AsRef<str>> Link<N> {
    /// The link without a third part, which the engine does not know.
    pub fn without_rest(&self) -> Option<String> {
        let (alias, _) = self.rest.as_ref()?.split_once(':')?;
        Some(format!("{}:{alias}", self.name.as_ref()))
    }

    /// Its alias, which is the name by default.
    pub fn alias(&self) -> &str {
        self.rest.as_deref().filter(|rest| !rest.is_empty()).unwrap_or(self.name.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_never_the_service_of_that_name() {
        let service = |name: &str| VolumesOwner::Service(name.into());
        let container = |name: &str| VolumesOwner::Container(name.into());
        for (text, owner, access) in [
            ("container", service("container"), None),
            ("container:db", container("db"), None),
            ("container:container:ro", container("container"), Some("ro")),
            ("service:ro", service("service"), Some("ro")),
            ("host", service("host"), None),
        ] {
            let read = VolumesFrom::from(text.to_owned());
            assert_eq!((&read.owner, read.access.as_deref()), (&owner, access), "{text}");
            assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn access_modes_are_those_of_the_engine() {
        for text in ["db", "db:", "db:ro", "db:rw,z", "db:Z", "container:db:ro,Z"] {
            assert!(VolumesFrom::from(text.to_owned()).is_access_known(), "{text}");
        }
        for text in ["db:rox", "db:ro,", "db:ro,rw", "db:z,Z", "db:ro:db", "db:rslave", "db:nocopy", "db:RO"]
        {
            assert!(!VolumesFrom::from(text.to_owned()).is_access_known(), "{text}");
        }
    }

    #[test]
    fn a_link_is_to_a_service_whatever_it_is_called() {
        let link = |text: &str| Link::<ServiceName>::from(text.to_owned());
        for name in ["db", "service", "container", "host", "none"] {
            assert_eq!((link(name).name.as_str(), link(name).alias()), (name, name));
            assert_eq!(link(&format!("{name}:a")).alias(), "a");
            assert_eq!(link(&format!("{name}:")).alias(), name);
        }
        assert_eq!(link("service:service").alias(), "service");
        assert_eq!((link("a:b:c").alias(), link("a:b:c").without_rest().as_deref()), ("b:c", Some("a:b")));
        for text in ["a", "a:", "a:b", "a:b:c", ""] {
            assert_eq!(link(text).to_string(), text);
        }
    }

    #[test]
    fn words_of_the_engine_are_not_services() {
        for (text, wanted) in [
            ("host", Namespace::Host),
            ("service:host", Namespace::Service("host".into())),
            ("service:service", Namespace::Service("service".into())),
            ("container:service", Namespace::Container("service".into())),
            ("service", Namespace::Named("service".to_owned())),
            ("Host", Namespace::Named("Host".to_owned())),
            ("", Namespace::Named(String::new())),
        ] {
            assert_eq!(Namespace::from(text.to_owned()), wanted);
            assert_eq!(wanted.to_string(), text);
        }
    }
}
