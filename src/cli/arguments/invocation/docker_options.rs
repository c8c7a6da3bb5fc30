//! In: the words that the Docker CLI hands to a plugin. Out: its own options, as variables of the environment.
//!
//! The options and variables are those of the Docker CLI 28.5.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Options that stand before the plugin's name, in the order in which they were typed.
#[derive(Debug, Default)]
pub(super) struct DockerOptions(Vec<(DockerOption, OsString)>);

/// An option of the Docker CLI itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DockerOption {
    Config,
    Context,
    Host,
    Tls,
    TlsVerify,
    /// The certificate file with this name.
    Certificate {
        option: &'static str,
        file: &'static str,
    },
    /// What topo does not log.
    Logging,
}

/// Each option's names, whether a value follows it, and what it is.
const OPTIONS: &[(&[&str], bool, DockerOption)] = &[
    (&["--config"], true, DockerOption::Config),
    (&["--context", "-c"], true, DockerOption::Context),
    (&["--host", "-H"], true, DockerOption::Host),
    (&["--tls"], false, DockerOption::Tls),
    (&["--tlsverify"], false, DockerOption::TlsVerify),
    (&["--tlscacert"], true, DockerOption::Certificate { option: "--tlscacert", file: "ca.pem" }),
    (&["--tlscert"], true, DockerOption::Certificate { option: "--tlscert", file: "cert.pem" }),
    (&["--tlskey"], true, DockerOption::Certificate { option: "--tlskey", file: "key.pem" }),
    (&["--debug", "-D", "--verbose"], false, DockerOption::Logging),
    (&["--log-level", "-l"], true, DockerOption::Logging),
];

impl DockerOptions {
    /// Reads the options up to the first word that is none of them, and returns the words from there on.
    pub(super) fn read(mut words: &[OsString]) -> (Self, &[OsString]) {
        let mut read = Vec::new();
        while let Some((option, value, width)) = words.first().and_then(|word| option(word, words.get(1))) {
            read.push((option, value));
            words = &words[width..];
        }
        (Self(read), words)
    }

    /// The variables that say the same; one without a value is to be taken away.
    ///
    /// # Errors
    ///
    /// When a certificate has another name than DOCKER_CERT_PATH expects.
    pub(super) fn variables(&self) -> Result<Vec<(&'static str, Option<OsString>)>, String> {
        let mut variables = Vec::new();
        for (option, value) in &self.0 {
            let value = value.clone();
            match option {
                DockerOption::Config => variables.push(("DOCKER_CONFIG", Some(value))),
                // The Docker CLI lets the option win over DOCKER_HOST, and DOCKER_HOST over DOCKER_CONTEXT.
                DockerOption::Context => {
                    variables.extend([("DOCKER_CONTEXT", Some(value)), ("DOCKER_HOST", None)]);
                }
                DockerOption::Host => variables.push(("DOCKER_HOST", Some(value))),
                DockerOption::Tls => variables.push(("DOCKER_TLS", Some("1".into()))),
                DockerOption::TlsVerify => variables.push(("DOCKER_TLS_VERIFY", Some("1".into()))),
                DockerOption::Certificate { option, file } => {
                    variables.push(("DOCKER_CERT_PATH", Some(folder_of(option, file, &value)?)));
                }
                DockerOption::Logging => {}
            }
        }
        variables.dedup();
        Ok(variables)
    }
}

fn folder_of(option: &str, file: &str, path: &OsStr) -> Result<OsString, String> {
    let path = Path::new(path);
    match path.parent().filter(|_| path.file_name() == Some(OsStr::new(file))) {
        Some(folder) if folder.as_os_str().is_empty() => Ok(".".into()),
        Some(folder) => Ok(folder.into()),
        None => Err(format!(
            "`{option}` names `{}`, where topo reads `{file}` in the directory of DOCKER_CERT_PATH",
            path.display()
        )),
    }
}

/// The option that stands in a word, its value, and how many words both take.
fn option(word: &OsStr, next: Option<&OsString>) -> Option<(DockerOption, OsString, usize)> {
    let word = word.to_str()?;
    let (name, value) = match word.split_once('=') {
        Some((name, value)) if word.starts_with("--") => (name, Some(value)),
        _ => (word, None),
    };
    let (_, has_value, option) = OPTIONS.iter().find(|(names, _, _)| names.contains(&name))?;
    match (has_value, value) {
        (true, Some(value)) => Some((*option, value.into(), 1)),
        (true, None) => Some((*option, next?.clone(), 2)),
        (false, Some("false" | "0")) => Some((DockerOption::Logging, OsString::new(), 1)),
        (false, _) => Some((*option, OsString::new(), 1)),
    }
}
