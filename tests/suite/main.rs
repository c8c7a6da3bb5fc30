//! All tests that are not next to the code that they test, as one program.

mod golden;
mod layering;
mod memory_engine;
mod runs;
