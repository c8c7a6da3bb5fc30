//! In: the states of a service's containers. Out: how the service stands, in few words.
//! Must not: ask an engine.

use crate::plan::observed::Status;
use crate::topology::name::ServiceName;

/// How a service stands by the states of its containers: `web runs`; `goal` is what it was to be brought
/// to: `web runs already`.
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
    let words = match status {
        Status::Running => "runs",
        Status::Paused => "is paused",
        Status::Restarting => "is between two runs",
        Status::Removing => "is being removed",
        Status::Dead => "is beyond repair",
        Status::Exited => "is stopped",
        Status::Created => "was never started",
    };
    let already = if goal == Some(status) { " already" } else { "" };
    format!("{service} {words}{already}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_liveliest_container_says_how_a_service_stands() {
        let web = ServiceName::from("web");
        let says = |states: &[Status], goal| standing(&web, states.iter().copied(), goal);
        assert_eq!(says(&[Status::Exited, Status::Running], Some(Status::Running)), "web runs already");
        assert_eq!(says(&[Status::Exited], Some(Status::Exited)), "web is stopped already");
        assert_eq!(says(&[Status::Created, Status::Paused], Some(Status::Exited)), "web is paused");
        assert_eq!(says(&[], Some(Status::Exited)), "web has no container");
    }
}
