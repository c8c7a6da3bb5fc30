//! `topo attach`.

use clap::Args;
use futures_util::FutureExt;

use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::inside::{self, Console, ThirdSignal, Wanted};
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::detach;
use crate::cli::io::io_pump::{End, InputWiring, Wiring, io_pump};
use crate::cli::io::output::Output;
use crate::cli::io::signals::{Received, Signals};
use crate::cli::io::terminal;
use crate::cli::topology::project::project_name;
use crate::engine::EngineError;
use crate::engine::{Attach, AttachChoice, LastEnd, TerminalSize};
use crate::topology::name::ContainerName;

/// Attach to a service's main process.
///
/// What the process prints from now on is shown, and what you type is passed on to it if the service has
/// `stdin_open: true`. Signals such as Ctrl-C are passed on too. When the process exits, topo exits with its
/// exit code. To leave it running, press Ctrl-P Ctrl-Q if the service has both `stdin_open: true` and `tty:
/// true`; otherwise attach with `--sig-proxy=false` and press Ctrl-C.
#[derive(Args, Debug)]
#[command(
    override_usage = "topo attach [OPTIONS] [FILE] <SERVICE>",
    after_help = "Example:\n  topo attach web --sig-proxy=false"
)]
pub(crate) struct AttachArgs {
    /// A topology file, and the service
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// The container with this number, if the service has several
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Keys that detach from the process and leave it running, if it has a terminal and an input; empty for
    /// none
    #[arg(long, value_name = "KEYS", default_value = detach::DEFAULT)]
    detach_keys: String,
    /// Do not attach standard input
    #[arg(long)]
    no_stdin: bool,
    /// Pass signals on to the process; with `--sig-proxy=false`, Ctrl-C leaves it running
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_value_t = true, default_missing_value = "true",
          require_equals = true, hide_possible_values = true, action = clap::ArgAction::Set)]
    sig_proxy: bool,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: AttachArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    let output = global.output();
    let service = inside::only_service(global, "attach", &options.arguments)?;
    let detach_keys = inside::detach_keys(&options.detach_keys)?;
    let project = project_name(global, &service, &output)?;
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let about = (&project, &service);
        let container = inside::container(&engine, global, about, options.index, Wanted::Running).await?;
        let inner = engine.console(&container.name).await?;
        let console = Console {
            has_terminal: inner.has_terminal,
            has_input: inner.has_input && !options.no_stdin,
            detach_keys,
            detach_text: options.detach_keys.clone(),
        };
        let (attach, logs) = (global.command("attach"), global.command("logs"));
        let attachment = Attachment {
            engine: &engine,
            container: &container.name,
            way_back: format!(
                "`{attach} {service}` connects to it again, `{logs} {service}` shows what it printed"
            ),
            output: &output,
        };
        let input = match (console.has_input, inner.ends_with_input) {
            (false, _) => InputWiring::None,
            (true, true) => InputWiring::Whole,
            (true, false) => InputWiring::WithoutEnd,
        };
        attachment.follow(&console, input, options.sig_proxy).await
    })
}

/// A process that topo is connected to.
struct Attachment<'a, E> {
    engine: &'a E,
    container: &'a ContainerName,
    /// How to come back when the connection broke.
    way_back: String,
    output: &'a Output,
}

impl<E: Attach> Attachment<'_, E> {
    async fn follow(
        &self,
        console: &Console,
        input: InputWiring,
        passes_signals: bool,
    ) -> Result<Exit, CliError> {
        let Attachment { engine, container, ref way_back, output } = *self;
        let lost = |error: EngineError| inside::lost(error, container, way_back);
        let choice = AttachChoice { has_input: console.has_input, detach_keys: console.detach_text.clone() };
        let attached = engine.attach(container, &choice, console.has_terminal).await?;
        let waiting = engine.wait_for_end(container, LastEnd::Exit).await?;
        let exit_code = waiting.shared();
        let attached = attached.closed_after(exit_code.clone());
        let signals = Signals::listen();
        if terminal::is_input() && !console.takes_keys() {
            self.say_how_to_leave(passes_signals && !console.has_terminal);
        }
        let raw = console.raw()?;
        if console.has_terminal {
            self.redraw().await;
        }
        let resize = async |size| engine.resize_container(container, size).await.is_ok();
        // In a terminal Ctrl-C is a key like any other; a signal then comes from elsewhere.
        let leave = self.leave(signals, passes_signals && !console.has_terminal);
        let wiring = Wiring { input, ..console.wiring(engine) };
        let end = io_pump(attached, wiring, resize, leave).await;
        drop(raw);
        match end {
            End::Closed => inside::end_of_program(exit_code, engine, container, way_back).await,
            End::Detached => {
                output.remark(&format!("detached: `{container}` keeps running"));
                Ok(Exit::Success)
            }
            End::NoReader => Err(CliError::NoReader),
            End::Unwritable(error) => Err(CliError::Output(error)),
            End::Left(received) => Ok(inside::exit_of_signal(received)),
            End::Failed(error) => Err(lost(error)),
        }
    }

    /// The engine knows the keys that detach only where the process has a terminal.
    fn say_how_to_leave(&self, passes_signals: bool) {
        let container = self.container;
        self.output.remark(&match passes_signals {
            true => {
                format!("Ctrl-C is passed on to `{container}`; with `--sig-proxy=false`, it keeps running")
            }
            false => format!("Ctrl-C leaves `{container}` running"),
        });
    }

    async fn leave(&self, signals: Signals, passes_signals: bool) -> Received {
        if passes_signals {
            return inside::pass_on(signals, self.engine, self.container, ThirdSignal::Leaves).await;
        }
        inside::end_asked_for(signals).await
    }

    /// A program draws its screen anew only when the size of its terminal changes.
    async fn redraw(&self) {
        let size = terminal::size();
        let other =
            TerminalSize { rows: size.rows.saturating_add(1), columns: size.columns.saturating_add(1) };
        for size in [other, size] {
            // A process that has ended has no terminal any more; the output will say so.
            let _ = self.engine.resize_container(self.container, size).await;
        }
    }
}
