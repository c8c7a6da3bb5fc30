//! One pass: what is done about files that changed together. What fails is told, the rest is done.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::Watching;
use crate::cli::engine::control::standings;
use crate::cli::engine::creation::plan_up_in_turn;
use crate::cli::engine::preflight::PreflightOptions;
use crate::cli::error::CliError;
use crate::engine::sync::{SyncEntry, Synced, bring_up_to_date};
use crate::engine::{EngineError, Target};
use crate::plan::observed::{ObservedContainer, Status};
use crate::plan::{self, Action, BuildChoice, Plan, RestartChoices, Scope, StepId, UpChoices};
use crate::report::{Goal, ScopedGoal};
use crate::run::develop::Pass;
use crate::run::{End, Outcome};
use crate::topology::name::{ContainerName, ImageId, ServiceName};
use crate::topology::service::Hook;
use crate::value::image::ImageReference;

impl<E: Target> Watching<'_, E> {
    /// Does what a pass asks for: images first, since files go into the containers made of them. When it is told
    /// to end, nothing new begins.
    pub(super) async fn carry_out(&self, pass: Pass, end: &CancellationToken) {
        let Pass { rebuilds, syncs, restarts, commands } = pass;
        if !rebuilds.is_empty() && end.run_until_cancelled(self.session.turn.take()).await.is_some() {
            self.rebuild(&rebuilds, end).await;
            self.session.turn.end();
        }
        for (service, twins) in &syncs {
            let twins: Vec<SyncEntry> = twins.iter().cloned().collect();
            end.run_until_cancelled(self.sync(service, &twins)).await;
        }
        // One that was made anew need not be started anew.
        let restarts: Vec<ServiceName> = restarts.difference(&rebuilds).cloned().collect();
        if !restarts.is_empty() && end.run_until_cancelled(self.session.turn.take()).await.is_some() {
            self.restart(restarts, end).await;
            self.session.turn.end();
        }
        for (service, hook) in &commands {
            end.run_until_cancelled(self.command(service, hook)).await;
        }
    }

    async fn rebuild(&self, services: &BTreeSet<ServiceName>, end: &CancellationToken) {
        let names: Vec<&str> = services.iter().map(ServiceName::as_str).collect();
        self.remark(&format!("rebuilding {}", names.join(", ")));
        let Some(former) = end.run_until_cancelled(self.images(services)).await else { return };
        let choices = UpChoices {
            services: services.iter().cloned().collect(),
            without_dependencies: true,
            restarts_dependants: true,
            keeps_numbers: true,
            build: BuildChoice::Always,
            ..UpChoices::default()
        };
        let (engine, turn, global) = (self.session.engine, &self.session.turn, self.session.global);
        let preflight = PreflightOptions::SKIPPED;
        let planning =
            plan_up_in_turn(engine, turn, self.sources, self.topology, &choices, preflight, global);
        // What stands in the way is said where it is found.
        let Some(Ok(plan)) = end.run_until_cancelled(planning).await else { return };
        let drain_logs = async |_: &Plan, _: &Outcome| {};
        let again = async |seen: &_| self.session.plan_up_again(self.topology, &choices, seen).await;
        let converging = self.session.converge_amid(&plan, Goal::WATCH, "watch", end, drain_logs, again);
        let (plan, outcome) = converging.await;
        self.tell_what_is_stopped(&plan, &outcome);
        if outcome.is_success() && self.prunes {
            self.prune(former).await;
        }
    }

    /// The images that the containers of services are made of.
    async fn images(&self, services: &BTreeSet<ServiceName>) -> BTreeSet<ImageId> {
        let observed = self.session.engine.observe(&plan::query(self.topology)).await;
        let containers = observed.map(|observed| observed.containers).unwrap_or_default();
        let is_meant = |container: &ObservedContainer| services.contains(&container.service);
        containers.into_iter().filter(is_meant).map(|container| container.image).collect()
    }

    /// Removes images that have no name any more.
    async fn prune(&self, former: BTreeSet<ImageId>) {
        for image in former {
            if self.session.engine.has_names(&image).await != Ok(false) {
                continue;
            }
            let image = ImageReference::new(image.as_str().to_owned());
            // Another container may be made of it still; then it stays.
            let _ = self.session.engine.perform(&Action::RemoveImage { image }, &|_| {}).await;
        }
    }

    async fn sync(&self, service: &ServiceName, twins: &[SyncEntry]) {
        for container in self.running(service).await {
            match bring_up_to_date(self.session.engine, &container, twins).await {
                Ok(done) => self.remark(&brought_up_to_date(done, &container)),
                Err(error) => self.fail_at(&format!("{container} is not up to date"), &error),
            }
        }
    }

    async fn restart(&self, services: Vec<ServiceName>, end: &CancellationToken) {
        let query = plan::query(self.topology);
        let observing = self.session.engine.observe(&query);
        let Some(Ok(observed)) = end.run_until_cancelled(observing).await else { return };
        let scope = Scope {
            project: &self.topology.name,
            topology: Some(self.topology),
            observed: &observed,
            services: &services,
            excluded: &[],
        };
        let plan = plan::restart(scope, &RestartChoices::default());
        let idle = Some(standings(scope, &services, None));
        let scoped_goal = ScopedGoal { services: services.clone(), idle, ..Goal::RESTART.into() };
        let outcome = self.session.carry_out_until(&plan, scoped_goal, "watch", end).await;
        self.tell_what_is_stopped(&plan, &outcome);
    }

    /// Names the services that an interrupted run has taken down and could not bring back, and what does.
    fn tell_what_is_stopped(&self, plan: &Plan, outcome: &Outcome) {
        let stopped = stopped_by(plan, outcome);
        if outcome.is_cancelled && !stopped.is_empty() {
            let names: Vec<&str> = stopped.iter().map(|service| service.as_str()).collect();
            let start = self.session.global.command("start");
            let (listed, typed) = (names.join(", "), names.join(" "));
            self.remark(&format!("interrupted while {listed} was down: `{start} {typed}` starts it"));
        }
    }

    async fn command(&self, service: &ServiceName, hook: &Hook) {
        for container in self.running(service).await {
            let said = |line: String| self.remark(&format!("{container}: {line}"));
            match self.session.engine.run_hook(&container, hook, &said).await {
                Ok(()) => self.remark(&format!("the command was run in {container}")),
                Err(error) => self.fail_at(&format!("the command failed in {container}"), &error),
            }
        }
    }

    /// The containers of a service that run; that there are none is said.
    async fn running(&self, service: &ServiceName) -> Vec<ContainerName> {
        let found = self.session.engine.containers_of(&self.topology.name, service).await;
        let found = found.unwrap_or_else(|error| {
            self.fail_at(&format!("the containers of {service} cannot be listed"), &error);
            Vec::new()
        });
        let runs = |container: &ObservedContainer| {
            container.state.status == Status::Running && !container.is_one_off
        };
        let names: Vec<ContainerName> =
            found.into_iter().filter(runs).map(|container| container.name).collect();
        if names.is_empty() {
            self.remark(&format!("no container of {service} is running: its files are not synced"));
        }
        names
    }

    fn fail_at(&self, what: &str, error: &EngineError) {
        let help = error.hint().map(|help| self.session.global.commands().filled_in(&help));
        self.fail(&CliError::failed(format!("{what}: {error}")).perhaps_help(help));
    }
}

/// The services of the containers that a run has stopped, was to start again, and did not.
fn stopped_by<'plan>(plan: &'plan Plan, outcome: &Outcome) -> BTreeSet<&'plan ServiceName> {
    let is_done = |step: StepId| outcome.steps[step.index()].end == End::Done;
    let is_left = |step: &StepId| {
        let back = plan.steps[*step].undo.filter(|back| !is_done(*back));
        back.is_some() && is_done(*step)
    };
    let left = plan.steps.ids().filter(is_left);
    left.filter_map(|step| plan.steps[step].service.as_ref()).collect()
}

/// `2 files synced to shop-web-1, 1 file removed there`
fn brought_up_to_date(done: Synced, container: &ContainerName) -> String {
    let files = |count| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    match (files(done.synced), files(done.removed)) {
        (synced, _) if done.removed == 0 => format!("{synced} synced to {container}"),
        (_, removed) if done.synced == 0 => format!("{removed} removed in {container}"),
        (synced, removed) => format!("{synced} synced to {container}, {removed} removed there"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_not_told_as_synced() {
        let told = |synced, removed| brought_up_to_date(Synced { synced, removed }, &"shop-web-1".into());
        assert_eq!(told(2, 0), "2 files synced to shop-web-1");
        assert_eq!(told(0, 1), "1 file removed in shop-web-1");
        assert_eq!(told(1, 3), "1 file synced to shop-web-1, 3 files removed there");
    }
}
