//! In: the states of a service's containers. Out: the service's state, in a few words.
//! Must not: ask an engine.

use crate::plan::observed::Status;
use crate::topology::name::ServiceName;

/// The state of a service by those of its containers: `web is running`; if it is the `goal`: `web
/// is already running`.
pub fn standing(
    service: &ServiceName,
    containers: impl IntoIterator<Item = Status>,
    goal: Option<Status>,
) -> String {
    const LIVELIEST_FIRST: [Status; 7] = [
        Status::Running,
        Status::Paused,
        Status::Restarting,
        Status::Removing,
        Status::Dead,
        Status::Exited,
        Status::Created,
    ];
    let rank = |status: &Status| LIVELIEST_FIRST.iter().position(|other| other == status);
    let Some(status) = containers.into_iter().min_by_key(rank) else {
        return format!("{service} has no container");
    };
    let state = match status {
        Status::Running => "running",
        Status::Paused => "paused",
        Status::Restarting => "restarting",
        Status::Removing => "being removed",
        Status::Dead => "dead",
        Status::Exited => "stopped",
        Status::Created => return format!("{service} was never started"),
    };
    let already = if goal == Some(status) { "already " } else { "" };
    format!("{service} is {already}{state}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_active_container_decides_the_state_of_a_service() {
        let web = ServiceName::from("web");
        let says = |states: &[Status], goal| standing(&web, states.iter().copied(), goal);
        assert_eq!(says(&[Status::Exited, Status::Running], Some(Status::Running)), "web is already running");
        assert_eq!(says(&[Status::Exited], Some(Status::Exited)), "web is already stopped");
        assert_eq!(says(&[Status::Created, Status::Paused], Some(Status::Exited)), "web is paused");
        assert_eq!(says(&[], Some(Status::Exited)), "web has no container");
    }
}
