//! What the events of a container make of its state.

use std::time::Duration;

use topo::engine::What;
use topo::plan::observed::{ContainerState, Health, Status};

use super::{Behaviour, Happening, UNPAUSED, YEAR_2026};

/// A container's state while its events are replayed.
#[derive(Default)]
pub(super) struct Life {
    pub(super) state: Option<ContainerState>,
    deaths: usize,
}

impl Life {
    pub(super) fn goes_on(&mut self, behaviour: &Behaviour, what: &Happening, at: Duration) {
        match what {
            Happening::Changed(What::Created) => *self = Self::begin(behaviour),
            Happening::Changed(What::Other(word)) if word == UNPAUSED => {}
            Happening::Changed(What::Removed | What::Other(_)) => self.state = None,
            _ => {}
        }
        let Some(state) = &mut self.state else { return };
        match what {
            Happening::Changed(What::Started) => {
                let is_by_hand = state.status != Status::Restarting;
                state.begun = is_by_hand.then(|| (YEAR_2026 + at.as_secs_f64()).to_string());
                state.status = Status::Running;
                state.health = behaviour.has_healthcheck.then_some(Health::Starting);
            }
            Happening::Changed(What::Died { exit_code }) => {
                self.deaths += 1;
                let is_final = self.deaths > behaviour.restarts;
                state.status = if is_final { Status::Exited } else { Status::Restarting };
                state.restarts += u32::from(!is_final);
                // Like the real engine for a container that is not running.
                state.health = state.health.map(|_| Health::Unhealthy);
                state.exit_code = *exit_code;
            }
            Happening::Changed(What::Paused) => state.status = Status::Paused,
            Happening::Changed(What::Other(word)) if word == UNPAUSED => state.status = Status::Running,
            Happening::Changed(What::Health(health)) => state.health = Some(*health),
            Happening::FoundUnhealthy { output } => {
                state.health = Some(Health::Unhealthy);
                state.health_output = Some(output.clone());
            }
            Happening::Changed(
                What::Created
                | What::Removed
                | What::Renamed
                | What::Signalled { .. }
                | What::HealthChecked
                | What::Other(_),
            )
            | Happening::Printed(_) => {}
        }
    }

    fn begin(behaviour: &Behaviour) -> Self {
        let state = ContainerState {
            status: Status::Created,
            health: None,
            exit_code: 0,
            restarts_after_success: behaviour.restarts_after_success,
            health_output: None,
            failed_check: None,
            restarts: behaviour.former_restarts,
            is_just_started: false,
            begun: None,
            started: None,
        };
        Self { state: Some(state), deaths: 0 }
    }
}
