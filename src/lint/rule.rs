//! The shape of a rule: its codes, what they are about, and the function that checks a topology.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::topology::Topology;

/// A check of the whole topology.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The codes of its diagnostics, each with the worst level that it is reported at. The page of a code
    /// explains it.
    pub codes: &'static [(Code, Severity)],
    /// What is at stake.
    pub group: Group,
    /// The release of topo that had it first.
    pub since: &'static str,
    /// Adds what is wrong to the diagnostics.
    pub check: fn(&Topology, &mut Diagnostics),
}

/// What is at stake where a rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The topology does not run, or does not do what it says.
    Correctness,
    /// Docker Compose, a cluster and topo read it differently.
    Compatibility,
    /// It runs on some machines, or with some programs, and not on others.
    Portability,
    /// What a container may do.
    Security,
}

impl Group {
    /// The word for it.
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
    use crate::lint::rules;

    /// What is expected of all the fixtures in `tests/diagnostics`.
    fn fixtures() -> String {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/diagnostics");
        let cases = std::fs::read_dir(folder).expect("the fixtures").flatten();
        cases.filter_map(|case| std::fs::read_to_string(case.path().join("expected.txt")).ok()).collect()
    }

    #[test]
    fn every_code_of_a_rule_has_a_page_and_a_fixture() {
        let fixtures = fixtures();
        for (code, _) in rules().flat_map(|rule| rule.codes) {
            assert!(!code.page().text.trim().is_empty(), "{code} has no page");
            assert!(fixtures.contains(&format!("[{code}]")), "no fixture in tests/diagnostics shows {code}");
        }
    }
}
