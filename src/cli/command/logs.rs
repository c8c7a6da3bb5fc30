//! `topo logs`.

use clap::Args;

use crate::cli::arguments::excluded::Excluded;
use crate::cli::arguments::global::Global;
use crate::cli::arguments::settings::ColorChoice;
use crate::cli::attached::follow::{self, Following};
use crate::cli::engine::connection;
use crate::cli::engine::inside;
use crate::cli::engine::session::{self, Session};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::interrupt;
use crate::cli::list::absence;
use crate::cli::list::time::time_option;
use crate::cli::topology::project::{Project, project};
use crate::engine::{LogChoice, Observe, OutputStream};
use crate::report::logs::{Prefixes, Printer};
use crate::run::logs::{LogSink, read_past};
use crate::topology::name::ServiceName;

/// Show what containers print.
#[derive(Args, Debug)]
// `-f` is `--follow` here, as everywhere else; a file is given by `--file`, or before the command.
#[command(mut_arg("files", |file| file.short(None)))]
#[command(after_help = "Example:\n  topo logs -f web --tail 20")]
pub(crate) struct LogsArgs {
    /// A topology file, and the services whose output is shown; all when none is named
    #[arg(value_name = "FILE|SERVICE")]
    arguments: Vec<String>,
    /// Follow new output until no container is running
    #[arg(short, long)]
    follow: bool,
    /// Only this number of lines from the end of each container's output
    #[arg(short = 'n', long, value_name = "LINES|all", allow_negative_numbers = true)]
    tail: Option<Tail>,
    /// Only lines since this time: `10m`, `2026-01-31`, `2026-01-31T12:00` (local time), `...Z`, or seconds since 1970
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only lines until this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Show the time of each line
    #[arg(short, long)]
    timestamps: bool,
    /// Only the container with this number, of each service
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Do not prefix lines with the names of services
    #[arg(long)]
    no_log_prefix: bool,
    /// Do not colour the names; the same as `--color never`
    #[arg(long)]
    no_color: bool,
    #[command(flatten)]
    excluded: Excluded,
    #[command(flatten)]
    global: Global,
}

/// How many lines.
#[derive(Clone, Copy, Debug)]
enum Tail {
    All,
    Last(u64),
}

impl std::str::FromStr for Tail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            // As `docker logs` has it.
            "-1" => Ok(Self::All),
            _ => text.parse().map(Self::Last).map_err(|_| "write a number, or `all`".to_owned()),
        }
    }
}

pub(super) fn run(global: &mut Global, options: LogsArgs) -> Result<Exit, CliError> {
    global.merge(options.global.clone());
    if options.no_color {
        global.color = Some(ColorChoice::Never);
    }
    let output = global.output();
    let services = options.excluded.take_services(global, &options.arguments)?;
    let choice = choice(&options)?;
    let project = project(global, &services, &output)?;
    let services = options.excluded.services_of(&project, services, &output)?;
    let Project { query, topology } = project;
    let prefixes = if options.no_log_prefix { Prefixes::None } else { Prefixes::Names };
    let named = (!services.is_empty()).then_some(services.as_slice());
    let fixed_names = follow::fixed_names(topology.as_ref());
    let following = Following { services: named, index: options.index, choice, prefixes, fixed_names };
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let session = Session::new(&engine, global, &output);
        let observed = engine.observe(&query).await?;
        let sources = follow::sources(&observed, &following);
        if sources.is_empty() {
            match options.index {
                Some(index) => return Err(none_has_the_number(global, &services, index)),
                None => {
                    absence::explain(&query.project, topology.as_ref(), &services, &observed, global, &output)
                }
            }
        }
        if !options.follow {
            let (mut out, mut err) = (output.writer(OutputStream::Out), output.writer(OutputStream::Err));
            let mut printer = Printer::new(&mut out, &mut err, prefixes, session.look_of_output())
                .with_line_ends(output.line_ends(OutputStream::Out), output.line_ends(OutputStream::Err));
            let unreadable = read_past(&engine, &sources, streams_at_once(), &mut printer).await;
            let mut failed: Vec<CliError> =
                unreadable.iter().map(|unreadable| CliError::failed(unreadable.to_string())).collect();
            let exit = if printer.failure().is_some() { Exit::Usage } else { Exit::Failed };
            failed.extend(printer.failure().map(CliError::usage));
            return if failed.is_empty() { Ok(Exit::Success) } else { Err(CliError::Several(failed, exit)) };
        }
        interrupt::listen(session.cancel.clone());
        follow::follow_all(&session, &query.project, sources, &following).await
    })
}

/// From how many containers the output is read at once.
const STREAMS_AT_ONCE: usize = 256;

/// Files that topo has open beside the streams of containers, with some to spare.
const OTHER_FILES: u64 = 20;

/// As many containers as the system lets topo be connected with.
fn streams_at_once() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let left = limit.map_or(u64::MAX, |limit| limit.saturating_sub(OTHER_FILES).max(1));
    usize::try_from(left).map_or(STREAMS_AT_ONCE, |left| left.min(STREAMS_AT_ONCE))
}

/// A number that is asked for is there.
fn none_has_the_number(global: &Global, services: &[ServiceName], index: u32) -> CliError {
    if let [service] = services {
        return inside::none_is_there(global, service, Some(index));
    }
    let help = format!("`{}` lists the existing ones", global.command("ps -a"));
    CliError::failed(format!("no service has a container number {index}")).help(help)
}

fn choice(options: &LogsArgs) -> Result<LogChoice, CliError> {
    Ok(LogChoice {
        follow: options.follow,
        tail: match options.tail {
            None | Some(Tail::All) => None,
            Some(Tail::Last(lines)) => Some(lines),
        },
        since: time_option(options.since.as_ref())?,
        until: time_option(options.until.as_ref())?,
        timestamps: options.timestamps,
    })
}
