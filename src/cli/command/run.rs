//! `topo run`.

mod service;

use std::future::pending;
use std::io::Read;
use std::sync::Arc;

use clap::Args;

use crate::cli::arguments::global::Global;
use crate::cli::arguments::typed::Variable;
use crate::cli::engine::connection;
use crate::cli::engine::creation::{Pull, QuietOptions, require_contexts};
use crate::cli::engine::inside::{self, Console, TerminalOptions};
use crate::cli::engine::preflight::PreflightOptions;
use crate::cli::engine::redaction;
use crate::cli::engine::session::{self, Session};
use crate::cli::engine::turn::Turn;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::io::io_pump::{End, io_pump};
use crate::cli::io::output::Output;
use crate::cli::io::signals::Signals;
use crate::cli::io::terminal::{self, Raw};
use crate::cli::topology::load::{Loaded, Needs, Operation, Selection, load_or_explain};
use crate::cli::topology::provide;
use crate::cli::topology::services;
use crate::diagnostic::Diagnostics;
use crate::document::report_env_problems;
use crate::engine::phrase;
use crate::engine::{AttachChoice, Attached, EndOfProcess, EngineError, Identity, LastEnd, Target};
use crate::plan::action::{AnonymousVolumes, OneOff};
use crate::plan::{self, Action, BuildChoice, OneOffChoices, Plan, UpChoices};
use crate::report::Goal;
use crate::run::{End as StepEnd, Outcome};
use crate::source::{EnvFormat, parse_env_file};
use crate::topology::Topology;
use crate::topology::name::{ContainerName, ServiceName};
use crate::value::pair::Pair;
use service::Changes;

/// Run a one-off command in a new container.
///
/// The service's dependencies are started first. The container publishes no ports unless asked to, and is
/// never restarted. In a terminal, the command gets a terminal too; otherwise its input and output are those
/// of topo, and can be piped. topo exits with the command's exit code.
#[derive(Args, Debug)]
// `-p` is `--publish` here, as everywhere else; the project's name is given before the command.
#[command(
    mut_arg("project_name", |name| name.short(None)),
    override_usage = "topo run [OPTIONS] [FILE] <SERVICE> [COMMAND] [ARGUMENT]...",
    after_help = "Examples:\n  topo run --rm web sh\n  \
                  cat shop.sql | topo run --rm -T db psql -h db -U shop"
)]
pub(crate) struct RunArgs {
    /// The service, and a command instead of the service's own
    #[arg(value_name = "SERVICE COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// Remove the container when it ends
    #[arg(long)]
    rm: bool,
    /// Leave the container running in the background, and print its name
    #[arg(short, long)]
    detach: bool,
    /// Set an environment variable of the container; `NAME` without a value passes on the caller's
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<Variable>,
    /// Set variables from a file; those of `--env` win
    #[arg(long, value_name = "FILE")]
    env_from_file: Vec<std::path::PathBuf>,
    /// Program to run instead of the entrypoint; the service's command is dropped
    #[arg(long, value_name = "COMMAND LINE")]
    entrypoint: Option<String>,
    /// User to run the command as: `name`, `uid` or `uid:gid`
    #[arg(short, long)]
    user: Option<String>,
    /// Working directory of the command
    #[arg(short, long, value_name = "DIRECTORY")]
    workdir: Option<String>,
    /// Mount a directory, a file or a volume: `SOURCE:TARGET[:ro]`
    #[arg(short, long, value_name = "MOUNT", alias = "volumes")]
    volume: Vec<String>,
    /// Set a label of the container
    #[arg(short, long, value_name = "NAME=VALUE", alias = "labels")]
    label: Vec<String>,
    /// Publish a port: `[HOST:]CONTAINER`
    #[arg(short = 'p', long, value_name = "PORT", conflicts_with = "service_ports")]
    publish: Vec<String>,
    /// Publish the service's ports
    #[arg(short = 'P', long)]
    service_ports: bool,
    /// Name of the container
    #[arg(long)]
    name: Option<String>,
    /// Do not touch the service's dependencies
    #[arg(long)]
    no_deps: bool,
    /// Use the service's names and fixed addresses in its networks
    #[arg(long)]
    use_aliases: bool,
    /// Build images even if they exist
    #[arg(long)]
    build: bool,
    /// When to pull images, overriding `pull_policy`
    #[arg(long, value_name = "always|missing|never", hide_possible_values = true)]
    pull: Option<Pull>,
    /// Add a Linux capability
    #[arg(long, value_name = "CAPABILITY")]
    cap_add: Vec<String>,
    /// Drop a Linux capability
    #[arg(long, value_name = "CAPABILITY")]
    cap_drop: Vec<String>,
    /// Do not show the progress of images and dependencies
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    quiet_parts: QuietOptions,
    /// Remove containers of services that the topology does not have
    #[arg(long)]
    remove_orphans: bool,
    #[command(flatten)]
    terminal: TerminalOptions,
    #[command(flatten)]
    preflight: PreflightOptions,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, mut options: RunArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    options.remove_orphans |= global.settings.remove_orphans;
    global.quieten_if(options.quiet);
    let output = global.output();
    let Some((name, command)) = options.arguments.split_first() else {
        return Err(services::none_is_named(global, "run --rm", "SERVICE"));
    };
    let name = ServiceName::from(name.as_str());
    let console = options.terminal.console(options.detach)?;
    let needs = Needs::Services(Selection {
        without_dependencies: options.no_deps,
        ..Selection::of(std::slice::from_ref(&name), Operation::RunOnce { publishes: options.service_ports })
    });
    let (mut loaded, mut topology) = load_or_explain(global, &needs, &output)?;
    inside::refuse_provided(global, &topology, &name)?;
    session::block_on(async {
        let (engine, choices) = interrupt::unless_asked_to_end(async {
            let named = std::slice::from_ref(&name);
            provide::bring_up(&mut topology, named, options.no_deps, &output).await?;
            let changes = changes(&options, command, &console, &mut loaded, &output)?;
            let choices = choices(&options, &topology, &name, &changes)?;
            Ok((connection::connect(&output).await?, choices))
        })
        .await?;
        let mut session = Session::new(&engine, global, &output);
        session.turn = Turn::of(engine.address(), &topology.name, global);
        session.quiet_filter = options.quiet_parts.quiet_filter();
        let listener = interrupt::listen(session.cancel.clone());
        if session.cancel.run_until_cancelled(session.turn.take()).await.is_none() {
            return Err(CliError::Interrupted);
        }
        let container = prepare(&session, &loaded, &topology, &choices, options.preflight).await?;
        session.turn.end();
        let signals = Signals::listen();
        if let Some(listener) = listener {
            listener.abort();
        }
        if session.cancel.is_cancelled() {
            remove(&engine, &container).await;
            return Err(CliError::Interrupted);
        }
        let one_off = Foreground {
            engine: &engine,
            container: &container,
            choices: &choices,
            has_entrypoint: options.entrypoint.is_some(),
            global,
            output: &output,
        };
        if options.detach { one_off.start_and_leave().await } else { one_off.run(&console, signals).await }
    })
}

fn changes(
    options: &RunArgs,
    command: &[String],
    console: &Console,
    loaded: &mut Loaded,
    output: &Output,
) -> Result<Changes, CliError> {
    Ok(Changes {
        command: command.to_vec(),
        entrypoint: options.entrypoint.clone(),
        environment: environment(options, loaded, output)?,
        user: options.user.clone(),
        working_directory: options.workdir.clone(),
        volumes: options.volume.clone(),
        labels: options.label.clone(),
        ports: options.publish.clone(),
        has_service_ports: options.service_ports,
        cap_add: options.cap_add.clone(),
        cap_drop: options.cap_drop.clone(),
        has_terminal: console.has_terminal,
        has_input: console.has_input,
    })
}

/// Files first, then `--env`, which wins.
fn environment(
    options: &RunArgs,
    loaded: &mut Loaded,
    output: &Output,
) -> Result<Vec<(String, String)>, CliError> {
    let Loaded { sources, environment, .. } = loaded;
    let mut found = Diagnostics::default();
    let mut variables = Vec::new();
    for path in &options.env_from_file {
        let file = sources.read(path).map_err(|error| CliError::usage(error.to_string()))?;
        sources.mark_env_file(file);
        let read = parse_env_file(sources, file, EnvFormat::DotEnv, &|name| environment.value(name));
        report_env_problems(&read.problems, environment, &mut found);
        variables.extend(read.entries.into_iter().filter_map(|entry| {
            let value = match entry.value {
                Some(value) => value.value,
                None => environment.value(&entry.name)?.to_owned(),
            };
            Some((entry.name.value, value))
        }));
    }
    output.checked(sources, &found)?;
    let own = |name: &str| environment.value(name).map(str::to_owned);
    variables.extend(options.env.iter().filter_map(|text| Pair::or_found(text.as_str(), own)));
    variables.iter().for_each(|(_, value)| redaction::hide_value(value));
    Ok(variables)
}

fn choices(
    options: &RunArgs,
    topology: &Topology,
    name: &ServiceName,
    changes: &Changes,
) -> Result<OneOffChoices, CliError> {
    let folder = std::env::current_dir().unwrap_or_else(|_| topology.directory.clone());
    let service = service::changed(&topology.services[name], changes, &folder).map_err(CliError::Usage)?;
    Ok(OneOffChoices {
        service_name: name.clone(),
        service: Arc::new(service),
        name: options.name.clone().map(ContainerName::new),
        slug: slug()
            .map_err(|error| CliError::failed(format!("the system provides no random numbers: {error}")))?,
        has_aliases: options.use_aliases,
        one_off: OneOff {
            has_input: changes.has_input && !options.detach,
            is_removed_at_its_end: options.rm,
            terminal_size: changes.has_terminal.then(|| {
                let size = terminal::size();
                (size.rows, size.columns)
            }),
            pre_start: None,
        },
        up: UpChoices {
            services: vec![name.clone()],
            without_dependencies: options.no_deps,
            build: match options.build || options.pull == Some(Pull::Build) {
                true => BuildChoice::Always,
                false => BuildChoice::Missing,
            },
            pull: options.pull.and_then(Pull::choice),
            remove_orphans: options.remove_orphans,
            ..UpChoices::default()
        },
    })
}

/// 64 random hexadecimal digits.
fn slug() -> std::io::Result<String> {
    let mut bytes = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Brings up what the service depends on, and creates the container.
async fn prepare(
    session: &Session<'_, impl Target>,
    loaded: &Loaded,
    topology: &Topology,
    choices: &OneOffChoices,
    preflight: PreflightOptions,
) -> Result<ContainerName, CliError> {
    let (engine, global, output) = (session.engine, session.global, session.output);
    let query = plan::one_off_query(topology, &choices.service_name);
    let observed = session::observe_settled(engine, &session.turn, &query, output).await?;
    let mut found = Diagnostics::default();
    let (plan, container) = plan::one_off(topology, &observed, choices, &mut found);
    require_contexts(&plan, &topology.file_system, &mut found);
    let looking = preflight.look(engine, &plan, (topology, &observed), found);
    looking.await.checked(&loaded.sources, global)?;
    if let Some(create) = only_action(&plan) {
        // What needs no time needs no report.
        engine.perform(create, &|_| {}).await?;
        return Ok(container);
    }
    let outcome = session.carry_out(&plan, Goal::RUN, "run").await;
    let exit = session::exit_of(&outcome);
    // A container of this name that was not created here is somebody else's.
    if exit.is_err() && is_created(&container, &plan, &outcome) {
        remove(engine, &container).await;
    }
    exit.map(|_| container)
}

fn is_created(container: &ContainerName, plan: &Plan, outcome: &Outcome) -> bool {
    plan.steps.ids().any(|step| {
        let is_it =
            matches!(&plan.steps[step].action, Action::CreateContainer(spec) if spec.name == *container);
        is_it && outcome.steps[step.index()].end == StepEnd::Done
    })
}

fn only_action(plan: &Plan) -> Option<&Action> {
    let mut steps = plan.steps.iter();
    let first = steps.next()?;
    steps.next().is_none().then_some(&first.action)
}

/// A container that never ran is of no use; one that is gone already is no failure.
async fn remove(engine: &impl Target, container: &ContainerName) {
    let anonymous_volumes = AnonymousVolumes::Remove;
    let action = Action::RemoveContainer { container: container.clone(), anonymous_volumes };
    let _ = engine.perform(&action, &|_| {}).await;
}

/// A container that is created, and about to run.
struct Foreground<'a, E> {
    engine: &'a E,
    container: &'a ContainerName,
    choices: &'a OneOffChoices,
    /// Whether the program was named by `--entrypoint`.
    has_entrypoint: bool,
    global: &'a Global,
    output: &'a Output,
}

impl<E: Target> Foreground<'_, E> {
    async fn start_and_leave(&self) -> Result<Exit, CliError> {
        if let Err(error) = self.start().await {
            return Err(self.refused_start(error).await);
        }
        let hooked = self.after_start().await;
        self.output.print(&format!("{}\n", self.container))?;
        hooked.map(|()| Exit::Success)
    }

    /// Attaches before the start, so that nothing of the output is lost.
    async fn run(&self, console: &Console, signals: Signals) -> Result<Exit, CliError> {
        let Foreground { engine, container, choices, has_entrypoint: _, global: _, output } = *self;
        let way_back = match choices.one_off.is_removed_at_its_end {
            true => format!(
                "`docker attach {container}` connects to it again while it runs; `--rm` then removes it, \
                 with what it printed"
            ),
            false => format!(
                "`docker attach {container}` connects to it again, `docker logs {container}` shows what it printed"
            ),
        };
        let lost = |error: EngineError| inside::lost(error, container, &way_back);
        let (attached, waiting, raw) = match self.connect(console).await {
            Ok(connected) => connected,
            Err(error) => {
                remove(engine, container).await;
                return Err(error);
            }
        };
        if let Err(error) = self.start().await {
            drop(raw);
            return Err(self.refused_start(error).await);
        }
        let resize = async |size| engine.resize_container(container, size).await.is_ok();
        let leave = inside::pass_on(signals, engine, container, inside::ThirdSignal::Kills);
        // What is typed and printed goes on while commands run beside it.
        let mut hooked = Ok(());
        let beside = async {
            hooked = self.after_start().await.inspect_err(|error| self.tell(error));
            pending().await
        };
        let end = tokio::select! {
            end = io_pump(attached, console.wiring(engine), resize, leave) => end,
            never = beside => never,
        };
        drop(raw);
        match end {
            End::Closed => {
                let code = waiting;
                let exit = inside::end_of_program(code, engine, container, &way_back).await?;
                // The program's own failure says more than that of a hook.
                Ok(hooked.err().filter(|_| exit == Exit::Success).map_or(exit, |error| error.exit()))
            }
            End::Detached => {
                output.remark(&format!("`{container}` keeps running in the background"));
                Ok(Exit::Success)
            }
            End::NoReader => {
                // A process that writes to a closed pipe ends.
                let _ = engine.signal(container, "KILL").await;
                let _ = waiting.await;
                Err(CliError::NoReader)
            }
            End::Unwritable(error) => {
                let _ = engine.signal(container, "KILL").await;
                let _ = waiting.await;
                Err(CliError::Output(error))
            }
            End::Left(received) => Ok(inside::exit_of_signal(received)),
            End::Failed(error) => Err(lost(error)),
        }
    }

    /// What must stand before the start.
    async fn connect(&self, console: &Console) -> Result<(Attached, EndOfProcess, Option<Raw>), CliError> {
        let Foreground { engine, container, choices, .. } = *self;
        let choice = AttachChoice { has_input: console.has_input, detach_keys: console.detach_text.clone() };
        let attached = engine.attach(container, &choice, console.has_terminal).await?;
        let end = match choices.one_off.is_removed_at_its_end {
            true => LastEnd::Removal,
            false => LastEnd::Exit,
        };
        let waiting = engine.wait_for_end(container, end).await?;
        Ok((attached, waiting, console.raw()?))
    }

    async fn start(&self) -> Result<(), EngineError> {
        let start = Action::StartContainer { container: self.container.clone(), post_start: Vec::new() };
        self.engine.perform(&start, &|_| {}).await
    }

    /// Says what failed beside a program that goes on.
    fn tell(&self, error: &CliError) {
        error.print(self.global, self.output);
    }

    /// The commands that the service wants run in a container that has started. One that fails is the last one.
    async fn after_start(&self) -> Result<(), CliError> {
        for hook in self.choices.service.after_start() {
            if let Err(error) = self.engine.run_hook(self.container, &hook, &|_| {}).await {
                return Err(CliError::failed(format!("post_start: {error}")));
            }
        }
        Ok(())
    }

    async fn refused_start(&self, error: EngineError) -> CliError {
        remove(self.engine, self.container).await;
        if self.choices.has_aliases && phrase::FIXED_ADDRESS_IN_USE.is_in(&error.to_string()) {
            let help = "another container has the service's fixed address: leave out `--use-aliases`";
            return CliError::failed(error.to_string()).help(help);
        }
        let source = match self.has_entrypoint {
            true => "`--entrypoint`",
            false => "the command, and the `entrypoint` of the service, which comes before it",
        };
        inside::refused_program(error, source)
    }
}
