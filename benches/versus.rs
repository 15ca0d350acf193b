//! ndgpu and its peers in one run: starts the package in `benches/versus`, where the peers are, so that building and
//! testing ndgpu builds none of them.
//!
//!     cargo bench --bench versus -- --help

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Both packages build into the same folder, so that what they share is built once.
fn target_folder() -> Option<PathBuf> {
    // This program is target/release/deps/versus-…
    Some(std::env::current_exe().ok()?.ancestors().nth(3)?.to_owned())
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Whether the lock file would have to change. Builds and downloads nothing.
fn is_stale(package: &Path) -> bool {
    let mut check = cargo();
    check.args(["update", "--workspace", "--locked", "--manifest-path"]).arg(package);
    check.output().is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("--locked was passed"))
}

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/versus/Cargo.toml");
    // Only `cargo bench` says this. As a test there is nothing to do here: the package has tests of its own.
    let Some(place) = arguments.iter().position(|argument| argument == "--bench") else {
        println!("cargo bench --bench versus -- --help says what this measures; as a test it builds nothing.");
        return ExitCode::SUCCESS;
    };
    arguments.remove(place);
    if !package.exists() {
        eprintln!("{} is not here: the peers come with the repository only.", package.display());
        return ExitCode::FAILURE;
    }
    let mut cargo = cargo();
    cargo.args(["run", "--release", "--locked", "--manifest-path"]).arg(&package);
    if arguments.iter().any(|argument| argument == "--light") {
        cargo.arg("--no-default-features");
    }
    if let Some(target) = target_folder() {
        cargo.env("CARGO_TARGET_DIR", target);
    }
    match cargo.arg("--").args(&arguments).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => {
            if is_stale(&package) {
                eprintln!(
                    "The lock file of the peers is older than the manifests it locks. This brings it up to date:\n    \
                     cargo update --workspace --manifest-path {}",
                    package.display()
                );
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("cargo does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
