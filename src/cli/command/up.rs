//! `topo up`.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Args;
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::cli::arguments::global::Global;
use crate::cli::arguments::settings::{ColorChoice, ProgressForm};
use crate::cli::attached::Attached;
use crate::cli::attached::follow::{self, Following};
use crate::cli::attached::foreground::{Background, Foreground, Watcher};
use crate::cli::attached::menu::Menu;
use crate::cli::attached::watching::{self, Watching};
use crate::cli::engine::control::grace;
use crate::cli::engine::creation::{CreateOptions, PlanSource, QuietOptions, prepare_up};
use crate::cli::engine::plan_file;
use crate::cli::engine::preflight::PreflightOptions;
use crate::cli::engine::session::{self, Session};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::io::output::Output;
use crate::cli::topology::load::{Needs, Selection, check_targets, load_or_explain};
use crate::engine::{LogChoice, Target};
use crate::plan::{BuildChoice, StartChoice, UpChoices};
use crate::report::logs::Prefixes;
use crate::report::{AfterCancel, Goal};
use crate::run::attached::Abort;
use crate::run::develop::Rules;
use crate::source::Sources;
use crate::topology::Topology;
use crate::topology::name::ServiceName;

/// Make the engine match the topology.
///
/// Images are built or pulled where they are missing; containers that differ from the topology are recreated,
/// all others stay unchanged. In the foreground, the services' output is shown and Ctrl-C stops them; pressed
/// again, it kills them.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  topo up -d --wait\n  topo up compose.yaml --exit-code-from tests")]
pub(crate) struct UpArgs {
    /// A topology file, and the services to bring up with their dependencies; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    #[command(flatten)]
    up: UpOptions,
    /// Apply exactly the plan in this file, written by `topo plan -o FILE`, unless the engine has changed
    /// since then
    #[arg(long, value_name = "FILE", conflicts_with_all = PLANNED)]
    plan: Option<PathBuf>,
    #[command(flatten)]
    quiet: QuietOptions,
    /// Leave the services running in the background
    #[arg(short, long)]
    detach: bool,
    /// Seconds after which `--wait` fails
    #[arg(long, value_name = "SECONDS", requires = "wait")]
    wait_timeout: Option<u32>,
    #[command(flatten)]
    foreground: ForegroundOptions,
    #[command(flatten)]
    preflight: PreflightOptions,
    #[command(flatten)]
    global: Global,
}

/// What was decided when a plan was made.
const PLANNED: [&str; 16] = [
    "exclude",
    "build",
    "no_build",
    "pull",
    "force_recreate",
    "no_recreate",
    "scale",
    "all_resources",
    "remove_orphans",
    "always_recreate_deps",
    "renew_anon_volumes",
    "no_deps",
    "no_start",
    "wait",
    "timeout",
    "watch",
];

/// What `up` does in the foreground.
#[derive(Args, Debug)]
struct ForegroundOptions {
    /// Stop everything when a container exits, unless another service waits for its completion, and exit with
    /// its code
    #[arg(long, conflicts_with_all = ["detach", "wait", "no_start"])]
    abort_on_container_exit: bool,
    /// Stop everything when a container fails, and exit with its code
    #[arg(long, conflicts_with_all = ["abort_on_container_exit", "detach", "wait", "no_start"])]
    abort_on_container_failure: bool,
    /// Exit with the code of this service's container; implies `--abort-on-container-exit`
    #[arg(long, value_name = "SERVICE", conflicts_with_all = ["detach", "wait", "no_start"])]
    exit_code_from: Option<ServiceName>,
    /// Show only the output of these services
    #[arg(long, value_name = "SERVICE", conflicts_with_all = ["attach_dependencies", "detach", "wait", "no_start"])]
    attach: Vec<ServiceName>,
    /// Do not show the output of these services
    #[arg(long, value_name = "SERVICE")]
    no_attach: Vec<ServiceName>,
    /// Also show the output of the named services' dependencies
    #[arg(long, conflicts_with_all = ["detach", "wait", "no_start"])]
    attach_dependencies: bool,
    /// Update services when their files change, as `topo watch` does
    #[arg(short, long, conflicts_with_all = ["detach", "wait", "no_start", "abort_on_container_exit",
          "abort_on_container_failure", "exit_code_from"])]
    watch: bool,
    /// Use shortcut keys in a terminal, which is the default: `w` toggles watching files, `d` detaches and
    /// leaves the services running; `--menu=false` turns them off
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true,
          hide_possible_values = true, conflicts_with_all = ["detach", "wait", "no_start"])]
    menu: Option<bool>,
    /// Do not prefix the output with the names of services
    #[arg(long)]
    no_log_prefix: bool,
    /// Show the time of each line of output
    #[arg(long)]
    timestamps: bool,
    /// Do not use colours; the same as `--color never`
    #[arg(long)]
    no_color: bool,
}

/// What `up` and `plan` can be told.
#[derive(Args, Clone, Debug)]
pub(super) struct UpOptions {
    #[command(flatten)]
    pub(super) create: CreateOptions,
    /// Recreate the dependencies of the named services too, even if nothing changed
    #[arg(long, conflicts_with = "no_recreate")]
    always_recreate_deps: bool,
    /// Recreate containers that have anonymous volumes, and give them new ones
    #[arg(short = 'V', long, conflicts_with = "no_recreate")]
    renew_anon_volumes: bool,
    /// Do not touch the services' dependencies
    #[arg(long)]
    pub(super) no_deps: bool,
    /// Create containers without starting them
    #[arg(long, conflicts_with = "wait")]
    no_start: bool,
    /// Wait until every service is healthy, running, or completed; implies `--detach`
    #[arg(long)]
    wait: bool,
    /// Seconds to wait for containers to stop (default: each one's grace period)
    #[arg(short, long, value_name = "SECONDS")]
    pub(super) timeout: Option<u32>,
}

impl UpOptions {
    /// Whether nothing is followed once all is done.
    pub(super) fn is_detached(&self) -> bool {
        self.wait || self.no_start
    }

    /// What is needed of the topology to bring these services up.
    pub(super) fn needs(&self, services: &[ServiceName]) -> Result<Needs, CliError> {
        let selection = self.create.selection(services)?;
        Ok(Needs::Services(Selection { without_dependencies: self.no_deps, ..selection }))
    }

    pub(super) fn choices(
        &self,
        services: Vec<ServiceName>,
        topology: &Topology,
    ) -> Result<UpChoices, CliError> {
        Ok(UpChoices {
            without_dependencies: self.no_deps,
            recreate_dependencies: self.always_recreate_deps,
            renew_anonymous_volumes: self.renew_anon_volumes,
            wait: self.wait,
            start: if self.no_start { StartChoice::CreateOnly } else { StartChoice::Start },
            grace: grace(self.timeout),
            ..self.create.choices(services, topology)?
        })
    }
}

impl ForegroundOptions {
    fn abort(&self) -> Abort {
        if self.abort_on_container_failure {
            return Abort::OnFailure;
        }
        let is_on_exit = self.abort_on_container_exit || self.exit_code_from.is_some();
        if is_on_exit { Abort::OnExit } else { Abort::Never }
    }

    /// Every service that is named must be there.
    fn check(&self, topology: &Topology) -> Result<(), CliError> {
        let named: Vec<ServiceName> =
            self.exit_code_from.iter().chain(&self.attach).chain(&self.no_attach).cloned().collect();
        check_targets(topology, &named)
    }

    fn attached(&self) -> Attached<'_> {
        Attached { only: &self.attach, not: &self.no_attach, with_dependencies: self.attach_dependencies }
    }

    /// Background work: file watching and key bindings.
    fn background<'a>(
        &self,
        engaged: &'a Engaged<'a>,
        session: &Session<'a, impl Target>,
        services: &[ServiceName],
        has_menu: bool,
    ) -> Result<Background<'a>, CliError> {
        let Engaged { global, sources, topology, output, builds } = *engaged;
        let refusal = |rules: &Rules| {
            let service = rules.rebuilt().next().filter(|_| !builds)?;
            Some(format!("`{service}` is rebuilt when its files change, which `--no-build` forbids"))
        };
        let rules = if self.watch {
            let rules = watching::rules(topology, services, output)?;
            if let Some(refusal) = refusal(&rules) {
                return Err(CliError::usage(refusal));
            }
            Ok(rules)
        } else {
            // Without a wish to watch, rules that cannot be kept matter only to who presses the key.
            match Rules::of(topology, services) {
                Err(error) => Err(error.to_string()),
                Ok(rules) if rules.is_empty() => Err("no service has rules under `develop.watch`".to_owned()),
                Ok(rules) => refusal(&rules).map_or(Ok(rules), Err),
            }
        };
        let session = session.amid_output();
        let again = global.command("up");
        let watching =
            |rules| Rc::new(Watching { session, sources, again, topology, output, rules, prunes: true });
        let watcher = rules.map(|rules| watcher(watching(rules)));
        let menu = if has_menu { Menu::open() } else { None };
        Ok(Background { watcher, is_watching: self.watch, keys: menu.map(Menu::into_stream) })
    }

    fn following<'a>(&self, services: &'a [ServiceName], topology: &Topology) -> Following<'a> {
        Following {
            services: Some(services),
            index: None,
            choice: LogChoice { follow: true, timestamps: self.timestamps, ..LogChoice::default() },
            prefixes: if self.no_log_prefix { Prefixes::None } else { Prefixes::Names },
            fixed_names: follow::fixed_names(Some(topology)),
        }
    }
}

/// Watches until it is told to end, or that is impossible; why is said then, as the services go on.
fn watcher<'a, E: Target>(watching: Rc<Watching<'a, E>>) -> Watcher<'a> {
    Box::new(move |end| {
        let watching = watching.clone();
        async move {
            if let Err(error) = watching.watch(&end).await {
                watching.fail(&error);
            }
        }
        .boxed_local()
    })
}

/// What is brought up.
struct Engaged<'a> {
    global: &'a Global,
    sources: &'a Sources,
    topology: &'a Topology,
    output: &'a Output,
    builds: bool,
}

pub(super) fn run(global: &mut Global, options: UpArgs) -> Result<Exit, CliError> {
    let begun = Instant::now();
    let UpArgs {
        arguments,
        mut up,
        plan,
        quiet,
        mut detach,
        wait_timeout,
        foreground,
        preflight,
        global: after,
    } = options;
    global.merge(after);
    up.create.remove_orphans |= global.settings.remove_orphans;
    if foreground.no_color {
        global.color = Some(ColorChoice::Never);
    }
    let output = global.output();
    let mut services = up.create.excluded.take_services(global, &arguments)?;
    let file = plan.map(|path| plan_file::read(&path)).transpose()?;
    if let Some(file) = &file {
        plan_file::require_no_services(&services)?;
        services.clone_from(&file.services);
        up.no_deps = file.without_dependencies;
        detach |= file.is_detached;
    }
    let (loaded, mut topology) = load_or_explain(global, &up.needs(&services)?, &output)?;
    if let Some(file) = &file {
        plan_file::warn_of_edits(file, &topology, &output);
    }
    foreground.check(&topology)?;
    let services = up.create.excluded.services_in(&topology, services);
    let choices = up.choices(services, &topology)?;
    up.create.excluded.warn_of_dependants(&topology, &choices, &output);
    let attached = foreground.attached().services(&topology, &choices.services);
    session::block_on(async {
        let wait_limit = wait_timeout.map(|seconds| Duration::from_secs(seconds.into()));
        let limit = (wait_limit, begun);
        let is_planned_before = file.is_some();
        let source = file.map_or(PlanSource::Choices(&choices), PlanSource::File);
        let (engine, turn, plan) =
            prepare_up(&mut topology, &loaded.sources, source, limit, preflight, global).await?;
        let mut session = Session::new(&engine, global, &output);
        session.turn = turn;
        session.converges = !is_planned_before;
        session.quiet_filter = quiet.quiet_filter();
        session.begun = begun;
        session.wait_limit = wait_limit;
        if detach || up.is_detached() {
            interrupt::listen(session.cancel.clone());
            let again = async |seen: &_| session.plan_up_again(&topology, &choices, seen).await;
            let (_, outcome) = session.converge(&plan, Goal::UP, "up", again).await;
            return session::exit_of(&outcome);
        }
        (session.shown, session.after_cancel) = (&attached, AfterCancel::Stop);
        session.stops_on_failure = foreground.abort() != Abort::Never;
        let kill = CancellationToken::new();
        interrupt::listen_for(vec![session.cancel.clone(), kill.clone()]);
        // Who asked for plain lines wants no keys beside them.
        let is_plain = global.progress == Some(ProgressForm::Plain) || !global.is_shown();
        let has_menu = foreground.menu.or(global.settings.has_menu).unwrap_or(!is_plain);
        let builds = choices.build != BuildChoice::Never;
        let (sources, output) = (&loaded.sources, &output);
        let engaged = Engaged { global, sources, topology: &topology, output, builds };
        let background = foreground.background(&engaged, &session, &choices.services, has_menu)?;
        let stay = Foreground {
            session,
            kill,
            topology: &topology,
            choices: &choices,
            following: foreground.following(&attached, &topology),
            abort: foreground.abort(),
            exit_code_from: foreground.exit_code_from.clone(),
        };
        stay.run(&plan, background).await
    })
}
