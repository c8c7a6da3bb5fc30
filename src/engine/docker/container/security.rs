//! In: security options of a service. Out: the same with the contents of profiles in place of their
//! paths. Must not: know what a profile allows.

use std::path::Path;

use serde_json::Value as Json;

use crate::engine::EngineError;
use crate::source::{FileSystem, Spanned};
use crate::topology::service::CredentialSpec;
use crate::value::security_option::SecurityOption;

/// Security options in the engine's format.
pub(super) struct Security {
    /// The options.
    pub options: Vec<String>,
    /// Whether paths such as `/proc/kcore` are neither masked nor read-only.
    pub shows_system_paths: bool,
}

/// Reads the profiles that the options name.
pub(super) fn options(
    options: &[Spanned<SecurityOption>],
    credential_spec: Option<&CredentialSpec>,
) -> Result<Security, EngineError> {
    let mut security = Security { options: Vec::new(), shows_system_paths: false };
    for option in options {
        match option.shows_system_paths() {
            true => security.shows_system_paths = true,
            false => security.options.push(with_profile(option)?),
        }
    }
    security.options.extend(credential_spec.and_then(credential_option));
    Ok(security)
}

/// The engine does not read local files: a seccomp profile is sent as text.
fn with_profile(option: &SecurityOption) -> Result<String, EngineError> {
    let Some(path) = option.seccomp_profile() else { return Ok(option.to_string()) };
    let text = FileSystem::default()
        .bytes(Path::new(path))
        .map_err(|error| EngineError::LocalFile(format!("cannot read the seccomp profile: {error}")))?;
    let profile: Json = serde_json::from_slice(&text)
        .map_err(|error| EngineError::LocalFile(format!("`{path}` is not a seccomp profile: {error}")))?;
    Ok(SecurityOption::seccomp(profile).to_string())
}

fn credential_option(credential_spec: &CredentialSpec) -> Option<String> {
    let CredentialSpec { config, file, registry, extensions: _ } = credential_spec;
    let named = |scheme: &str, name: &Option<String>| {
        name.as_ref().map(|name| format!("credentialspec={scheme}://{name}"))
    };
    named("config", config).or_else(|| named("file", file)).or_else(|| named("registry", registry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seccomp_profile_is_sent_as_text() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\"\n}\n").unwrap();
        let option = with_profile(&format!("seccomp:{}", file.path().display()).into()).unwrap();
        assert_eq!(option, r#"seccomp={"defaultAction":"SCMP_ACT_ALLOW"}"#);
    }

    #[test]
    fn other_options_are_kept() {
        for option in ["seccomp=unconfined", "no-new-privileges:true", "apparmor=x", "label=disable"] {
            assert_eq!(with_profile(&option.to_owned().into()).unwrap(), option);
        }
        assert!(
            with_profile(&"seccomp=/not/there".to_owned().into())
                .unwrap_err()
                .to_string()
                .contains("`/not/there`")
        );
    }
}
