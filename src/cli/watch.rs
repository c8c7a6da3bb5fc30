//! `topo watch`, and what it shares with `up --watch`.

mod pass;

use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::cli::create::plan_up;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::interrupt;
use crate::cli::load::{Purpose, check_targets, load_or_explain};
use crate::cli::output::Output;
use crate::cli::provide;
use crate::cli::session::{self, Session};
use crate::plan::{BuildChoice, UpChoices};
use crate::report::{Hushed, Intent};
use crate::run::develop::{Changed, Notice, Rules};
use crate::source::Sources;
use crate::topology::Topology;
use crate::topology::name::ServiceName;

/// Bring services up to date whenever their files change.
///
/// What is watched, and what is done then, is said by `develop` in the topology: files are copied into
/// containers, containers restarted, images built anew. Files that change together are taken together. A
/// failure is told, and watching goes on. Ctrl-C ends it; the services go on running.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo watch topologies/desafio5.yaml gateway")]
pub(super) struct Options {
    /// A topology file, and the services that are watched; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Do not bring the services up first
    #[arg(long)]
    no_up: bool,
    /// Remove images that a newer one took the place of; `--prune=false` keeps them
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_value_t = true, default_missing_value = "true",
          require_equals = true, hide_possible_values = true, action = clap::ArgAction::Set)]
    prune: bool,
    /// Do not show the steps of builds
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    global: Global,
}

/// Services that are watched.
pub(super) struct Watching<'a> {
    /// The use of the engine.
    pub(super) session: Session<'a>,
    /// The texts of the topology.
    pub(super) sources: &'a Sources,
    /// What runs.
    pub(super) topology: &'a Topology,
    /// Where failures are told.
    pub(super) output: &'a Output,
    /// What is watched, and what is done.
    pub(super) rules: Rules,
    /// Whether images that are not needed any more are removed.
    pub(super) prunes: bool,
}

pub(super) fn run(global: Global, options: Options) -> Result<Exit, Exit> {
    let mut global = global.merged(options.global);
    let services = global.take_services(&options.arguments);
    let output = Output::new(&global);
    let (loaded, mut topology) = load_or_explain(&global, &services, Purpose::Run, &output)?;
    check_targets(&topology, &services, &output)?;
    let rules = rules(&topology, &services, &output)?;
    provide::bring_up(&mut topology, &services, false, &output)?;
    session::block_on(async {
        let engine = session::connect(&output).await?;
        let mut session = Session::new(&engine, &global, &output);
        session.hushed = Hushed { builds: options.quiet, ..Hushed::default() };
        interrupt::listen(session.cancel.clone());
        if !options.no_up {
            let choices = UpChoices { services, build: BuildChoice::Always, ..UpChoices::default() };
            let plan = plan_up(&engine, &loaded.sources, &topology, &choices, &output).await?;
            let outcome = session.carry_out(&plan, Intent::UP, "watch").await;
            if !outcome.is_success() {
                return Ok(session::exit_of(&outcome));
            }
        }
        let sources = &loaded.sources;
        let (topology, prunes) = (&topology, options.prune);
        let watching = Watching { session, sources, topology, output: &output, rules, prunes };
        let cancel = watching.session.cancel.clone();
        watching.watch(&cancel).await?;
        // It has no other end.
        Ok(Exit::Success)
    })
}

/// The rules of these services; that there are none, or that one cannot be kept, ends the program.
pub(super) fn rules(topology: &Topology, services: &[ServiceName], output: &Output) -> Result<Rules, Exit> {
    let rules = Rules::of(topology, services).map_err(|error| {
        output.error(&error.to_string(), None);
        Exit::Failed
    })?;
    for remark in &rules.remarks {
        output.warning(remark);
    }
    if rules.is_empty() {
        let help = "say what is watched: `develop: { watch: [{ path: ./src, action: rebuild }] }`";
        output.error("there is nothing to watch", Some(help));
        return Err(Exit::Failed);
    }
    Ok(rules)
}

impl Watching<'_> {
    /// Watches until it is told to end. A pass that is under way then is given up.
    pub(super) async fn watch(&self, end: &CancellationToken) -> Result<(), Exit> {
        let mut notice = Notice::of(self.rules.paths().into_iter()).map_err(|error| {
            self.output.error(&error.to_string(), None);
            Exit::Failed
        })?;
        let services: Vec<&str> = self.rules.services().into_iter().map(ServiceName::as_str).collect();
        self.remark(&format!("watching the files of {}", services.join(", ")));
        let working = async {
            self.carry_out(self.rules.first_pass(), end).await;
            loop {
                let Changed { paths, troubles } = notice.next().await;
                for trouble in troubles {
                    self.output.error(&format!("some changes may go unnoticed: {trouble}"), None);
                }
                self.carry_out(self.rules.pass(paths.iter().map(|path| path.as_path())), end).await;
            }
        };
        tokio::select! {
            () = end.cancelled() => {}
            () = working => {}
        }
        Ok(())
    }

    fn remark(&self, words: &str) {
        self.session.remark(&format!("watch: {words}"));
    }
}
