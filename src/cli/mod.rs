//! In: the command line. Out: the stages called in order, words, and an exit code.
//! Must not: hold logic that a stage could hold.

use std::process::ExitCode;

/// Runs the program.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
