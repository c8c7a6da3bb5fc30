//! In: services to bring up, and the number of processors of the engine's machine. Out: an error
//! for more CPU time than exists, and a warning for CPUs that probably do not, before anything is
//! created. Must not: know how a limit is applied.

use super::Context;
use crate::diagnostic::{Diagnostics, code};
use crate::source::{Span, Spanned};
use crate::topology::name::ServiceName;
use crate::topology::{Service, Topology};

/// Whether a service has limits that depend on the machine.
pub(super) fn are_limited(service: &Service) -> bool {
    service.cpuset.is_some() || limits(service).next().is_some()
}

/// Reports limits beyond the machine's, if known.
pub(super) fn check<'a>(
    context: Context<'a>,
    services: impl Iterator<Item = (&'a ServiceName, &'a Service)>,
    found: &mut Diagnostics,
) {
    let Some(processors) = context.observed.processors else { return };
    for (name, service) in services {
        for (limit, at) in limits(service) {
            check_limit(limit, at, processors, found);
        }
        if let Some(cpuset) = &service.cpuset {
            check_set(context.topology, name, cpuset, processors, found);
        }
    }
}

/// Every limit of CPU time, with its place. The engine refuses one above its number of processors,
/// as reported by `GET /info`.
fn limits(service: &Service) -> impl Iterator<Item = (f64, Span)> {
    let resources = service.deploy.as_ref().and_then(|deploy| deploy.resources.as_ref());
    let deployed = resources.and_then(|resources| resources.limits.as_ref()?.cpus.as_ref());
    let deployed = deployed.map(|Spanned { value, span }| (value.0, *span));
    let own = service.cpus.as_ref().map(|Spanned { value, span }| (value.0, *span));
    own.into_iter().chain(deployed)
}

fn check_limit(limit: f64, at: Span, processors: usize, found: &mut Diagnostics) {
    // As precise as the engine's billionths of a CPU.
    if limit * 1e9 <= processors as f64 * 1e9 {
        return;
    }
    found
        .error(code::OUT_OF_RANGE, format!("`cpus` cannot be {limit} on this engine"))
        .label(at, has(processors))
        .help(format!("write `{processors}` or less, or leave it out for no limit"));
}

/// An engine that may use only some of the machine's CPUs reports their number, but not which.
fn check_set(
    topology: &Topology,
    name: &ServiceName,
    cpuset: &str,
    processors: usize,
    found: &mut Diagnostics,
) {
    let numbers = cpuset.split([',', '-']).filter_map(|number| number.parse::<usize>().ok());
    let Some(highest) = numbers.max().filter(|highest| *highest >= processors) else { return };
    found
        .warning(code::OUT_OF_RANGE, format!("this engine probably has no processor {highest}"))
        .label(topology.place_of(&["services", name.as_str(), "cpuset"]), has(processors))
        .help(match processors {
            1 => "write `\"0\"`, or leave it out for any".to_owned(),
            _ => format!("processors are counted from 0: write `0-{}` or less", processors - 1),
        });
}

fn has(processors: usize) -> String {
    match processors {
        1 => "its machine has one processor".to_owned(),
        _ => format!("its machine has {processors} processors"),
    }
}
