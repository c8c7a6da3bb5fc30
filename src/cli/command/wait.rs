//! `topo wait`.

use std::future::pending;

use clap::Args;
use tokio::sync::mpsc::unbounded_channel;

use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::session::{self, Session};
use crate::cli::engine::turn::Turn;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::io::output::Output;
use crate::cli::list::absence;
use crate::cli::topology::project::{Project, project};
use crate::cli::topology::services;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::suggest::one_of;
use crate::engine::{Identity, Target};
use crate::plan::{self, DownChoices, Scope};
use crate::report::Goal;
use crate::run::{ContainerEnd, Ends, subscription};
use crate::source::Sources;
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ServiceName};

/// Wait until the containers of services exit.
///
/// The exit code is that of the container that exits first, or of one that has already exited. A container
/// that its restart policy restarts has not exited.
#[derive(Args, Debug)]
#[command(
    override_usage = "topo wait [OPTIONS] [FILE] <SERVICE>...",
    after_help = "Example:\n  topo wait tests --down-project"
)]
pub(crate) struct WaitArgs {
    /// A topology file, and the services to wait for
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Take the project down as soon as the first container exits
    #[arg(long)]
    down_project: bool,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: WaitArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let services = global.take_services(&options.arguments);
    let output = global.output();
    if services.is_empty() {
        return Err(services::none_is_named(global, "wait", "SERVICE"));
    }
    let found = project(global, &services, &output)?;
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let mut session = Session::new(&engine, global, &output);
        session.turn = Turn::of(engine.address(), &found.query.project, global);
        interrupt::listen(session.cancel.clone());
        let first = tokio::select! {
            first = wait(&session, &found, &services, options.down_project, &output) => first?,
            () = session.cancel.cancelled() => return Err(CliError::Interrupted),
        };
        if options.down_project {
            down(&session, &found, &output).await?;
        }
        Ok(Exit::of_container(first.exit_code))
    })
}

/// Waits for all of them, or for the first when the project is then taken down.
async fn wait(
    session: &Session<'_, impl Target>,
    Project { query, topology }: &Project,
    services: &[ServiceName],
    down_project: bool,
    output: &Output,
) -> Result<ContainerEnd, CliError> {
    let observed = session.engine.observe(query).await?;
    let scope = Scope {
        project: &query.project,
        topology: topology.as_ref(),
        observed: &observed,
        services,
        excluded: &[],
    };
    let containers: Vec<ContainerName> = scope.containers().map(|container| container.name.clone()).collect();
    let (sender, heard) = unbounded_channel();
    let hear = |heard| {
        // The receiver lives as long as this future.
        let _ = sender.send(heard);
    };
    let listening = async {
        subscription(session.engine, &query.project, hear).await;
        // Where nothing can be heard, the containers are looked at.
        pending().await
    };
    let waiting = async {
        let mut ends = Ends::new(session.engine, heard, containers);
        let mut first = None;
        while let Some(end) = ends.next().await? {
            output.print(&format!("{} exited with code {}\n", end.container, end.exit_code))?;
            first.get_or_insert(end);
            if down_project {
                break;
            }
        }
        Ok::<_, CliError>(first)
    };
    let first = tokio::select! {
        first = waiting => first,
        never = listening => never,
    };
    first?.ok_or_else(|| nothing_there(session.global, topology.as_ref(), services))
}

fn nothing_there(global: &Global, topology: Option<&Topology>, services: &[ServiceName]) -> CliError {
    let reasons = services.iter().filter_map(|service| absence::of_service(topology?, service, global));
    let reasons: Vec<CliError> = reasons.map(CliError::Failed).collect();
    if reasons.len() == services.len() {
        return CliError::Several(reasons, Exit::Failed);
    }
    let names = one_of(services.iter().map(ServiceName::as_str));
    let (up, ps) = (global.command("up -d"), global.command("ps --all"));
    CliError::failed(format!("{names} has no container to wait for"))
        .help(format!("`{up}` creates and starts them; `{ps}` lists the containers"))
}

async fn down(
    session: &Session<'_, impl Target>,
    project: &Project,
    output: &Output,
) -> Result<(), CliError> {
    let Project { query, topology } = project;
    if session.cancel.run_until_cancelled(session.turn.take()).await.is_none() {
        return Err(CliError::Interrupted);
    }
    let observed = session.engine.observe(query).await?;
    let mut found = Diagnostics::default();
    let choices = DownChoices::default();
    let plan = plan::down(&query.project, topology.as_ref(), &observed, &choices, &mut found);
    output.checked(&Sources::default(), &found)?;
    let again = async |_: &_| {
        let observed = session.engine.observe(query).await?;
        let mut found = Diagnostics::default();
        Ok(plan::down(&query.project, topology.as_ref(), &observed, &choices, &mut found))
    };
    let (_, outcome) = session.converge(&plan, Goal::DOWN, "down", again).await;
    session::exit_of(&outcome).map(|_| ())
}
