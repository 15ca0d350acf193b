//! Tells the program which compiler built it, and with which flags: results say so.

use std::process::Command;

fn main() {
    let read = |name: &str| {
        println!("cargo::rerun-if-env-changed={name}");
        std::env::var(name).unwrap_or_default()
    };
    let rustc = Command::new(read("RUSTC")).arg("--version").output().expect("the compiler says its version");
    println!("cargo::rustc-env=VERSUS_RUSTC={}", String::from_utf8_lossy(&rustc.stdout).trim());
    println!("cargo::rustc-env=VERSUS_FLAGS={}", read("CARGO_ENCODED_RUSTFLAGS").replace('\u{1f}', " "));
    println!("cargo::rustc-env=VERSUS_TARGET={} at opt-level {}", read("TARGET"), read("OPT_LEVEL"));
    println!("cargo::rerun-if-changed=build.rs");
}
