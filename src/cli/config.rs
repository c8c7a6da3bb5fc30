//! `topo config`.

use clap::{Args, ValueEnum};

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::load::{Purpose, load_or_explain};
use crate::cli::output::Output;
use crate::topology::attribute::Form;
use crate::topology::name::ServiceName;
use crate::topology::{Resources, Topology};

/// Show the topology in its canonical form.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo config topologies/desafio5.yaml --services")]
pub(super) struct Options {
    /// A topology file, and the services to show; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Only check it
    #[arg(short, long)]
    quiet: bool,
    /// Networks, volumes, secrets and configs that no service uses too
    #[arg(long)]
    all_resources: bool,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    global: Global,
}

/// One list in place of the whole topology.
#[derive(Args, Debug)]
#[group(multiple = false)]
struct Only {
    /// Only the names of services
    #[arg(long = "services")]
    services: bool,
    /// Only the images
    #[arg(long)]
    images: bool,
    /// Only the names of volumes
    #[arg(long)]
    volumes: bool,
    /// Only the names of networks
    #[arg(long)]
    networks: bool,
    /// Only the names of profiles
    #[arg(long = "profiles", id = "only_profiles")]
    profiles: bool,
}

/// How the canonical form is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// YAML
    #[default]
    Yaml,
    /// JSON
    Json,
}

pub(super) fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let mut global = global.merged(options.global.clone());
    let targets: Vec<ServiceName> =
        global.take_files(&options.arguments).into_iter().map(ServiceName::from).collect();
    let output = Output::new(&global);
    let (_, mut topology) = load_or_explain(&global, &targets, Purpose::Look, &output)?;
    if !targets.is_empty() {
        topology.keep_only(&targets);
    }
    if !options.quiet {
        output.print(&text(&topology, &options));
    }
    Ok(Exit::Success)
}

fn text(topology: &Topology, options: &Options) -> String {
    let lines = |names: Vec<String>| names.iter().map(|name| format!("{name}\n")).collect();
    if options.only.services {
        return lines(topology.services.keys().map(ServiceName::to_string).collect());
    }
    if options.only.images {
        let image = |(name, service): (&ServiceName, &_)| {
            crate::plan::spec::image_name(topology, name, service).to_string()
        };
        return lines(
            topology.services.iter().map(|(name, service)| image((name, &service.value))).collect(),
        );
    }
    if options.only.volumes {
        return lines(topology.volumes.keys().cloned().collect());
    }
    if options.only.networks {
        return lines(topology.networks.keys().cloned().collect());
    }
    if options.only.profiles {
        return lines(topology.profiles().into_iter().map(str::to_owned).collect());
    }
    let resources = if options.all_resources { Resources::All } else { Resources::Used };
    match options.format {
        // Writing YAML of plain data cannot fail.
        Format::Yaml => serde_yaml::to_string(&topology.canonical(Form::Full, resources)).unwrap_or_default(),
        Format::Json => format!("{:#}\n", topology.canonical(Form::Model, resources)),
    }
}
