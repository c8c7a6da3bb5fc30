//! In: a plan, and its engine. Out: diagnostics for what would make it fail.
//! Must not: ask the engine if the plan creates nothing, or wait for long.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clap::Args;
use futures_util::{StreamExt, join, stream};
use tokio::time::timeout;

use crate::cli::arguments::global::Global;
use crate::cli::engine::redaction::redacted;
use crate::cli::error::{CliError, Problem};
use crate::diagnostic::Diagnostics;
use crate::engine::{Identity, Images, Inventory, machine};
use crate::plan::preflight::{Demands, RegistryAnswer, Surroundings, check};
use crate::plan::{Observed, Plan};
use crate::source::Sources;
use crate::topology::Topology;
use crate::value::image::ImageReference;

/// Whether a plan is checked before it is carried out.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct PreflightOptions {
    /// Skip the checks of ports, names, subnets, images and files before anything is created
    #[arg(long)]
    no_preflight: bool,
}

/// How long the engine may take to list its containers.
const ENGINE_LIMIT: Duration = Duration::from_secs(2);

/// How long all registries together may take.
const REGISTRY_LIMIT: Duration = Duration::from_secs(5);

/// How many registries are asked at once.
const AT_ONCE: usize = 8;

/// The result of the checks.
pub(crate) struct Preflight {
    found: Diagnostics,
    /// Whether the checks found an error that planning did not.
    is_hindered: bool,
}

impl PreflightOptions {
    /// No checks: the same containers were checked a moment ago.
    pub(crate) const SKIPPED: Self = Self { no_preflight: true };

    /// Checks a plan, and adds the result to the diagnostics of planning.
    pub(crate) async fn look(
        self,
        engine: &(impl Identity + Inventory + Images),
        plan: &Plan,
        (topology, observed): (&Topology, &Observed),
        mut found: Diagnostics,
    ) -> Preflight {
        let demands = Demands::of(plan, topology, observed);
        let mut is_hindered = false;
        if !self.no_preflight && !demands.is_empty() {
            let mut more = Diagnostics::default();
            check(&demands, &surroundings(engine, &demands).await, &mut more);
            is_hindered = more.has_errors();
            // Names from the engine are quoted, and may hold values of variables.
            more.for_each(|diagnostic| {
                let labels = diagnostic.labels.iter_mut().map(|label| &mut label.text);
                let texts = labels.chain([&mut diagnostic.message]).chain(&mut diagnostic.help);
                texts.for_each(|text| *text = redacted(text));
            });
            found.append(more);
        }
        Preflight { found, is_hindered }
    }
}

impl Preflight {
    /// Prints the diagnostics if they are warnings only.
    ///
    /// # Errors
    ///
    /// All diagnostics, if one of them is an error.
    pub(crate) fn checked(mut self, sources: &Sources, global: &Global) -> Result<(), CliError> {
        global.name_topology(&mut self.found);
        global.output().checked(sources, &self.found).map_err(|error| match self.is_hindered {
            true => error.concluding(
                Problem::new("nothing was changed: the run would fail part way")
                    .help("`--no-preflight` skips these checks and tries anyway"),
            ),
            false => error,
        })
    }
}

/// Asks for everything that the demands concern at the same time; what nobody answers stays unknown.
async fn surroundings(engine: &(impl Identity + Inventory + Images), demands: &Demands<'_>) -> Surroundings {
    let containers = async {
        let listed = timeout(ENGINE_LIMIT, engine.neighbours());
        if demands.concern_containers() { listed.await.ok()?.ok() } else { None }
    };
    let (containers, host, registries) = join!(containers, engine.host(), registries(engine, demands));
    let machine =
        host.as_ref().and_then(|host| machine::look(engine.address(), host, demands, containers.as_deref()));
    Surroundings {
        containers: containers.unwrap_or_default(),
        registries,
        platform: host.and_then(|host| host.platform()),
        machine,
    }
}

async fn registries(engine: &impl Images, demands: &Demands<'_>) -> BTreeMap<ImageReference, RegistryAnswer> {
    let images: BTreeSet<&ImageReference> = demands.pulls().collect();
    let asked =
        stream::iter(images).map(async |image| Some((image.clone(), engine.ask_registry(image).await?)));
    let mut answers = asked.buffer_unordered(AT_ONCE);
    let mut known = BTreeMap::new();
    // Those that answered in time count when others do not.
    let _ = timeout(REGISTRY_LIMIT, async {
        while let Some(answer) = answers.next().await {
            known.extend(answer);
        }
    })
    .await;
    known
}
