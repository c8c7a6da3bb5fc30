//! The shape of a rule: its codes, its group, and the function that checks a topology.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::topology::Topology;

/// A check of the whole topology.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The codes of its diagnostics, each with its most severe level. The page of a code explains
    /// it.
    pub codes: &'static [(Code, Severity)],
    /// What is at stake.
    pub group: Group,
    /// The release of topo that introduced it.
    pub since: &'static str,
    /// Adds diagnostics about violations.
    pub check: fn(&Topology, &mut Diagnostics),
}

/// A code that only this rule reports, refining a broader code; its page is `page/NAME.md`.
macro_rules! code {
    ($name:literal, $kind:ident, $sentence:literal) => {
        $crate::diagnostic::Code::new(&$crate::diagnostic::code::Page {
            name: $name,
            kind: Some($crate::diagnostic::code::$kind),
            sentence: $sentence,
            text: include_str!(concat!("page/", $name, ".md")),
        })
    };
}
pub(super) use code;

/// What is at stake if a rule is violated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The topology does not run, or does not do what it says.
    Correctness,
    /// Docker Compose, a cluster and topo treat it differently.
    Compatibility,
    /// It works only on some machines or with some programs.
    Portability,
    /// It affects what a container is allowed to do.
    Security,
}

impl Group {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Correctness => "correctness",
            Self::Compatibility => "compatibility",
            Self::Portability => "portability",
            Self::Security => "security",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::diagnostic::{Code, Severity};
    use crate::lint::{codes, rules};

    /// The golden texts of all fixtures in `tests/diagnostics`.
    fn fixtures() -> String {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/diagnostics");
        let cases = std::fs::read_dir(directory).expect("the fixtures").flatten();
        cases.filter_map(|case| std::fs::read_to_string(case.path().join("expected.txt")).ok()).collect()
    }

    #[test]
    fn every_code_of_a_rule_has_a_page_and_a_fixture_of_its_level() {
        let fixtures = fixtures();
        for (code, level) in rules().flat_map(|rule| rule.codes) {
            assert!(!code.page().text.trim().is_empty(), "{code} has no page");
            let is_shown = |level: &str| fixtures.contains(&format!("{level}[{code}]"));
            let worst =
                [("error", Severity::Error), ("warning", Severity::Warning), ("note", Severity::Note)]
                    .into_iter()
                    .find_map(|(word, level)| is_shown(word).then_some(level));
            assert_eq!(worst, Some(*level), "the worst that fixtures in tests/diagnostics show of {code}");
        }
    }

    #[test]
    fn no_two_rules_share_a_code() {
        let codes: Vec<Code> = rules().flat_map(|rule| rule.codes).map(|(code, _)| *code).collect();
        for (index, code) in codes.iter().enumerate() {
            assert!(!codes[..index].contains(code), "{code}");
        }
    }

    #[test]
    fn every_name_and_every_page_of_rules_is_used_once() {
        let names: Vec<&str> = codes().map(Code::name).collect();
        let unique: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(names.len(), unique.len());
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lint/page");
        for page in std::fs::read_dir(directory).expect("the directory of pages").flatten() {
            let name = page.path().file_stem().expect("a name").to_string_lossy().into_owned();
            assert!(unique.contains(name.as_str()), "{name}");
            let text = std::fs::read_to_string(page.path()).expect("a page");
            assert!(text.lines().all(|line| line.chars().count() <= 105), "{name}");
        }
    }
}
