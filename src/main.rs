//! Parse, run, exit code; nothing else.

use std::process::ExitCode;

/// What the data path allocates the recorder frees, on another thread. glibc takes a lock for that, which was the greatest
/// single cost of recording; this allocator does not.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    hopscope::cli::run(std::env::args_os())
}
