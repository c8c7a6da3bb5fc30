//! `topo explain`.

use clap::Args;

use crate::cli::arguments::global::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::output::width_of_output;
use crate::diagnostic::{Code, Severity, suggest};
use crate::lint;
use crate::lint::rule::Rule;
use crate::report::prose::{reflowed, wrapped};

/// Explain a diagnostic code.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  topo explain unknown-attribute")]
pub(crate) struct ExplainArgs {
    /// The code, as shown with a diagnostic; all are listed when none is given
    code: Option<String>,
    #[command(flatten)]
    global: Global,
}

pub(super) fn run(global: &mut Global, options: ExplainArgs) -> Result<Exit, CliError> {
    global.merge(options.global);
    let output = global.output();
    let Some(name) = options.code else {
        output.print(&list(&lint::codes().collect::<Vec<Code>>(), width_of_output()))?;
        return Ok(Exit::Success);
    };
    let Some(code) = lint::codes().find(|code| code.name() == name) else {
        let help = match suggest::closest(&name, lint::codes().map(Code::name)) {
            Some(closest) => format!("did you mean `{closest}`?"),
            None => "`topo explain` lists them all".to_owned(),
        };
        return Err(CliError::usage(format!("no diagnostic has the code `{name}`")).help(help));
    };
    output.print(&explained(code, width_of_output()))?;
    Ok(Exit::Success)
}

/// The page of a code, what is known of its rule, and which codes of rules are of this kind.
fn explained(code: Code, width: Option<usize>) -> String {
    let page = code.page();
    let mut text = format!("{}\n{}\n", page.name, wrapped(page.sentence, width, 0));
    if let Some((rule, level)) = lint::rule_of(code) {
        let Rule { group, since, codes: _, check: _ } = rule;
        text += &format!("{}, {}, since topo {since}\n", level_name(level), group.name());
    }
    text += &format!("\n{}\n", reflowed(page.text.trim(), width));
    let narrower: Vec<Code> = lint::codes().filter(|other| *other != code && other.kind() == code).collect();
    if !narrower.is_empty() {
        let heading = "Rules report this kind of mistake by codes of their own:";
        text += &format!("\n{}\n\n{}", wrapped(heading, width, 0), list(&narrower, width));
    }
    text
}

fn level_name(level: Severity) -> &'static str {
    match level {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn list(codes: &[Code], terminal: Option<usize>) -> String {
    let width = codes.iter().map(|code| code.name().len()).max().unwrap_or_default();
    let line = |code: &Code| format!("{:width$}  {}", code.name(), code.page().sentence);
    codes.iter().map(|code| wrapped(&line(code), terminal, width + 2) + "\n").collect()
}
