//! `topo build`.

use std::collections::BTreeMap;

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::arguments::typed::Variable;
use crate::cli::engine::connection;
use crate::cli::engine::creation::require_contexts;
use crate::cli::engine::redaction;
use crate::cli::engine::session::{self, Session};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::io::output::Output;
use crate::cli::topology::load::{Needs, Operation, Selection, load_or_explain};
use crate::diagnostic::Diagnostics;
use crate::engine::Target;
use crate::engine::build::definitions;
use crate::plan::action::ImageSpec;
use crate::plan::{self, Action, BuildChoices, Plan};
use crate::report::Goal;
use crate::topology::name::ServiceName;
use crate::topology::service::build::Attestation;
use crate::value::pair::Pair;

/// Build images.
///
/// Images are built by the engine's own builder, or by `docker buildx` if they need more, such as secrets,
/// SSH keys, attestations or several platforms.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo build web --no-cache")]
pub(crate) struct BuildArgs {
    /// A topology file, and the services whose images are built; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Run every step again, ignoring the cache
    #[arg(long)]
    no_cache: bool,
    /// Always pull base images
    #[arg(long)]
    pull: bool,
    /// Build argument, overriding the topology's; `NAME` without a value passes on the caller's variable
    #[arg(long = "build-arg", value_name = "NAME[=VALUE]")]
    build_args: Vec<Variable>,
    /// Also build the images of the services' dependencies
    #[arg(long)]
    with_dependencies: bool,
    /// Push the images of services that set `image`
    #[arg(long)]
    push: bool,
    /// SSH agent (`default`) or key that builds may use; separate several by commas
    #[arg(long, value_name = "ID[=PATH]", value_delimiter = ',')]
    ssh: Vec<String>,
    /// Attest how the image was built: `true`, `false` or `mode=max`
    #[arg(long, value_name = "MODE")]
    provenance: Option<String>,
    /// Attest what is in the image: `true`, `false` or `generator=IMAGE`
    #[arg(long, value_name = "MODE")]
    sbom: Option<String>,
    /// Builder instance of buildx to use (`docker buildx ls`) instead of the engine's own builder; overrides
    /// BUILDX_BUILDER
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    #[command(flatten)]
    instead: Instead,
    /// Print only failures
    #[arg(short, long)]
    quiet: bool,
    /// Refused: the builder of the engine limits no memory
    #[arg(short, long, value_name = "BYTES", hide = true)]
    memory: Option<String>,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

/// What is done instead of building.
#[derive(Args, Clone, Copy, Debug)]
#[group(multiple = false)]
struct Instead {
    /// Only check the Dockerfiles, with `docker buildx`
    #[arg(long)]
    check: bool,
    /// Only print what would be built, as a file for `docker buildx bake`
    #[arg(long)]
    print: bool,
}

pub(super) fn run(global: &mut Global, options: BuildArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    global.quieten_if(options.quiet);
    let output = global.output();
    let services = options.excluded.take_services(global, &options.arguments)?;
    refuse_memory(&options)?;
    check_options(&options)?;
    let (loaded, topology) = load_or_explain(global, &needs(&services, &options), &output)?;
    let plan = plan::build(&topology, &choices(services, &options));
    if plan.steps.is_empty() {
        output.warning("no service here has a `build` section");
        return Ok(Exit::Success);
    }
    if options.instead.print {
        output.print(&definitions(&BTreeMap::new(), targets(&plan)))?;
        return Ok(Exit::Success);
    }
    let mut found = Diagnostics::default();
    require_contexts(&plan, &topology.file_system, &mut found);
    output.checked(&loaded.sources, &found)?;
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let session = Session::new(&engine, global, &output);
        if options.instead.check {
            return check_all(&session, &plan, &output).await;
        }
        interrupt::listen(session.cancel.clone());
        let outcome = session.carry_out(&plan, Goal::BUILD, "build").await;
        session::exit_of(&outcome)
    })
}

fn needs(services: &[ServiceName], options: &BuildArgs) -> Needs {
    Needs::Services(options.excluded.of(Selection {
        without_dependencies: !options.with_dependencies,
        ..Selection::of(services, Operation::Build)
    }))
}

fn refuse_memory(options: &BuildArgs) -> Result<(), CliError> {
    if options.memory.is_none() {
        return Ok(());
    }
    let help = "BuildKit has no such limit: leave out `--memory`";
    Err(CliError::usage("builds cannot be given a limit of memory").help(help))
}

/// What the builder would refuse in words that name no option.
fn check_options(options: &BuildArgs) -> Result<(), CliError> {
    let attestations = [
        ("--provenance", Attestation::Provenance, &options.provenance),
        ("--sbom", Attestation::Sbom, &options.sbom),
    ];
    let attestation = attestations.into_iter().find_map(|(option, kind, value)| {
        let value = value.as_ref()?;
        let (reason, help) = kind.mistake(value)?;
        Some((format!("`{option} {value}`: {reason}"), help.to_owned()))
    });
    let argument = options
        .build_args
        .iter()
        .map(Variable::as_str)
        .find(|argument| Pair::split(argument).name.is_empty())
        .map(|argument| {
            (
                format!("`--build-arg {argument}` names no argument"),
                "write `--build-arg NAME=VALUE`".to_owned(),
            )
        });
    let key = options.ssh.iter().find_map(|key| ssh_mistake(key));
    let Some((message, help)) = attestation.or(argument).or(key) else { return Ok(()) };
    Err(CliError::usage(message).help(help))
}

/// What is wrong with a value of `--ssh`, and what to do.
fn ssh_mistake(key: &str) -> Option<(String, String)> {
    let Pair { name: id, value: path } = Pair::split(key);
    let has_agent = || std::env::var_os("SSH_AUTH_SOCK").is_some_and(|socket| !socket.is_empty());
    match path {
        Some(_) if id.is_empty() => Some((
            format!("`--ssh {key}` names no key"),
            "write `--ssh default` or `--ssh ID=PATH`".to_owned(),
        )),
        Some(path) if !std::path::Path::new(path).exists() => {
            let help = "name an existing key, or the socket of a running agent".to_owned();
            Some((format!("`--ssh {key}`: `{path}` does not exist"), help))
        }
        None if !has_agent() => {
            let help =
                "start one (`eval $(ssh-agent)`, `ssh-add`), or name a key: `--ssh default=PATH`".to_owned();
            Some((format!("`--ssh {key}` needs an SSH agent, and SSH_AUTH_SOCK names none"), help))
        }
        _ => None,
    }
}

fn choices(services: Vec<ServiceName>, options: &BuildArgs) -> BuildChoices {
    let ssh = options.ssh.iter().map(|key| match Pair::split(key) {
        // As Docker Compose reads it.
        Pair { name: "", value: None } => ("default".to_owned(), None),
        Pair { name, value } => (name.to_owned(), value.map(str::to_owned)),
    });
    BuildChoices {
        services,
        with_dependencies: options.with_dependencies,
        no_cache: options.no_cache,
        pull: options.pull,
        push: options.push,
        args: build_args(&options.build_args),
        ssh: ssh.collect(),
        provenance: options.provenance.clone(),
        sbom: options.sbom.clone(),
        builder: options.builder.clone(),
    }
}

/// A name alone is the caller's variable, and is left out when the caller has none.
fn build_args(arguments: &[Variable]) -> BTreeMap<String, String> {
    let given =
        arguments.iter().filter_map(|text| Pair::or_found(text.as_str(), |name| std::env::var(name).ok()));
    given.inspect(|(_, value)| redaction::hide_value(value)).collect()
}

/// The images that a plan builds, by their services.
fn targets(plan: &Plan) -> impl Iterator<Item = (&str, &ImageSpec)> {
    plan.steps.iter().filter_map(|step| match &step.action {
        Action::BuildImage(spec) => Some((spec.service.as_str(), &**spec)),
        _ => None,
    })
}

async fn check_all(
    session: &Session<'_, impl Target>,
    plan: &Plan,
    output: &Output,
) -> Result<Exit, CliError> {
    let mut exit = Exit::Success;
    for (service, spec) in targets(plan) {
        let checked = session.engine.check(spec).await?;
        output.print(&format!("{service}:\n{}", checked.words))?;
        if !checked.is_clean {
            exit = Exit::Findings;
        }
    }
    Ok(exit)
}
