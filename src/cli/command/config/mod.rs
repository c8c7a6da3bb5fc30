//! `topo config`: the topology in its canonical form, lists of its parts, and where values come from.

mod digests;
mod explain;
mod listing;
mod variables;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value as Json;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::output::Output;
use crate::cli::topology::load::{self, Needs, Operation, Read, Selection};
use crate::diagnostic::Diagnostics;
use crate::document::LoadOptions;
use crate::engine::local_file;
use crate::topology::attribute::Form;
use crate::topology::name::ServiceName;
use crate::topology::{self, Resources, Topology, escape_variables, to_yaml};
use listing::Listing;

/// Show the topology in its canonical form.
///
/// To show a service that is called `explain`, write `topo config -- explain`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  topo config --services\n  topo config explain services.web.environment.DEBUG",
    // Its name in older versions of Docker Compose.
    alias = "convert",
    disable_help_subcommand = true
)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: Option<Command>,
    /// A topology file, and the services to show with their dependencies; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Output format; lists are plain text by default, all else is YAML
    #[arg(long, value_name = "yaml|json", hide_possible_values = true)]
    format: Option<ConfigFormat>,
    /// Write it to a file
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only check it
    #[arg(short, long)]
    quiet: bool,
    /// Include networks, volumes, secrets and configs that no service uses
    #[arg(long)]
    all_resources: bool,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    without: Without,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Subcommand)]
enum Command {
    Explain(explain::ConfigExplainArgs),
}

/// One list in place of the whole topology.
#[derive(Args, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "A list instead of the topology")]
#[group(id = "only", multiple = false)]
struct Only {
    /// The names of services
    #[arg(long)]
    services: bool,
    /// The images
    #[arg(long)]
    images: bool,
    /// The names of volumes
    #[arg(long)]
    volumes: bool,
    /// The names of networks
    #[arg(long)]
    networks: bool,
    /// The AI models
    #[arg(long)]
    models: bool,
    /// The names of profiles
    #[arg(long = "profiles", id = "only_profiles")]
    profiles: bool,
    /// The variables that the topology uses, with their defaults
    #[arg(long)]
    variables: bool,
    /// The variables that the topology may use, with their values
    #[arg(long)]
    environment: bool,
    /// The hashes in the label `com.docker.compose.config-hash` of containers; `*` means all
    #[arg(long, value_name = "SERVICE,...")]
    hash: Option<String>,
}

impl Only {
    fn is_of_names(&self) -> bool {
        self.services || self.volumes || self.networks || self.models || self.profiles
    }
}

/// What is left out, and what is pinned.
#[derive(Args, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "What is done to the topology")]
struct Without {
    /// Do not replace variables; shows all services
    #[arg(long, conflicts_with_all = ["images", "models", "only_profiles", "environment", "hash"])]
    no_interpolate: bool,
    /// Do not make relative paths absolute
    #[arg(long)]
    no_path_resolution: bool,
    /// Do not add defaults: the default network, implied dependencies, names
    #[arg(long)]
    no_normalize: bool,
    /// Skip the checks that involve several attributes
    #[arg(long)]
    no_consistency: bool,
    /// Do not read `env_file` and `label_file`
    #[arg(long)]
    no_env_resolution: bool,
    /// Pin each image to the digest in its registry
    #[arg(long, conflicts_with = "only")]
    resolve_image_digests: bool,
    /// Write only the pinned images, as an override file for `-f`
    #[arg(long, conflicts_with = "only")]
    lock_image_digests: bool,
}

/// How the canonical form is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ConfigFormat {
    /// YAML
    Yaml,
    /// JSON
    Json,
}

impl ConfigArgs {
    /// Whether anything was asked for that is not for every command.
    fn asks_for_more(&self) -> bool {
        let Self {
            command: _,
            arguments,
            format,
            file,
            quiet,
            all_resources,
            only,
            without,
            excluded,
            global: _,
        } = self;
        let is_plain = arguments.is_empty() && format.is_none() && file.is_none() && !quiet && !all_resources;
        !is_plain || !excluded.is_empty() || *only != Only::default() || *without != Without::default()
    }
}

pub(super) fn run(global: &mut Global, mut options: ConfigArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    if let Some(Command::Explain(explain)) = options.command.take() {
        if options.asks_for_more() {
            return Err(CliError::usage("an option of `topo config` has no meaning for `explain`")
                .help("see `topo config explain --help`"));
        }
        return explain::run(global, explain);
    }
    let output = global.output();
    let targets = options.excluded.take_services(global, &options.arguments)?;
    let text = text(global, &targets, &options, &output)?;
    if options.quiet {
        return Ok(Exit::Success);
    }
    let Some(file) = &options.file else {
        output.print(&text)?;
        return Ok(Exit::Success);
    };
    local_file::write(file, &text)
        .map_err(|error| CliError::usage(format!("cannot write `{}`: {error}", file.display())))?;
    Ok(Exit::Success)
}

fn text(
    global: &Global,
    targets: &[ServiceName],
    options: &ConfigArgs,
    output: &Output,
) -> Result<String, CliError> {
    if options.only.variables {
        let read = load::read(global, targets, LoadOptions { interpolate: false }, output)?;
        return variables::text(&read, options.format, output);
    }
    if options.without.no_interpolate {
        if !targets.is_empty() || !options.excluded.is_empty() {
            output.warning("with `--no-interpolate`, all services are shown");
        }
        return uninterpolated(global, options, output);
    }
    let (topology, read) = load(global, targets, options, output)?;
    if let Some(listing) = Listing::of(&topology, &read.environment, &options.only) {
        return Ok(listing.text(options.format));
    }
    let resources = if options.all_resources { Resources::All } else { Resources::Used };
    let form = if options.format == Some(ConfigFormat::Json) { Form::Model } else { Form::Full };
    let mut model = topology.canonical(form, resources);
    if let Some(listing) = Listing::of_model(&model, &options.only) {
        return Ok(listing.text(options.format));
    }
    pin(&mut model, options, output)?;
    // A reader fills in variables: what is a `$` by now must stay one.
    Ok(written(&escape_variables(model), options.format))
}

/// The topology that is shown, after every finding was.
fn load(
    global: &Global,
    targets: &[ServiceName],
    options: &ConfigArgs,
    output: &Output,
) -> Result<(Topology, Read), CliError> {
    let mut targets = targets.to_vec();
    let hashed = options.only.hash.iter().flat_map(|names| names.split(',')).filter(|name| *name != "*");
    targets.extend(hashed.map(ServiceName::from));
    let mut read = load::read(global, &targets, LoadOptions::default(), output)?;
    read.choices.stages.consistency = !options.without.no_consistency;
    // As in Compose, a list of names needs no file that a service's variables are in.
    read.choices.stages.env_files = !options.only.is_of_names() && !options.without.no_env_resolution;
    if options.only.hash.is_some() {
        // What is run is what is hashed.
        read.fill_in_platform();
    }
    let needs = Needs::Services(options.excluded.of(Selection::of(&targets, Operation::Show)));
    let mut topology = read.explained(&needs, output)?;
    load::check_targets(&topology, &targets)?;
    let Without { no_path_resolution, no_normalize, no_env_resolution, .. } = options.without;
    if no_path_resolution || no_normalize || no_env_resolution {
        let stages = &mut read.choices.stages;
        stages.paths = !no_path_resolution;
        stages.defaults = !no_normalize;
        stages.env_files = !no_env_resolution;
        stages.consistency = false;
        // It was found whole, so it is found in part.
        let mut found = Diagnostics::default();
        topology = read.topology(&mut found).ok_or_else(|| CliError::diagnostics(&read.sources, found))?;
    }
    if !options.excluded.is_empty() {
        load::leave_out(&mut topology, needs.excluded())?;
        topology.forget_inactive_dependencies();
    }
    if !targets.is_empty() {
        topology.keep_only(&targets);
    }
    Ok((topology, read))
}

fn uninterpolated(global: &Global, options: &ConfigArgs, output: &Output) -> Result<String, CliError> {
    let mut read = load::read(global, &[], LoadOptions { interpolate: false }, output)?;
    read.choices.stages.paths = !options.without.no_path_resolution;
    read.choices.stages.defaults = !options.without.no_normalize;
    let Read { sources, document, environment, choices, mut found, .. } = read;
    let mut model = topology::uninterpolated(&document, &environment, &choices, &mut found);
    output.checked(&sources, &found)?;
    if let Some(listing) = Listing::of_model(&model, &options.only) {
        return Ok(listing.text(options.format));
    }
    pin(&mut model, options, output)?;
    Ok(written(&model, options.format))
}

fn pin(model: &mut Json, options: &ConfigArgs, output: &Output) -> Result<(), CliError> {
    if options.without.resolve_image_digests || options.without.lock_image_digests {
        digests::pin(model, output)?;
    }
    if options.without.lock_image_digests {
        digests::keep_images(model, output);
    }
    Ok(())
}

fn written(model: &Json, format: Option<ConfigFormat>) -> String {
    match format {
        None | Some(ConfigFormat::Yaml) => to_yaml(model),
        Some(ConfigFormat::Json) => format!("{model:#}\n"),
    }
}
