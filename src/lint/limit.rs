//! Limits on memory and CPU time must be consistent, as the engine checks them.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::source::Spanned;
use crate::topology::Topology;
use crate::topology::service::Service;
use crate::topology::value::{ByteSize, SwapLimit};

/// The engine's minimum memory limit: 6 MiB.
const LEAST_MEMORY: i64 = 6 * 1024 * 1024;

const MEMORY_LIMIT_TOO_LOW: Code =
    code!("memory-limit-too-low", OUT_OF_RANGE, "A memory limit is lower than the engine allows.");
const CONFLICTING_MEMORY_LIMITS: Code =
    code!("conflicting-memory-limits", CONFLICT, "The memory limits of a service contradict each other.");
const CONFLICTING_CPU_LIMITS: Code =
    code!("conflicting-cpu-limits", CONFLICT, "The processor limits of a service contradict each other.");

pub(super) const RULE: Rule = Rule {
    codes: &[
        (MEMORY_LIMIT_TOO_LOW, Severity::Error),
        (CONFLICTING_MEMORY_LIMITS, Severity::Error),
        (CONFLICTING_CPU_LIMITS, Severity::Error),
    ],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Reports limits that the engine refuses.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (_, service) in services(topology) {
        let memory = Memory::from_service(service);
        memory.check_least(found);
        memory.check_reservation(found);
        memory.check_swap(found);
        check_processor(service, found);
        check_real_time(service, found);
    }
}

/// A service's memory limits, wherever they are set; 0 is no limit, and for swap -1 as well.
struct Memory<'a> {
    limit: Option<&'a Spanned<ByteSize>>,
    reservation: Option<&'a Spanned<ByteSize>>,
    swap: Option<&'a Spanned<SwapLimit>>,
}

impl<'a> Memory<'a> {
    fn from_service(service: &'a Service) -> Self {
        let resources = service.deploy.as_ref().and_then(|deploy| deploy.resources.as_ref());
        let limits = resources.and_then(|resources| resources.limits.as_ref());
        let reservations = resources.and_then(|resources| resources.reservations.as_ref());
        let deployed = limits.and_then(|limits| limits.memory.as_ref());
        let reserved = reservations.and_then(|reservations| reservations.memory.as_ref());
        let set = |size: Option<&'a Spanned<ByteSize>>| size.filter(|size| size.value.0 > 0);
        Self {
            limit: set(service.mem_limit.as_ref().or(deployed)),
            reservation: set(service.mem_reservation.as_ref().or(reserved)),
            swap: service.memswap_limit.as_ref().filter(|limit| limit.value.0 > 0),
        }
    }

    fn check_least(&self, found: &mut Diagnostics) {
        for size in [self.limit, self.reservation].into_iter().flatten() {
            if size.value.0 < LEAST_MEMORY {
                found
                    .error(MEMORY_LIMIT_TOO_LOW, "the engine limits memory to no less than 6 MiB")
                    .label(size.span, format!("{} bytes", size.value.0))
                    .help("write `6m` or more; `m` is for MiB, a number alone counts bytes");
            }
        }
    }

    fn check_reservation(&self, found: &mut Diagnostics) {
        let (Some(limit), Some(reservation)) = (self.limit, self.reservation) else { return };
        if limit.value < reservation.value {
            found
                .error(CONFLICTING_MEMORY_LIMITS, "more memory is reserved than the container may use")
                .label(reservation.span, "reserved")
                .label(limit.span, "the limit")
                .help("raise the limit, or reserve less");
        }
    }

    /// The swap limit includes memory.
    fn check_swap(&self, found: &mut Diagnostics) {
        let Some(swap) = self.swap else { return };
        let Some(limit) = self.limit else {
            found
                .error(CONFLICTING_MEMORY_LIMITS, "`memswap_limit` needs a memory limit")
                .label(swap.span, "memory and swap together")
                .help("add `mem_limit`");
            return;
        };
        if swap.value.0 < limit.value.0 {
            found
                .error(CONFLICTING_MEMORY_LIMITS, "`memswap_limit` is below the memory limit")
                .label(swap.span, "memory and swap together")
                .label(limit.span, "memory alone")
                .help("make it at least as large as the memory limit: the rest of it is swap");
        }
    }
}

/// A number of CPUs is another form of a quota and a period.
fn check_processor(service: &Service, found: &mut Diagnostics) {
    let Some(cpus) = &service.cpus else { return };
    for (name, is_set) in
        [("cpu_quota", service.cpu_quota.is_some()), ("cpu_period", service.cpu_period.is_some())]
    {
        if is_set {
            found
                .error(CONFLICTING_CPU_LIMITS, format!("`cpus` and `{name}` cannot both be set"))
                .label(cpus.span, format!("`cpus` sets `{name}` already"))
                .help(format!("keep `cpus`, and remove `{name}`"));
        }
    }
}

/// The engine compares the two only if both are set.
fn check_real_time(service: &Service, found: &mut Diagnostics) {
    let (Some(runtime), Some(period)) = (&service.cpu_rt_runtime, &service.cpu_rt_period) else { return };
    if period.value.0 > 0 && runtime.value.0 > period.value.0 {
        found
            .error(CONFLICTING_CPU_LIMITS, "`cpu_rt_runtime` is longer than `cpu_rt_period`")
            .label(runtime.span, "time in each period")
            .label(period.span, "the period")
            .help("make it no longer than the period");
    }
}
