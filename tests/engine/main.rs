//! What only a real Docker Engine proves. Every test has a separate project, removes it even if it
//! fails, and touches nothing else.
//!
//! `cargo test` ignores these tests, and `cargo test -- --include-ignored` runs them on the engine
//! that `scripts/engine` starts.

mod bringing_up;
mod broken_streams;
mod build_contexts;
mod builds;
mod challenges;
mod commands;
mod complete_output;
mod copying;
mod drop_in;
mod engine_trouble;
mod environment;
mod failures;
mod foreground;
mod grammar;
mod harness;
mod hooks;
mod images;
mod in_place;
mod inside;
mod interceptor;
mod interrupts;
mod kills;
mod lessons;
mod lifecycle;
mod lists;
mod models;
mod needs;
mod output;
mod parity;
mod plan_files;
mod preflight;
mod providers;
mod proxy;
mod pulls;
mod readme;
mod registry;
mod secrecy;
mod sharing;
mod states;
mod systems;
mod takeover;
mod terminal;
mod tracing;
mod turns;
mod watching;
