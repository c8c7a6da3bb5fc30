//! Conditions of dependencies must be satisfiable.

use std::sync::Arc;

use crate::diagnostic::{Diagnostics, Severity, code};
use crate::lint::rule::{Group, Rule};
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::attribute::Named;
use crate::topology::name::ServiceName;
use crate::topology::service::{DependencyCondition, RestartPolicy, Service};

pub(super) const RULE: Rule = Rule {
    codes: &[(code::NO_HEALTHCHECK, Severity::Error), (code::NEVER_READY, Severity::Warning)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports dependencies that wait for a missing health check, or for the completion of a service
/// that never ends.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in &topology.services {
        for (needed, dependency) in &service.depends_on.0 {
            let Some(other) = topology.services.get(needed) else { continue };
            let condition =
                topology.node_at(&["services", name.as_str(), "depends_on", needed.as_str(), "condition"]);
            let wait = Wait { name, needed, at: condition.map_or(dependency.key, |node| node.span) };
            match dependency.condition {
                DependencyCondition::Healthy => wait.check_healthy(topology, other, found),
                DependencyCondition::Completed => wait.check_completed(other, found),
                DependencyCondition::Started => {}
            }
        }
    }
}

/// One service waits for another.
struct Wait<'a> {
    name: &'a ServiceName,
    needed: &'a ServiceName,
    at: Span,
}

impl Wait<'_> {
    fn check_healthy(&self, topology: &Topology, other: &Named<Arc<Service>>, found: &mut Diagnostics) {
        let Wait { name, needed, at } = *self;
        if other.provider.is_some() {
            return;
        }
        if let Some(healthcheck) = other.healthcheck.as_ref().filter(|healthcheck| healthcheck.is_disabled())
        {
            found
                .error(code::NO_HEALTHCHECK, format!("`{needed}` is never healthy: its health check is off"))
                .about(needed.as_str())
                .label(at, format!("`{name}` waits for it to be healthy"))
                .label(healthcheck.span, "switched off here")
                .help("switch it on, or wait for `service_started`");
            return;
        }
        // Without a test, it changes the parameters of the image's own health check.
        let is_written = topology.node_at(&["services", needed.as_str(), "healthcheck"]).is_some();
        let inline = other.build.as_ref().and_then(|build| build.dockerfile_inline.as_ref());
        if is_written || inline.is_some_and(|text| text.to_ascii_uppercase().contains("HEALTHCHECK")) {
            return;
        }
        found
            .warning(code::NO_HEALTHCHECK, format!("`{needed}` has no `healthcheck`"))
            .about(needed.as_str())
            .label(at, format!("`{name}` waits for it to be healthy"))
            .label(other.key, "never healthy, unless its image has a health check of its own")
            .help(format!("add a `healthcheck` to `{needed}`, or wait for `service_started`"));
    }

    fn check_completed(&self, other: &Service, found: &mut Diagnostics) {
        let Wait { name, needed, at } = *self;
        let Some(restart) = &other.restart else { return };
        if matches!(restart.value, RestartPolicy::Always | RestartPolicy::UnlessStopped) {
            found
                .warning(code::NEVER_READY, format!("`{needed}` is restarted each time it completes"))
                .label(
                    at,
                    format!(
                        "`{name}` starts once it has completed for the first time; Docker Compose waits \
                         forever"
                    ),
                )
                .label(restart.span, "restarted whenever it exits")
                .help("write `restart: on-failure`, or leave `restart` out")
                .replace(restart.span, restart.value.word(), "on-failure")
                .only_a_guess();
        }
    }
}
