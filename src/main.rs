//! The `topo` program: everything is in the library.

fn main() -> std::process::ExitCode {
    topo::cli::main()
}
