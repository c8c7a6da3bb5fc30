//! In: diagnostics of a topology that could not be read completely. Out: those that are certain.
//! Must not: drop diagnostics that depend only on what was read.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, WrongType, code};
use crate::document::Unparsed;
use crate::topology::Topology;

/// Diagnostics that the extended service may resolve.
const RIGHT_BY_BASE: &[Code] = &[code::NO_IMAGE_OR_BUILD, code::NO_HEALTHCHECK];

/// Required attributes that the extended service may add to a mapping.
const FROM_BASE: &[&str] = &["condition", "type"];

/// Diagnostics that attributes in unreadable lines may resolve, with these attributes.
const RIGHT_BY_LINES: &[(Code, &[&str])] = &[
    (code::BAD_ADDRESS, &["config", "external", "gateway", "ip_range", "ipam", "profiles", "subnet"]),
    (code::CONFLICT, &["build", "deploy", "limits", "mem_limit", "memory", "platforms", "resources"]),
    (code::MISSING_ATTRIBUTE, &["capabilities", "content", "environment", "external", "file", "target"]),
    (code::MISSING_SOURCE, &["build", "context", "create_host_path", "dockerfile", "dockerfile_inline"]),
    (code::NAME_CLASH, &["container_name", "profiles"]),
    (code::NEVER_READY, &["deploy", "restart", "restart_policy"]),
    (code::NO_HEALTHCHECK, &["extends", "healthcheck", "test"]),
    (code::NO_IMAGE_OR_BUILD, &["build", "extends", "image", "provider"]),
    (code::PORT_CLASH, &["condition", "depends_on", "host_ip", "profiles", "protocol"]),
];

impl Topology {
    /// Runs a check and keeps the diagnostics that are certain.
    pub fn keep_certain(&self, found: &mut Diagnostics, check: impl FnOnce(&mut Diagnostics)) {
        if self.unparsed.is_none() {
            return check(found);
        }
        let mut checked = Diagnostics::default();
        check(&mut checked);
        checked.retain(|diagnostic| is_certain(diagnostic, &self.unparsed));
        found.append(checked);
    }

    /// Whether the unreadable part may define something of this name.
    pub fn may_define(&self, name: &str) -> bool {
        self.unparsed.may_define(name)
    }
}

/// Drops reports of something missing that may be in the unreadable part.
pub(super) fn forget_missing(unparsed: &Unparsed, found: &mut Diagnostics) {
    if unparsed.is_none() {
        return;
    }
    found.retain(|diagnostic| {
        // The YAML reader may have lost a value there.
        let has_lost_value =
            (unparsed.lines || unparsed.rest) && diagnostic.wrong_type == Some(WrongType::Empty);
        let is_of_lost_value = diagnostic.span().is_some_and(|span| unparsed.aliases.contains(&span));
        !has_lost_value && !is_of_lost_value && is_certain(diagnostic, unparsed)
    });
}

fn is_certain(diagnostic: &Diagnostic, unparsed: &Unparsed) -> bool {
    let code = diagnostic.code.kind();
    let subject = diagnostic.subject.as_deref();
    let is_lost = subject.is_some_and(|subject| unparsed.lost.contains(subject));
    if code == code::MISSING_ATTRIBUTE {
        let may_be_inherited = (unparsed.bases || !unparsed.without_base.is_empty())
            && subject.is_some_and(|subject| FROM_BASE.contains(&subject));
        if unparsed.rest || may_be_inherited || is_lost {
            return false;
        }
    }
    if RIGHT_BY_BASE.contains(&code) && subject.is_none_or(|service| unparsed.may_inherit(service)) {
        return false;
    }
    if code == code::NO_IMAGE_OR_BUILD && is_lost {
        return false;
    }
    let lines = RIGHT_BY_LINES.iter().find(|(known, _)| *known == code);
    !lines.is_some_and(|(_, keys)| keys.iter().any(|key| unparsed.lost.contains(*key)))
}
