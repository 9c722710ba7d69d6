//! The command `fimble`: arguments, standard streams, and the joining of the crates.

#![warn(clippy::unwrap_used)]

mod cli;

use std::process::ExitCode;

/// A cache that comes and goes in large pieces, from many threads, stays within its budget with this allocator; glibc's
/// keeps several times as much.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
