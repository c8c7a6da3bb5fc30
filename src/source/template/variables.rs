//! The variables that a text uses, whether they are set or not.

use super::{DEPTH_LIMIT, Use, closing_brace, is_name_start, name_at, operator_at};

/// One use of a variable: `${NAME:-default}`, `${NAME:+alternative}`, `${NAME:?}`...
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateVariable {
    /// The variable.
    pub name: String,
    /// The default for when it is not set.
    pub default: Option<String>,
    /// The value used instead when it is set.
    pub alternative: Option<String>,
    /// Whether it must be set.
    pub is_required: bool,
    /// Whether an empty value counts as unset: a `:` before the operator.
    pub is_for_empty: bool,
}

/// Every use of a variable in a text, nested ones after those around them. Unreadable expressions
/// are left out.
pub fn variables(text: &str) -> Vec<TemplateVariable> {
    let mut all = Vec::new();
    collect(text, 0, &mut all);
    all
}

fn collect(text: &str, depth: usize, all: &mut Vec<TemplateVariable>) {
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        rest = &rest[dollar + 1..];
        match rest.bytes().next() {
            Some(b'$') => rest = &rest[1..],
            Some(b'{') => {
                let Some(close) = closing_brace(rest) else { return };
                collect_braced(&rest[1..close], depth, all);
                rest = &rest[close + 1..];
            }
            Some(byte) if is_name_start(byte) => {
                let name = name_at(rest);
                all.push(TemplateVariable::named(name));
                rest = &rest[name.len()..];
            }
            _ => {}
        }
    }
}

/// `inner` is the text between the braces.
fn collect_braced(inner: &str, depth: usize, all: &mut Vec<TemplateVariable>) {
    let name = name_at(inner);
    let Some((how, operator)) = operator_at(&inner[name.len()..]).filter(|_| !name.is_empty()) else {
        return;
    };
    let word = &inner[name.len() + operator..];
    let mut variable = TemplateVariable::named(name);
    match how {
        Use::Plain => {}
        Use::Default { when_empty } => {
            variable.is_for_empty = when_empty;
            variable.default = Some(word.to_owned());
        }
        Use::Alternative { when_empty } => {
            variable.is_for_empty = when_empty;
            variable.alternative = Some(word.to_owned());
        }
        Use::Required { when_empty } => {
            variable.is_for_empty = when_empty;
            variable.is_required = true;
        }
    }
    all.push(variable);
    if depth < DEPTH_LIMIT {
        collect(word, depth + 1, all);
    }
}

impl TemplateVariable {
    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            default: None,
            alternative: None,
            is_required: false,
            is_for_empty: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_is_listed_with_its_default() {
        let shown = |text: &str| {
            let line = |variable: TemplateVariable| {
                let TemplateVariable { name, default, alternative, is_required, .. } = variable;
                let default = default.map(|default| format!(" else {default}")).unwrap_or_default();
                let alternative = alternative.map(|other| format!(" then {other}")).unwrap_or_default();
                format!("{name}{default}{alternative}{}", if is_required { "!" } else { "" })
            };
            variables(text).into_iter().map(line).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(shown("$A b ${C} $$D ${E-}"), "A, C, E else ");
        assert_eq!(
            shown("${TAG:-1.${MINOR:-${DEEP}}}"),
            "TAG else 1.${MINOR:-${DEEP}}, MINOR else ${DEEP}, DEEP"
        );
        assert_eq!(shown("${A:?say $B}${C+yes}"), "A!, B, C then yes");
        assert_eq!(shown("${1} ${A.b} $ ${open"), "");
    }
}
