//! In: the environment. Out: a connection to the engine that it names.
//! Must not: ask the engine for anything else. It is the only place that knows which kinds of engines there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::cli::io::output::Output;
use crate::cli::process;
use crate::engine::docker::{self, Docker};
use crate::engine::{EngineError, Identity, Target};
use crate::report::Live;

/// Connects to the engine that the environment names. When it does not answer for a while, that is told.
pub(crate) async fn open(output: Output) -> Result<impl Target + use<>, EngineError> {
    let tell = move |words: &str| Live::of_process().give_way(|| output.warning(words));
    Docker::connect(&variables(), process::programs(), process::file_system(), Arc::new(tell)).await
}

/// The variables that may name an engine.
fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// [`open`], with warnings of what is wrong around the engine.
pub(crate) async fn connect(output: &Output) -> Result<impl Target + use<>, CliError> {
    let engine = open(*output).await?;
    for trouble in engine.troubles() {
        output.warning(trouble);
    }
    Ok(engine)
}

/// Whether the engine that the environment names runs on this machine.
pub(crate) fn is_here() -> bool {
    docker::connect::is_here(&variables())
}
