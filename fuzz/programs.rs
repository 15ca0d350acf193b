//! The programs of `tests/support/program.rs`, for fuzzers that choose their bytes.

#[path = "../tests/support/noop.rs"]
pub mod noop;
#[path = "../tests/support/program.rs"]
#[allow(dead_code)]
mod program;

/// Runs the program of this name.
pub fn run_named(name: &str, bytes: &[u8]) {
    let found = program::PROGRAMS.into_iter().find(|(known, _)| *known == name);
    let (name, run) = found.expect("a program of this name");
    program::run(name, run, bytes);
}
