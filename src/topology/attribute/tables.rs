//! Tables of other stages name attributes by their paths: they hold what the lines of `record!` ask for, and
//! nothing that is no attribute.

use crate::document::merge::{RULES, Rule};
use crate::document::pattern::matches;
use crate::document::unique::UNIQUE;
use crate::document::unset::UNSET_WHEN_EMPTY;
use crate::topology::Sections;
use crate::topology::attribute::{Field, Shape};
use crate::topology::uninterpolated::{FILLED_IN_BESIDE, LONG, ONE_BY_ONE, WHOLE};

/// Every attribute outside of lists by its path, in which `*` stands for a name.
fn attributes() -> Vec<(Vec<String>, Field)> {
    let mut all = Vec::new();
    walk(&[], Sections::FIELDS, &mut all);
    all
}

fn walk(above: &[String], fields: &[Field], all: &mut Vec<(Vec<String>, Field)>) {
    for field in fields {
        let path = [above, &[field.key.to_owned()]].concat();
        all.push((path.clone(), *field));
        let names = if field.shape == Shape::Record { Vec::new() } else { vec!["*".to_owned()] };
        walk(&[path, names].concat(), field.keys, all);
    }
}

#[test]
fn what_is_written_in_several_ways_is_merged_by_its_own_rule() {
    let mut wrong = Vec::new();
    for (path, field) in attributes() {
        let wanted = match field.shape {
            Shape::Pairs => Rule::Pairs,
            Shape::Hosts => Rule::Addresses,
            Shape::Names => Rule::Names,
            Shape::Dependencies => Rule::Dependencies,
            _ => continue,
        };
        let rule = RULES.iter().find(|(pattern, _)| matches(pattern, &path)).map(|(_, rule)| *rule);
        if rule != Some(wanted) {
            wrong.push(format!("`{}` is to be merged by {wanted:?}, not {rule:?}", path.join(".")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_path_of_a_table_leads_to_an_attribute() {
    let attributes = attributes();
    let tables = [
        RULES.iter().map(|(pattern, _)| *pattern).collect::<Vec<_>>(),
        UNIQUE.iter().map(|(pattern, _)| *pattern).collect(),
        UNSET_WHEN_EMPTY.to_vec(),
        WHOLE.to_vec(),
        ONE_BY_ONE.to_vec(),
        LONG.to_vec(),
        FILLED_IN_BESIDE.iter().map(|(pattern, _)| *pattern).collect(),
    ];
    let mut wrong = Vec::new();
    for pattern in tables.concat() {
        // Elements of lists and entries of mappings with any key have no attributes that are walked.
        let list = pattern.split(".[]").next().unwrap_or_default();
        let known = list.trim_end_matches(".*").trim_end_matches(".device");
        if !attributes.iter().any(|(path, _)| matches(known, path)) {
            wrong.push(pattern);
        }
    }
    assert!(wrong.is_empty(), "no attributes: {wrong:?}");
}
