//! Names and keys, one type per kind, so that they cannot be confused. What an object is called in
//! the topology is its key, what it is called in the engine its name.

use std::fmt;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
            #[serde(transparent)]
            pub struct $name(String);

            impl $name {
                /// Takes the name without checking it.
                pub fn new(name: impl Into<String>) -> Self {
                    Self(name.into())
                }

                /// The name as text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter.pad(&self.0)
                }
            }

            impl std::borrow::Borrow<str> for $name {
                fn borrow(&self) -> &str {
                    &self.0
                }
            }

            impl AsRef<str> for $name {
                fn as_ref(&self) -> &str {
                    &self.0
                }
            }

            impl From<&str> for $name {
                fn from(name: &str) -> Self {
                    Self(name.to_owned())
                }
            }

            impl From<String> for $name {
                fn from(name: String) -> Self {
                    Self(name)
                }
            }
        )*
    };
}

names! {
    /// The project: it keeps the objects of topologies on one engine apart.
    ProjectName
    /// A service's key in the topology.
    ServiceName
    /// A network's key in the topology.
    NetworkKey
    /// A volume's key in the topology.
    VolumeKey
    /// A secret's key in the topology.
    SecretKey
    /// A config's key in the topology.
    ConfigKey
    /// An AI model's key in the topology.
    ModelKey
    /// A container's name in the engine.
    ContainerName
    /// A network's name in the engine, as opposed to its [`NetworkKey`].
    NetworkName
    /// A volume's name in the engine, as opposed to its [`VolumeKey`].
    VolumeName
    /// The engine's id of an image: `sha256:` and 64 hexadecimal digits.
    ImageId
}
