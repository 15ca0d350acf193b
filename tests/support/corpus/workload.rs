//! Real workloads: cases whose arrays are `.npy` files, listed in a `manifest.json` beside them. The form is described
//! in `tests/real/README.md`.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayD;
use ndarray_npy::{ReadNpyError, read_npy};
use serde_json::{Map, Value};

use super::case::{Case, Expect, Tolerance};

/// Reads all workloads of a directory.
pub fn read_workloads(directory: &Path) -> Result<Vec<Case>, String> {
    let path = directory.join("manifest.json");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let manifest: Vec<Value> = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    manifest
        .iter()
        .map(|entry| read_workload(entry, directory).map_err(|why| format!("{}: {why}", entry["id"])))
        .collect()
}

fn read_workload(entry: &Value, directory: &Path) -> Result<Case, String> {
    let text = |key: &str| entry[key].as_str().map(str::to_owned).ok_or_else(|| format!("no \"{key}\""));
    let tolerance = |key: &str| entry[key].as_f64().ok_or_else(|| format!("no \"{key}\""));
    let mut arrays = BTreeMap::new();
    let mut args = Map::new();
    for (name, value) in entry["args"].as_object().ok_or("no \"args\"")? {
        match value.as_str().filter(|file| file.ends_with(".npy")) {
            Some(file) => {
                arrays.insert(name.clone(), read_numbers(&directory.join(file))?);
            }
            None => {
                args.insert(name.clone(), value.clone());
            }
        }
    }
    let expect = read_numbers(&directory.join(text("expect")?))?;
    // What f32 may miss is recorded; the inputs are f32, and f64 must come at least as close.
    let tolerance = Tolerance { relative: tolerance("rtol")?, absolute: tolerance("atol")? };
    Ok(Case {
        id: text("id")?,
        op: text("op")?,
        tier: "real".into(),
        feature: None,
        arrays,
        args,
        expect_shape: expect.shape().to_vec(),
        expect: Expect::Values(expect.iter().copied().collect()),
        expect_f32: None,
        alternative: None,
        expect_weights: None,
        tolerance_f32: tolerance,
        tolerance_f64: tolerance,
    })
}

/// Reads an array of any of the types that the workloads use, as f64.
fn read_numbers(path: &Path) -> Result<ArrayD<f64>, String> {
    type Attempt = fn(&Path) -> Result<ArrayD<f64>, ReadNpyError>;
    let attempts: [Attempt; 5] = [
        |path| Ok(read_npy::<_, ArrayD<f32>>(path)?.mapv(f64::from)),
        |path| read_npy(path),
        |path| Ok(read_npy::<_, ArrayD<u8>>(path)?.mapv(f64::from)),
        // Indices and sums of pixels: far below the 2^53 up to which f64 holds integers.
        |path| Ok(read_npy::<_, ArrayD<i64>>(path)?.mapv(|integer| integer as f64)),
        |path| Ok(read_npy::<_, ArrayD<u64>>(path)?.mapv(|integer| integer as f64)),
    ];
    for attempt in attempts {
        match attempt(path) {
            // Another type, then.
            Err(ReadNpyError::WrongDescriptor(_)) => {}
            read => return read.map_err(|error| format!("{}: {error}", path.display())),
        }
    }
    Err(format!("{} holds none of f32, f64, u8, i64, u64", path.display()))
}
