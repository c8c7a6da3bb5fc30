//! In: services and the rules of their files. Out: passes over what changed, until told to end.
//! Must not: bring up what is not there; that is the command's.

mod pass;
mod read_again;

use tokio_util::sync::CancellationToken;

use crate::cli::engine::session::Session;
use crate::cli::error::CliError;
use crate::cli::io::output::Output;
use crate::engine::Target;
use crate::run::develop::{Changed, Notice, Rules};
use crate::source::Sources;
use crate::topology::Topology;
use crate::topology::name::ServiceName;

/// Services that are watched.
pub(crate) struct Watching<'a, E> {
    /// The use of the engine.
    pub(crate) session: Session<'a, E>,
    /// The texts of the topology.
    pub(crate) sources: &'a Sources,
    /// The command that makes changes of the topology itself take effect.
    pub(crate) again: String,
    /// What runs.
    pub(crate) topology: &'a Topology,
    /// Where failures are told.
    pub(crate) output: &'a Output,
    /// What is watched, and what is done.
    pub(crate) rules: Rules,
    /// Whether images that are not needed any more are removed.
    pub(crate) prunes: bool,
}

/// The rules of these services; that there are none, or that one cannot be kept, ends the program.
pub(crate) fn rules(
    topology: &Topology,
    services: &[ServiceName],
    output: &Output,
) -> Result<Rules, CliError> {
    let rules = Rules::of(topology, services)?;
    for remark in &rules.remarks {
        output.warning(remark);
    }
    if rules.is_empty() {
        let help = "say what to watch: `develop: { watch: [{ path: ./src, action: rebuild }] }`";
        return Err(CliError::failed("nothing to watch").help(help));
    }
    Ok(rules)
}

impl<E: Target> Watching<'_, E> {
    /// Watches until it is told to end. A pass that is under way then starts nothing new, but brings back what it
    /// has taken down.
    pub(crate) async fn watch(&self, end: &CancellationToken) -> Result<(), CliError> {
        let mut notice = Notice::of(self.rules.paths().into_iter())?;
        let services: Vec<&str> = self.rules.services().into_iter().map(ServiceName::as_str).collect();
        self.remark(&format!("watching the files of {}", services.join(", ")));
        let working = async {
            self.carry_out(self.rules.first_pass(), end).await;
            while let Some(Changed { paths, troubles }) = end.run_until_cancelled(notice.next()).await {
                for trouble in troubles {
                    self.fail(&CliError::failed(format!("some changes may go unnoticed: {trouble}")));
                }
                self.carry_out(self.rules.pass(paths.iter().map(|path| path.as_path())), end).await;
            }
        };
        let say = |words: &str| self.remark(words);
        tokio::select! {
            () = working => {}
            never = read_again::tell_of_changes(self.sources, &self.again, &say) => match never {},
        }
        Ok(())
    }

    /// Says what failed, while watching goes on.
    pub(crate) fn fail(&self, error: &CliError) {
        error.print(self.session.global, self.output);
    }

    fn remark(&self, words: &str) {
        self.session.remark(&format!("watch: {words}"));
    }
}
