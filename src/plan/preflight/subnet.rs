//! Subnets whose addresses are in use.

use super::demand::SubnetDemand;
use super::{Demands, Route, Surroundings, report};
use crate::diagnostic::{Diagnostics, Severity, code};
use crate::plan::observed::TakenSubnet;

/// Reports a subnet that another network of the engine overlaps, or that covers what the machine reaches.
pub(super) fn check(
    demand: &SubnetDemand,
    demands: &Demands<'_>,
    surroundings: &Surroundings,
    found: &mut Diagnostics,
) {
    let SubnetDemand { network, subnet, at } = demand;
    let taken = &demands.observed.subnets;
    let is_taken = |taken: &&TakenSubnet| {
        let is_removed = demands.removed_networks.contains(&taken.network);
        taken.network != *network && !is_removed && taken.subnet.overlaps(*subnet)
    };
    if let Some(TakenSubnet { network: other, subnet: its }) = taken.iter().find(is_taken) {
        let message = format!("the subnet {subnet} is in use");
        let fact = format!("network `{other}` of the engine has {its}");
        report(found, (Severity::Error, code::SUBNET_TAKEN), message, (*at, fact))
            .help(format!("choose another one, or remove that network: `docker network rm {other}`"));
        return;
    }
    // The machine reaches the networks of the engine too.
    let is_of_engine = |route: &Route| taken.iter().any(|taken| route.subnet.is_within(taken.subnet));
    let hides = |route: &&Route| {
        route.subnet.overlaps(*subnet) && !route.subnet.has_all_addresses() && !is_of_engine(route)
    };
    let machine = surroundings.machine.iter();
    if let Some(Route { subnet: reached, interface }) =
        machine.flat_map(|machine| &machine.routes).find(hides)
    {
        let message = format!("the subnet {subnet} overlaps with a route of this machine");
        let fact = format!("{reached} is reached through `{interface}`");
        report(found, (Severity::Warning, code::SUBNET_TAKEN), message, (*at, fact))
            .help("choose a subnet that nothing else uses");
    }
}
