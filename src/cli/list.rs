//! In: rows. Out: a table, JSON, or a line a row made by a template.
//! Must not: know what is listed.

use std::str::FromStr;

use serde_json::{Map, Value as Json};

use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::table::{Kind, table, whole_table};

/// One thing that is listed: its values by their names. Every row of a list has the same names.
pub(super) type Row = Map<String, Json>;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    title: &'static str,
    /// The name of the value in it.
    key: &'static str,
    kind: Kind,
}

impl Column {
    /// A column of names.
    pub(super) const fn name(title: &'static str, key: &'static str) -> Self {
        Self { title, key, kind: Kind::Name }
    }

    /// A column of anything else.
    pub(super) const fn words(title: &'static str, key: &'static str) -> Self {
        Self { title, key, kind: Kind::Words }
    }

    /// A column that is not missed where there is no room for it; the lowest rank is left out first.
    pub(super) const fn spare(title: &'static str, key: &'static str, rank: u8) -> Self {
        Self { title, key, kind: Kind::Spare(rank) }
    }

    /// A column that is left out before anything else is shortened.
    pub(super) const fn minor(title: &'static str, key: &'static str) -> Self {
        Self { title, key, kind: Kind::Minor }
    }
}

/// How a list is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum ListFormat {
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
pub(super) enum JsonShape {
    /// An object a line.
    Lines,
    /// One array.
    Array,
}

/// A small part of what Go's templates can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// As it is.
    Text(String),
    /// `{{.Name}}`: the value as text.
    Value(String),
    /// `{{json .Name}}`: the value as JSON.
    JsonValue(String),
    /// `{{json .}}`: the whole row as JSON.
    JsonRow,
}

/// What `--format` takes, for the help of commands.
pub(super) const FORMATS: &str =
    "How the list is written: `table`, `json`, or a template such as `{{.Name}}: {{json .Labels}}`";

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

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // As Docker has it, since shells do not make tabs of these.
        let text = text.replace("\\t", "\t").replace("\\n", "\n");
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("{{") {
            let (inside, behind) = after.split_once("}}").ok_or("`{{` is not closed by `}}`")?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(piece(inside.trim())?);
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self(pieces))
    }
}

fn piece(inside: &str) -> Result<Piece, String> {
    let name = |text: &str| {
        let name = text.trim().strip_prefix('.')?;
        name.chars().all(|letter| letter.is_ascii_alphanumeric()).then(|| name.to_owned())
    };
    let found = match inside.strip_prefix("json ") {
        Some(rest) => name(rest).map(|name| match name.is_empty() {
            true => Piece::JsonRow,
            false => Piece::JsonValue(name),
        }),
        None => name(inside).filter(|name| !name.is_empty()).map(Piece::Value),
    };
    found.ok_or_else(|| {
        format!(
            "`{{{{{inside}}}}}` is not known: `{{{{.Name}}}}`, `{{{{json .Name}}}}` and `{{{{json .}}}}` are"
        )
    })
}

impl Template {
    /// A name that the rows do not have.
    fn unknown<'t>(&'t self, row: &Row) -> Option<&'t str> {
        let names = self.0.iter().filter_map(|piece| match piece {
            Piece::Value(name) | Piece::JsonValue(name) => Some(name.as_str()),
            Piece::Text(_) | Piece::JsonRow => None,
        });
        names.into_iter().find(|name| !row.contains_key(*name))
    }

    fn line(&self, row: &Row) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value(name) => row.get(name).map(cell).unwrap_or_default(),
            Piece::JsonValue(name) => row.get(name).map(Json::to_string).unwrap_or_default(),
            Piece::JsonRow => Json::Object(row.clone()).to_string(),
        };
        self.0.iter().map(text).collect()
    }

    /// What stands above the columns: names in capitals.
    fn titles(&self, columns: &[Column]) -> String {
        let title = |name: &String| {
            let known =
                columns.iter().find(|column| column.key == name).map(|column| column.title.to_owned());
            known.unwrap_or_else(|| name.to_uppercase())
        };
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value(name) | Piece::JsonValue(name) => title(name),
            Piece::JsonRow => String::new(),
        };
        self.0.iter().map(text).collect()
    }
}

/// Prints a list.
pub(super) fn print(
    rows: &[Row],
    columns: &[Column],
    format: &ListFormat,
    shape: JsonShape,
    output: &Output,
) -> Result<(), Exit> {
    output.print(&text(rows, columns, format, shape, output)?);
    Ok(())
}

/// A list as text.
pub(super) fn text(
    rows: &[Row],
    columns: &[Column],
    format: &ListFormat,
    shape: JsonShape,
    output: &Output,
) -> Result<String, Exit> {
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
            check(template, rows, output)?;
            let cells = |line: String| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
            let lines = rows.iter().map(|row| cells(template.line(row)));
            // Whoever chose the columns wants what is in them.
            whole_table(cells(template.titles(columns)), lines.collect())
        }
        ListFormat::Lines(template) => {
            check(template, rows, output)?;
            rows.iter().map(|row| format!("{}\n", template.line(row))).collect()
        }
    })
}

fn check(template: &Template, rows: &[Row], output: &Output) -> Result<(), Exit> {
    let Some(row) = rows.first() else { return Ok(()) };
    let Some(unknown) = template.unknown(row) else { return Ok(()) };
    let names: Vec<&str> = row.keys().map(String::as_str).collect();
    output
        .error(&format!("there is no `.{unknown}` here"), Some(&format!("names here: {}", names.join(", "))));
    Err(Exit::Usage)
}

fn json(rows: &[Row], shape: JsonShape) -> String {
    match shape {
        JsonShape::Lines => rows.iter().map(|row| format!("{}\n", Json::Object(row.clone()))).collect(),
        JsonShape::Array => {
            format!("{}\n", Json::Array(rows.iter().cloned().map(Json::Object).collect()))
        }
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
    use crate::cli::global::Global;

    fn rows() -> Vec<Row> {
        let rows = [
            json!({ "Name": "web", "Ports": "80/tcp", "Number": 1 }),
            json!({ "Name": "db", "Ports": "", "Number": 12 }),
        ];
        rows.into_iter().map(|row| row.as_object().cloned().expect("an object")).collect()
    }

    fn written(format: &str, shape: JsonShape) -> Result<String, Exit> {
        let format: ListFormat = format.parse().expect("a format");
        let columns =
            [Column::name("NAME", "Name"), Column::words("#", "Number"), Column::words("PORTS", "Ports")];
        text(&rows(), &columns, &format, shape, &Global::default().output())
    }

    #[test]
    fn a_list_is_a_table_lines_or_json() {
        assert_eq!(
            written("table", JsonShape::Lines).as_deref(),
            Ok("NAME   #    PORTS\nweb    1    80/tcp\ndb     12\n")
        );
        assert_eq!(
            written("{{.Name}} has {{ .Ports }}", JsonShape::Lines).as_deref(),
            Ok("web has 80/tcp\ndb has \n")
        );
        assert_eq!(
            written("table {{.Number}}\\t{{.Name}}", JsonShape::Lines).as_deref(),
            Ok("#    NAME\n1    web\n12   db\n")
        );
        assert_eq!(
            written("{{json .Name}}{{json .Number}}", JsonShape::Lines).as_deref(),
            Ok("\"web\"1\n\"db\"12\n")
        );
        assert_eq!(
            written("json", JsonShape::Array).as_deref(),
            Ok(
                "[{\"Name\":\"web\",\"Number\":1,\"Ports\":\"80/tcp\"},{\"Name\":\"db\",\"Number\":12,\"Ports\":\"\"}]\n"
            )
        );
    }

    #[test]
    fn a_template_that_is_not_understood_is_refused() {
        for text in ["{{upper .Name}}", "{{.Name", "{{range .}}", "{{.}}", "Name"] {
            assert!(text.parse::<ListFormat>().is_err(), "{text}");
        }
        assert_eq!(written("{{.Nmae}}", JsonShape::Lines), Err(Exit::Usage));
    }
}
