//! `topo commit`.

use clap::Args;

use crate::cli::arguments::global::Global;
use crate::cli::engine::connection;
use crate::cli::engine::inside::{self, Wanted};
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::topology::project::project_name;
use crate::cli::topology::services;
use crate::engine::{Capture, Commit};
use crate::topology::name::ServiceName;
use crate::value::image::ImageReference;

/// Create an image from a container's changes.
///
/// The image's ID is printed. The content of volumes is not included.
#[derive(Args, Debug)]
// `-p` is `--pause` here, as everywhere else; the project's name is given before the command.
#[command(
    mut_arg("project_name", |name| name.short(None)),
    override_usage = "topo commit [OPTIONS] [FILE] <SERVICE> [IMAGE]",
    after_help = "Example:\n  topo commit web web:experiment -m 'with debugger'"
)]
pub(crate) struct CommitArgs {
    /// A topology file, the service, and the image's name
    #[arg(value_name = "FILE|SERVICE|IMAGE")]
    arguments: Vec<String>,
    /// The author: `Ana <ana@example.com>`
    #[arg(short, long)]
    author: Option<String>,
    /// Dockerfile instruction to apply to the image: `CMD ["sh"]`
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// Why
    #[arg(short, long)]
    message: Option<String>,
    /// Pause the container while its files are read; `--pause=false` keeps it running
    #[arg(short = 'p', long, value_name = "BOOL", num_args = 0..=1, default_value_t = true,
          default_missing_value = "true", require_equals = true, hide_possible_values = true,
          action = clap::ArgAction::Set)]
    pause: bool,
    /// The container with this number, if the service has several
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: CommitArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    let words = global.take_files(&options.arguments);
    let (service, image) = match words.as_slice() {
        [] => return Err(services::none_is_named(global, "commit", "SERVICE")),
        [service] => (ServiceName::from(service.as_str()), None),
        [service, image] => (ServiceName::from(service.as_str()), Some(ImageReference::new(image.clone()))),
        [service, image, ..] => {
            let help = format!("write `{} {service} {image}`", global.command("commit"));
            return Err(CliError::usage("a service and at most one image name are needed").help(help));
        }
    };
    let project = project_name(global, &service, &output)?;
    let commit = Commit {
        image,
        author: options.author,
        message: options.message,
        changes: options.change,
        pauses: options.pause,
    };
    session::block_on(async {
        let engine = connection::connect(&output).await?;
        let about = (&project, &service);
        let container = inside::container(&engine, global, about, options.index, Wanted::Any).await?;
        let id = engine.commit(&container.name, &commit).await;
        let id = id?;
        output.print(&format!("{id}\n"))?;
        Ok(Exit::Success)
    })
}
