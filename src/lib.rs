//! `topo` reads Compose-compatible YAML and makes a Docker Engine match it.
//!
//! # The flow, left to right
//!
//! ```text
//! source ── document ── topology ── lint ── plan ── run ── report
//!  text     spanned      checked    rules   DAG     engine   words
//!           tree         model              of      calls
//!                                           steps
//! ```
//!
//! One folder a stage. A module uses only what stands to its left in
//! `source < diagnostic < value < document < topology < lint < plan < engine < run < report < cli`;
//! `tests/suite/layering.rs` reads the `crate::` paths and keeps it so.
//!
//! | to change | look in |
//! |---|---|
//! | which files and variables are read | [`source`] |
//! | how a mistake is shown, its code, its long explanation | [`diagnostic`] |
//! | YAML, `${VAR}`, several files, `extends`, `include` | [`document`] |
//! | how the text of one value is read: a port, a mount, an image | [`value`] |
//! | an attribute: its type, its long form, its canonical form | [`topology`] |
//! | all that is known of an attribute: names, examples, how it is merged | its line of `record!`, [`topology::attribute::Field`] |
//! | a rule over a whole topology | [`lint`] |
//! | what `up` and `down` do, in which order and why | [`plan`] |
//! | the form in which a plan is kept, and what of it is sealed | [`plan::stored`], `record!` in [`topology::attribute`] |
//! | how a step reaches Docker, and what is read from it | [`engine`] |
//! | when a step runs, waits, fails, is cancelled | [`run`] |
//! | how what containers print is read and followed | [`run::logs`] |
//! | what is printed: steps, logs, plans, pictures | [`report`] |
//! | what is looked for in the engine's words | [`engine::phrase`] |
//! | a command, its options | [`cli`] |
//! | why a command could not do what it was asked, what is said of it, its exit code | [`cli::CliError`], [`cli::Exit`] |
//!
//! # What holds everywhere
//!
//! - **Spans survive everything.** A value knows the file and the bytes that it was written at,
//!   after interpolation, merge, aliases, `extends` and `include`.
//! - **User text never ends in `Err`.** A stage pushes a [`diagnostic::Diagnostic`] and goes on, so
//!   that one run shows every mistake. `Result` is for the world: files and engines.
//! - **Errors are returned, and printed once.** Whoever in [`cli`] cannot go on returns a [`cli::CliError`] and prints
//!   nothing; [`cli::main`] prints it when the command has ended. Engines answer with an [`engine::EngineError`], whose
//!   variants say what went wrong.
//! - **Planning is pure.** [`plan`] neither talks to an engine nor reads a clock; what runs is what
//!   the plan said. Providers and models are brought up before it (`cli::topology::provide`, `cli::topology::models`), since
//!   services are planned with the variables that they answer. Two things are found out only by doing: what a killed run asked the engine for a
//!   moment ago holds a name, and gives way (`engine::docker::container`); a build's base image is
//!   missing, and is pulled (`engine::docker::build`).
//! - **One task owns the run.** Engine calls are futures inside it; they share nothing that needs a
//!   lock.

pub mod cli;
pub mod diagnostic;
pub mod document;
pub mod engine;
pub mod lint;
pub mod plan;
pub mod report;
pub mod run;
pub mod source;
pub mod topology;
pub mod value;
