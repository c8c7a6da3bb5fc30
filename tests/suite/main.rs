//! All tests that are not next to the code that they test, as one program.

mod cli;
mod completion;
mod compose_hash;
mod config;
mod conformance;
mod diagnostics;
mod differential;
mod ends;
mod examples;
mod formats;
mod golden;
mod layering;
mod lessons;
mod loading;
mod logs;
mod memory_engine;
mod mutations;
mod pictures;
mod plans;
mod readme;
mod reference;
mod runs;
mod schema;
mod support;
mod tags;
mod world;
