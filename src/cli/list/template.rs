//! In: the text of `--format`, and rows. Out: what Go's template language makes of them.
//! Must not: know what is listed, or how tables are drawn.
//!
//! Docker's command lines have that language with a few functions more, and with `.Label "NAME"`.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use gotmpl::{MissingKey, TemplateError, Value, to_value};
use serde_json::Value as Json;

use super::{List, Row};

/// A template that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(String);

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // As Docker has it, since shells do not make tabs of these.
        let template = Self(with_label_function(&text.replace("\\t", "\t").replace("\\n", "\n")));
        let read = template.compiled(Functions::OfValues(Value::Nil)).map_err(|error| match error {
            TemplateError::Parse { message, .. } | TemplateError::Lex { message, .. } => message,
            other => other.to_string(),
        })?;
        check_ends(&template.0)?;
        // Without a row much is missing, and a function that nobody has as well.
        match read.execute_to_string(&Value::Nil) {
            Err(TemplateError::UndefinedFunction(name)) => Err(format!("there is no function `{name}`")),
            _ => Ok(template),
        }
    }
}

/// Why a template gives nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// Rows have no value of this name.
    Unknown(String),
    /// Something else, in words.
    Other(String),
}

impl Template {
    /// What it makes of a row.
    pub(super) fn line(&self, row: &Row) -> Result<String, Misfit> {
        let value = |(name, value): (&String, &Json)| {
            Ok((Arc::from(name.as_str()), to_value(&super::shown(name, value))?))
        };
        let values: Result<BTreeMap<Arc<str>, Value>, TemplateError> = row.iter().map(value).collect();
        let labels = row.get("Labels").map_or(Ok(Value::Nil), to_value).map_err(misfit)?;
        let template = self.compiled(Functions::OfValues(labels)).map_err(misfit)?;
        template.execute_to_string(&Value::from(values.map_err(misfit)?)).map_err(misfit)
    }

    /// A name in it that a list has not, whatever is in the list; branches that an empty row does not take
    /// are not looked at.
    pub(super) fn unknown_name(&self, list: List<'_>) -> Option<String> {
        let empty = |name: &&str| match *name {
            "Labels" => Json::Object(Row::new()),
            name if list.arrays.contains(&name) => Json::Array(Vec::new()),
            _ => Json::from(""),
        };
        let row: Row = list.names.iter().map(|name| ((*name).to_owned(), empty(name))).collect();
        match self.line(&row) {
            Err(Misfit::Unknown(name)) if !list.names.contains(&name.as_str()) => Some(name),
            _ => None,
        }
    }

    /// What it makes of titles: what stands above the columns. `names` are those of the values, and whether
    /// each is a list; `title` is what stands above one.
    pub(super) fn titles(&self, names: &[(&str, bool)], title: impl Fn(&str) -> String) -> String {
        let whole = |name: &str, _| Value::from(title(name));
        // A template may go through a list, and cannot go through its title.
        let without_lists =
            |name: &str, is_list| if is_list { Value::from(Vec::new()) } else { Value::from(title(name)) };
        let made = |value: &dyn Fn(&str, bool) -> Value| {
            let titles = names.iter().map(|(name, is_list)| (Arc::from(*name), value(name, *is_list)));
            let titles: BTreeMap<Arc<str>, Value> = titles.collect();
            self.compiled(Functions::OfTitles)?.execute_to_string(&Value::from(titles))
        };
        made(&whole).or_else(|_| made(&without_lists)).unwrap_or_default()
    }

    fn compiled(&self, functions: Functions) -> Result<gotmpl::Template, TemplateError> {
        let mut template = gotmpl::Template::new("format").missing_key(MissingKey::Error);
        let is_of_titles = matches!(functions, Functions::OfTitles);
        for (name, function) in FUNCTIONS {
            template = template.func(name, if is_of_titles { unchanged } else { function });
        }
        let template = match functions {
            Functions::OfValues(labels) => template.func(LABEL, move |values| label(&labels, values)),
            Functions::OfTitles => template.func(LABEL, title_of_label),
        };
        template.parse(&self.0)
    }
}

/// What functions do.
enum Functions {
    /// What they are for; the row has these labels.
    OfValues(Value),
    /// Nothing: a title stays what it is.
    OfTitles,
}

type Made = Result<Value, TemplateError>;
type Function = fn(&[Value]) -> Made;

/// The functions that Docker has beside Go's own.
const FUNCTIONS: [(&str, Function); 8] = [
    ("json", |values| Ok(Value::from(json_of(one(values)?).to_string()))),
    ("upper", |values| Ok(Value::from(text(one(values)?).to_uppercase()))),
    ("lower", |values| Ok(Value::from(text(one(values)?).to_lowercase()))),
    ("title", |values| Ok(Value::from(titled(&text(one(values)?))))),
    ("split", |values| match values {
        [whole, by] => Ok(Value::from(text(whole).split(&text(by)).map(Value::from).collect::<Vec<_>>())),
        _ => Err(wanted("split", 2, values)),
    }),
    ("join", |values| match values {
        [Value::List(items), with] => {
            Ok(Value::from(items.iter().map(text).collect::<Vec<_>>().join(&text(with))))
        }
        [other, _] => Err(TemplateError::TypeMismatch { expected: "list", got: other.type_name() }),
        _ => Err(wanted("join", 2, values)),
    }),
    ("truncate", |values| match values {
        [whole, length] => {
            let length = usize::try_from(length.as_int().unwrap_or_default()).unwrap_or_default();
            Ok(Value::from(text(whole).chars().take(length).collect::<String>()))
        }
        _ => Err(wanted("truncate", 2, values)),
    }),
    ("pad", |values| match values {
        [inner, before, after] => {
            let blanks =
                |count: &Value| " ".repeat(count.as_int().unwrap_or_default().clamp(0, 1000) as usize);
            Ok(Value::from(format!("{}{}{}", blanks(before), text(inner), blanks(after))))
        }
        _ => Err(wanted("pad", 3, values)),
    }),
];

fn one(values: &[Value]) -> Result<&Value, TemplateError> {
    match values {
        [value] => Ok(value),
        _ => Err(TemplateError::Exec(format!("one argument is needed, not {}", values.len()))),
    }
}

fn wanted(name: &str, expected: usize, values: &[Value]) -> TemplateError {
    TemplateError::ArgCount { name: name.to_owned(), expected, got: values.len() }
}

/// `.Label "team"`: a label of the row; one that is not there is empty.
fn label(labels: &Value, values: &[Value]) -> Made {
    let [name] = values else { return Err(wanted("Label", 1, values)) };
    match labels {
        Value::Map(_) => Ok(labels.field(&text(name)).cloned().unwrap_or_else(|| Value::from(""))),
        _ => Err(TemplateError::MissingKey { key: "Label".to_owned() }),
    }
}

fn unchanged(values: &[Value]) -> Made {
    Ok(values.first().cloned().unwrap_or(Value::Nil))
}

/// The last part of its name: `com.example.cost-centre` is `cost centre`.
fn title_of_label(values: &[Value]) -> Made {
    let name = values.last().map(text).unwrap_or_default();
    let last = name.rsplit('.').next().unwrap_or_default();
    Ok(Value::from(last.replace(['-', '_'], " ")))
}

fn text(value: &Value) -> String {
    value.to_string()
}

/// Each word with a capital.
fn titled(words: &str) -> String {
    let mut begins = true;
    let letters = words.chars().map(|letter| {
        let is_first = std::mem::replace(&mut begins, !letter.is_alphanumeric() && letter != '\'');
        if is_first { letter.to_uppercase().collect::<String>() } else { letter.to_string() }
    });
    letters.collect()
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Bool(is_true) => Json::from(*is_true),
        Value::Int(number) => Json::from(*number),
        Value::Uint(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::String(text) => Json::from(&**text),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(entries) => {
            entries.iter().map(|(name, value)| (name.to_string(), json_of(value))).collect()
        }
        _ => Json::Null,
    }
}

fn misfit(error: TemplateError) -> Misfit {
    match error {
        TemplateError::MissingKey { key } => Misfit::Unknown(key),
        other => Misfit::Other(other.to_string()),
    }
}

/// Every block has its end: the library reads on where one has none.
fn check_ends(text: &str) -> Result<(), String> {
    let actions = text.split("{{").skip(1).map(|action| action.trim_start_matches(['-', ' ', '\t', '\n']));
    let mut open = Vec::new();
    for action in actions {
        match action.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default() {
            block @ ("if" | "range" | "with" | "block" | "define") => open.push(block),
            "end" if open.pop().is_none() => return Err("`{{end}}` has no block to close".to_owned()),
            _ => {}
        }
    }
    match open.first() {
        Some(block) => Err(format!("`{{{{{block}}}}}` is not closed by `{{{{end}}}}`")),
        None => Ok(()),
    }
}

/// The function that takes the place of a method, which the template language has not. Nobody else calls
/// one so.
const LABEL: &str = "_label";

/// In actions, `.Label "team"` and `$.Label "team"` become calls of [`LABEL`].
fn with_label_function(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(".Label ") {
        written.push_str(before);
        let is_in_action = written.rfind("{{") > written.rfind("}}");
        let is_of_another =
            written.ends_with(|letter: char| letter.is_alphanumeric() || "_)".contains(letter));
        if is_in_action && !is_of_another {
            written.truncate(written.trim_end_matches('$').len());
            written += LABEL;
            written.push(' ');
        } else {
            written.push_str(".Label ");
        }
        rest = after;
    }
    written + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row() -> Row {
        let row = json!({
            "Name": "shop-web-1", "State": "running", "ExitCode": 0,
            "Labels": { "team": "red", "a.b-c": "x,y" },
            "Publishers": [{ "URL": "::", "TargetPort": 80 }, { "URL": "::", "TargetPort": 443 }],
        });
        row.as_object().cloned().unwrap()
    }

    fn made(template: &str) -> Result<String, Misfit> {
        template.parse::<Template>().map_err(Misfit::Other)?.line(&row())
    }

    #[test]
    fn a_template_has_what_go_and_docker_have() {
        for (template, wanted) in [
            ("{{.Name}}", "shop-web-1"),
            ("{{ upper .Name }}{{.Name | title}}", "SHOP-WEB-1Shop-Web-1"),
            ("{{json .ExitCode}} {{json .Name}}", "0 \"shop-web-1\""),
            ("{{json .Labels}}", "\"a.b-c=x,y,team=red\""),
            ("{{.Label \"team\"}}{{$.Label \"a.b-c\"}}{{.Label \"none\"}}", "redx,y"),
            ("{{upper (.Label \"team\")}}", "RED"),
            ("{{printf \"%-12s|%d\" .Name .ExitCode}}", "shop-web-1  |0"),
            ("{{range .Publishers}}{{.TargetPort}} {{end}}", "80 443 "),
            ("{{(index .Publishers 1).TargetPort}}", "443"),
            ("{{if eq .State \"running\"}}up{{else}}down{{end}}", "up"),
            ("{{join (split .Name \"-\") \"/\"}}", "shop/web/1"),
            ("a{{\"\\t\"}}b\\tc", "a\tb\tc"),
            ("{{println .State}}{{len .Publishers}}", "running\n2"),
            ("{{truncate .Name 4}}|{{pad .State 1 2}}|", "shop| running  |"),
            ("say .Label {{- /* nothing */ -}}", "say .Label"),
        ] {
            assert_eq!(made(template).as_deref(), Ok(wanted), "{template}");
        }
    }

    #[test]
    fn the_whole_row_as_json_is_what_programs_get() {
        let whole = made("{{json .}}").unwrap();
        let read: Json = serde_json::from_str(&whole).unwrap();
        assert_eq!(read["Labels"], json!("a.b-c=x,y,team=red"));
        assert_eq!(read.as_object().unwrap().len(), row().len());
    }

    #[test]
    fn what_does_not_fit_is_said() {
        assert_eq!(made("{{.Nmae}}"), Err(Misfit::Unknown("Nmae".to_owned())));
        for template in [
            "{{.Name",
            "{{range .Publishers}}",
            "{{if .Name}}{{else}}",
            "{{- end}}",
            "{{upper .Name | nothing}}",
            "{{join .Name \"-\"}}",
        ] {
            assert!(matches!(made(template), Err(Misfit::Other(_))), "{template}");
        }
    }

    #[test]
    fn titles_stand_above_what_is_made_of_values() {
        let template: Template = "{{upper .Name}}\\t{{.Label \"a.b-c\"}}\\t{{json .State}}".parse().unwrap();
        let names = [("Name", false), ("State", false), ("Publishers", true)];
        assert_eq!(template.titles(&names, str::to_lowercase), "name\tb c\tstate");
        let template: Template = "{{range .Publishers}}{{.URL}}{{end}}\t{{.Name}}".parse().unwrap();
        assert_eq!(template.titles(&names, str::to_lowercase), "\tname");
    }
}
