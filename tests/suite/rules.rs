//! The registry of rules, held against what they report.

use topo::diagnostic::Diagnostics;
use topo::lint;

use crate::golden::tests_directory;
use crate::loading::{Request, load};

/// A code is looked up to find the rule, and switched off to switch it off: it has to be that rule's own.
#[test]
fn a_rule_reports_its_own_codes_alone() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for case in std::fs::read_dir(tests_directory().join("diagnostics")).expect("cases").flatten() {
        let loaded = load(&Request::for_case(&case.path()));
        let Some(topology) = &loaded.resolved else { continue };
        for (index, rule) in lint::rules().enumerate() {
            let mut found = Diagnostics::default();
            (rule.check)(topology, &mut found);
            for found in found.sorted() {
                seen += 1;
                if !rule.codes.iter().any(|(code, _)| *code == found.code) {
                    wrong.push(format!("{}: rule {index} reports {}", case.path().display(), found.code));
                }
            }
        }
    }
    assert!(seen > 300, "only {seen} diagnostics were seen");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
