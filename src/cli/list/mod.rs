//! In: rows. Out: a table, JSON, or a line a row made by a template.
//! Must not: know what is listed.

pub(super) mod absence;
pub(super) mod table;
mod template;
pub(super) mod time;
pub(super) mod units;

use std::str::FromStr;

use serde_json::{Map, Value as Json};

use crate::cli::error::CliError;
use crate::cli::io::output::Output;
use crate::cli::list::table::{Kind, table, whole_table};
use crate::report::sanitize_lines;
use template::{Misfit, Template};

/// One thing that is listed: its values by their names. Every row of a list has the names of its [`List`]. `Labels` is
/// a mapping here, and shown as `NAME=VALUE,NAME=VALUE`.
pub(crate) type Row = Map<String, Json>;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    title: &'static str,
    /// The name of the value in it.
    key: &'static str,
    kind: Kind,
}

impl Column {
    /// A column of names.
    pub(crate) const fn name(title: &'static str, key: &'static str) -> Self {
        Self { title, key, kind: Kind::Name }
    }

    /// A column of anything else.
    pub(crate) const fn words(title: &'static str, key: &'static str) -> Self {
        Self { title, key, kind: Kind::Words }
    }

    /// A column that is not missed where there is no room for it; the lowest rank is left out first.
    pub(crate) const fn spare(title: &'static str, key: &'static str, rank: u8) -> Self {
        Self { title, key, kind: Kind::Spare(rank) }
    }

    /// A column that is left out before anything else is shortened.
    pub(crate) const fn minor(title: &'static str, key: &'static str) -> Self {
        Self { title, key, kind: Kind::Minor }
    }
}

/// What a list has, whatever is in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<'a> {
    /// The columns of its table.
    pub columns: &'a [Column],
    /// The name of every value of a row; a template may use them.
    pub names: &'a [&'a str],
    /// The names of those values that hold several things.
    pub arrays: &'a [&'a str],
    /// How it is written as JSON.
    pub shape: JsonShape,
}

/// How a list is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ListFormat {
    /// The columns that people know.
    #[default]
    Table,
    /// JSON.
    Json,
    /// The columns of a template.
    TableOf(Template),
    /// A line a row.
    Lines(Template),
}

/// How rows are written as JSON: as Compose does for the same command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonShape {
    /// An object a line.
    Lines,
    /// One array.
    Array,
}

/// What `--format` takes, for the help of commands.
pub(crate) const FORMATS: &str =
    "Format of the list: `table`, `json`, or a Go template such as `{{upper .Name}}: {{.Labels}}`";

impl FromStr for ListFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "table" => return Ok(Self::Table),
            "json" => return Ok(Self::Json),
            _ => {}
        }
        if let Some(template) = text.strip_prefix("table ") {
            return template.trim_start().parse().map(Self::TableOf);
        }
        if text.contains("{{") {
            return text.parse().map(Self::Lines);
        }
        Err("write `table`, `json`, or a template such as `{{.Name}}`".to_owned())
    }
}

/// Prints a list.
pub(crate) fn print(
    rows: &[Row],
    list: List<'_>,
    format: &ListFormat,
    output: &Output,
) -> Result<(), CliError> {
    output.print(&text(rows, list, format)?)
}

/// A list as text.
pub(crate) fn text(rows: &[Row], list: List<'_>, format: &ListFormat) -> Result<String, CliError> {
    let List { columns, names, arrays, shape } = list;
    debug_assert!(rows.iter().all(|row| row.keys().all(|name| names.contains(&name.as_str()))));
    Ok(match format {
        ListFormat::Table => {
            let titles = columns.iter().map(|column| (column.title.to_owned(), column.kind)).collect();
            let line = |row: &Row| {
                columns.iter().map(|column| row.get(column.key).map(cell).unwrap_or_default()).collect()
            };
            table(titles, rows.iter().map(line).collect())
        }
        ListFormat::Json => json(rows, shape),
        ListFormat::TableOf(template) => {
            let cells = |line: String| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
            let lines = lines(template, rows, list)?.into_iter().map(cells);
            let names: Vec<(&str, bool)> = names.iter().map(|name| (*name, arrays.contains(name))).collect();
            let titles = template.titles(&names, |key| title(key, columns));
            // Whoever chose the columns wants what is in them.
            whole_table(cells(titles), lines.collect())
        }
        ListFormat::Lines(template) => {
            lines(template, rows, list)?.iter().map(|line| format!("{line}\n")).collect()
        }
    })
}

fn lines(template: &Template, rows: &[Row], list: List<'_>) -> Result<Vec<String>, CliError> {
    // A name that the list has not is told also while nothing is in it.
    if let Some(name) = template.unknown_name(list) {
        return Err(misfit_error(Misfit::Unknown(name), list));
    }
    let line = |row: &Row| {
        let line = template.line(row).map_err(|misfit| misfit_error(misfit, list));
        line.map(|line| sanitize_lines(&line))
    };
    rows.iter().map(line).collect()
}

fn misfit_error(misfit: Misfit, list: List<'_>) -> CliError {
    match misfit {
        Misfit::Unknown(name) => CliError::usage(format!("there is no `.{name}` in this list"))
            .help(format!("names here: {}", list.names.join(", "))),
        Misfit::Other(words) => CliError::usage(format!("the template cannot be applied: {words}"))
            .help("templates are those of Go, as in `{{upper .Name}}`"),
    }
}

/// What stands above a column: its name in capitals, if no other is known.
fn title(key: &str, columns: &[Column]) -> String {
    let known = columns.iter().find(|column| column.key == key);
    known.map_or_else(|| key.to_uppercase(), |column| column.title.to_owned())
}

fn json(rows: &[Row], shape: JsonShape) -> String {
    match shape {
        JsonShape::Lines => rows.iter().map(|row| format!("{}\n", whole(row))).collect(),
        JsonShape::Array => format!("{}\n", rows.iter().map(whole).collect::<Json>()),
    }
}

fn whole(row: &Row) -> Json {
    row.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect()
}

/// A value as it is shown.
fn shown(name: &str, value: &Json) -> Json {
    match value {
        Json::Object(labels) if name == "Labels" => {
            let labels = labels.iter().map(|(name, value)| format!("{name}={}", cell(value)));
            Json::from(labels.collect::<Vec<_>>().join(","))
        }
        other => other.clone(),
    }
}

/// A value as people read it.
fn cell(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows() -> Vec<Row> {
        let rows = [
            json!({ "Name": "web", "Ports": "80/tcp", "Number": 1 }),
            json!({ "Name": "db", "Ports": "", "Number": 12 }),
        ];
        rows.into_iter().map(|row| row.as_object().cloned().expect("an object")).collect()
    }

    fn written(format: &str, shape: JsonShape) -> Result<String, CliError> {
        let format: ListFormat = format.parse().expect("a format");
        let columns =
            [Column::name("NAME", "Name"), Column::words("#", "Number"), Column::words("PORTS", "Ports")];
        let list = List { columns: &columns, names: &["Name", "Number", "Ports"], arrays: &[], shape };
        let whole = text(&rows(), list, &format);
        assert_eq!(text(&[], list, &format).is_ok(), whole.is_ok(), "an empty list differs");
        whole
    }

    #[test]
    fn a_list_is_a_table_lines_or_json() {
        assert_eq!(
            written("table", JsonShape::Lines).ok().as_deref(),
            Some("NAME   #    PORTS\nweb    1    80/tcp\ndb     12\n")
        );
        assert_eq!(
            written("{{.Name}} has {{ .Ports }}", JsonShape::Lines).ok().as_deref(),
            Some("web has 80/tcp\ndb has \n")
        );
        assert_eq!(
            written("table {{.Number}}\\t{{.Name}}", JsonShape::Lines).ok().as_deref(),
            Some("#    NAME\n1    web\n12   db\n")
        );
        assert_eq!(
            written("{{json .Name}}{{json .Number}}", JsonShape::Lines).ok().as_deref(),
            Some("\"web\"1\n\"db\"12\n")
        );
        assert_eq!(
            written("json", JsonShape::Array).ok().as_deref(),
            Some(
                "[{\"Name\":\"web\",\"Number\":1,\"Ports\":\"80/tcp\"},{\"Name\":\"db\",\"Number\":12,\"Ports\":\"\"}]\n"
            )
        );
    }

    #[test]
    fn words_of_others_reach_the_terminal_without_escapes() {
        let hostile = "s\u{1b}[2Jx\u{1b}]0;pwn\u{7}\u{9b}31m\r";
        let row = json!({ "Name": hostile, "Labels": { "a": hostile } });
        let rows = [row.as_object().cloned().expect("an object")];
        let columns = [Column::name("NAME", "Name"), Column::words("LABELS", "Labels")];
        for format in ["table", "{{.Name}} {{.Labels}}", "table {{.Name}}\t{{.Labels}}", "json"] {
            let list =
                List { columns: &columns, names: &["Labels", "Name"], arrays: &[], shape: JsonShape::Lines };
            let text = text(&rows, list, &format.parse().expect("a format"));
            let text = text.expect("the names are known");
            assert!(text.chars().all(|sign| !(sign.is_control() && (format != "json" || sign.is_ascii())) || sign == '\n'), "{format}: {text:?}");
            assert!(format == "json" || text.contains("sx"), "{format}: {text:?}");
        }
    }

    #[test]
    fn a_template_that_is_not_understood_is_refused() {
        for text in ["{{.Name", "{{end}}", "{{range .}}", "Name"] {
            assert!(text.parse::<ListFormat>().is_err(), "{text}");
        }
        for text in ["{{.Nmae}}", "table {{.Name}}\t{{.Nmae}}", "{{.Label \"a\"}}", "{{upper .Nmae}}"] {
            assert!(matches!(written(text, JsonShape::Lines), Err(CliError::Usage(_))), "{text}");
        }
    }
}
