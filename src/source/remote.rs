//! References to files on other machines, which Docker Compose loads and topo does not.

/// The kind of a remote reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// A Git repository: `https://host/project.git#branch:directory`, `git@host:project`...
    Repository,
    /// An OCI artifact in a registry: `oci://host/name:tag`.
    Artifact,
    /// Anything else with a scheme.
    Address,
}

impl Remote {
    /// Classifies a path as Docker Compose does before it looks for a file; `None` for a local
    /// path.
    pub fn parse(path: &str) -> Option<Self> {
        let repositories = ["git@", "github.com/", "git://", "ssh://", "git+ssh://"];
        let (address, _) = path.split_once('#').unwrap_or((path, ""));
        if repositories.iter().any(|begin| path.starts_with(begin)) {
            return Some(Self::Repository);
        }
        let (scheme, _) = path.split_once("://")?;
        Some(match scheme {
            "oci" => Self::Artifact,
            "http" | "https" if address.trim_end_matches('/').ends_with(".git") => Self::Repository,
            _ => Self::Address,
        })
    }

    /// What to type instead.
    pub fn help(self, path: &str) -> String {
        match self {
            Self::Repository => {
                "clone the repository, as a git submodule for example, and name the file in it".to_owned()
            }
            Self::Artifact => format!(
                "write it into a file, `docker compose -f {path} config > fetched.yaml`, and name that"
            ),
            Self::Address => "download the file, and name its path".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_references_are_told_from_local_paths() {
        for (path, remote) in [
            ("oci://docker.io/x/y:1", Some(Remote::Artifact)),
            ("https://github.com/a/b.git", Some(Remote::Repository)),
            ("https://github.com/a/b.git#main:deploy", Some(Remote::Repository)),
            ("git@github.com:a/b.git", Some(Remote::Repository)),
            ("ssh://git@host/a", Some(Remote::Repository)),
            ("github.com/a/b", Some(Remote::Repository)),
            ("https://host/compose.yaml", Some(Remote::Address)),
            ("./a.yaml", None),
            ("oci/a.yaml", None),
            (r"C:\a.yaml", None),
        ] {
            assert_eq!(Remote::parse(path), remote, "{path}");
        }
    }
}
