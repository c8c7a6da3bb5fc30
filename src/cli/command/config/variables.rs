//! `config --variables`: what a topology can be told from outside, before anything is filled in.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use super::{ConfigFormat, written};
use crate::cli::error::CliError;
use crate::cli::io::output::Output;
use crate::cli::topology::load::Read;
use crate::document::{Node, Value};
use crate::source::{TemplateVariable, template_variables};

/// The table, or the same as data.
pub(super) fn text(read: &Read, format: Option<ConfigFormat>, output: &Output) -> Result<String, CliError> {
    output.checked(&read.sources, &read.found)?;
    let mut variables = BTreeMap::new();
    collect(&read.document.root, &mut variables);
    Ok(match format {
        None => table(variables.values()),
        // The keys of each form are those that Docker Compose writes.
        Some(ConfigFormat::Json) => {
            data(&variables, ["Name", "Required", "DefaultValue", "PresenceValue"], ConfigFormat::Json)
        }
        Some(ConfigFormat::Yaml) => {
            data(&variables, ["name", "required", "defaultvalue", "presencevalue"], ConfigFormat::Yaml)
        }
    })
}

// The reader bounds how deep a tree is, so this may recurse.
fn collect(node: &Node, variables: &mut BTreeMap<String, TemplateVariable>) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(scalar) => {
            for used in template_variables(&scalar.text) {
                add(used, variables);
            }
        }
        Value::List(elements) => elements.iter().for_each(|element| collect(element, variables)),
        Value::Map(map) => map.entries.iter().for_each(|(_, child)| collect(child, variables)),
    }
}

/// A variable that is used in several places is listed once: it is required if one of them needs it,
/// and the first default counts.
fn add(used: TemplateVariable, variables: &mut BTreeMap<String, TemplateVariable>) {
    let Some(known) = variables.get_mut(&used.name) else {
        variables.insert(used.name.clone(), used);
        return;
    };
    let TemplateVariable { name: _, default, alternative, is_required, is_for_empty: _ } = used;
    known.default = known.default.take().or(default);
    known.alternative = known.alternative.take().or(alternative);
    known.is_required |= is_required;
}

fn table<'a>(variables: impl Iterator<Item = &'a TemplateVariable>) -> String {
    let mut rows = vec![["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"].map(str::to_owned)];
    rows.extend(variables.map(|variable| {
        let TemplateVariable { name, default, alternative, is_required, is_for_empty: _ } = variable;
        let shown = |text: &Option<String>| text.clone().unwrap_or_default();
        [name.clone(), is_required.to_string(), shown(default), shown(alternative)]
    }));
    // The widths that Docker Compose takes.
    let width = |column: usize| {
        let longest = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        20.max(longest + 3)
    };
    let [first, second, third] = [width(0), width(1), width(2)];
    let mut text = String::new();
    for [name, required, default, alternative] in &rows {
        let row = format!("{name:first$}{required:second$}{default:third$}{alternative}");
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

fn data(variables: &BTreeMap<String, TemplateVariable>, keys: [&str; 4], format: ConfigFormat) -> String {
    let entry = |variable: &TemplateVariable| {
        let TemplateVariable { name, default, alternative, is_required, is_for_empty: _ } = variable;
        let shown = |text: &Option<String>| text.clone().unwrap_or_default();
        json!({ keys[0]: name, keys[1]: is_required, keys[2]: shown(default), keys[3]: shown(alternative) })
    };
    let all = variables.iter().map(|(name, variable)| (name.clone(), entry(variable)));
    written(&all.collect(), Some(format))
}
