//! Everything between topo and whoever started it: output, the terminal, signals and keys.

pub(super) mod confirm;
pub(super) mod detach;
pub(super) mod interrupt;
pub(super) mod io_pump;
pub(super) mod nonblocking_writer;
pub(super) mod output;
pub(super) mod signals;
pub(super) mod terminal;
