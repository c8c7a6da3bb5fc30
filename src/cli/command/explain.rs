//! `topo explain`.

use clap::Args;

use crate::cli::arguments::global::Global;
use crate::cli::exit::Exit;
use crate::cli::io::output::width_of_output;
use crate::diagnostic::{Code, code, suggest};
use crate::report::prose::{reflowed, wrapped};

/// Explain a diagnostic code.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo explain unknown-attribute")]
pub struct ExplainArgs {
    /// The code, as shown with a diagnostic; all are listed when none is given
    code: Option<String>,
    #[command(flatten)]
    global: Global,
}

pub fn run(global: Global, options: ExplainArgs) -> Result<Exit, Exit> {
    let output = global.merged(options.global).output();
    let Some(name) = options.code else {
        output.print(&list(width_of_output()));
        return Ok(Exit::Success);
    };
    let Some(code) = Code::by_name(&name) else {
        let help = match suggest::closest(&name, code::ALL.iter().map(|code| code.name())) {
            Some(closest) => format!("did you mean `{closest}`?"),
            None => "`topo explain` lists them all".to_owned(),
        };
        output.error(&format!("no diagnostic has the code `{name}`"), Some(&help));
        return Err(Exit::Usage);
    };
    let page = code.page();
    let width = width_of_output();
    let sentence = wrapped(page.sentence, width, 0);
    output.print(&format!("{}\n{sentence}\n\n{}\n", page.name, reflowed(page.text.trim(), width)));
    Ok(Exit::Success)
}

fn list(terminal: Option<usize>) -> String {
    let width = code::ALL.iter().map(|code| code.name().len()).max().unwrap_or_default();
    let line = |code: &Code| format!("{:width$}  {}", code.name(), code.page().sentence);
    code::ALL.iter().map(|code| wrapped(&line(code), terminal, width + 2) + "\n").collect()
}
