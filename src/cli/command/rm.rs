//! `topo rm`.

use std::collections::BTreeSet;

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::engine::control::Control;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::confirm::{Answer, confirm};
use crate::plan::action::{Action, AnonymousVolumes};
use crate::plan::{self, Plan, RemoveChoices, RunningChoice, Scope};
use crate::report::Goal;
use crate::topology::name::{ContainerName, ServiceName};

/// Remove stopped containers.
///
/// Data that is not in a volume is lost. Networks, volumes and images are kept: `topo down` removes more.
#[derive(Args, Debug)]
// `-f` is `--force` here, as everywhere else; a file is given by `--file`, or before the command.
#[command(mut_arg("files", |file| file.short(None)))]
#[command(after_help = "Example:\n  topo rm web --stop --force")]
pub(crate) struct RmArgs {
    /// A topology file, and the services whose containers are removed; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    force: bool,
    /// Also stop and remove running containers
    #[arg(short, long)]
    stop: bool,
    /// Also remove their anonymous volumes
    #[arg(short, long)]
    volumes: bool,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: RmArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let mut control = Control::new("rm", Goal::REMOVE, global, (options.excluded, &options.arguments))?;
    let stays = stays(&control);
    control.help_for_running = (!options.stop).then(|| stays.clone());
    let choices = RemoveChoices {
        running: if options.stop { RunningChoice::Stop } else { RunningChoice::Leave },
        anonymous_volumes: if options.volumes { AnonymousVolumes::Remove } else { AnonymousVolumes::Keep },
    };
    control.run(|scope, output| {
        let plan = plan::remove(scope, &choices);
        let staying = running(scope);
        if !options.stop && !scope.services.is_empty() && !staying.is_empty() && !plan.changes_nothing() {
            let stay = if staying.len() == 1 { "stays" } else { "stay" };
            output.remark(&format!("{} {stay}: {stays}", staying.join(", ")));
        }
        let going: Vec<&str> = going(&plan).map(ContainerName::as_str).collect();
        if options.force || going.is_empty() {
            return Ok(plan);
        }
        match confirm(&format!("remove {}?", going.join(", ")), output) {
            Answer::Yes => Ok(plan),
            Answer::No => Err(CliError::Declined),
            Answer::Nobody => {
                Err(CliError::usage("nothing was removed: there is no terminal to confirm it in")
                    .help("`--force` removes without asking"))
            }
        }
    })
}

/// How to remove what runs, too.
fn stays(control: &Control) -> String {
    let services: Vec<&str> = control.services.iter().map(ServiceName::as_str).collect();
    let command = [&["rm", "--stop"], &services[..]].concat().join(" ");
    format!("`{}` stops and removes running containers too", control.global.command(&command))
}

/// The services that run, each once.
fn running(scope: Scope<'_>) -> Vec<&str> {
    let running = scope.containers().filter(|container| container.state.is_running());
    let services: BTreeSet<&str> = running.map(|container| container.service.as_str()).collect();
    services.into_iter().collect()
}

fn going(plan: &Plan) -> impl Iterator<Item = &ContainerName> {
    plan.steps.iter().filter_map(|step| match &step.action {
        Action::RemoveContainer { container, .. } => Some(container),
        _ => None,
    })
}
