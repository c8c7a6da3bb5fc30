//! `topo plan`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::arguments::global::Global;
use crate::cli::command::down::{DownOptions, Images};
use crate::cli::command::up::UpOptions;
use crate::cli::engine::connection;
use crate::cli::engine::creation::plan_up;
use crate::cli::engine::plan_file;
use crate::cli::engine::redaction;
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::io::output::{Output, width_of_output};
use crate::cli::topology::load::load_or_explain;
use crate::cli::topology::models;
use crate::cli::topology::project::{Project, project};
use crate::cli::topology::provide;
use crate::diagnostic::Diagnostics;
use crate::engine::Observe;
use crate::plan::{self, Plan, PlanFile, UpChoices, Values};
use crate::report::{Goal, plan as report};
use crate::source::Sources;
use crate::topology::name::ServiceName;

/// Show what `up` would do and why, or `down` with `--down`, touching nothing.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo plan --build")]
pub(crate) struct PlanArgs {
    /// A topology file, and the services to plan for; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    #[command(flatten)]
    up: UpOptions,
    /// Show what `down` would do
    #[arg(long, conflicts_with_all = ["build", "no_build", "pull", "force_recreate", "no_recreate", "scale",
          "always_recreate_deps", "renew_anon_volumes", "no_deps", "no_start", "wait"])]
    down: bool,
    /// With `--down`: remove volumes too
    #[arg(short = 'v', long, requires = "down")]
    volumes: bool,
    /// With `--down`: remove images too
    #[arg(long, value_name = "local|all", hide_possible_values = true, requires = "down")]
    rmi: Option<Images>,
    /// Also write the plan to a file, without secrets: `up --plan FILE` applies exactly that plan
    #[arg(short = 'o', long = "output", value_name = "FILE", conflicts_with = "down")]
    file: Option<PathBuf>,
    /// Format of the plan
    #[arg(long, value_enum, default_value_t)]
    format: PlanFormat,
    /// Show values that come from variables or look like secrets
    #[arg(long, conflicts_with = "down")]
    show_values: bool,
    /// Exit with 5 when there is something to do (with 1, the topology has errors)
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    global: Global,
}

/// How a plan is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    /// For people
    #[default]
    Text,
    /// One JSON document
    Json,
    /// Graphviz
    Dot,
}

pub(super) fn run(global: &mut Global, mut options: PlanArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    options.up.create.remove_orphans |= global.settings.remove_orphans;
    let output = global.output();
    let services = options.up.create.excluded.take_services(global, &options.arguments)?;
    let Planned { plan, services, fingerprints, sources, goal } = if options.down {
        options.plan_down(global, services, &output)?
    } else {
        options.plan_up(global, services, &output)?
    };
    output.print(&match options.format {
        PlanFormat::Text => report::text(&plan, &sources, output.look(), width_of_output(), goal),
        PlanFormat::Json => report::json(&plan, &sources),
        PlanFormat::Dot => report::dot(&plan),
    })?;
    let is_idle = plan.changes_nothing();
    if let Some(path) = &options.file {
        let file = PlanFile {
            services,
            without_dependencies: options.up.no_deps,
            is_detached: options.up.is_detached(),
            fingerprints,
            plan: &plan,
        };
        plan_file::write(path, &file, global)?;
    }
    Ok(if options.exit_code && !is_idle { Exit::SomethingToDo } else { Exit::Success })
}

/// A plan, and what is said with it.
struct Planned {
    plan: Plan,
    /// The services that it is about; all when there are none.
    services: Vec<ServiceName>,
    /// What the topology says.
    fingerprints: BTreeMap<String, String>,
    sources: Sources,
    goal: Goal,
}

impl PlanArgs {
    fn plan_up(
        &self,
        global: &Global,
        services: Vec<ServiceName>,
        output: &Output,
    ) -> Result<Planned, CliError> {
        let (loaded, mut topology) = load_or_explain(global, &self.up.needs(&services)?, output)?;
        if self.show_values {
            redaction::show_values();
        }
        let values = if self.show_values { Values::Shown } else { Values::Literal };
        let choices = UpChoices { values, ..self.up.choices(services, &topology)? };
        self.up.create.excluded.warn_of_dependants(&topology, &choices, output);
        let mut fingerprints = BTreeMap::new();
        if self.file.is_some() {
            provide::require_none(&topology)?;
            fingerprints = plan::fingerprints(&topology);
        }
        provide::warn_of_variables(&topology, output);
        let plan = session::block_on(interrupt::unless_asked_to_end(async {
            models::look_up(&mut topology, &choices.services, choices.without_dependencies, output).await;
            let engine = connection::connect(output).await?;
            plan_up(&engine, &loaded.sources, &topology, &choices, global).await
        }))?;
        let services = self.up.create.excluded.services_in(&topology, choices.services);
        Ok(Planned { plan, services, fingerprints, sources: loaded.sources, goal: Goal::UP })
    }

    /// The project is found as `down` finds it: by its name alone too.
    fn plan_down(
        &self,
        global: &Global,
        services: Vec<ServiceName>,
        output: &Output,
    ) -> Result<Planned, CliError> {
        let project = project(global, &services, output)?;
        let services = self.up.create.excluded.services_of(&project, services, output)?;
        let Project { query, topology } = project;
        let down = DownOptions {
            volumes: self.volumes,
            rmi: self.rmi,
            remove_orphans: self.up.create.remove_orphans,
            force: false,
            timeout: self.up.timeout,
        };
        let observed = session::block_on(async {
            let engine = connection::connect(output).await?;
            Ok(engine.observe(&query).await?)
        })?;
        let mut found = Diagnostics::default();
        let choices = down.choices(services.clone(), global);
        let plan = plan::down(&query.project, topology.as_ref(), &observed, &choices, &mut found);
        global.name_topology(&mut found);
        let sources = Sources::default();
        output.checked(&sources, &found)?;
        Ok(Planned { plan, services, fingerprints: BTreeMap::new(), sources, goal: Goal::DOWN })
    }
}
