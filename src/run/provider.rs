//! In: a service of an external provider. Out: the result of a command, and the variables for
//! dependants. Must not: print, or know of containers.
//!
//! The protocol is Docker Compose's for providers (`docs/extension.md` of its sources): the program
//! is called as `NAME compose --project-name=P up --OPTION=VALUE SERVICE`, and writes one JSON
//! message per line.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use super::plugin::{self, ANSWER_LIMIT};
use crate::source::program::Programs;
use crate::topology::name::{ProjectName, ServiceName};
use crate::topology::service::Provider;
use crate::value::pair::Pair;

/// A command for a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// To bring the service up.
    Up,
    /// To remove the service, with everything that belongs to it.
    Down,
    /// To stop the service. Only for providers that support it.
    Stop,
}

/// The environment variables for dependants of a provider's service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// Prefixed with the name of the provider's service: `URL` of `db` becomes `DB_URL`.
    pub prefixed: BTreeMap<String, String>,
    /// Without a prefix.
    pub raw: BTreeMap<String, String>,
}

/// The provider of a service.
pub struct Provided<'a> {
    /// The project.
    pub project: &'a ProjectName,
    /// The service.
    pub service: &'a ServiceName,
    /// The program and its options.
    pub provider: &'a Provider,
    /// Where the program is found.
    pub programs: &'a Programs,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

/// A provider's description of itself. Without one, every option is passed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    description: String,
    up: Parameters,
    down: Parameters,
    stop: Option<Parameters>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    parameters: Option<Vec<Parameter>>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    #[serde(default)]
    required: bool,
}

impl Order {
    fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Stop => "stop",
        }
    }
}

impl Provided<'_> {
    /// Calls the program, and waits until it exits; dropping the future ends the program. `said` is
    /// called with each progress message. The error is a text for users.
    pub async fn call(&self, order: Order, said: &mut dyn FnMut(&str)) -> Result<Variables, String> {
        let kind = self.provider.kind.as_ref().map_or("", |kind| kind.value.as_str());
        let program = find(kind, self.programs)?;
        let metadata = metadata(&program, said).await;
        let Some(arguments) = self.arguments(order, metadata.as_ref())? else {
            return Ok(Variables::default());
        };
        let mut child = Command::new(&program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("`{}` cannot be run: {error}", program.display()))?;
        let mut heard = Heard::default();
        if let Some(output) = child.stdout.take() {
            let mut lines = BufReader::new(output).lines();
            while let Some(line) = lines.next_line().await.map_err(|error| error.to_string())? {
                heard.hear(&line, said);
            }
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        match heard.in_all() {
            Ok(variables) if status.success() => Ok(variables),
            Ok(_) => Err(format!("`{kind} compose {}`: {status}", order.word())),
            Err(error) => Err(error),
        }
    }

    /// The arguments of the program; `None` if it does not support the command.
    fn arguments(&self, order: Order, metadata: Option<&Metadata>) -> Result<Option<Vec<String>>, String> {
        let known = match (order, metadata) {
            (Order::Stop, None | Some(Metadata { stop: None, .. })) => return Ok(None),
            (Order::Stop, Some(Metadata { stop: Some(stop), .. })) => Some(stop),
            (Order::Up, Some(metadata)) => Some(&metadata.up),
            (Order::Down, Some(metadata)) => Some(&metadata.down),
            (_, None) => None,
        };
        let known = known.map(|known| known.parameters.as_deref().unwrap_or_default());
        let options = &self.provider.options.0;
        let missing =
            known.into_iter().flatten().find(|known| known.required && !options.contains_key(&known.name));
        if let Some(missing) = missing {
            return Err(format!("the provider needs the option `{}`", missing.name));
        }
        let mut arguments = vec!["compose".to_owned(), format!("--project-name={}", self.project)];
        arguments.push(order.word().to_owned());
        for (name, values) in options {
            if known.is_none_or(|known| known.iter().any(|known| known.name == *name)) {
                arguments.extend(values.iter().map(|value| format!("--{name}={value}")));
            }
        }
        arguments.push(self.service.to_string());
        Ok(Some(arguments))
    }
}

impl Variables {
    /// The variables for a dependant of `service`.
    pub fn named(&self, service: &ServiceName) -> impl Iterator<Item = (String, &str)> {
        let prefix = service.as_str().to_uppercase();
        let prefixed =
            self.prefixed.iter().map(move |(name, value)| (format!("{prefix}_{name}"), value.as_str()));
        prefixed.chain(self.raw.iter().map(|(name, value)| (name.clone(), value.as_str())))
    }
}

/// The output of a program, to its end even after an error message: the program is not stopped by
/// that.
#[derive(Default)]
struct Heard {
    variables: Variables,
    trouble: Option<String>,
}

impl Heard {
    fn hear(&mut self, line: &str, said: &mut dyn FnMut(&str)) {
        if line.trim().is_empty() {
            return;
        }
        if let Err(words) = understand(line, &mut self.variables, said) {
            self.trouble.get_or_insert(words);
        }
    }

    fn in_all(self) -> Result<Variables, String> {
        self.trouble.map_or(Ok(self.variables), Err)
    }
}

fn understand(line: &str, variables: &mut Variables, said: &mut dyn FnMut(&str)) -> Result<(), String> {
    let no_message = || format!("the provider wrote `{line}`, which is not a message");
    let Message { kind, message } = serde_json::from_str(line).map_err(|_| no_message())?;
    let variable = || Pair::both(&message).map(|(name, value)| (name.to_owned(), value.to_owned()));
    match kind.as_str() {
        "info" => said(message.lines().next().unwrap_or_default()),
        "debug" => {}
        "error" => return Err(message),
        "setenv" => variables.prefixed.extend([variable().ok_or_else(no_message)?]),
        "rawsetenv" => variables.raw.extend([variable().ok_or_else(no_message)?]),
        _ => return Err(no_message()),
    }
    Ok(())
}

/// A path, a plugin of the Docker CLI, or a program in the PATH. The error is in words for people.
fn find(kind: &str, programs: &Programs) -> Result<PathBuf, String> {
    let nowhere = || format!("`{kind}` is neither a plugin of the Docker CLI nor a program in the PATH");
    if kind.contains('/') {
        return Some(PathBuf::from(kind)).filter(|path| path.is_file()).ok_or_else(nowhere);
    }
    plugin::find(kind, programs).map_or_else(|| programs.find(kind), Ok).map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => format!("`{kind}` is not run: {error}"),
        _ => nowhere(),
    })
}

/// A program's description of itself; many have none.
async fn metadata(program: &Path, said: &mut dyn FnMut(&str)) -> Option<Metadata> {
    let asked = Command::new(program)
        .args(["compose", "metadata"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let Ok(answered) = timeout(ANSWER_LIMIT, asked).await else {
        let limit = ANSWER_LIMIT.as_secs();
        said(&format!("`compose metadata` did not end within {limit} seconds; continuing without it"));
        return None;
    };
    let output = answered.ok()?;
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success())?;
    let says_nothing = metadata.description.is_empty()
        && metadata.up.parameters.is_none()
        && metadata.down.parameters.is_none();
    (!says_nothing).then_some(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::service::provider::ProviderOptions;

    fn heard(text: &str) -> (Result<Variables, String>, Vec<String>) {
        let mut said = Vec::new();
        let mut heard = Heard::default();
        text.lines().for_each(|line| heard.hear(line, &mut |words| said.push(words.to_owned())));
        (heard.in_all(), said)
    }

    #[test]
    fn messages_are_parsed() {
        let (variables, said) = heard(
            "{\"type\":\"info\",\"message\":\"half\\nway\"}\n\n{\"type\":\"setenv\",\"message\":\"URL=a=b\"}\n\
             {\"type\":\"debug\",\"message\":\"x\"}\n{\"type\":\"rawsetenv\",\"message\":\"KEY=\"}\n",
        );
        assert_eq!(said, ["half"]);
        let variables = variables.unwrap();
        let named: Vec<(String, &str)> = variables.named(&ServiceName::from("my-db")).collect();
        assert_eq!(named, [("MY-DB_URL".to_owned(), "a=b"), ("KEY".to_owned(), "")]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_without_a_description_is_accepted() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("silent");
        std::fs::write(&program, "#!/bin/sh\nexec sleep 1000\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut said = Vec::new();
        let metadata = metadata(&program, &mut |words| said.push(words.to_owned())).await;
        assert!(metadata.is_none());
        assert_eq!(said, ["`compose metadata` did not end within 10 seconds; continuing without it"]);
    }

    #[test]
    fn errors_and_invalid_messages_are_reported() {
        let error = |text: &str| heard(text).0.unwrap_err();
        assert_eq!(error("{\"type\":\"error\",\"message\":\"no money\"}\nnoise"), "no money");
        for line in
            ["noise", "{\"type\":\"setenv\",\"message\":\"URL\"}", "{\"type\":\"x\",\"message\":\"\"}"]
        {
            assert_eq!(error(line), format!("the provider wrote `{line}`, which is not a message"));
        }
    }

    fn arguments(order: Order, metadata: Option<&str>) -> Result<Option<Vec<String>>, String> {
        let options = [("size", vec!["1", "2"]), ("kind", vec!["x"])];
        let text = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect();
        let options = options.into_iter().map(|(name, values)| (name.to_owned(), text(values))).collect();
        let provider = Provider { options: ProviderOptions(options), ..Provider::default() };
        let (project, service) = (ProjectName::new("shop".to_owned()), ServiceName::from("db"));
        let programs = Programs::default();
        let provided =
            Provided { project: &project, service: &service, provider: &provider, programs: &programs };
        let metadata: Option<Metadata> = metadata.map(|text| serde_json::from_str(text).unwrap());
        provided.arguments(order, metadata.as_ref())
    }

    #[test]
    fn only_supported_options_are_passed() {
        let all = ["compose", "--project-name=shop", "up", "--kind=x", "--size=1", "--size=2", "db"];
        assert_eq!(arguments(Order::Up, None).unwrap().unwrap(), all);
        let metadata =
            r#"{"description": "x", "up": {"parameters": [{"name": "kind", "required": true}]}, "stop": {}}"#;
        let some = ["compose", "--project-name=shop", "up", "--kind=x", "db"];
        assert_eq!(arguments(Order::Up, Some(metadata)).unwrap().unwrap(), some);
        let none = ["compose", "--project-name=shop", "stop", "db"];
        assert_eq!(arguments(Order::Stop, Some(metadata)).unwrap().unwrap(), none);
        assert_eq!(arguments(Order::Stop, None), Ok(None), "only what says that it can be stopped");
        let demanding = r#"{"up": {"parameters": [{"name": "name", "required": true}]}}"#;
        assert_eq!(
            arguments(Order::Up, Some(demanding)),
            Err("the provider needs the option `name`".to_owned())
        );
    }
}
