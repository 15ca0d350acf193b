//! What it takes to measure the same again: the sources, the compiler and its flags, the versions, the environment.

use std::collections::BTreeMap;
use std::process::Command;

use crate::results::Run;

/// Crates whose speed is measured, or that it rests on.
const CRATES: [&str; 11] = [
    "burn-wgpu",
    "cubecl-wgpu",
    "interp",
    "matrixmultiply",
    "naga",
    "ndarray",
    "ndarray-interp",
    "numr",
    "pulp",
    "rayon",
    "wgpu",
];

/// Beginnings of variables that peers look at: numbers of threads, backends, instruction sets.
const VARIABLES: [&str; 10] =
    ["CUBECL_", "JAX_", "LP_", "MKL_", "NDGPU_", "NUMBA_", "OMP_", "OPENBLAS_", "RAYON_", "WGPU_"];

pub fn look(began: u64, command: String, python: &str) -> Run {
    let sources = ["status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)benches/record"];
    let mut versions = versions(include_str!("../../Cargo.lock"));
    let version = Command::new(python).args(["-c", "import platform; print(platform.python_version())"]).output();
    if let Some(version) = version.ok().and_then(|output| said(output.status.success(), output.stdout)) {
        versions.insert("Python".into(), version);
    }
    let takes_part = |(name, _): &(String, String)| {
        // Which Python it is says the command line or nothing: a path is of this machine alone.
        name != "NDGPU_VERSUS_PYTHON" && VARIABLES.iter().any(|start| name.starts_with(start))
    };
    Run {
        began,
        command,
        commit: git(&["rev-parse", "HEAD"]),
        changed: git(&sources).is_some(),
        rustc: env!("VERSUS_RUSTC").into(),
        flags: env!("VERSUS_FLAGS").into(),
        target: env!("VERSUS_TARGET").into(),
        versions,
        environment: std::env::vars().filter(takes_part).collect(),
    }
}

/// What git says of the folder of this package, if it says anything.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(env!("CARGO_MANIFEST_DIR")).args(arguments).output().ok()?;
    said(output.status.success(), output.stdout)
}

fn said(success: bool, text: Vec<u8>) -> Option<String> {
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    (success && !text.is_empty()).then_some(text)
}

/// As the lock file has them. Of a crate that is there twice, both.
fn versions(lock: &str) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::<String, String>::new();
    let value = |line: Option<&str>, key: &str| {
        Some(line?.strip_prefix(key)?.trim_matches(|letter| " =\"".contains(letter)).to_owned())
    };
    for package in lock.split("[[package]]").skip(1) {
        let mut lines = package.trim_start().lines();
        let (name, version) = (value(lines.next(), "name"), value(lines.next(), "version"));
        if let Some((name, version)) = name.zip(version).filter(|(name, _)| CRATES.contains(&name.as_str())) {
            versions.entry(name).and_modify(|known| known.extend([" and ", &version])).or_insert(version);
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::{CRATES, versions};

    #[test]
    fn every_crate_that_is_named_has_a_version() {
        let found = versions(include_str!("../../Cargo.lock"));
        assert!(found.keys().eq(&CRATES), "{found:?}");
        assert_eq!(versions("[[package]]\nname = \"wgpu\"\nversion = \"1.2.3\"\n")["wgpu"], "1.2.3");
    }
}
