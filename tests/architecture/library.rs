//! The library: layers outside, families inside.
//!
//! The ground (`error`, `float`, `simd`, `element`) knows numbers. `engine` is where memory lies and commands run,
//! `index` what makes a search short, `kernels` what is computed. On these stand the nouns of the public API.

use std::path::Path;

use crate::imports::{Imports, Room};

const LIBRARY: &[Room] = &[
    // The ground.
    ("error", &[]),
    ("float", &[]),
    ("simd", &["float"]),
    ("element", &["float", "simd"]),
    // Where, and what.
    ("engine", &["element", "error", "float"]),
    ("index", &["element", "engine", "error"]),
    ("kernels", &["element", "engine", "error", "float", "index", "simd"]),
    // The public nouns.
    ("device", &["element", "engine", "error", "kernels"]),
    ("array", &["device", "element", "engine", "error", "float", "kernels"]),
    ("table", &["array", "device", "element", "engine", "error", "float", "kernels"]),
    ("transfer", &["array", "device", "element", "engine", "error"]),
    ("plan", &["array", "device", "element", "engine", "error", "kernels"]),
    ("stream", &["array", "device", "element", "engine", "error", "transfer"]),
    ("devices", &["array", "device", "element", "engine", "error"]),
    ("background", &[]),
    (
        "crate",
        &[
            "array",
            "background",
            "device",
            "devices",
            "element",
            "engine",
            "error",
            "kernels",
            "plan",
            "stream",
            "table",
            "transfer",
        ],
    ),
];

fn source(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path)
}

#[test]
fn imports_of_the_library_point_one_way() {
    Imports::of(&source("lib.rs")).must_follow(LIBRARY);
}

/// Outside of `engine/` it matters at one door which engine there is, so that neither engine is forgotten elsewhere.
#[test]
fn engines_are_told_apart_behind_one_door() {
    let mut found = Vec::new();
    look_for(&["Engine::Cpu", "Engine::Gpu"], &source(""), &mut found);
    assert_eq!(found, ["kernels/door.rs"], "files outside of engine/ that match on the engine");

    // What is about wgpu itself: its buffers, features, checks, and mappings.
    let of_wgpu = ["array/mod.rs", "device/mod.rs", "transfer/readback.rs"];
    let mut found = Vec::new();
    look_for(&["engine().gpu()"], &source(""), &mut found);
    found.retain(|path| !path.starts_with("testing/"));
    found.sort();
    assert_eq!(found, of_wgpu, "files outside of engine/ that ask for the GPU");
}

/// The files of a folder that contain one of the texts.
fn look_for(texts: &[&str], folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path == source("engine") {
            continue;
        }
        if path.is_dir() {
            look_for(texts, &path, found);
        } else if texts.iter().any(|one| text(&path).contains(one)) {
            found.push(path.strip_prefix(source("")).unwrap().to_string_lossy().replace('\\', "/"));
        }
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
