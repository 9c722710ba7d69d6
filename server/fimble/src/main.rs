//! The command `fimble`. It parses arguments, owns the standard streams, and connects the crates.

#![warn(clippy::unwrap_used)]

mod cli;

use std::process::ExitCode;

/// The engine's cache is allocated and freed in large blocks by many threads. mimalloc keeps the process near the
/// cache's budget; glibc's allocator holds several times as much.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
