//! What was predicted of kernels on devices that nobody had: `predictions.json`, by workload and device.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::findings::{Predicted, Report};

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Predictions {
    pub workloads: BTreeMap<String, Workload>,
    /// Why there are none.
    #[serde(skip)]
    pub missing: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Workload {
    pub kernel: String,
    pub devices: BTreeMap<String, OnDevice>,
}

#[derive(Clone, Default, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct OnDevice {
    pub share_of_bandwidth: f64,
    pub bound_by: String,
}

/// Without the file, or with one that is none, there are no predictions, and the report says why.
pub fn read(file: &Path) -> Predictions {
    let parse = || {
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    };
    parse().unwrap_or_else(|error: String| Predictions {
        missing: Some(format!("there are no predictions in this pack ({error})")),
        ..Predictions::default()
    })
}

impl Workload {
    /// The prediction whose device's name is part of this one, whatever its case; of several the longest name, which
    /// says most.
    pub fn on(&self, device: &str) -> Option<&OnDevice> {
        let device = device.to_lowercase();
        let fitting = self.devices.iter().filter(|(name, _)| device.contains(&name.to_lowercase()));
        fitting.max_by_key(|(name, _)| name.len()).map(|(_, prediction)| prediction)
    }
}

/// Of each workload with a key, what was predicted and what `share` says was measured.
pub fn compare(
    predictions: &Predictions,
    report: &Report,
    share: impl Fn(&crate::findings::Row) -> Option<f64>,
) -> BTreeMap<String, Predicted> {
    let keyed = report.workloads.iter().filter_map(|row| Some((row.key.clone()?, row)));
    keyed
        .map(|(key, row)| {
            let workload = predictions.workloads.get(&key);
            let prediction = workload.and_then(|workload| workload.on(&report.facts.device_name));
            let predicted = Predicted {
                row: row.name.clone(),
                kernel: workload.map(|workload| workload.kernel.clone()).unwrap_or_default(),
                bound_by: prediction.map(|prediction| prediction.bound_by.clone()).unwrap_or_default(),
                predicted: prediction.map(|prediction| prediction.share_of_bandwidth),
                measured: share(row),
            };
            (key, predicted)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Predictions, read};

    #[test]
    fn devices_are_matched_by_a_part_of_their_names() {
        let text = r#"{"made": "somehow", "workloads": {"sum_f32_rows": {"kernel": "k", "devices": {
            "NVIDIA H100": {"share_of_bandwidth": 0.9, "bound_by": "memory"},
            "NVIDIA H100 PCIe": {"share_of_bandwidth": 0.8, "bound_by": "memory"},
            "Radeon": {"share_of_bandwidth": 0.7, "bound_by": "latency", "more": 1}}}}}"#;
        let predictions: Predictions = serde_json::from_str(text).unwrap();
        let sum = &predictions.workloads["sum_f32_rows"];
        let share = |device| sum.on(device).map(|prediction| prediction.share_of_bandwidth);
        assert_eq!(share("NVIDIA H100 80GB HBM3"), Some(0.9));
        assert_eq!(share("NVIDIA H100 PCIe"), Some(0.8));
        assert_eq!(share("AMD RADEON RX 6800"), Some(0.7));
        assert_eq!(share("llvmpipe"), None);
    }

    #[test]
    fn no_file_is_no_failure() {
        let none = read(std::path::Path::new("/nowhere/predictions.json"));
        assert!(none.workloads.is_empty() && none.missing.is_some());
    }
}
